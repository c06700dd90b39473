// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Backbones
import Checkpoints
import Layers
import Reversible
import Tensors
import TestSupport
import Testing

@Suite("networks of windows and clips")
struct SwinTransformerTests {
    private static func way(_ beta: Double, _ arithmetic: ReversalArithmetic = .exact)
        -> FinetuningWay
    {
        .dr2net(.uniform(StreamCoefficients(alpha: 1 - beta, beta: beta)), arithmetic)
    }

    @Test("features are the library's at odd sizes", arguments: WindowFixture.names)
    func featuresAgree(name: String) throws {
        let fixture = try WindowFixture(name)
        let single = try fixture.network().features(
            Variable(fixture.input()), .inference)
        #expect(relativeError(single.tensor, fixture.features) <= 1e-5)
        let double = try fixture.network(.float64).features(
            Variable(fixture.input(.float64)), .inference)
        #expect(relativeError(double.tensor, fixture.features) <= 1e-12)
    }

    @Test(
        "float64 gradients of every parameter and of the input are the library's",
        arguments: WindowFixture.names)
    func gradientsAgree(name: String) throws {
        let fixture = try WindowFixture(name)
        let ours = try FeatureGradients(fixture.network(.float64), fixture.input(.float64))
        let reference = try fixture.gradients(isDual: false)
        #expect(Set(ours.byName.keys) == Set(reference.names))
        let floor = 1e-3 * (reference.tensors.flatMap { $0.tensor.doubles.map(abs) }.max() ?? 0)
        for (name, expected) in reference.tensors {
            let found = Tensor(fixture.values(ours, name), shape: expected.shape)
            #expect(scaledError(found, expected, floor: floor) <= 1e-8, "\(name)")
        }
    }

    // Above 5 s: 18 gradients of whole networks.
    @Test(
        "float32 gradients of every way are as good as PyTorch's own",
        arguments: WindowFixture.names, [nil, 7, 64])
    func waysAreAsGood(name: String, tokens: Int?) throws {
        let fixture = try WindowFixture(name)
        let single = try fixture.network(), double = try fixture.network(.float64)
        let tile = tokens.map { Tile(tokens: $0) }
        // As the script does: one run's error is luck, so the mean over neighbouring inputs counts.
        let inputs = (0..<6).map { trial in
            Tensor(
                fixture.input().floats.map { $0 * Float(1 + Double(trial) * 0x1p-20) },
                shape: fixture.description.inputShape)
        }
        func check(_ way: FinetuningWay, isDual: Bool = false) throws {
            let squares = try inputs.map { input in
                let ours = try FeatureGradients(single, input, way: way, tile: tile)
                let exact = try FeatureGradients(double, input.converted(to: .float64), way: way)
                if input.isIdentical(to: inputs[0]) {
                    #expect(try fixture.error(exact, isDual: isDual) < 1e-8, "\(way)")
                }
                return ours.squaredError(exact)
            }
            let error = (squares.reduce(0, +) / Double(squares.count)).squareRoot()
            let limit = 2 * fixture.referenceError(isDual: isDual)
            #expect(error <= limit, "\(way)")
        }
        if tile == nil { try check(.conventional) }
        try check(.checkpointed)
        try check(fixture.dual, isDual: true)
    }

    @Test(
        "all ways agree in float64, with drop path, at any tile",
        arguments: WindowFixture.names, [nil, 5, 50])
    func waysAgree(name: String, tokens: Int?) throws {
        let fixture = try WindowFixture(name)
        let network = try fixture.network(.float64, dropPathRate: 0.2)
        let tile = tokens.map { Tile(tokens: $0) }
        let input = fixture.input(.float64)
        let conventional = try FeatureGradients(network, input, isTraining: true)
        let kept = try FeatureGradients(
            network, input, way: .checkpointed, tile: tile, isTraining: true)
        #expect(relativeError(kept.features, conventional.features) < 1e-12)
        #expect(kept.worstError(conventional) < 1e-10)
        let near = try FeatureGradients(
            network, input, way: Self.way(0x1p-16), tile: tile, isTraining: true)
        #expect(near.worstError(conventional) < 200 * 0x1p-16)
        let exact = try FeatureGradients(
            network, input, way: Self.way(0.5), tile: tile, isTraining: true)
        let float = try FeatureGradients(
            network, input, way: Self.way(0.5, .float), tile: tile, isTraining: true)
        #expect(relativeError(exact.features, float.features) < 1e-8)
        #expect(exact.worstError(float) < 1e-6)
        let frozen = try FeatureGradients(
            network, input, way: .frozen, isTraining: true)
        #expect(frozen.byName.isEmpty)
        #expect(relativeError(frozen.features, conventional.features) < 1e-12)
    }

    @Test(
        "every stage's input pair comes back bit for bit, tiled or not",
        arguments: WindowFixture.names, [nil, 20])
    func stagesReverseExactly(name: String, tokens: Int?) throws {
        let fixture = try WindowFixture(name)
        let network = try fixture.network(), shape = fixture.description.inputShape
        for plan in network.stagePlans(shape) {
            let x = Tensor(
                normal: [shape[0], plan.tokens, plan.width], key: RandomKey(seed: 4))
            let coefficients = CoefficientPlan.uniform(StreamCoefficients(alpha: 1, beta: 0.1))
            let context = Context.inference.running(
                .dr2net(coefficients, .exact), tile: tokens.map { Tile(tokens: $0) })
            try exclusively {
                let start = try FixedPointPair(x, fractionBits: FixedPointPair.fractionBits(for: x))
                let (pair, remainders) = try plan.stage.advance(
                    x, plan: coefficients, context)
                #expect(!pair.isIdentical(to: start))
                plan.stage.retreat(
                    pair, remainders, plan: coefficients, context)
                #expect(pair.isIdentical(to: start))
            }
        }
    }

    @Test("one thread and two give the same bits", arguments: ["swin-odd", "video-swin-batch"])
    func threadsAgree(name: String) throws {
        let fixture = try WindowFixture(name)
        let network = try fixture.network()
        let results = try withThreadCounts {
            try FeatureGradients(
                network, fixture.input(), way: fixture.dual, tile: Tile(tokens: 30))
        }
        #expect(results[0].features.isIdentical(to: results[1].features))
        for (name, gradient) in results[0].byName {
            #expect(results[1].byName[name]?.isIdentical(to: gradient) == true, "\(name)")
        }
    }

    @Test(
        "every level of instructions gives the library's features", arguments: WindowFixture.names)
    func levelsAgree(name: String) throws {
        let fixture = try WindowFixture(name)
        let network = try fixture.network()
        try atEachLevel { level in
            let features = try network.features(
                Variable(fixture.input()), .inference.running(fixture.dual, tile: Tile(tokens: 30)))
            let plain = try network.features(
                Variable(fixture.input()), .inference)
            #expect(relativeError(plain.tensor, fixture.features) <= 1e-5, "\(level)")
            #expect(features.shape == plain.shape)
        }
    }

    @Test("a sample's features don't depend on its neighbours in the batch")
    func samplesAreIndependent() throws {
        for name in ["swin-batch", "video-swin-batch", "videomae"] {
            let fixture = try WindowFixture(name)
            let network = try fixture.network(), input = fixture.input()
            let both = try network.features(
                Variable(input), .inference.running(fixture.dual, tile: Tile(tokens: 40)))
            let alone = try network.features(
                Variable(input.rows(1..<2)), .inference.running(fixture.dual))
            #expect(relativeError(alone.tensor, both.tensor.rows(1..<2)) < 1e-5)
        }
    }

    @Test("parameters are as many as the sizes say", arguments: WindowFixture.names)
    func parametersAreCounted(name: String) throws {
        let network = try WindowFixture(name).untrained()
        let counted =
            (network as? SwinTransformer)?.configuration.parameterCount
            ?? (network as? VisionTransformer)?.configuration.parameterCount
        #expect(network.parameterCount == counted)
    }

    @Test("levels are the stages' grids, the last one the features")
    func levelsAreGrids() throws {
        let fixture = try WindowFixture("swin-odd")
        let network = try fixture.network()
        let levels = try network.levels(
            Variable(fixture.input()), .inference)
        #expect(
            levels.map(\.values.shape) == [[1, 15, 11, 4], [1, 8, 6, 8], [1, 4, 3, 16]])
        #expect(levels.map(\.strides) == [[4, 4], [8, 8], [16, 16]])
        let features = try network.features(
            Variable(fixture.input()), .inference)
        #expect(levels[2].values.tensor.isIdentical(to: features.tensor))
        let clips = try WindowFixture("video-swin-shrunk")
        let grids = try clips.network().levels(
            Variable(clips.input()), .inference)
        #expect(grids.map(\.values.shape) == [[1, 3, 10, 13, 8], [1, 3, 5, 7, 16]])
        #expect(grids.map(\.strides) == [[2, 4, 4], [2, 8, 8]])
    }

    @Test("inputs of any size are taken, those below a patch and of other ranks are not")
    func layoutsAreTold() throws {
        let images = try #require(BackboneCatalog.entry("swin-tiny")).input
        #expect(images.accepts([2, 3, 61, 47]) && images.accepts([1, 3, 4, 4]))
        #expect(!images.accepts([1, 3, 3, 9]) && !images.accepts([1, 3, 8, 32, 32]))
        #expect(images.text == "[N, 3, H, W] with H and W at least 4")
        let clips = try #require(BackboneCatalog.entry("video-swin-tiny")).input
        #expect(clips.accepts([1, 3, 1, 1, 1]) && !clips.accepts([1, 3, 64, 64]))
        #expect(clips.text == "[N, 3, T, H, W]")
        let tubelets = try #require(BackboneCatalog.entry("videomae-small-16")).input
        #expect(tubelets.accepts([1, 3, 4, 32, 48]) && !tubelets.accepts([1, 3, 3, 32, 32]))
        #expect(!tubelets.accepts([1, 3, 4, 24, 32]))
        #expect(
            tubelets.text
                == "[N, 3, T, H, W] with H and W multiples of 16 and T a multiple of 2")
        // One token a window, and windows far larger than the grid.
        for name in ["swin-odd", "video-swin-shrunk"] {
            let fixture = try WindowFixture(name)
            let isClip = fixture.description.patch.count == 3
            let shape = isClip ? [1, 3, 1, 1, 1] : [1, 3, 4, 4]
            let network = try fixture.network()
            let result = try FeatureGradients(
                network, Tensor(normal: shape, key: RandomKey(seed: 1)), way: fixture.dual)
            #expect(result.features.shape.dropFirst().dropLast().allSatisfy { $0 == 1 })
        }
    }
}
