// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Backbones
import Layers
import Reversible
import Tensors
import TestSupport
import Testing

/// One network, batch and way whose memory is planned and counted.
private struct Case {
    var width = 48
    var depth = 3
    var hasLayerScale = true
    var samples = 8
    var side = 112
    var way: FinetuningWay
    var tile: Int?
    var dropPathRate = 0.0

    static func dual(_ beta: Double, _ arithmetic: ReversalArithmetic = .exact) -> FinetuningWay {
        .dr2net(.uniform(StreamCoefficients(alpha: 1 - beta, beta: beta)), arithmetic)
    }

    var label: String {
        let kind: String
        switch way {
        case .conventional: kind = "conventional"
        case .checkpointed: kind = "checkpointed"
        case .frozen: kind = "frozen"
        case .dr2net(let plan, let arithmetic): kind = "dr2net \(plan.outputBeta) \(arithmetic)"
        }
        return
            "\(kind), width \(width), depth \(depth), scale \(hasLayerScale), \(samples) x \(side), "
            + "tile \(tile.map(String.init) ?? "none"), drop path \(dropPathRate)"
    }

    private var network: VisionTransformer {
        var configuration = VisionTransformerConfiguration(
            width: width, depth: depth, heads: 4, patchSize: 14, gridSize: 8,
            hasLayerScale: hasLayerScale, positionRule: .bicubic)
        configuration.dropPathRate = dropPathRate
        return VisionTransformer(
            name: "small", configuration: configuration, key: RandomKey(seed: 1))
    }

    private var slices: Tile? { tile.map { Tile(tokens: $0) } }

    /// The planned bytes, and the most live bytes of a step with AdamW's moments held.
    func measured() throws -> (predicted: Int, counted: Int) {
        let before = StoragePool.usage.live
        let network = network
        let shape = network.memoryShape(
            samples: samples, height: side, width: side, dtype: .float32)
        let plan = MemoryPlan(shape, way: way, tile: slices)
        return (plan.peakPredictedBytes, try counted(network, before))
    }

    private func counted(_ network: VisionTransformer, _ before: Int) throws -> Int {
        if way == .frozen { network.setTrainable(false) }
        let images = Tensor(normal: [samples, 3, side, side], key: RandomKey(seed: 2))
        let moments = network.namedParameters.flatMap { entry in
            way == .frozen ? [] : (0..<2).map { _ in Tensor(zeros: entry.parameter.shape) }
        }
        StoragePool.resetPeak()
        let tape = Tape()
        let context = Context(tape: tape, isTraining: true, key: RandomKey(seed: 3))
        let features = try network.features(Variable(images), way: way, tile: slices, context)
        let loss = features.tensor.dot(features.tensor)
        tape.backward(
            from: features, gradient: features.tensor.scaled(by: 2 / Double(features.tensor.count)))
        return withExtendedLifetime((moments, images, features, loss)) {
            StoragePool.usage.peak - before
        }
    }

    static var sweep: [Case] {
        let ways: [FinetuningWay] = [
            .conventional, .checkpointed, .frozen, dual(1.0 / 16), dual(0.5), dual(1),
            dual(0.5, .float),
        ]
        var cases: [Case] = []
        for way in ways {
            for width in [48, 96] {
                for (samples, side) in [(1, 112), (6, 112), (24, 70)] {
                    cases.append(Case(width: width, samples: samples, side: side, way: way))
                }
            }
            cases.append(Case(depth: 8, hasLayerScale: false, way: way))
            cases.append(Case(depth: 6, samples: 4, side: 168, way: way, dropPathRate: 0.3))
            cases.append(Case(depth: 2, samples: 4, side: 224, way: way))
            switch way {
            case .conventional, .frozen: break
            case .checkpointed, .dr2net:
                for tile in [64, 128, 256] {
                    cases.append(Case(width: 128, depth: 2, samples: 16, way: way, tile: tile))
                }
            }
        }
        return cases
    }
}

@Suite("memory plan")
struct MemoryPlanTests {
    @Test("predicts the counted peak of a step for every way, size, batch and tile")
    func predictsThePeak() async {
        // In a process of its own: the count is of the whole process.
        await #expect(processExitsWith: .success) {
            Parallel.setThreadCount(2)
            for one in Case.sweep {
                let (predicted, counted) = try one.measured()
                let ratio = Double(predicted) / Double(counted)
                // Above by one thread's work space where the machine is too busy to run two.
                #expect((0.95...1.1).contains(ratio), "\(one.label): \(predicted) for \(counted)")
            }
        }
    }
}
