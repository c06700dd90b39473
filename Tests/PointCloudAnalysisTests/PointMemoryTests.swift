// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Backbones
import Layers
import Optimizers
import PointCloudAnalysis
import Reversible
import Tensors
import Testing
import Training

/// One network, batch and way whose memory is planned and counted.
private struct Case {
    var width = 48, depth = 3
    var isSegmentation = true
    /// Levels of the embedding, and the points of a group.
    var stages = 2, neighbours = 16
    var hasBatchNorm = false
    var hidden = 64, classes = 6
    var samples = 2, points = 2048
    var way = Way.dr2net
    var tile: Int?

    enum Way: CaseIterable {
        case conventional, checkpointed, dr2net, frozen

        /// How the blocks run: a gradient goes through frozen ones.
        var blocks: FinetuningWay {
            switch self {
            case .conventional: .conventional
            case .checkpointed, .frozen: .checkpointed
            case .dr2net: .dr2net(CoefficientPolicy.default.plan(step: 0), .exact)
            }
        }
    }

    /// Sizes where the points rule and others where the blocks do, each way, with a tile and without.
    static var sweep: [Case] {
        let sizes = [
            Case(), Case(width: 96, depth: 2, hidden: 256, samples: 1, points: 8192),
            Case(depth: 12, classes: 40),
            Case(width: 192, depth: 6, neighbours: 32, samples: 4, points: 512),
            Case(depth: 1, isSegmentation: false, stages: 1, neighbours: 32, hasBatchNorm: true),
            Case(isSegmentation: false, hasBatchNorm: true, samples: 8, points: 512),
            Case(width: 96, isSegmentation: false, stages: 1, neighbours: 8),
        ]
        return sizes.flatMap { size in
            Way.allCases.flatMap { way in
                (way == .conventional ? [nil] : [nil, 128]).map { tile in
                    var one = size
                    (one.way, one.tile) = (way, tile)
                    return one
                }
            }
        }
    }

    private var network: PointNetwork {
        let configuration = VisionTransformerConfiguration(
            width: width, depth: depth, heads: 4, patchSize: 14, gridSize: 4,
            hasLayerScale: true, positionRule: .bicubic)
        var settings = PointNetworkSettings(inputs: 5, classes: classes)
        settings.isSegmentation = isSegmentation
        settings.stages = stages
        settings.neighbours = neighbours
        settings.embeddingHasBatchNorm = hasBatchNorm
        settings.hidden = isSegmentation ? [hidden] : [hidden, hidden]
        let images = VisionTransformer(
            name: "small", configuration: configuration, key: RandomKey(seed: 1))
        return PointNetwork(
            settings, transformer: TokenTransformer(images), key: RandomKey(seed: 2))
    }

    /// The planned bytes, and the most live bytes of a step with AdamW's moments held.
    func measured() throws -> (predicted: Int, counted: Int) {
        let before = StoragePool.usage.live
        let network = network, transformer = network.transformer
        if way == .frozen { transformer.setTrainable(false) }
        let slices = tile.map { Tile(tokens: $0) }
        let plan = try MemoryPlan(
            [ParameterGroup("", network, rate: 1e-6)], settings: .init(),
            inputs: [[samples * points, 5]]
        ) {
            try network.logits(
                Variable($0[0]),
                PointPyramid(
                    placeholder: samples, points: points, levels: stages, neighbours: neighbours),
                $1.running(way.blocks, tile: slices)
            ).smoothCrossEntropy(targets: labels, smoothing: 0.1)
        }
        return (plan.peakPredictedBytes, try counted(network, slices, before))
    }

    private var labels: [Int32] {
        (0..<(isSegmentation ? samples * points : samples)).map { Int32($0 % classes) }
    }

    private func counted(_ network: PointNetwork, _ tile: Tile?, _ before: Int) throws -> Int {
        let key = RandomKey(seed: 3)
        let places = (0..<samples).map { sample in
            (0..<points).map { point in
                let at = 3 * (sample * points + point)
                return SIMD3(
                    Float(key.uniform(at)), Float(key.uniform(at + 1)), Float(key.uniform(at + 2)))
            }
        }
        let features = Tensor(normal: [samples * points, 5], key: key)
        let moments = network.namedParameters.flatMap { entry in
            entry.parameter.isTrainable
                ? (0..<2).map { _ in Tensor(zeros: entry.parameter.shape) } : []
        }
        StoragePool.resetPeak()
        let tape = Tape()
        let loss = try network.logits(
            Variable(features), network.pyramid(places),
            Context(tape: tape, isTraining: true, key: key).running(way.blocks, tile: tile)
        ).smoothCrossEntropy(targets: labels, smoothing: 0.1)
        tape.backward(from: loss)
        return withExtendedLifetime((moments, features)) { StoragePool.usage.peak - before }
    }
}

@Suite("memory plan of points")
struct PointMemoryTests {
    // Above 5 s: every case is a whole step of the published network.
    @Test("predicts the counted peak of a step for every way, size and tile")
    func predictsThePeak() async {
        // In a process of its own: the count is of the whole process.
        await #expect(processExitsWith: .success) {
            for threads in [1, 2] {
                Parallel.setThreadCount(threads)
                for one in Case.sweep {
                    let (predicted, counted) = try one.measured()
                    let ratio = Double(predicted) / Double(counted)
                    #expect(
                        (0.995...1.005).contains(ratio),
                        "\(threads) threads, \(one): \(predicted) for \(counted)")
                }
            }
        }
    }
}
