// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// `dr2net points`: scores and pictures.
@Suite("Point clouds") struct PointCommandTests {
    /// The descriptors of all integer types that labels may have, with their sizes.
    private static let types: [(name: String, size: Int)] = [
        ("|u1", 1), ("|i1", 1), ("<u2", 2), ("<i2", 2), ("<u4", 4), ("<i4", 4), ("<u8", 8),
        ("<i8", 8),
    ]

    /// A .npy array of small numbers of one axis.
    private func array(_ values: [Int], _ type: (name: String, size: Int)) -> Data {
        let text =
            "{'descr': '\(type.name)', 'fortran_order': False, 'shape': (\(values.count),), }"
        let header = text + String(repeating: " ", count: 117 - text.utf8.count) + "\n"
        var data = Data([0x93]) + Data("NUMPY".utf8) + Data([1, 0, 118, 0]) + Data(header.utf8)
        for value in values {
            for byte in 0..<type.size {
                data.append(UInt8(truncatingIfNeeded: value >> (8 * byte)))
            }
        }
        return data
    }

    @Test(arguments: types.indices) func evaluationHasTheContractsKeys(type: Int) throws {
        let folder = try TemporaryFolder()
        let types = PointCommandTests.types
        let truth = array([0, 0, 0, 1, 1, 2, 9], types[type])
        let predictions = array([0, 0, 1, 1, 2, 2, 0], types[types.count - 1 - type])
        let arguments = [
            "points", "evaluate", "--ground-truth", try folder.write(truth, as: "t.npy"),
            "--predictions", try folder.write(predictions, as: "p.npy"), "--classes", "3",
            "--ignore", "9",
        ]
        let run = try CommandRun(arguments + ["--json"])
        #expect(run.code == 0, "\(run.complaint)")
        let score = try run.object()
        for (name, expected) in [
            ("mIoU", (2.0 / 3 + 1.0 / 3 + 1.0 / 2) / 3), ("mAcc", (2.0 / 3 + 1.0 / 2 + 1) / 3),
            ("OA", 4.0 / 6),
        ] {
            #expect(abs((score[name] as? Double ?? .nan) - expected) < 1e-12, "\(name)")
        }
        #expect((score["perClass"] as? [String: Any])?.keys.sorted() == ["0", "1", "2"])
        #expect(try CommandRun(arguments).output.contains("mIoU 0.5000"))
    }

    @Test func missedBoundIsCode2AndANegativeLabelMayBeIgnored() throws {
        let folder = try TemporaryFolder()
        let type = PointCommandTests.types[3]
        let arguments = [
            "points", "evaluate", "--ground-truth",
            try folder.write(array([0, 1, -1], type), as: "t.npy"), "--predictions",
            try folder.write(array([0, 0, 1], type), as: "p.npy"), "--classes", "2", "--ignore",
            "-1", "--json",
        ]
        let missed = try CommandRun(arguments + ["--fail-below", "0.9"])
        #expect(missed.code == 2 && missed.complaintLines.count == 1, "\(missed.complaint)")
        #expect(try missed.object()["mIoU"] as? Double == 0.25)
        #expect(try CommandRun(arguments + ["--fail-below", "0.25"]).code == 0)
    }

    @Test func labelsOutsideTheClassesAndOtherShapesAreOneLine() throws {
        let folder = try TemporaryFolder()
        let type = PointCommandTests.types[1]
        let truth = try folder.write(array([0, 1, 2], type), as: "t.npy")
        let short = try folder.write(array([0, 1], type), as: "s.npy")
        for (predictions, classes, text) in [
            (truth, "2", "point 2 has the label 2"), (short, "3", "labels of shape [2], expected"),
        ] {
            let run = try CommandRun([
                "points", "evaluate", "--ground-truth", truth, "--predictions", predictions,
                "--classes", classes,
            ])
            #expect(run.code == 1 && run.output.isEmpty && run.complaintLines.count == 1)
            #expect(run.complaint.contains(text), "\(run.complaint)")
        }
    }

    @Test(arguments: ["top", "oblique"]) func viewWritesAPicture(from: String) throws {
        let folder = try TemporaryFolder()
        let mesh = try folder.write(
            "OFF\n4 2 0\n0 0 0\n1 0 0\n0 1 0\n0 0 1\n3 0 1 2\n3 0 1 3\n", as: "a.off")
        let output = folder.path("a.png")
        let run = try CommandRun([
            "points", "view", mesh, "--output", output, "--from", from, "--width", "80",
            "--height", "60", "--samples", "500", "--json",
        ])
        #expect(run.code == 0, "\(run.complaint)")
        let result = try run.object()
        #expect(result["points"] as? Int == 500 && result["color"] as? String == "height")
        let png = try Data(contentsOf: URL(fileURLWithPath: output))
        #expect(png.starts(with: [0x89, 0x50, 0x4E, 0x47]))
        #expect(Array(png[16..<24]) == [0, 0, 0, 80, 0, 0, 0, 60])
    }
}
