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
    /// The share of parameters, from the first one, that doesn't train.
    var frozenShare = 0.0

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
        if let other {
            return "\(kind), \(other), tile \(tile.map(String.init) ?? "none"), drop path "
                + "\(dropPathRate), frozen \(frozenShare)"
        }
        return
            "\(kind), width \(width), depth \(depth), scale \(hasLayerScale), \(samples) x \(side), "
            + "tile \(tile.map(String.init) ?? "none"), drop path \(dropPathRate), "
            + "frozen \(frozenShare)"
    }

    /// Another network than a vision transformer of images, and its input.
    var other: Other?

    private var inputShape: [Int] { other?.inputShape ?? [samples, 3, side, side] }

    private var network: any Backbone {
        if let other { return other.network(dropPathRate) }
        var configuration = VisionTransformerConfiguration(
            width: width, depth: depth, heads: 4, patchSize: 14, gridSize: 8,
            hasLayerScale: hasLayerScale, positionRule: .bicubic)
        configuration.dropPathRate = dropPathRate
        return VisionTransformer(
            name: "small", configuration: configuration, key: RandomKey(seed: 1))
    }

    private var slices: Tile? { tile.map { Tile(tokens: $0) } }

    /// The planned bytes, and the most live bytes of a step with AdamW's moments held.
    ///
    /// - Parameter built: The network of an earlier case, for one of the same.
    func measured(_ built: inout Built?) throws -> (predicted: Int, counted: Int) {
        if other == nil || built?.other != other || built?.dropPathRate != dropPathRate {
            built = nil
            let before = StoragePool.usage.live
            built = Built(
                other: other, dropPathRate: dropPathRate, network: network, before: before)
        }
        guard let built else { return (0, 0) }
        let (network, before) = (built.network, built.before)
        defer {
            network.clearGradients()
            network.setTrainable(true)
        }
        let parameters = network.namedParameters.map(\.parameter)
        for parameter in parameters.prefix(Int(frozenShare * Double(parameters.count))) {
            parameter.isTrainable = false
        }
        if way == .frozen { network.setTrainable(false) }
        let plan = try MemoryPlan(
            [ParameterGroup("", network, rate: 1e-6)], settings: .init(), key: RandomKey(seed: 3),
            inputs: [inputShape]
        ) { try network.features(Variable($0[0]), $1.running(way, tile: slices)) }
        return (plan.peakPredictedBytes, try counted(network, before))
    }

    private func counted(_ network: any Backbone, _ before: Int) throws -> Int {
        let images = Tensor(repeating: 0.5, shape: inputShape)
        let moments = network.namedParameters.flatMap { entry in
            entry.parameter.isTrainable
                ? (0..<2).map { _ in Tensor(zeros: entry.parameter.shape) } : []
        }
        StoragePool.resetPeak()
        let tape = Tape()
        let context = Context(tape: tape, isTraining: true, key: RandomKey(seed: 3))
        let features = try network.features(
            Variable(images), context.running(way, tile: slices))
        let loss = features.tensor.dot(features.tensor)
        tape.backward(
            from: features, gradient: features.tensor.scaled(by: 2 / Double(features.tensor.count)))
        return withExtendedLifetime((moments, images, features, loss)) {
            StoragePool.usage.peak - before
        }
    }

    /// A network, and the live bytes before it was made: random weights take their time.
    struct Built {
        let other: Other?
        let dropPathRate: Double
        let network: any Backbone
        let before: Int
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

    /// Networks of windows and of clips at sizes with padding and without.
    static var windows: [Case] {
        let ways: [FinetuningWay] = [
            .conventional, .checkpointed, .frozen, dual(1.0 / 16), dual(1), dual(0.5, .float),
        ]
        func cases(_ other: Other, dropPathRate: Double) -> [Case] {
            ways.flatMap { way in
                let hasTiles =
                    switch way {
                    case .conventional, .frozen: false
                    case .checkpointed, .dr2net: true
                    }
                return (hasTiles ? [nil, 64, 1024] : [nil]).map { tile in
                    Case(way: way, tile: tile, dropPathRate: dropPathRate, other: other)
                }
            }
        }
        return Other.allCases.flatMap { cases($0, dropPathRate: 0) }
            + [Other.swinPadded, .videoSwin].flatMap { cases($0, dropPathRate: 0.3) }
    }

    /// Networks of which the embedding and the first blocks don't train, or whole stages.
    static var partlyFrozen: [Case] {
        let ways: [FinetuningWay] = [
            .conventional, .checkpointed, dual(1.0 / 16), dual(0.5, .float),
        ]
        let others: [Other?] = [nil, .swin, .videoSwin]
        return others.flatMap { other in
            [0.02, 0.3, 0.6, 0.9].flatMap { share in
                ways.map {
                    Case(depth: 8, samples: 4, way: $0, frozenShare: share, other: other)
                }
            }
        }
    }

    /// Small networks with the published windows, and inputs.
    enum Other: CaseIterable {
        case swin, swinPadded, swinBatch, videoSwin, videoSwinPadded, videoSwinShort, videoMAE,
            videoMAEResized

        var inputShape: [Int] {
            switch self {
            case .swin: [1, 3, 224, 224]
            case .swinPadded: [1, 3, 250, 203]
            case .swinBatch: [3, 3, 112, 140]
            case .videoSwin: [1, 3, 32, 56, 56]
            case .videoSwinPadded: [2, 3, 19, 61, 70]
            case .videoSwinShort: [1, 3, 4, 96, 96]
            case .videoMAE: [2, 3, 8, 224, 224]
            case .videoMAEResized: [4, 3, 8, 96, 96]
            }
        }

        func network(_ dropPathRate: Double) -> any Backbone {
            let key = RandomKey(seed: 1)
            switch self {
            case .videoMAE, .videoMAEResized:
                var configuration = VisionTransformerConfiguration.videoMAE(width: 48, heads: 4)
                configuration.depth = 3
                configuration.dropPathRate = dropPathRate
                return VisionTransformer(name: "small", configuration: configuration, key: key)
            default:
                let isClip = inputShape.count == 5
                var configuration = SwinConfiguration(
                    width: 32, depths: [2, 4, 2], heads: [1, 2, 4],
                    window: isClip ? [8, 7, 7] : [7, 7], patch: isClip ? [2, 4, 4] : [4, 4])
                configuration.dropPathRate = dropPathRate
                return SwinTransformer(name: "small", configuration: configuration, key: key)
            }
        }
    }
}

@Suite("memory plan")
struct MemoryPlanTests {
    @Test("predicts the counted peak of a step for every way, size, batch and tile")
    func predictsThePeak() async {
        // In a process of its own: the count is of the whole process.
        await #expect(processExitsWith: .success) { try check(Case.sweep) }
    }

    // Above 5 s: every case is a whole step of a network, in each way and tile.
    @Test("predicts the counted peak of networks of windows and clips")
    func predictsThePeakOfWindows() async {
        await #expect(processExitsWith: .success) { try check(Case.windows) }
    }

    @Test("predicts the counted peak where the first layers don't train")
    func predictsThePeakOfPartlyFrozenNetworks() async {
        await #expect(processExitsWith: .success) { try check(Case.partlyFrozen) }
    }
}

/// Holds each case's prediction against its count, on two threads.
private func check(_ cases: [Case]) throws {
    Parallel.setThreadCount(2)
    var built: Case.Built?
    for one in cases {
        let (predicted, counted) = try one.measured(&built)
        let ratio = Double(predicted) / Double(counted)
        #expect((0.995...1.005).contains(ratio), "\(one.label): \(predicted) for \(counted)")
    }
}
