// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// Missing and damaged input is code 1 with one line on standard error, and leaves no file.
@Suite("Failures") struct FailureTests {
    private static let garbage = Data((0..<4096).map { UInt8(truncatingIfNeeded: $0 &* 167 >> 2) })

    /// A .npy array of float32 zeros.
    private static func array(_ shape: [Int]) -> Data {
        let text =
            "{'descr': '<f4', 'fortran_order': False, 'shape': ("
            + shape.map { "\($0)," }.joined() + "), }"
        let header = text + String(repeating: " ", count: 117 - text.utf8.count) + "\n"
        return Data([0x93]) + Data("NUMPY".utf8) + Data([1, 0, 118, 0]) + Data(header.utf8)
            + Data(count: shape.reduce(4, *))
    }

    /// Arguments with `IN` for a path that is missing or holds garbage, `ARRAY` for an array.
    private static let commands: [[String]] = [
        ["data", "show", "no-such-dataset"],
        ["data", "fetch", "no-such-dataset"],
        ["data", "verify", "no-such-dataset"],
        ["clip", "IN", "--frames", "2", "--output", "OUT"],
        ["tad", "evaluate", "--ground-truth", "IN", "--predictions", "IN"],
        [
            "backbone", "features", "--backbone", "vit-tiny-16", "--weights", "IN",
            "--input", "ARRAY", "--output", "OUT",
        ],
        [
            "backbone", "features", "--backbone", "vit-tiny-16", "--weights", "IN",
            "--input", "IN", "--output", "OUT",
        ],
        [
            "backbone", "gradients", "--backbone", "vit-tiny-16", "--weights", "IN",
            "--input", "ARRAY", "--output", "OUT",
        ],
        [
            "backbone", "error-map", "--backbone", "vit-tiny-16", "--weights", "IN", "--output",
            "OUT.svg",
        ],
        ["backbone", "error-map", "--backbone", "vit-tiny-16", "--input", "IN"],
        ["backbone", "surrogate", "--backbone", "vit-tiny-16", "--weights", "IN", "IN"],
        ["backbone", "export", "--run", "IN", "--output", "OUT"],
        ["backbone", "convert", "IN", "OUT.safetensors"],
        ["tad", "train", "IN"],
        ["tad", "prepare", "IN"],
        ["tad", "predict", "--run", "IN", "IN"],
        ["points", "evaluate", "--ground-truth", "IN", "--predictions", "IN", "--classes", "3"],
        ["points", "evaluate", "--ground-truth", "ARRAY", "--predictions", "IN", "--classes", "3"],
        ["points", "view", "IN", "--output", "OUT.png"],
        [
            "backbone", "profile", "--backbone", "vit-tiny-16", "--weights", "IN",
            "--input-shape", "1,3,32,32",
        ],
    ]

    // Above 5 s: 80 runs of the program.
    @Test(arguments: commands, ["missing", "garbage", "empty", "folder"])
    func badInputIsOneLine(arguments: [String], kind: String) throws {
        let folder = try TemporaryFolder()
        let input = folder.path("input")
        switch kind {
        case "garbage": _ = try folder.write(FailureTests.garbage, as: "input")
        case "empty": _ = try folder.write(Data(), as: "input")
        case "folder":
            try FileManager.default.createDirectory(
                atPath: input, withIntermediateDirectories: false)
        default: break
        }
        let array = try folder.write(FailureTests.array([1, 3, 32, 32]), as: "array.npy")
        let before = try folder.names()
        let places = [
            "IN": input, "ARRAY": array, "OUT": folder.path("output"),
            "OUT.safetensors": folder.path("output.safetensors"),
            "OUT.svg": folder.path("output.svg"), "OUT.png": folder.path("output.png"),
        ]
        let run = try CommandRun(arguments.map { places[$0] ?? $0 } + ["--json"])
        #expect(run.code == 1)
        #expect(run.output.isEmpty)
        #expect(run.complaintLines.count == 1, "\(run.complaint)")
        #expect(run.complaint.hasPrefix("dr2net: "))
        #expect(try folder.names() == before)
    }

    @Test func verifyNamesWhatIsMissing() throws {
        let run = try CommandRun(["data", "verify", "test-clips", "--json"])
        #expect(run.code == 1)
        #expect(try run.object()["dataset"] as? String == "test-clips")
        #expect(run.complaintLines.count == 1)
        #expect(run.complaint.contains("dr2net data fetch test-clips"))
    }

    /// Each network says what it takes, before any weights are read or drawn.
    @Test(arguments: [
        ("video-swin-tiny", "1,3,64,64", "expected [N, 3, T, H, W] for video-swin-tiny"),
        ("swin-tiny", "1,3,8,64,64", "expected [N, 3, H, W] with H and W at least 4"),
        ("swin-tiny", "1,3,3,64", "expected [N, 3, H, W] with H and W at least 4"),
        ("videomae-small-16", "1,3,15,64,64", "and T a multiple of 2"),
        ("vit-tiny-16", "1,3,60,64", "with H and W multiples of 16"),
    ])
    func wrongInputIsOneLine(name: String, shape: String, expected: String) throws {
        let run = try CommandRun(
            ["backbone", "profile", "--backbone", name, "--input-shape", shape, "--json"])
        #expect(run.code == 1)
        #expect(run.output.isEmpty)
        #expect(run.complaintLines.count == 1, "\(run.complaint)")
        #expect(run.complaint.contains(expected), "\(run.complaint)")
    }

    @Test func unwritableOutputIsOneLine() throws {
        let folder = try TemporaryFolder()
        let video = try folder.write(TestVideo.data(frames: 4), as: "film.y4m")
        let run = try CommandRun([
            "clip", video, "--frames", "2", "--size", "16", "--output",
            folder.path("no/such/folder.npy"),
        ])
        #expect(run.code == 1)
        #expect(run.output.isEmpty)
        #expect(run.complaintLines.count == 1, "\(run.complaint)")
    }
}
