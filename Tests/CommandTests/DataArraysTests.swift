// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Foundation
import Tensors
import Testing

/// `dr2net data verify` of sets whose files are arrays.
@Suite("Data sets of arrays fetched by hand") struct DataArraysTests {
    /// Writes arrays of zeros by their paths and shapes.
    private func lay(_ arrays: [String: [Int]]) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        for (path, shape) in arrays {
            try FileManager.default.createDirectory(
                atPath: (folder.path(path) as NSString).deletingLastPathComponent,
                withIntermediateDirectories: true)
            try Npy.write(Tensor(zeros: shape), to: folder.path(path))
        }
        return folder
    }

    @Test func scanObjectNN() throws {
        let folder = try lay([
            "training_points.npy": [4, 8, 3], "training_labels.npy": [4],
            "test_points.npy": [2, 8, 3], "test_labels.npy": [2],
        ])
        let run = try CommandRun(["data", "verify", "scanobjectnn", "--in", folder.path, "--quiet"])
        #expect(run.code == 0 && run.complaint.isEmpty, "\(run.complaint)")
        #expect(
            run.output.replacingOccurrences(of: folder.path, with: "DIR") == """
                scanobjectnn in DIR

                part             place  expected  found  missing  damaged
                training points  .             1      1        0        0
                training labels  .             1      1        0        0
                test points      .             1      1        0        0
                test labels      .             1      1        0        0
                training points, training: scans 4, published 11416
                training labels, training: scans 4, published 11416
                test points, test: scans 2, published 2882
                test labels, test: scans 2, published 2882

                opened 4 of 4 files

                train with one of:
                  dr2net points prepare tasks/point-cloud-analysis/recipes/scanobjectnn.yaml \
                --set data.source=DIR
                  dr2net points train tasks/point-cloud-analysis/recipes/scanobjectnn.yaml \
                --set data.source=DIR

                """)
        try FileManager.default.removeItem(atPath: folder.path("test_points.npy"))
        let less = try CommandRun([
            "data", "verify", "scanobjectnn", "--in", folder.path, "--quiet",
        ])
        #expect(less.code == 1)
        #expect(
            less.output.contains(
                "\n  convert the .h5 files; `dr2net points prepare` prints the line\n"))
        #expect(
            less.complaint
                == "dr2net: scanobjectnn: not enough in \(folder.path): no test points; get it, or "
                + "name what you have with --subset\n")
    }

    @Test func featuresOfActivityNet() throws {
        let folder = try lay([
            "tsp_features/v_a.npy": [5, 512], "tsp_features/b.npy": [5],
        ])
        let video =
            #"{"duration": 9, "annotations": [{"segment": [1, 3], "label": "x"}], "subset": "#
        _ = try folder.write(
            #"{"database": {"a": \#(video)"training"}, "b": \#(video)"validation"}, "#
                + #""c": \#(video)"validation"}}}"#, as: "activity_net.v1-3.min.json")
        let run = try CommandRun(["data", "verify", "activitynet", "--in", folder.path, "--json"])
        #expect(run.code == 1)
        let parts = try #require(try run.object()["parts"] as? [[String: Any]])
        #expect(
            parts.map { ($0["part"] as? String ?? "") + " \($0["found"] ?? "")" } == [
                "annotations 1", "training videos 0", "validation videos 0", "training features 1",
                "validation features 1", "class scores 0",
            ])
        #expect(parts[4]["missingNames"] as? [String] == ["c"])
        let damaged = try #require(parts[4]["damagedFiles"] as? [String])
        #expect(
            damaged.count == 1 && damaged[0].hasPrefix("b.npy: an array of shape [5], expected"))
        #expect(parts.map { $0["others"] as? Int } == [0, 0, 0, 0, 0, 0])
    }
}
