// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Foundation
import Tensors
import TestSupport
import Testing

/// Checkpoints in several files give what one file would.
@Suite("Sharded checkpoints") struct ShardedCheckpointTests {
    private static let shards = [
        "model-00001-of-00002.safetensors": ["a", "b"], "model-00002-of-00002.safetensors": ["c"],
    ]

    private func tensor(_ name: String) -> Tensor {
        Tensor(normal: [2, 3], key: RandomKey(seed: 1).child(name))
    }

    /// Writes the shards and an index of another map, where one is given.
    private func write(
        _ folder: String, map: [String: String]? = nil, further: String = ""
    ) throws -> String {
        var own: [String: String] = [:]
        for (file, names) in Self.shards {
            try Safetensors.write(
                StateDict(names.map { ($0, tensor($0)) }), to: "\(folder)/\(file)")
            for name in names { own[name] = file }
        }
        let entries = (map ?? own).sorted { $0.key < $1.key }.map { "\"\($0)\": \"\($1)\"" }
        let index = "\(folder)/model.safetensors.index.json"
        try
            "{\"metadata\": {\"total_size\": 72, \"x\": [1, null]}, \"weight_map\": {\(entries.joined(separator: ", "))\(further)}}"
            .write(toFile: index, atomically: true, encoding: .utf8)
        return index
    }

    private func isWhole(_ state: StateDict) -> Bool {
        state.names.sorted() == ["a", "b", "c"]
            && ["a", "b", "c"].allSatisfy { state[$0]?.isIdentical(to: tensor($0)) == true }
    }

    @Test func anIndexOrAnyShardGivesAllTensors() throws {
        try withFolder { folder in
            let index = try write(folder)
            #expect(isWhole(try CheckpointFile.read(index)))
            for file in Self.shards.keys {
                #expect(isWhole(try CheckpointFile.read("\(folder)/\(file)")))
            }
            // Of a download that left the index out.
            try FileManager.default.removeItem(atPath: index)
            for file in Self.shards.keys {
                #expect(isWhole(try CheckpointFile.read("\(folder)/\(file)")))
            }
        }
    }

    @Test func aMissingShardIsNamed() throws {
        try withFolder { folder in
            let index = try write(folder)
            try FileManager.default.removeItem(
                atPath: folder + "/model-00002-of-00002.safetensors")
            expectFailure("model-00002-of-00002.safetensors: cannot open") {
                _ = try CheckpointFile.read(index)
            }
            expectFailure(
                "is part 1 of a checkpoint in 2 files, of which 1 are not beside it "
                    + "(\(folder)/model-00002-of-00002.safetensors)"
            ) { _ = try CheckpointFile.read(folder + "/model-00001-of-00002.safetensors") }
        }
    }

    @Test(arguments: [
        "../a.safetensors", "/etc/passwd", "sub/a.safetensors", "..", "", "a\\u0000b",
    ])
    func filesElsewhereAreRefused(file: String) throws {
        try withFolder { folder in
            let index = try write(folder, map: ["a": file])
            expectFailure("expected a file's name without folders") {
                _ = try CheckpointFile.read(index)
            }
        }
    }

    @Test func mapsThatDisagreeWithTheFilesAreRefused() throws {
        let (one, two) = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")
        for (map, further, text) in [
            (["a": one, "b": two, "c": two], "", "holds b, which the index"),
            (["a": one, "b": one, "c": two, "d": two], "", "d is not in \(two)"),
            (["a": one, "c": two], "", "holds b, which the index"),
            (["a": one, "b": one, "c": two], ", \"a\": \"\(two)\"", "the key a twice"),
            ([:], "", "names no tensors"),
            ([:], "\"a\": 3", "not an index of a checkpoint in several files"),
            ([:], "\"a\": \"\(one)\"}}, {{", "not an index of a checkpoint in several files"),
        ] {
            try withFolder { folder in
                let index = try write(folder, map: map, further: further)
                expectFailure(text) { _ = try CheckpointFile.read(index) }
            }
        }
    }

    @Test func aDamagedShardIsRefused() throws {
        try withFolder { folder in
            let index = try write(folder), path = folder + "/model-00002-of-00002.safetensors"
            let whole = try Data(contentsOf: URL(fileURLWithPath: path))
            try whole.dropLast().write(to: URL(fileURLWithPath: path))
            expectFailure("the file is cut short") { _ = try CheckpointFile.read(index) }
        }
    }
}
