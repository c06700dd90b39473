// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Foundation
import Tensors
import Testing

/// A run's backbone comes out under its source's names, with the plain form's score.
@Suite("Export") struct ExportTests {
    private static let joinedName = "blocks.11.attn.qkv.weight"

    /// The parameters of ViT-Ti/16 under timm's names; the joined matrix counts from 0.
    static let parameters: [(name: String, tensor: Tensor)] = {
        var shapes: [(String, [Int])] = [
            ("cls_token", [1, 1, 192]), ("pos_embed", [1, 197, 192]),
            ("patch_embed.proj.weight", [192, 3, 16, 16]), ("patch_embed.proj.bias", [192]),
        ]
        for block in 0..<12 {
            let parts: [(String, Int, Int?)] = [
                ("norm1", 192, nil), ("attn.qkv", 576, 192), ("attn.proj", 192, 192),
                ("norm2", 192, nil), ("mlp.fc1", 768, 192), ("mlp.fc2", 192, 768),
            ]
            for (name, rows, columns) in parts {
                let prefix = "blocks.\(block).\(name)"
                shapes.append(("\(prefix).weight", columns.map { [rows, $0] } ?? [rows]))
                shapes.append(("\(prefix).bias", [rows]))
            }
        }
        shapes += [("norm.weight", [192]), ("norm.bias", [192])]
        return shapes.map { name, shape in
            guard name == joinedName else { return (name, Tensor(zeros: shape)) }
            return (name, Tensor((0..<576 * 192).map { Float($0) }, shape: shape))
        }
    }()

    private func makeRun(_ folder: TemporaryFolder, dropping dropped: String? = nil) throws {
        _ = try folder.write(
            #"{"task": "tad", "backbone": "vit-tiny-16", "family": "transformers-vit", "labels": []}"#,
            as: "model.json")
        let lines = [
            #"{"step":4,"loss":1}"#, #"{"step":4,"evaluation":{"mAP":0.5,"plain.mAP":0.25}}"#,
        ]
        _ = try folder.write(lines.joined(separator: "\n") + "\n", as: "metrics.jsonl")
        let kept = ExportTests.parameters.filter { $0.name != dropped }.map {
            (name: "model.backbone." + $0.name, tensor: $0.tensor)
        }
        let head = [(name: "model.head.bias", tensor: Tensor([Float(1)], shape: [1]))]
        let state = StateDict(
            kept + head,
            metadata: [
                "format": "dr2net-checkpoint-1", "step": "4", "position": "4", "samples": "1",
                "seed": "0", "recipe": "",
            ])
        try Safetensors.write(state, to: folder.path("checkpoint-000004.safetensors"))
    }

    @Test func namesValuesAndScoresSurvive() throws {
        let folder = try TemporaryFolder()
        try makeRun(folder)
        let output = folder.path("out.safetensors")
        let run = try CommandRun([
            "backbone", "export", "--run", folder.path, "--output", output, "--json",
        ])
        #expect(run.code == 0, "\(run.complaint)")
        #expect(try run.object()["evaluation"] as? [String: Double] == ["mAP": 0.25])
        let written = try Safetensors.read(output)
        #expect(written.metadata["evaluation.mAP"] == "0.25")
        #expect(written.metadata["backbone"] == "vit-tiny-16")
        // Joined query, key and value come apart: two more arrays for each weight and bias.
        #expect(written.count == ExportTests.parameters.count + 12 * 2 * 2)
        for (index, part) in ["query", "key", "value"].enumerated() {
            let name = "encoder.layer.11.attention.attention.\(part).weight"
            let first = index * 192 * 192
            #expect(
                written[name]?.floats == (first..<first + 192 * 192).map { Float($0) }, "\(part)")
        }
    }

    @Test func featuresResizePositionsAsTheSourceDoes() throws {
        let folder = try TemporaryFolder()
        let input = folder.path("input.npy"), output = folder.path("output.npy")
        try Npy.write(Tensor(zeros: [2, 3, 32, 48]), to: input)
        let weights = folder.path("weights.safetensors")
        try Safetensors.write(StateDict(ExportTests.parameters), to: weights)
        let arguments = [
            "backbone", "features", "--backbone", "vit-tiny-16", "--weights", weights, "--input",
            input, "--output", output, "--json",
        ]
        let own = try CommandRun(arguments).object()
        #expect(own["positions"] as? String == "antialiased")
        #expect(own["shape"] as? [Int] == [2, 1 + 2 * 3, 192])
        #expect(try Npy.readTensor(output).shape == [2, 7, 192])
        let chosen = try CommandRun(arguments + ["--positions", "offset"]).object()
        #expect(chosen["positions"] as? String == "offset")
    }

    @Test func missingParameterIsNamed() throws {
        let folder = try TemporaryFolder()
        try makeRun(folder, dropping: "blocks.7.mlp.fc1.bias")
        let run = try CommandRun([
            "backbone", "export", "--run", folder.path, "--output", folder.path("out"),
        ])
        #expect(run.code == 1)
        #expect(run.complaintLines.count == 1)
        #expect(run.complaint.contains("blocks.7.mlp.fc1.bias"))
        #expect(try !folder.names().contains("out"))
    }
}
