// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Backbones
import Layers
import Optimizers
import Tensors
import Testing

@Suite("Layer decay") struct LayerDecayTests {
    private func factors(_ network: any Module) -> [String: Double] {
        let names = network.namedParameters.map(\.name)
        return Dictionary(
            uniqueKeysWithValues: zip(names, LayerDecay.factors(names, decay: 0.5)))
    }

    @Test("A vision transformer's rates halve from block to block, embedding last")
    func visionTransformer() {
        let configuration = VisionTransformerConfiguration(
            width: 16, depth: 12, heads: 2, patchSize: 4, gridSize: 2, hasLayerScale: false,
            positionRule: .bicubic)
        let factors = factors(
            VisionTransformer(
                name: "small", configuration: configuration, key: RandomKey(seed: 0)))
        #expect(factors["norm.weight"] == 1)
        #expect(factors["blocks.11.attn.qkv.weight"] == 0.5)
        #expect(factors["blocks.10.mlp.fc2.bias"] == 0.25)
        #expect(factors["blocks.1.norm1.weight"] == 0x1p-11)
        #expect(factors["blocks.0.norm2.bias"] == 0x1p-12)
        for name in ["cls_token", "pos_embed", "patch_embed.proj.weight"] {
            #expect(factors[name] == 0x1p-13, "\(name)")
        }
    }

    @Test(
        "Blocks of all stages are counted, and merging goes with the block before it",
        arguments: [false, true])
    func swin(isClip: Bool) {
        let configuration = SwinConfiguration(
            width: 16, depths: [2, 4, 2], heads: [1, 2, 4], window: isClip ? [8, 7, 7] : [7, 7],
            patch: isClip ? [2, 4, 4] : [4, 4])
        let factors = factors(
            SwinTransformer(name: "small", configuration: configuration, key: RandomKey(seed: 0)))
        let first = isClip ? 0 : 1
        #expect(factors["norm.weight"] == 1)
        #expect(factors["features.\(first + 4).1.norm1.weight"] == 0.5)
        #expect(factors["features.\(first + 4).0.mlp.0.weight"] == 0.25)
        #expect(factors["features.\(first + 3).reduction.weight"] == 0.125)
        #expect(factors["features.\(first + 2).3.attn.qkv.weight"] == 0.125)
        #expect(factors["features.\(first).0.norm1.weight"] == 0x1p-8)
        #expect(factors.values.min() == 0x1p-9)
        #expect(factors.values.count { $0 == 0x1p-9 } == 4)
    }

    @Test("Names without blocks keep their rate")
    func withoutBlocks() {
        #expect(LayerDecay.factors(["a.weight", "a.bias"], decay: 0.5) == [1, 1])
        #expect(LayerDecay.factors([], decay: 0.5).isEmpty)
    }

    @Test("The optimizer multiplies a parameter's rate with its factor")
    func theOptimizerTakesTheFactors() throws {
        func moved(_ decay: Double) throws -> Double {
            let block = Block()
            let optimizer = AdamW(
                [ParameterGroup("", block, rate: 0.1, layerDecay: decay)],
                settings: .init(weightDecay: 0))
            let before = block.weight.tensor
            block.weight.gradient = Tensor(repeating: 1, shape: [4, 8])
            try optimizer.update(rates: ["": 0.1], step: 1)
            return Double(before.floats[0] - block.weight.tensor.floats[0])
        }
        let whole = try moved(1), quarter = try moved(0.5)
        #expect(abs(whole - 0.1) < 1e-6)
        #expect(abs(quarter - 0.025) < 1e-6)
    }
}

/// Something before the only block, which halves its rate twice.
private final class Block: Module {
    let weight = Parameter(Tensor(zeros: [4, 8]))
    private let norm = LayerNorm(8)

    func register(in registry: inout ModuleRegistry) {
        registry.parameter("embedding", weight)
        registry.child("blocks.0.norm1", norm)
    }
}
