// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Backbones
import Checkpoints
import Layers
import Tensors
import TestSupport
import Testing

@Suite("pretrained weights")
struct PretrainedWeightsTests {
    private func values(_ network: VisionTransformer) -> [Tensor] {
        network.namedParameters.map(\.parameter.tensor)
    }

    private func isSame(_ a: [Tensor], _ b: [Tensor]) -> Bool {
        a.count == b.count && zip(a, b).allSatisfy { $0.isIdentical(to: $1) }
    }

    @Test("families are detected, and what isn't the backbone's is left out and listed")
    func familiesAreDetected() throws {
        for name in BackboneFixture.names {
            let fixture = try BackboneFixture(name)
            let loaded = try PretrainedWeights.load(
                fixture.weights, into: fixture.untrained(), from: name)
            #expect(loaded.family == fixture.family)
            #expect(loaded.leftOut.sorted() == fixture.description.unusedKeys)
        }
    }

    @Test(
        "wrapper prefixes are stripped",
        arguments: ["backbone.", "module.model.", "model.", "net."],
        ["vit-patch16-resized", "dinov2-patch14-hf"])
    func prefixesAreStripped(prefix: String, name: String) throws {
        let fixture = try BackboneFixture(name)
        let plain = try fixture.network()
        var wrapped = try fixture.weights.renamed { prefix + $0 }
        wrapped["decode_head.weight"] = Tensor(zeros: [2])
        let network = fixture.untrained()
        let loaded = try PretrainedWeights.load(wrapped, into: network, from: "wrapped")
        #expect(isSame(values(network), values(plain)))
        #expect(
            loaded.leftOut.sorted()
                == (fixture.description.unusedKeys.map { prefix + $0 } + ["decode_head.weight"])
                .sorted())
    }

    @Test(
        "export and load give identical tensors under the source's names",
        arguments: ["vit-patch16-resized", "dinov2-patch14-timm", "dinov2-patch14-hf"])
    func exportRoundTrips(name: String) throws {
        let fixture = try BackboneFixture(name)
        let network = try fixture.network()
        let exported = PretrainedWeights.export(network, family: fixture.family)
        #expect(
            Set(exported.names)
                == Set(fixture.weights.names).subtracting(fixture.description.unusedKeys))
        for (key, tensor) in exported.tensors {
            #expect(fixture.weights[key]?.isIdentical(to: tensor) == true, "\(key)")
        }
        let again = fixture.untrained()
        let loaded = try PretrainedWeights.load(exported, into: again, from: "export")
        #expect(loaded.leftOut.isEmpty)
        #expect(isSame(values(again), values(network)))
    }

    @Test("transformers' ViT names round trip")
    func viTNamesRoundTrip() throws {
        let fixture = try BackboneFixture("vit-patch4-wide")
        let network = try fixture.network()
        let exported = PretrainedWeights.export(network, family: .transformersViT)
        let block = [
            "layernorm_before.weight", "layernorm_before.bias",
            "attention.attention.query.weight", "attention.attention.key.weight",
            "attention.attention.value.weight", "attention.attention.query.bias",
            "attention.attention.key.bias", "attention.attention.value.bias",
            "attention.output.dense.weight", "attention.output.dense.bias",
            "layernorm_after.weight", "layernorm_after.bias", "intermediate.dense.weight",
            "intermediate.dense.bias", "output.dense.weight", "output.dense.bias",
        ]
        var golden: Set = [
            "embeddings.cls_token", "embeddings.position_embeddings",
            "embeddings.patch_embeddings.projection.weight",
            "embeddings.patch_embeddings.projection.bias", "layernorm.weight", "layernorm.bias",
        ]
        for index in 0..<2 { golden.formUnion(block.map { "encoder.layer.\(index).\($0)" }) }
        #expect(Set(exported.names) == golden)
        var wrapped = try exported.renamed { "vit." + $0 }
        wrapped["classifier.weight"] = Tensor(zeros: [3, 16])
        wrapped["vit.pooler.dense.weight"] = Tensor(zeros: [16, 16])
        let again = fixture.untrained()
        let loaded = try PretrainedWeights.load(wrapped, into: again, from: "vit")
        #expect(loaded.family == .transformersViT)
        #expect(loaded.leftOut == ["classifier.weight", "vit.pooler.dense.weight"])
        #expect(isSame(values(again), values(network)))
    }

    @Test("every missing, unexpected and misshaped key is listed, and nothing is assigned")
    func loadingIsStrict() throws {
        let fixture = try BackboneFixture("vit-patch4-wide")
        var weights = fixture.weights
        weights["blocks.0.mlp.fc1.bias"] = nil
        weights["norm.weight"] = nil
        weights["blocks.1.attn.qkv.weight"] = Tensor(zeros: [48, 17])
        weights["cls_token"] = Tensor(zeros: [16])
        weights["blocks.2.norm1.weight"] = Tensor(zeros: [16])
        weights["surprise"] = Tensor(zeros: [1])
        let network = fixture.untrained()
        let before = values(network)
        let error = #expect(throws: WeightsError.self) {
            try PretrainedWeights.load(weights, into: network, from: "file.pth")
        }
        let text = error?.description ?? ""
        for part in [
            "file.pth", "vit-patch4-wide", "2 missing", "blocks.0.mlp.fc1.bias", "norm.weight",
            "2 unexpected", "blocks.2.norm1.weight", "surprise", "2 misshaped",
            "blocks.1.attn.qkv.weight", "[48, 17]", "[48, 16]", "cls_token", "[1, 1, 16]",
        ] { #expect(text.contains(part), "\(part) in: \(text)") }
        #expect(!text.contains("\n"))
        #expect(isSame(values(network), before))
    }

    @Test("parts of queries, keys and values that don't fit each other are misshaped")
    func partsAreChecked() throws {
        let fixture = try BackboneFixture("dinov2-patch14-hf")
        var weights = fixture.weights
        weights["encoder.layer.0.attention.attention.key.weight"] = Tensor(zeros: [8, 7])
        weights["encoder.layer.1.attention.attention.value.bias"] = nil
        weights["layernorm.bias"] = Tensor(zeros: [], dtype: .float32)
        let network = fixture.untrained()
        let error = #expect(throws: WeightsError.self) {
            try PretrainedWeights.load(weights, into: network, from: "file")
        }
        let text = error?.description ?? ""
        #expect(text.contains("2 misshaped"), "\(text)")
        #expect(text.contains("1 missing: encoder.layer.1.attention.attention.value.bias"))
        #expect(!text.contains("unexpected"), "\(text)")
    }

    @Test("parts of different whole sizes that add up by chance are refused")
    func partsHaveEqualRows() throws {
        let fixture = try BackboneFixture("dinov2-patch14-hf")
        var weights = fixture.weights
        let prefix = "encoder.layer.0.attention.attention."
        weights[prefix + "query.bias"] = Tensor(zeros: [6])
        weights[prefix + "key.bias"] = Tensor(zeros: [10])
        #expect(throws: WeightsError.self) {
            try PretrainedWeights.load(weights, into: fixture.untrained(), from: "file")
        }
    }

    @Test("a file of something else is refused in one line")
    func otherFilesAreRefused() throws {
        let fixture = try BackboneFixture("vit-patch4-wide")
        for state in [
            StateDict(), StateDict([("layer1.0.conv1.weight", Tensor(zeros: [1]))]),
        ] {
            let error = #expect(throws: WeightsError.self) {
                try PretrainedWeights.load(state, into: fixture.untrained(), from: "resnet.pth")
            }
            #expect(error?.description.contains("resnet.pth") == true)
        }
        // A DINOv2 file has LayerScale that a plain ViT hasn't.
        let dino = try BackboneFixture("dinov2-patch14-timm")
        let error = #expect(throws: WeightsError.self) {
            try PretrainedWeights.load(dino.weights, into: fixture.untrained(), from: "dino")
        }
        #expect(error?.description.contains("blocks.0.ls1.gamma") == true)
    }
}
