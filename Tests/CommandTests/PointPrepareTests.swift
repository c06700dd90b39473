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
        #expect(again.code == 0 && again.complaint.contains("/2 a-validation: already there"))
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

    @Test func anEmptyPartIsLeftOutWithItsReasonAndCode1() throws {
        let run = try prepare(try folder(), ["--keep-going", "--set", "data.split.at=99"])
        #expect(run.code == 1 && run.output.contains("1 scenes, 72 points"))
        #expect(run.complaint.contains("nothing is left for validation"), "\(run.complaint)")
        #expect(run.output.contains("left out: a-validation: "), "\(run.output)")
        #expect(run.output.contains("no point of 72 lies in this part of the cloud"))
    }

    @Test func whatCanNotBeUsedIsRefusedOnceTheRestIsMade() throws {
        let folder = try folder()
        let refused = try prepare(folder, ["--quiet", "--set", "data.split.at=99"])
        #expect(refused.code == 1 && refused.output.isEmpty && refused.complaintLines.count == 1)
        #expect(refused.complaint.contains("1 of 2 scenes can't be used"), "\(refused.complaint)")
        let kept = try prepare(
            folder, ["--json", "--keep-going", "--set", "data.split.at=99"]
        ).object()
        #expect(kept["known"] as? Int == 1 && kept["written"] as? Int == 0)
        #expect((kept["skipped"] as? [[String: String]])?.map { $0["id"] } == ["a-validation"])
    }

    @Test func filesDoNotDependOnTheThreads() throws {
        var found: [[String: Data?]] = []
        for threads in ["1", "4"] {
            let folder = try folder()
            _ = try folder.write(PointCloudText.ply(side: 9), as: "b.ply")
            let run = try prepare(
                folder, ["--json", "--threads", threads, "--set", "data.source=\(folder.path)"])
            #expect(run.code == 0, "\(run.complaint)")
            let prepared = try #require(try run.object()["folder"] as? String)
            var bytes: [String: Data?] = [:]
            for case let name as String in FileManager.default.enumerator(atPath: prepared)?
                .allObjects ?? [] where name.hasSuffix("s") || name.hasSuffix(".originals")
            {
                // Names have the source's time in their stamp.
                bytes[String(name.prefix { $0 != "." }) + name.suffix(4)] =
                    FileManager.default.contents(atPath: "\(prepared)/\(name)")
            }
            found.append(bytes)
        }
        #expect(found[0] == found[1] && found[0].values.count { $0 != nil } == 6)
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
