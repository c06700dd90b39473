// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Backbones
import Layers
import Optimizers
import Reversible
import Tensors
import TestSupport
import Testing
import Training

@Suite("blocks on given tokens") struct TokenTransformerTests {
    private static func network(dropPathRate: Double = 0, depth: Int = 3) -> VisionTransformer {
        var configuration = VisionTransformerConfiguration(
            width: 48, depth: depth, heads: 4, patchSize: 4, gridSize: 4, hasLayerScale: true,
            positionRule: .bicubic)
        configuration.dropPathRate = dropPathRate
        return VisionTransformer(
            name: "small", configuration: configuration, key: RandomKey(seed: 1))
    }

    @Test("without positions they are the network's own on its embedded patches")
    func isTheNetworkItself() throws {
        let network = Self.network()
        let images = Tensor(normal: [2, 3, 16, 16], key: RandomKey(seed: 2))
        let expected = try network.features(
            Variable(images), .inference)
        let tokens = network.embed(Variable(images), .inference)
        let transformer = TokenTransformer(network)
        // The class token with its position, once: as the embedding adds it.
        let entries = transformer.namedParameters
        #expect(entries.prefix(3).map(\.name) == ["cls_token", "cls_pos", "blocks.0.norm1.weight"])
        #expect(entries.suffix(2).map(\.name) == ["norm.weight", "norm.bias"])
        #expect(entries.count == 2 + 3 * 14 + 2)
        let first = entries[0].parameter, position = entries[1].parameter
        let learned = try #require(
            network.namedParameters.first { $0.name == "pos_embed" }
        ).parameter.tensor
        #expect(position.tensor.isIdentical(to: learned.tokenSlice(0..<1)))
        first.tensor = first.tensor + position.tensor
        position.tensor = Tensor(zeros: [1, 1, 48])
        let patches = tokens.tokenSlice(1..<17)
        let features = try transformer(
            patches, positions: Variable(Tensor(zeros: [2, 16, 48])), .inference)
        #expect(relativeError(features.tensor, expected.tensor) < 1e-6)
    }

    @Test("the plan predicts the counted peak, the side input's bytes too")
    func predictsThePeak() async {
        // In a process of its own: the count is of the whole process.
        await #expect(processExitsWith: .success) { try Self.check() }
    }

    private static func check() throws {
        Parallel.setThreadCount(2)
        let plan = CoefficientPlan.uniform(
            StreamCoefficients(alpha: 15.0 / 16, beta: 1.0 / 16))
        let ways: [FinetuningWay] = [
            .conventional, .checkpointed, .dr2net(plan, .exact), .dr2net(plan, .float),
        ]
        for way in ways {
            for (samples, tokens, rate, tile) in [
                (6, 100, 0.0, nil), (12, 60, 0.3, nil), (12, 120, 0.0, 256),
            ] as [(Int, Int, Double, Int?)] {
                let before = StoragePool.usage.live
                let transformer = TokenTransformer(network(dropPathRate: rate, depth: 4))
                let shape = [samples, tokens, 48]
                let predicted = try MemoryPlan(
                    [ParameterGroup("", transformer, rate: 1e-6)], settings: .init(),
                    key: RandomKey(seed: 3), inputs: [shape, shape]
                ) { inputs, context in
                    guard let tape = context.tape else { preconditionFailure("no tape") }
                    return try transformer(
                        tape.input(inputs[0]), positions: tape.input(inputs[1]),
                        context.running(way, tile: tile.map { Tile(tokens: $0) }))
                }.peakPredictedBytes
                let counted = try counted(transformer, shape, way, tile, before)
                let ratio = Double(predicted) / Double(counted)
                #expect(
                    (0.995...1.005).contains(ratio),
                    "\(way), \(samples) x \(tokens), tile \(tile ?? 0): \(predicted) for \(counted)"
                )
            }
        }
    }

    private static func counted(
        _ transformer: TokenTransformer, _ shape: [Int], _ way: FinetuningWay, _ tile: Int?,
        _ before: Int
    ) throws -> Int {
        defer { transformer.clearGradients() }
        let tokens = Tensor(repeating: 0.5, shape: shape)
        let places = Tensor(normal: shape, key: RandomKey(seed: 4))
        let moments = transformer.namedParameters.flatMap { entry in
            (0..<2).map { _ in Tensor(zeros: entry.parameter.shape) }
        }
        StoragePool.resetPeak()
        let tape = Tape()
        let context = Context(tape: tape, isTraining: true, key: RandomKey(seed: 3))
        let positions = tape.input(places)
        let features = try transformer(
            tape.input(tokens), positions: positions,
            context.running(way, tile: tile.map { Tile(tokens: $0) }))
        tape.backward(
            from: features, gradient: features.tensor.scaled(by: 2 / Double(features.tensor.count)))
        return withExtendedLifetime((moments, tokens, places, features)) {
            StoragePool.usage.peak - before
        }
    }
}
