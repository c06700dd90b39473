// SPDX-License-Identifier: Apache-2.0
import Files
import Foundation
import Metrics
import Regions
import Reports
import TemporalActionDetection
import Testing

@Suite("Temporal outcomes") struct TemporalOutcomesTests {
    private func annotations(_ json: String) throws -> ActivityNetAnnotations {
        let path = NSTemporaryDirectory() + "outcomes-\(UUID().uuidString).json"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try "{\"database\": {\(json)}}".write(toFile: path, atomically: true, encoding: .utf8)
        return try ActivityNetAnnotations.read(path)
    }

    private static let two = """
        "v1": {"subset": "validation", "duration": 60, "annotations": [
          {"segment": [0, 10], "label": "walks"}, {"segment": [20, 30], "label": "walks"},
          {"segment": [40, 44], "label": "flies"}]},
        "v2": {"subset": "validation", "duration": 30, "annotations": []},
        "t": {"subset": "training", "duration": 30, "annotations": [
          {"segment": [0, 10], "label": "walks"}]}
        """

    private func results(_ detections: [ActivityNetResults.Detection]) -> ActivityNetResults {
        ActivityNetResults(
            version: "", videos: [.init(id: "v1", detections: detections)])
    }

    private func detection(
        _ label: String, _ start: Double, _ end: Double, _ score: Double
    ) -> ActivityNetResults.Detection {
        .init(segment: Segment(start: start, end: end), label: label, score: score)
    }

    @Test("Repeats are merged, other classes and subsets are not")
    func countsAndBars() throws {
        let outcomes = try TemporalOutcomes(
            annotations(Self.two),
            results([
                detection("walks", 1, 10, 0.9), detection("walks", 0, 10, 0.85),
                detection("flies", 1, 10, 0.8), detection("sits", 20, 30, 0.75),
                detection("walks", 20, 29, 0.7), detection("flies", 50, 55, 0.2),
            ]), subset: "validation")
        let report = outcomes.report
        #expect(
            report.classes == [
                .init(name: "flies", counts: OutcomeCounts(missed: 1, invented: 1)),
                .init(name: "walks", counts: OutcomeCounts(found: 2)),
                .init(name: "sits", counts: OutcomeCounts(invented: 1)),
            ])
        #expect(report.minimumScore == 0.7)
        #expect(report.notes.first?.hasPrefix("4 of 5 detections are shown") == true)
        #expect(report.pictures.map(\.file) == ["timeline.svg"])
        let videos = outcomes.chart.videos
        #expect(videos.map(\.name) == ["v1", "v2"] && videos.map(\.duration) == [60, 30])
        #expect(videos[0].annotated.map(\.outcome) == [.found, .found, .missed])
        #expect(videos[0].detected.map(\.outcome) == [.found, .invented, .invented, .found])
        let items: [Item<Segment>] = [
            Item(Segment(start: 1, end: 10), label: 1, score: 0.9),
            Item(Segment(start: 1, end: 10), label: 0, score: 0.8),
            Item(Segment(start: 20, end: 30), label: 2, score: 0.75),
            Item(Segment(start: 20, end: 29), label: 1, score: 0.7),
        ]
        #expect(videos[0].detected.map(\.item) == items)
    }

    @Test("Without detections all is missed, without annotations there is nothing to count")
    func emptySides() throws {
        let annotations = try annotations(Self.two)
        let silent = try TemporalOutcomes(annotations, results([]), subset: "validation")
        #expect(silent.report.total == OutcomeCounts(missed: 3))
        #expect(throws: InputError.self) {
            try TemporalOutcomes(annotations, results([]), subset: "testing")
        }
    }

    @Test("The same detections in any order give the same picture")
    func sameBytes() throws {
        let annotations = try annotations(Self.two)
        let detections = (0..<20).map { (number: Int) -> ActivityNetResults.Detection in
            let start = Double(number * 3), score = Double(number * 7 % 20) / 20
            return detection(number % 2 == 0 ? "walks" : "flies", start, start + 8, score)
        }
        let one = try TemporalOutcomes(annotations, results(detections), subset: "validation")
        let other = try TemporalOutcomes(
            annotations, results(detections.reversed()), subset: "validation")
        #expect(one.chart.svg() == other.chart.svg() && one.report == other.report)
    }
}
