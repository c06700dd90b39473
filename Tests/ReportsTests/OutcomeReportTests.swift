// SPDX-License-Identifier: Apache-2.0
import Foundation
import Metrics
import Reports
import Testing

@Suite("Outcome report") struct OutcomeReportTests {
    private func report(
        _ matches: [DetectionOutcomes.Match], truths: [Int?] = [0, 0, 1]
    ) -> OutcomeReport {
        OutcomeReport(
            DetectionOutcomes(truths: truths, matches: matches, labels: 2), unit: "segments",
            overlap: "tIoU", items: "videos", names: ["walks", "flies"])
    }

    @Test func saysCountsThresholdAndWhereItComesFrom() {
        let found = report([
            .init(label: 0, score: 0.9, truth: 1), .init(label: 1, score: 0.8),
            .init(label: 1, score: 0.75, truth: 2), .init(label: 0, score: 0.25),
        ])
        #expect(
            found.title
                == "2 of 3 segments found, 1 missed, 1 invented (at tIoU ≥ 0.5, score ≥ 0.7)")
        #expect(
            found.notes == [
                "3 of 4 detections are shown: those with a score of at least 0.7, the threshold with "
                    + "the highest F1 on these very videos. On other videos it may lie elsewhere.",
                "Found means the same class and tIoU ≥ 0.5 (what both share over what both cover), "
                    + "one detection for each; repeats, of one class with tIoU ≥ 0.5, are merged "
                    + "into the surest.",
            ])
        #expect(
            found.classes == [
                .init(name: "walks", counts: OutcomeCounts(found: 1, missed: 1)),
                .init(name: "flies", counts: OutcomeCounts(found: 1, invented: 1)),
            ])
        #expect(found.total == OutcomeCounts(found: 2, missed: 1, invented: 1))
    }

    @Test func saysWhyNothingIsShown() {
        let wrong = report([.init(label: 0, score: 0.9)])
        #expect(wrong.title == "0 of 3 segments found, 3 missed, 0 invented (at tIoU ≥ 0.5)")
        #expect(
            wrong.notes.first
                == "None of the 1 detections is on one of the segments of its class, at any score: "
                + "none is shown.")
        #expect(report([]).notes.first == "There is no detection, whatever its score.")
    }

    @Test func survivesItsFile() throws {
        var found = report([.init(label: 0, score: 0.9, truth: 1)])
        found.pictures = [.init(file: "timeline.svg", caption: "segments")]
        let data = try JSONEncoder().encode(found)
        #expect(try JSONDecoder().decode(OutcomeReport.self, from: data) == found)
    }
}
