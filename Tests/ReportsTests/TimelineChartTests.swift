// SPDX-License-Identifier: Apache-2.0
import Foundation
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
    private func chart(
        truths: [TimelineChart.Truth], detections: [TimelineChart.Detection],
        labels: [String] = ["walks", "flies"], duration: Double = 100
    ) -> TimelineChart {
        TimelineChart(
            title: "Part one", labels: labels,
            videos: [
                .init(name: "v1", duration: duration, truths: truths, detections: detections)
            ])
    }

    @Test func barsLieAtTheirTimes() throws {
        let svg = chart(
            truths: [.init(label: 0, start: 0, end: 50)],
            detections: [.init(label: 0, start: 25, end: 75, score: 0.5)]
        ).svg()
        let content = try #require(SVGContent(svg))
        // Background and four of the legend come before the two bars.
        let bars = content.rectangles.suffix(2)
        #expect(content.rectangles.count == 7)
        let truth = try #require(bars.first)
        let detection = try #require(bars.last)
        let x = try bars.map { try #require(Double($0["x"] ?? "")) }
        let width = try bars.map { try #require(Double($0["width"] ?? "")) }
        #expect(abs(width[0] - width[1]) < 0.02 && abs(x[1] - x[0] - width[0] / 2) < 0.02)
        #expect(truth["fill"] == detection["fill"] && detection["fill-opacity"] == "0.5")
        #expect(content.attributes["width"] == "1200")
        #expect(content.texts.contains("walks") && !content.texts.contains("flies"))
    }

    @Test func weakEmptyAndUnknownSegmentsAreNotDrawn() throws {
        let svg = chart(
            truths: [
                .init(label: 7, start: 0, end: 5), .init(label: 0, start: 5, end: 5),
                .init(label: 0, start: .nan, end: 5), .init(label: 0, start: 200, end: 205),
            ], detections: [.init(label: 1, start: 0, end: 5, score: 0.01)]
        ).svg()
        let content = try #require(SVGContent(svg))
        #expect(content.rectangles.count == 5)
        #expect(content.texts.contains("nothing annotated, nothing detected"))
    }

    @Test func namesAreEscaped() throws {
        let name = "<b> & \"c\" 'd' \u{1}"
        var hostile = chart(
            truths: [.init(label: 0, start: 0, end: 5)], detections: [], labels: [name])
        hostile.title = name
        let content = try #require(SVGContent(hostile.svg()))
        #expect(content.texts.filter { $0 == "<b> & \"c\" 'd' ?" }.count == 2)
    }

    @Test func oddDurationsDrawAPicture() throws {
        let durations: [Double] = [0, -1, .nan, .infinity, 1e-3, 1e12]
        for duration in durations {
            let one = chart(
                truths: [.init(label: 0, start: 0, end: 5)],
                detections: [.init(label: 1, start: 0, end: 5, score: .nan)], duration: duration)
            #expect(SVGContent(one.svg()) != nil, "\(duration)")
        }
        #expect(SVGContent(TimelineChart(title: "", labels: [], videos: []).svg()) != nil)
    }

    @Test func samePictureTwice() {
        let detections = (0..<50).map { (number: Int) -> TimelineChart.Detection in
            let start = Double(number)
            let score = Double(number % 5) / 5
            return .init(label: number % 2, start: start, end: start + 3, score: score)
        }
        let one = chart(truths: [], detections: detections)
        #expect(one.svg() == one.svg())
    }
}
