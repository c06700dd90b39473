// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Foundation
import Tensors
import Testing

/// `backbone convert` writes what it read, and renames where it is told to.
@Suite("Convert") struct ConvertTests {
    private func fixture(_ name: String) -> String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Fixtures/Checkpoints/\(name)").path
    }

    private func types(_ path: String) throws -> [String: String] {
        let data = try Data(contentsOf: URL(fileURLWithPath: path))
        let length = data.prefix(8).enumerated().reduce(0) {
            $0 + Int($1.element) << (8 * $1.offset)
        }
        let object = try JSONSerialization.jsonObject(with: data.dropFirst(8).prefix(length))
        let header = try #require(object as? [String: Any])
        return header.compactMapValues { ($0 as? [String: Any])?["dtype"] as? String }
    }

    @Test(arguments: [false, true])
    func typesStayUnlessWidened(widen: Bool) throws {
        let folder = try TemporaryFolder()
        let output = folder.path("out.safetensors")
        let run = try CommandRun(
            ["backbone", "convert", fixture("legacy.pth"), output, "--json"]
                + (widen ? ["--widen"] : []))
        #expect(run.code == 0, "\(run.complaint)")
        #expect(try run.object()["arrays"] as? Int == 6)
        let found = try types(output)
        #expect(found["half"] == (widen ? "F32" : "F16"))
        #expect(found["weight"] == "F32" && found["index"] == "I64")
        let source = try CheckpointFile.read(fixture("legacy.pth"))
        let written = try Safetensors.read(output)
        #expect(written.names == source.names)
        for (name, tensor) in source.tensors {
            #expect(written[name]?.isIdentical(to: tensor) == true, "\(name)")
        }
        #expect(written.metadata["format"] == "pt")
        #expect(written.metadata["converted_from"] == "legacy.pth")
    }

    @Test func failureLeavesTheOldFile() throws {
        let folder = try TemporaryFolder()
        let output = try folder.write("old", as: "out.safetensors")
        let run = try CommandRun(["backbone", "convert", fixture("module.pth"), output])
        #expect(run.code == 1)
        #expect(run.complaintLines.count == 1)
        #expect(run.complaint.contains("torch.save(model.state_dict(), path)"))
        #expect(try String(contentsOfFile: output, encoding: .utf8) == "old")
        #expect(try folder.names() == ["out.safetensors"])
    }

    /// The weights of a tiny network under timm's names, `changed` laid over them.
    private func weights(_ changed: [String: Tensor?] = [:]) -> StateDict {
        var state = StateDict(ExportTests.parameters)
        for (name, tensor) in changed { state[name] = tensor }
        return state
    }

    @Test func renamesForAnotherLibrary() throws {
        let folder = try TemporaryFolder()
        let input = folder.path("in.safetensors"), output = folder.path("out.safetensors")
        try Safetensors.write(weights(["head.weight": Tensor(zeros: [2, 192])]), to: input)
        let run = try CommandRun([
            "backbone", "convert", input, output, "--to", "transformers-vit", "--backbone",
            "vit-tiny-16",
        ])
        #expect(run.code == 0, "\(run.complaint)")
        #expect(run.complaint.contains("timm names, 150 keys used, 1 left out: head.weight"))
        // The same tensors, but the library of the new names resizes positions otherwise.
        #expect(
            run.complaint.contains("by the rule antialiased in the library that"),
            "\(run.complaint)")
        #expect(run.complaint.contains("and by bicubic in that of transformers-vit names"))
        let written = try Safetensors.read(output)
        #expect(written.metadata["family"] == "transformers-vit")
        #expect(written.metadata["positions"] == "antialiased")
        #expect(written["embeddings.cls_token"]?.shape == [1, 1, 192])
        let name = "encoder.layer.11.attention.attention.value.weight"
        let first = 2 * 192 * 192
        #expect(written[name]?.floats == (first..<first + 192 * 192).map { Float($0) })
    }

    @Test func differencesCanBeAllowed() throws {
        let folder = try TemporaryFolder()
        let input = folder.path("in.safetensors"), output = folder.path("out.npy")
        let nan = Tensor([Float](repeating: .nan, count: 192), shape: [192])
        try Safetensors.write(
            weights(["norm.bias": nil, "neck.weight": Tensor(zeros: [2]), "norm.weight": nan]),
            to: input)
        let images = folder.path("images.npy")
        try Npy.write(Tensor(zeros: [1, 3, 16, 16]), to: images)
        let arguments = [
            "backbone", "features", "--backbone", "vit-tiny-16", "--weights", input, "--input",
            images, "--output", output, "--quiet",
        ]
        let strict = try CommandRun(arguments)
        #expect(strict.code == 1)
        #expect(strict.complaint.contains("1 missing: norm.bias; 1 unexpected: neck.weight"))
        let allowed = try CommandRun(
            arguments + ["--allow-missing", "norm.b*", "--allow-unexpected", "neck.*"])
        #expect(allowed.code == 0, "\(allowed.complaint)")
        #expect(allowed.complaintLines.count == 2)
        #expect(
            allowed.complaint.contains("warning: \(input): norm.weight: 192 of 192 numbers"))
        #expect(allowed.complaint.contains("norm.bias: missing"))
    }
}
