// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Foundation
import Tensors
import Testing

/// A full disk, hostile weights and files without pictures end in one line each.
@Suite("Temporal storage") struct TemporalStorageTests {
    /// Runs `body` with a small file system mounted in the folder `name`; false where that can't be.
    private func withSmallDisk(
        _ data: TemporalDataset, kilobytes: Int, _ body: (String) throws -> Void
    ) throws -> Bool {
        let path = data.folder.path("disk")
        try FileManager.default.createDirectory(
            atPath: path, withIntermediateDirectories: false)
        guard unsafe mount("tmpfs", path, "tmpfs", 0, "size=\(kilobytes)k") == 0 else {
            print("skipped: no small disk can be mounted here (needs root)")
            return false
        }
        defer { unsafe umount2(path, Int32(MNT_DETACH)) }
        try body(path)
        return true
    }

    @Test func aFullDiskEndsARunWhole() throws {
        let data = try TemporalDataset()
        let recipe = try data.recipe(steps: 1)
        _ = try withSmallDisk(data, kilobytes: 2048) { disk in
            let run = try CommandRun(["tad", "train", recipe, "--run", disk + "/run", "--quiet"])
            #expect(run.code == 1)
            #expect(run.complaintLines.count == 1, "\(run.complaint)")
            #expect(run.complaint.contains("disk is full"), "\(run.complaint)")
            let names = try FileManager.default.contentsOfDirectory(atPath: disk + "/run")
            #expect(names.allSatisfy { !$0.hasSuffix(".tmp") && !$0.hasPrefix("checkpoint") })
        }
    }

    @Test func aFullDiskEndsAPreparationWhole() throws {
        let data = try TemporalDataset()
        let recipe = try data.recipe()
        // Room for the second film, but not for the first.
        _ = try withSmallDisk(data, kilobytes: 64) { disk in
            let run = try CommandRun([
                "tad", "prepare", recipe, "--set", "data.prepared=\(disk)/frames", "--quiet",
            ])
            #expect(run.code == 1)
            #expect(run.complaintLines.count == 1, "\(run.complaint)")
            #expect(run.complaint.contains("disk is full"), "\(run.complaint)")
            let files = FileManager.default.enumerator(atPath: disk)?.allObjects as? [String] ?? []
            #expect(files.allSatisfy { !$0.hasSuffix(".tmp") && !$0.hasSuffix(".json") })
        }
    }

    /// A safetensors file of this header and so many zero bytes.
    private static func safetensors(_ header: String, length: UInt64? = nil, data: Int) -> Data {
        let length = length ?? UInt64(header.utf8.count)
        return Data((0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) })
            + Data(header.utf8) + Data(count: data)
    }

    private static func entry(_ name: String, _ first: Int, _ last: Int) -> String {
        #""\#(name)":{"dtype":"U8","shape":[\#(last - first)],"data_offsets":[\#(first),\#(last)]}"#
    }

    private static let weights: [(name: String, bytes: Data)] = [
        ("truncated header", safetensors(#"{"a":{"dtype"#, length: 90, data: 0)),
        ("header beyond the file", safetensors("{}", length: 1 << 40, data: 0)),
        ("overlapping", safetensors("{\(entry("a", 0, 4)),\(entry("b", 3, 8))}", data: 8)),
        ("out of range", safetensors("{\(entry("a", 0, 99))}", data: 8)),
        ("duplicate", safetensors("{\(entry("a", 0, 4)),\(entry("a", 4, 8))}", data: 8)),
        ("hostile ONNX", Data([8, 8, 0x3A] + [UInt8](repeating: 0xFF, count: 8) + [0x7F])),
        ("ONNX beyond the file", Data([8, 8, 0x3A, 4, 0x2A, 100, 1, 1])),
    ]

    @Test(arguments: weights.map(\.name))
    func hostileWeightsAreRefused(name: String) throws {
        let data = try TemporalDataset()
        let bytes = try #require(TemporalStorageTests.weights.first { $0.name == name }?.bytes)
        let weights = try data.folder.write(bytes, as: "weights")
        try expectRefused(weights, in: data.folder)
        let run = try data.train(
            try data.recipe(), "run", ["--set", "backbone.weights=\(weights)"])
        #expect(run.code == 1 && run.complaintLines.count == 1, "\(run.complaint)")
        #expect(try !data.folder.names().contains("run"))
    }

    @Test func weightsOfAnotherShapeAreRefused() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("weights")
        try Safetensors.write(
            StateDict([("cls_token", Tensor(zeros: [1, 1, 384]))]), to: path)
        try expectRefused(path, in: folder)
    }

    private func expectRefused(_ weights: String, in folder: TemporaryFolder) throws {
        let input = folder.path("input.npy")
        try Npy.write(Tensor(zeros: [1, 3, 32, 32]), to: input)
        let run = try CommandRun([
            "backbone", "features", "--backbone", "vit-tiny-16", "--weights", weights,
            "--input", input, "--output", folder.path("output.npy"),
        ])
        #expect(run.code == 1)
        #expect(run.complaintLines.count == 1, "\(run.complaint)")
        #expect(run.complaint.hasPrefix("dr2net: ") && run.complaint.contains(weights))
        #expect(try !folder.names().contains("output.npy"))
    }

    private static let ffmpeg: String? = {
        let path = ["/usr/bin/ffmpeg", "/usr/local/bin/ffmpeg"].first {
            FileManager.default.isExecutableFile(atPath: $0)
        }
        if path == nil { print("skipped: no ffmpeg program to make test films (apt: ffmpeg)") }
        return path
    }()

    private func encode(_ arguments: [String]) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try #require(TemporalStorageTests.ffmpeg))
        process.arguments = ["-loglevel", "error", "-nostdin", "-y"] + arguments
        try process.run()
        process.waitUntilExit()
        try #require(process.terminationStatus == 0, "ffmpeg \(arguments)")
    }

    @Test(.enabled(if: ffmpeg != nil)) func soundAloneAndCutFilmsAreOneLine() throws {
        let data = try TemporalDataset()
        let film = data.folder.path("film.mp4"), sound = data.folder.path("sound.m4a")
        try encode(["-i", data.folder.path("c.y4m"), "-c:v", "mpeg4", film])
        try encode(["-f", "lavfi", "-i", "sine=duration=3", "-c:a", "aac", sound])
        // The index of an mp4 is at its end: without it nothing can be decoded.
        let whole = try Data(contentsOf: URL(fileURLWithPath: film))
        let cut = try data.folder.write(whole.prefix(whole.count / 2), as: "cut.mp4")
        #expect(try data.train(try data.recipe(steps: 1), "run").code == 0)
        let predict = ["tad", "predict", "--run", data.folder.path("run"), "--quiet"]
        for path in [sound, cut] {
            let run = try CommandRun(predict + [path])
            #expect(run.code == 1 && run.output.isEmpty)
            #expect(run.complaintLines.count == 1, "\(run.complaint)")
        }
        let run = try CommandRun(predict + [film])
        #expect(run.code == 0, "\(run.complaint)")
        #expect((try run.object()["results"] as? [String: Any])?.keys.first == "film")
    }
}
