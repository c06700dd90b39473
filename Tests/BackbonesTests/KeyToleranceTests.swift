// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Backbones
import Checkpoints
import Layers
import Tensors
import Testing

@Suite("Key tolerance") struct KeyToleranceTests {
    @Test func starsStandForAnything() {
        let cases: [(String, String, Bool)] = [
            ("head.*", "head.weight", true), ("head.*", "head.fc.bias", true),
            ("head.*", "heads.weight", false), ("head.*", "head", false), ("*", "", true),
            ("*.bias", "a.b.bias", true), ("*.bias", "bias", false), ("a*b*c", "aXbbYc", true),
            ("a*b*c", "aXbbY", false), ("norm", "norm", true), ("norm", "norm.weight", false),
            ("", "a", false), ("", "", true), ("**", "ab", true), ("*a", "aaab", false),
        ]
        for (pattern, name, expected) in cases {
            #expect(KeyPattern(pattern).matches(name) == expected, "\(pattern) \(name)")
        }
    }

    /// Many stars on a long name take no time that grows with their combinations.
    @Test func manyStarsAreQuick() {
        let pattern = KeyPattern(String(repeating: "a*", count: 200) + "b")
        #expect(!pattern.matches(String(repeating: "a", count: 4000)))
    }

    @Test func allowedDifferencesAreNoErrors() throws {
        let fixture = try BackboneFixture("vit-patch4-wide")
        var weights = fixture.weights
        weights["norm.weight"] = nil
        weights["norm.bias"] = nil
        weights["neck.conv.weight"] = Tensor(zeros: [2])
        let network = fixture.untrained()
        let before = network.namedParameters.first { $0.name == "norm.bias" }?.parameter.tensor
        for tolerance in [
            KeyTolerance(missing: ["norm.*"]), KeyTolerance(unexpected: ["neck.*"]),
            KeyTolerance(missing: ["norm.weight"], unexpected: ["neck.*"]),
        ] {
            #expect(throws: WeightsError.self) {
                try PretrainedWeights.load(
                    weights, into: network, from: "file", allowing: tolerance)
            }
        }
        let loaded = try PretrainedWeights.load(
            weights, into: network, from: "file",
            allowing: KeyTolerance(missing: ["norm.*"], unexpected: ["neck.*"]))
        #expect(loaded.kept.sorted() == ["norm.bias", "norm.weight"])
        #expect(loaded.leftOut.contains("neck.conv.weight"))
        #expect(loaded.warnings.count == 2 && loaded.warnings[0].contains("random values"))
        let after = network.namedParameters.first { $0.name == "norm.bias" }?.parameter.tensor
        #expect(before.map { after?.isIdentical(to: $0) == true } == true)
        let first = try #require(network.namedParameters.first)
        #expect(fixture.weights[first.name]?.isIdentical(to: first.parameter.tensor) == true)
    }

    /// A part of queries, keys and values can't be missing alone.
    @Test func halfAParameterIsNotAllowedToMiss() throws {
        let fixture = try BackboneFixture("dinov2-patch14-hf")
        var weights = fixture.weights
        weights["encoder.layer.0.attention.attention.key.bias"] = nil
        #expect(throws: WeightsError.self) {
            try PretrainedWeights.load(
                weights, into: fixture.untrained(), from: "file",
                allowing: KeyTolerance(missing: ["*"]))
        }
    }

    @Test func numbersThatAreNotFiniteAreNamed() throws {
        let fixture = try BackboneFixture("vit-patch4-wide")
        var weights = fixture.weights
        let name = "blocks.1.norm1.weight"
        var values = try #require(weights[name]).floats
        values[2] = .nan
        values[5] = -.infinity
        weights[name] = Tensor(values, shape: [values.count])
        let loaded = try PretrainedWeights.load(
            weights, into: fixture.untrained(), from: "file.pth")
        #expect(loaded.warnings.count == 1)
        #expect(loaded.warnings.first?.contains("file.pth: \(name): 2 of 16 numbers") == true)
        #expect(!(loaded.warnings.first?.contains("\n") ?? true))
    }

    @Test func integersAreNoWeights() throws {
        let fixture = try BackboneFixture("vit-patch4-wide")
        var weights = fixture.weights
        weights.setValue(
            .integers(IntegerArray([Int64](repeating: 1, count: 16), shape: [16])),
            for: "norm.weight")
        let error = #expect(throws: WeightsError.self) {
            try PretrainedWeights.load(weights, into: fixture.untrained(), from: "file")
        }
        #expect(error?.description.contains("norm.weight: file integers") == true)
    }

    /// What the file holds is told by its patches, blocks and parts.
    @Test(
        arguments: [
            (
                [
                    "patch_embed.proj.weight": [384, 3, 14, 14], "cls_token": [1, 1, 384],
                    "blocks.0.ls1.gamma": [384],
                ],
                "dinov2-small-14: choose that backbone"
            ),
            (
                [
                    "vit.embeddings.patch_embeddings.projection.weight": [768, 3, 16, 16],
                    "vit.embeddings.cls_token": [1],
                ],
                "vit-base-16: choose that backbone"
            ),
            (["model.patch_embed.proj.weight": [384, 3, 2, 16, 16]], "videomae-small-16"),
            (["layer1.0.conv1.weight": [64, 64, 1, 1]], "a ResNet"),
            (
                [
                    "patch_embed.proj.weight": [96, 3, 4, 4],
                    "layers.0.blocks.0.attn.logit_scale": [3, 1, 1],
                    "layers.0.blocks.0.attn.cpb_mlp.0.weight": [512, 2],
                ],
                "a Swin V2"
            ),
            (
                [
                    "patch_embed.proj.weight": [48, 3, 4, 4],
                    "layers.0.blocks.0.attn.relative_position_bias_table": [169, 3],
                ],
                "a Swin of width 48 and 1 blocks"
            ),
        ] as [([String: [Int]], String)])
    func theLikelyNetworkIsNamed(_ tensors: [String: [Int]], _ expected: String) throws {
        let state = StateDict(
            tensors.sorted { $0.key < $1.key }.map { ($0.key, Tensor(zeros: $0.value)) })
        let fixture = try BackboneFixture("vit-patch4-wide")
        let error = #expect(throws: WeightsError.self) {
            try PretrainedWeights.load(state, into: fixture.untrained(), from: "file")
        }
        let text = error?.description ?? ""
        #expect(text.contains("the file looks like \(expected)"), "\(text)")
    }

    @Test func realSwinsAreNamed() throws {
        for (width, depths, patch, name) in [
            (96, [2, 2, 6, 2], [4, 4], "swin-tiny"), (96, [2, 2, 18, 2], [4, 4], "swin-small"),
            (128, [2, 2, 18, 2], [2, 4, 4], "video-swin-base"),
        ] {
            var tensors = [("patch_embed.proj.weight", Tensor(zeros: [width, 3] + patch))]
            for (stage, depth) in depths.enumerated() {
                for block in 0..<depth {
                    let table = "layers.\(stage).blocks.\(block).attn.relative_position_bias_table"
                    tensors.append((table, Tensor(zeros: [169, 3])))
                }
            }
            let fixture = try BackboneFixture("vit-patch4-wide")
            let error = #expect(throws: WeightsError.self) {
                try PretrainedWeights.load(
                    StateDict(tensors.map { (name: $0.0, tensor: $0.1) }),
                    into: fixture.untrained(), from: "file")
            }
            #expect(error?.description.contains("looks like \(name)") == true)
        }
    }
}
