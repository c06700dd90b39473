// SPDX-License-Identifier: Apache-2.0
import Foundation
import Metrics
import Regions
import Reports
import Testing

#if canImport(FoundationXML)
    import FoundationXML
#endif

/// What an XML parser finds in a picture.
final class SVGContent: NSObject, XMLParserDelegate {
    private(set) var counts: [String: Int] = [:]
    private(set) var texts: [String] = []
    private(set) var rectangles: [[String: String]] = []
    private(set) var attributes: [String: String] = [:]
    private var current = ""

    /// Parses `svg`; nil where it is not well-formed.
    init?(_ svg: String) {
        super.init()
        let parser = XMLParser(data: Data(svg.utf8))
        parser.delegate = self
        guard parser.parse() else { return nil }
    }

    func parser(
        _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
        qualifiedName: String?, attributes: [String: String]
    ) {
        counts[name, default: 0] += 1
        current = ""
        if name == "svg" { self.attributes = attributes }
        if name == "rect" { rectangles.append(attributes) }
    }

    func parser(_ parser: XMLParser, foundCharacters string: String) {
        current += string
    }

    func parser(
        _ parser: XMLParser, didEndElement name: String, namespaceURI: String?,
        qualifiedName: String?
    ) {
        if name == "text" { texts.append(current) }
    }
}

@Suite("Timeline chart") struct TimelineChartTests {
    private func report(_ names: [String], notes: [String] = []) -> OutcomeReport {
        OutcomeReport(
            unit: "segments", rule: "tIoU ≥ 0.5, score ≥ 0.4", notes: notes,
            classes: names.map { .init(name: $0, counts: OutcomeCounts(found: 1, missed: 2)) })
    }

    private func chart(
        annotated: [JudgedItem<Segment>] = [], detected: [JudgedItem<Segment>] = [],
        names: [String] = ["walks", "flies"], duration: Double = 100
    ) -> TimelineChart {
        TimelineChart(
            report(names),
            videos: [
                .init(name: "v1", duration: duration, annotated: annotated, detected: detected)
            ])
    }

    /// The bars behind the page, the hatching's two parts and the legend's three.
    private func bars(_ chart: TimelineChart) throws -> [[String: String]] {
        let content = try #require(SVGContent(chart.svg()))
        return Array(content.rectangles.dropFirst(6))
    }

    @Test func barsLieAtTheirTimes() throws {
        let one = chart(
            annotated: [.init(Item(Segment(start: 0, end: 50), label: 0), .found)],
            detected: [.init(Item(Segment(start: 25, end: 75), label: 0, score: 0.5), .found)])
        let found = try bars(one)
        try #require(found.count == 2)
        let x = try found.map { try #require(Double($0["x"] ?? "")) }
        let width = try found.map { try #require(Double($0["width"] ?? "")) }
        #expect(abs(width[0] - width[1]) < 0.02 && abs(x[1] - x[0] - width[0] / 2) < 0.02)
        #expect(found[0]["fill"] == found[1]["fill"] && found[0]["y"] != found[1]["y"])
        let content = try #require(SVGContent(one.svg()))
        #expect(content.attributes["width"] == "1200")
        #expect(content.texts.contains("walks") && !content.texts.contains("flies"))
        #expect(content.texts.contains("100 s · 1 of 1 found"))
    }

    @Test func outcomesDifferInColourAndForm() throws {
        let found = try bars(
            chart(
                annotated: [
                    .init(Item(Segment(start: 0, end: 10), label: 0), .found),
                    .init(Item(Segment(start: 20, end: 29), label: 0), .missed),
                ],
                detected: [.init(Item(Segment(start: 40, end: 50), label: 0, score: 1), .invented)])
        )
        try #require(found.count == 3)
        #expect(found.map { $0["stroke-dasharray"] != nil } == [false, true, false])
        #expect(found.map { $0["fill"]?.hasPrefix("url(#") } == [false, false, true])
        #expect(Set(found.map { ($0["stroke"] ?? "") + ($0["fill"] ?? "") }).count == 3)
    }

    @Test func theHeadSaysWhatItSees() throws {
        var one = chart(annotated: [.init(Item(Segment(start: 1, end: 2), label: 1), .missed)])
        one.report.notes = ["A note."]
        let texts = try #require(SVGContent(one.svg())).texts
        for text in [
            "2 of 6 segments found, 4 missed, 0 invented", "at tIoU ≥ 0.5, score ≥ 0.4", "A note.",
            "found: annotated and detected", "missed: annotated, not detected",
            "invented: detected, not annotated", "0 of 1 found",
        ] {
            #expect(texts.contains(text), "\(text)")
        }
    }

    @Test func manyVideosAreCutAndThatIsSaid() throws {
        let video = TimelineChart.Video(name: "v", duration: 9, annotated: [], detected: [])
        let many = TimelineChart(report(["walks"]), videos: Array(repeating: video, count: 30))
        let texts = try #require(SVGContent(many.svg())).texts
        #expect(texts.count { $0 == "v" } == TimelineChart.mostVideos)
        #expect(texts.contains { $0.hasPrefix("Drawn are the first 12 of 30 videos") })
    }

    @Test func segmentsOutsideAreNotDrawnAndPointsAre() throws {
        let one = chart(annotated: [
            .init(Item(Segment(start: 0, end: 5), label: 7), .missed),
            .init(Item(Segment(start: .nan, end: 5), label: 0), .missed),
            .init(Item(Segment(start: 200, end: 205), label: 0), .missed),
            .init(Item(Segment(start: 6, end: 5), label: 0), .missed),
        ])
        #expect(try bars(one).isEmpty)
        let point = chart(annotated: [.init(Item(Segment(start: 5, end: 5), label: 0), .found)])
        #expect(try bars(point).map { $0["width"] } == ["4"])
        let texts = try #require(SVGContent(chart().svg())).texts
        #expect(texts.contains("nothing annotated, nothing detected"))
    }

    @Test func namesAreEscaped() throws {
        let name = "<b> & \"c\" 'd' \u{1}"
        var hostile = chart(
            annotated: [.init(Item(Segment(start: 0, end: 5), label: 0), .found)], names: [name])
        hostile.report.notes = [name]
        let content = try #require(SVGContent(hostile.svg()))
        #expect(content.texts.filter { $0 == "<b> & \"c\" 'd' ?" }.count == 2)
    }

    @Test func oddDurationsDrawAPicture() throws {
        let durations: [Double] = [0, -1, .nan, .infinity, 1e-3, 1e12]
        for duration in durations {
            let one = chart(
                annotated: [.init(Item(Segment(start: 0, end: 5), label: 0), .found)],
                detected: [
                    .init(Item(Segment(start: 0, end: 5), label: 1, score: .nan), .invented)
                ],
                duration: duration)
            #expect(SVGContent(one.svg()) != nil, "\(duration)")
        }
        #expect(SVGContent(TimelineChart(report([]), videos: []).svg()) != nil)
    }

    @Test func samePictureTwice() {
        let detected = (0..<50).map { (number: Int) -> JudgedItem<Segment> in
            .init(
                Item(
                    Segment(start: Double(number), end: Double(number + 3)), label: number % 2,
                    score: Double(number % 5) / 5), number % 3 == 0 ? .found : .invented)
        }
        let one = chart(detected: detected)
        #expect(one.svg() == one.svg())
    }
}
