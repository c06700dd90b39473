// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Backbones
import Checkpoints
import Layers
import Reversible
import Tensors
import TestSupport
import Testing

@Suite("vision transformer")
struct VisionTransformerTests {
    @Test("features are timm's and transformers'", arguments: BackboneFixture.names)
    func featuresAgree(name: String) throws {
        let fixture = try BackboneFixture(name)
        let single = try fixture.network().features(
            Variable(fixture.input), .inference)
        #expect(relativeError(single.tensor, fixture.features) <= 1e-5)
        let double = try fixture.network(.float64).features(
            Variable(fixture.input.converted(to: .float64)), .inference)
        #expect(relativeError(double.tensor, fixture.features) <= 1e-12)
    }

    @Test(
        "float64 gradients of every parameter and of the input are the reference's",
        arguments: BackboneFixture.names)
    func gradientsAgree(name: String) throws {
        let fixture = try BackboneFixture(name)
        let network = try fixture.network(.float64)
        let result = try FeatureGradients(network, fixture.input.converted(to: .float64))
        // Gradients of key biases vanish but for rounding: held against the largest of all.
        let floor =
            1e-3 * (fixture.gradients.tensors.flatMap { $0.tensor.doubles.map(abs) }.max() ?? 0)
        var compared: Set<String> = []
        for (ours, gradient) in result.byName {
            let names = ours == "input" ? ["input"] : fixture.family.sourceNames(ours)
            let parts = names.compactMap { fixture.gradients[$0] }
            #expect(parts.count == names.count, "\(ours)")
            let expected = parts.count == 1 ? parts[0] : Tensor.joiningRows(parts)
            #expect(scaledError(gradient, expected, floor: floor) <= 1e-8, "\(ours)")
            compared.formUnion(names)
        }
        #expect(compared == Set(fixture.gradients.names))
    }

    @Test("the state dict's names and shapes are timm's, in order")
    func stateDictIsGolden() throws {
        let network = BackboneCatalog.entry("vit-tiny-16")?.make(key: RandomKey(seed: 1))
        let entries = try #require(network).namedParameters
        let block: [(String, [Int])] = [
            ("norm1.weight", [192]), ("norm1.bias", [192]), ("attn.qkv.weight", [576, 192]),
            ("attn.qkv.bias", [576]), ("attn.proj.weight", [192, 192]), ("attn.proj.bias", [192]),
            ("norm2.weight", [192]), ("norm2.bias", [192]), ("mlp.fc1.weight", [768, 192]),
            ("mlp.fc1.bias", [768]), ("mlp.fc2.weight", [192, 768]), ("mlp.fc2.bias", [192]),
        ]
        var golden: [(String, [Int])] = [
            ("cls_token", [1, 1, 192]), ("pos_embed", [1, 197, 192]),
            ("patch_embed.proj.weight", [192, 3, 16, 16]), ("patch_embed.proj.bias", [192]),
        ]
        for index in 0..<12 { golden += block.map { ("blocks.\(index).\($0.0)", $0.1) } }
        golden += [("norm.weight", [192]), ("norm.bias", [192])]
        #expect(entries.map(\.name) == golden.map(\.0))
        #expect(entries.map(\.parameter.shape) == golden.map(\.1))
        let fixture = try BackboneFixture("dinov2-patch14-timm")
        #expect(
            Set(fixture.untrained().namedParameters.map(\.name)) == Set(fixture.weights.names))
    }

    @Test("the frozen way gives no parameter and no input a gradient", arguments: [true, false])
    func frozenHasNoGradients(isTraining: Bool) throws {
        let fixture = try BackboneFixture("vit-patch4-wide")
        let network = try fixture.network()
        let frozen = try FeatureGradients(
            network, fixture.input, way: .frozen, isTraining: isTraining)
        #expect(frozen.byName.isEmpty)
        let plain = try network.features(
            Variable(fixture.input), .inference)
        #expect(relativeError(frozen.features, plain.tensor) < 1e-6)
    }

    @Test(
        "conventional, checkpointed and dr2net near the pretrained plan agree",
        arguments: BackboneFixture.names, [nil, 7])
    func waysAgree(name: String, tokens: Int?) throws {
        let fixture = try BackboneFixture(name)
        let network = try fixture.network(.float64, dropPathRate: 0.2)
        let tile = tokens.map { Tile(tokens: $0) }
        let images = fixture.input.converted(to: .float64)
        let conventional = try FeatureGradients(network, images, isTraining: true)
        let kept = try FeatureGradients(
            network, images, way: .checkpointed, tile: tile, isTraining: true)
        #expect(relativeError(kept.features, conventional.features) < 1e-12)
        #expect(kept.worstError(conventional) < 1e-10)
        for beta in [0x1p-12, 0x1p-16] {
            let plan = CoefficientPlan.uniform(StreamCoefficients(alpha: 1 - beta, beta: beta))
            let dual = try FeatureGradients(
                network, images, way: .dr2net(plan, .exact), tile: tile, isTraining: true)
            #expect(relativeError(dual.features, conventional.features) < 20 * beta)
            #expect(dual.worstError(conventional) < 200 * beta)
        }
        let plain = try network.features(
            Variable(images), .inference)
        let pretrained = try network.features(
            Variable(images), .inference.running(.dr2net(.pretrained, .exact), tile: tile))
        #expect(relativeError(pretrained.tensor, plain.tensor) < 1e-12)
    }

    @Test("images and clips of any multiple of the patch give one token a patch and one more")
    func tokensFollowTheSize() throws {
        let fixture = try BackboneFixture("dinov2-patch14-timm")
        let network = try fixture.network()
        let images = Tensor(normal: [3, 3, 70, 28], key: RandomKey(seed: 1))
        let features = try network.features(
            Variable(images), .inference)
        #expect(features.shape == [3, 11, 8])
        #expect(network.featureWidth == 8)
        #expect(network.input.multiple == 14)
        #expect(network.stagePlans([3, 3, 70, 28]).map(\.tokens) == [11])
        let levels = try network.levels(
            Variable(images), .inference)
        #expect(levels.map(\.values.shape) == [[3, 5, 2, 8]])
        #expect(levels.map(\.strides) == [[14, 14]])
        #expect(
            levels[0].values.tensor.reshaped(to: [3, 10, 8]).isIdentical(
                to: features.tensor.tokenSlice(1..<11)))
        // A sample's features don't depend on its neighbours in the batch.
        let alone = try network.features(
            Variable(images.rows(1..<2)), .inference)
        #expect(relativeError(alone.tensor, features.tensor.rows(1..<2)) < 1e-5)
    }
}
