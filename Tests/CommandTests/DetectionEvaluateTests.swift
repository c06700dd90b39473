// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("Detection evaluation command") struct DetectionEvaluateTests {
    private static let fixtures = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Fixtures/Detection").path

    private func evaluate(_ name: String, _ more: [String] = []) throws -> CommandRun {
        try CommandRun(
            [
                "detect", "evaluate", "--ground-truth", "\(Self.fixtures)/\(name).truth.json",
                "--predictions", "\(Self.fixtures)/\(name).predictions.json",
            ] + more)
    }

    @Test func jsonHasTheContractsKeys() throws {
        let run = try evaluate("mixed", ["--json"])
        #expect(run.code == 0 && run.complaint.isEmpty)
        let result = try run.object()
        for key in "AP AP50 AP75 APs APm APl AR1 AR10 AR100 ARs ARm ARl".split(separator: " ") {
            #expect(result[String(key)] is NSNumber, "\(key)")
        }
        #expect(try #require(result["perClass"] as? [String: Any]).count == 5)
    }

    @Test func theTableNamesClassesAndNumbers() throws {
        let run = try evaluate("tiny", ["--protocol", "ai-tod"])
        #expect(run.code == 0)
        #expect(run.output.contains("class 0") && run.output.contains("APvt 0.621"))
    }

    @Test func aMissedBoundIsCode2() throws {
        let missed = try evaluate("mixed", ["--fail-below", "0.9"])
        #expect(missed.code == 2 && missed.complaintLines.count == 1)
        #expect(missed.output.contains("AP50"))
        #expect(try evaluate("mixed", ["--fail-below", "0.3"]).code == 0)
    }

    @Test func otherLimitsChangeTheNames() throws {
        let result = try evaluate("crowded", ["--max-detections", "100,300", "--json"]).object()
        #expect(result["AR300"] is NSNumber && result["AR10"] == nil)
    }

    @Test func curvesAndErrorsAreDrawnAndCounted() throws {
        let folder = try TemporaryFolder()
        let run = try evaluate("errors", ["--curves", folder.path("charts/new"), "--json"])
        #expect(run.code == 0, "\(run.complaint)")
        let errors = try #require(try run.object()["errors"] as? [String: Any])
        let missed = try #require(errors["missed"] as? [String: Any])
        #expect(missed["count"] as? Int == 17 && missed["AP50"] is NSNumber)
        let names = try FileManager.default.contentsOfDirectory(
            atPath: folder.path("charts/new")
        ).sorted()
        // The fourth class has no objects.
        #expect(
            names == ["errors.svg"] + (1...3).map { "precision-recall-\($0)-class-\($0 - 1).svg" }
                + ["precision-recall.svg"])
        let table = try evaluate("errors", ["--errors"])
        #expect(table.output.contains("AP50 lost") && table.output.contains("localization"))
        let refused = try evaluate("errors", ["--curves", "/dev/null/charts"])
        #expect(refused.code == 1 && refused.complaintLines.count == 1 && refused.output.isEmpty)
    }

    @Test func filesTheWrongWayRoundAreOneLine() throws {
        let run = try CommandRun([
            "detect", "evaluate", "--ground-truth", "\(Self.fixtures)/mixed.predictions.json",
            "--predictions", "\(Self.fixtures)/mixed.truth.json",
        ])
        #expect(run.code == 1 && run.output.isEmpty && run.complaintLines.count == 1)
        #expect(run.complaint.contains("as results are"))
    }

    @Test func faultyEntriesEndOrAreDropped() throws {
        let folder = try TemporaryFolder()
        let predictions = try folder.write(
            #"[{"image_id": 1, "category_id": 1, "bbox": [1, 2, NaN, 4], "score": 1}]"#,
            as: "p.json")
        let arguments = [
            "detect", "evaluate", "--ground-truth", "\(Self.fixtures)/mixed.truth.json",
            "--predictions", predictions,
        ]
        let run = try CommandRun(arguments)
        #expect(run.code == 1 && run.complaintLines.count == 1)
        #expect(run.complaint.contains("NaN"))
        let kept = try CommandRun(arguments + ["--keep-going", "--json"])
        #expect(kept.code == 1 && kept.complaintLines.count == 2, "\(kept.complaint)")
        #expect(try kept.object()["droppedPredictions"] as? Int == 1)
    }
}
