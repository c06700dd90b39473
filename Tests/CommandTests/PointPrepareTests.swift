// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("Points prepare command") struct PointPrepareTests {
    /// A folder with a cloud of 6 x 6 x 2 points, one a unit, classes by height, and a recipe.
    private func folder(_ data: String = "") throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        _ = try folder.write(PointCloudText.ply(side: 6), as: "a.ply")
        let recipe = """
            task: points
            steps: 1
            data:
              source: a.ply
              classes: {ground: [2], building: [6]}
              split: {axis: x, at: 3, gap: 1.5}
              grid: 0.5
              features: [position, intensity]
            \(data)
            """
        _ = try folder.write(Data(recipe.utf8), as: "recipe.yaml")
        return folder
    }

    private func prepare(_ folder: TemporaryFolder, _ more: [String] = []) throws -> CommandRun {
        try CommandRun(["points", "prepare", folder.path("recipe.yaml")] + more)
    }

    @Test func theSummaryCountsClassesAndASecondCallIsQuick() throws {
        let folder = try folder()
        let run = try prepare(folder, ["--json"])
        #expect(run.code == 0, "\(run.complaint)")
        let summary = try run.object()
        #expect(summary["scenes"] as? Int == 2 && summary["ignored"] as? Int == 0)
        // x = 3 lies in the strip.
        #expect(summary["originals"] as? Int == 60 && summary["points"] as? Int == 60)
        let classes = try #require(summary["classes"] as? [[String: Any]])
        #expect(classes.map { $0["name"] as? String } == ["ground", "building"])
        #expect(classes.map { $0["training"] as? Int } == [18, 18])
        #expect(classes.map { $0["validation"] as? Int } == [12, 12])
        let prepared = try #require(summary["folder"] as? String)
        #expect(prepared.hasPrefix(folder.path("prepared-grid-0.5/")))
        // Half of 36 points lie within 2 of a point or so; 16,384 are asked for.
        let median = try #require(summary["sphereMedian"] as? Int)
        #expect((4...36).contains(median))
        let again = try prepare(folder)
        #expect(again.output.contains("holds \(median) points (median)"))
        #expect(again.output.contains("most of a sample repeats"))
        #expect(again.code == 0 && again.complaint.contains("2/2 a-validation: already there"))
    }

    @Test func faultsAreOneLine() throws {
        let folder = try folder()
        for (setting, text) in [
            ("data.classes={ground: [2], tree: [5]}", "have the class 6"),
            ("data.features=[color]", "no color"),
            ("data.grid=-1", "data.grid"), ("data.radios=3", "data.radius"),
            ("data.source=b.ply", "b.ply: no such file"),
        ] {
            let run = try prepare(folder, ["--quiet", "--set", setting])
            #expect(run.code == 1 && run.complaintLines.count == 1 && run.output.isEmpty)
            #expect(run.complaint.contains(text), "\(run.complaint)")
        }
    }

    @Test func anEmptyPartIsLeftOutWithItsReason() throws {
        let run = try prepare(try folder(), ["--set", "data.split.at=99"])
        #expect(run.code == 0 && run.output.contains("1 scenes, 72 points"))
        #expect(run.output.contains("left out a-validation: "), "\(run.output)")
        #expect(run.output.contains("no point of 72 lies in this part of the cloud"))
    }

    @Test func evaluationDrawsItsMatrix() throws {
        let folder = try TemporaryFolder()
        func array(_ values: [UInt8]) -> Data {
            let text = "{'descr': '|u1', 'fortran_order': False, 'shape': (\(values.count),), }"
            let header = text + String(repeating: " ", count: 117 - text.utf8.count) + "\n"
            return Data([0x93]) + Data("NUMPY".utf8) + Data([1, 0, 118, 0]) + Data(header.utf8)
                + Data(values)
        }
        let run = try CommandRun([
            "points", "evaluate", "--ground-truth",
            try folder.write(array([0, 0, 1, 1, 2]), as: "t.npy"), "--predictions",
            try folder.write(array([0, 1, 1, 1, 0]), as: "p.npy"), "--classes", "3",
            "--without", "2", "--chart", folder.path("matrix.svg"), "--names", "low,high,noise",
            "--json",
        ])
        #expect(run.code == 0, "\(run.complaint)")
        let result = try run.object()
        let score = result["mIoUWithout"] as? Double
        let majority = try #require(result["majority"] as? [String: Any])
        #expect(majority["label"] as? Int == 0 && majority["OA"] as? Double == 0.4)
        #expect(abs((majority["mIoU"] as? Double ?? 0) - 0.4 / 3) < 1e-12)
        #expect(abs((score ?? 0) - (0.5 + 2.0 / 3) / 2) < 1e-12)
        let svg = try String(contentsOfFile: folder.path("matrix.svg"), encoding: .utf8)
        #expect(svg.contains("high as high: 2 of 2") && svg.contains("noise as low: 1 of 1"))
    }
}
