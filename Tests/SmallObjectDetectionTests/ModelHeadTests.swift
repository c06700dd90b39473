// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Foundation
import Layers
import Optimizers
import Regions
import SmallObjectDetection
import Tensors
import TestSupport
import Testing
import Training

@Suite("FCOS head") struct ModelHeadTests {
    private func tiny(_ change: (inout FCOSConfiguration) -> Void = { _ in }) -> FCOSConfiguration {
        var configuration = FCOSConfiguration(classCount: 2, levelCount: 2)
        configuration.channels = 4
        configuration.towerDepth = 1
        configuration.normalizationGroups = 2
        change(&configuration)
        return configuration
    }

    private let targets = [
        [
            Item(Box(x1: 1.2, y1: 2.1, x2: 7.3, y2: 9.4), label: 1),
            Item(Box(x1: 8.3, y1: 0.7, x2: 15.2, y2: 14.9), label: 0),
        ],
        [Item(Box(x1: 9.1, y1: 9.2, x2: 10.4, y2: 10.3), label: 1)],
    ]

    private func levels(_ tensors: [Variable]) -> [PyramidLevel] {
        tensors.enumerated().map { PyramidLevel(values: $1, stride: Double(4 << $0)) }
    }

    private func maps(_ channels: Int = 4, dtype: DType) -> [Tensor] {
        [[2, 4, 4, channels], [2, 2, 2, channels]].enumerated().map {
            Tensor(normal: $1, key: RandomKey(seed: 10).child($0), dtype: dtype)
        }
    }

    /// Biases alone speak; all logits are 0 but for those given.
    private func silence(_ head: FCOSHead, biases: [String: [Double]]) {
        for entry in head.namedParameters where !entry.name.contains("scale") {
            let shape = entry.parameter.shape
            entry.parameter.tensor =
                biases[entry.name].map { Tensor($0, shape: shape, dtype: .float32) }
                ?? Tensor(zeros: shape)
        }
    }

    @Test func parametersHaveTheSourceNamesAndPublishedSizes() {
        let head = FCOSHead(
            FCOSConfiguration(classCount: 80, levelCount: 5), key: RandomKey(seed: 1))
        let shapes = Dictionary(
            uniqueKeysWithValues: head.namedParameters.map { ($0.name, $0.parameter.shape) })
        #expect(shapes.count == 2 * 4 * 4 + 6 + 5)
        #expect(shapes["cls_tower.9.weight"] == [256, 256, 3, 3])
        #expect(shapes["bbox_tower.10.bias"] == [256])
        #expect(shapes["cls_logits.weight"] == [80, 256, 3, 3])
        #expect(shapes["bbox_pred.bias"] == [4])
        #expect(shapes["centerness.weight"] == [1, 256, 3, 3])
        #expect(shapes["scales.4.scale"] == [1])
    }

    @Test func classesStartFromThePrior() {
        let head = FCOSHead(tiny(), key: RandomKey(seed: 2))
        let zeros = maps(dtype: .float32).map { Variable(Tensor(zeros: $0.shape)) }
        let output = head(levels(zeros), .inference)
        #expect(output.logits.shape == [2, 20, 2] && output.codes.shape == [2, 20, 5])
        #expect(output.logits.tensor.sigmoid().doubles.allSatisfy { abs($0 - 0.01) < 1e-6 })
    }

    /// With known raw numbers every part of the loss is worked out by hand.
    @Test func lossesAreHandWorked() {
        let head = FCOSHead(tiny(), key: RandomKey(seed: 3))
        // One level-0 location, at (2, 2), is inside [0, 0, 4, 6] and within its radius; the
        // location at (2, 6) lies on its lower side. Distances: 2, 2, 2, 4.
        let box = Box(x1: 0, y1: 0, x2: 4, y2: 6)
        silence(head, biases: ["bbox_pred.bias": [0.5, 0.5, 0.5, 0.5]])
        let output = head(
            levels(maps(dtype: .float32).map { Variable($0.rows(0..<1)) }), .inference)
        let result = head.losses(
            output, targets: [[Item(box, label: 1)]],
            assigner: RangeAssigner(centreRadius: nil), .inference)
        let named = Dictionary(uniqueKeysWithValues: result.named.map { ($0.name, $0.value) })
        func isClose(_ name: String, _ expected: Double) -> Bool {
            abs((named[name] ?? .nan) - expected) < 1e-5
        }
        // 40 logits at probability 1/2, one of them a positive's.
        let weights: Double = 0.25 * (0.25 + 0.75 * 39)
        #expect(isClose("classification", weights * log(2)))
        // [0, 0, 4, 4] against [0, 0, 4, 6]: the hull is the union.
        #expect(isClose("box", 1 - 16.0 / 24))
        // A centre-ness of √(2/4) from a logit of 0.
        #expect(isClose("centreness", log(2)))
        let total = named.values.reduce(0, +)
        #expect(abs(result.total.tensor.item - total) < 1e-5)
    }

    @Test func ignoredRegionsAreNeitherPositiveNorNegative() {
        let head = FCOSHead(tiny(), key: RandomKey(seed: 4))
        let output = head(levels(maps(dtype: .float32).map { Variable($0) }), .inference)
        func classification(_ ignored: [[Box]]?, _ targets: [[Item<Box>]]) -> Double {
            head.losses(
                output, targets: targets, ignored: ignored, assigner: RangeAssigner(), .inference
            ).named[0].value
        }
        let whole = Box(x1: 0, y1: 0, x2: 16, y2: 16)
        let all = classification(nil, [[], []])
        let half = classification([[whole], []], [[], []])
        #expect(half > 0 && half < all)
        #expect(classification([[whole], [whole]], [[], []]) == 0)
        // Positives stay.
        #expect(classification([[whole], [whole]], targets) > 0)
    }

    @Test func imagesWithoutObjectsHaveFiniteLosses() {
        let head = FCOSHead(tiny(), key: RandomKey(seed: 5))
        let output = head(levels(maps(dtype: .float32).map { Variable($0) }), .inference)
        let result = head.losses(
            output, targets: [[], []], assigner: RankingAssigner.receptiveField, .inference)
        #expect(result.total.tensor.item.isFinite)
        #expect(result.named.map(\.name) == ["classification", "box", "centreness"])
        #expect(result.named[1].value == 0 && result.named[2].value == 0)
    }

    @Test func detectionsAreTheBestOfEachLevel() {
        let configuration = tiny { $0.candidatesPerLevel = 3 }
        let head = FCOSHead(configuration, key: RandomKey(seed: 9))
        silence(
            head, biases: ["bbox_pred.bias": [1, 0.25, 0.5, 1], "cls_logits.bias": [-9, 2]])
        let output = head(levels(maps(dtype: .float32).map { Variable($0) }), .inference)
        let found = head.detections(output, sizes: [(16, 16), (5, 100)])
        // Equal scores go by location; class 0 lies below the threshold.
        let score = (1 / (1 + exp(-2.0)) / 2).squareRoot()
        #expect(found[0].count == 6)
        #expect(found[0].allSatisfy { $0.label == 1 && abs($0.score - score) < 1e-6 })
        #expect(
            found[0].map(\.place) == [
                Box(x1: 0, y1: 1, x2: 4, y2: 6), Box(x1: 2, y1: 1, x2: 8, y2: 6),
                Box(x1: 6, y1: 1, x2: 12, y2: 6), Box(x1: 0, y1: 2, x2: 8, y2: 12),
                Box(x1: 4, y1: 2, x2: 16, y2: 12), Box(x1: 0, y1: 10, x2: 8, y2: 16),
            ])
        // What lies outside of a narrow image is gone.
        #expect(found[1].map(\.place.x2) == [4, 5, 5, 5, 5])
    }

    struct Setting: Sendable {
        let assigner: any BoxAssigner
        let distance: FCOSConfiguration.Distance
        let recomputes: Bool
    }

    static let settings = [
        Setting(assigner: RangeAssigner(), distance: .rectified, recomputes: false),
        Setting(assigner: AdaptiveAssigner(), distance: .exponential, recomputes: true),
        Setting(
            assigner: RankingAssigner.receptiveField, distance: .exponential, recomputes: false),
        Setting(assigner: RankingAssigner.wasserstein(), distance: .rectified, recomputes: true),
    ]

    @Test(arguments: settings) func theWholeLossHasItsGradient(_ setting: Setting) throws {
        let configuration = tiny {
            $0.distance = setting.distance
            $0.recomputesTowers = setting.recomputes
            $0.boxLoss = setting.recomputes ? .diou : .giou
        }
        let head = FCOSHead(configuration, key: RandomKey(seed: 6))
        head.convert(to: .float64)
        for (index, entry) in head.namedParameters.enumerated() {
            let noise = Tensor(
                normal: entry.parameter.shape, standardDeviation: 0.3,
                key: RandomKey(seed: 7).child(index), dtype: .float64)
            entry.parameter.tensor = entry.parameter.tensor + noise
        }
        let inputs = maps(dtype: .float64)
        func loss(_ inputs: [Variable], _ context: Context) -> Variable {
            let result = head.losses(
                head(levels(inputs), context), targets: targets, assigner: setting.assigner,
                context)
            return result.total
        }
        let tape = Tape()
        let variables = inputs.map { tape.input($0) }
        tape.backward(from: loss(variables, Context(tape: tape)))
        func worst(_ analytic: Tensor?, _ tensor: Tensor, _ value: (Tensor) -> Double) -> Double {
            let found = analytic?.doubles ?? [Double](repeating: 0, count: tensor.count)
            let values = tensor.doubles, step = 1e-5
            var worst = 0.0, largest = 1e-3
            for position in values.indices {
                func moved(_ delta: Double) -> Double {
                    var moved = values
                    moved[position] += delta
                    return value(Tensor(moved, shape: tensor.shape))
                }
                let slope = (moved(step) - moved(-step)) / (2 * step)
                worst = max(worst, abs(slope - found[position]))
                largest = max(largest, abs(slope))
            }
            return worst / largest
        }
        for (index, input) in inputs.enumerated() {
            let gradient = try #require(tape.gradient(of: variables[index]))
            let error = worst(gradient, input) { moved in
                var all = inputs
                all[index] = moved
                return loss(all.map { Variable($0) }, .inference).tensor.item
            }
            #expect(error < 1e-7, "level \(index)")
        }
        for entry in head.namedParameters {
            let before = entry.parameter.tensor
            let error = worst(entry.parameter.gradient, before) {
                entry.parameter.tensor = $0
                return loss(inputs.map { Variable($0) }, .inference).tensor.item
            }
            entry.parameter.tensor = before
            #expect(error < 1e-7, "\(entry.name)")
        }
    }

    @Test func threadsChangeNoBit() {
        let configuration = tiny {
            $0.channels = 96
            $0.normalizationGroups = 32
        }
        let inputs = maps(96, dtype: .float32)
        let results = withThreadCounts { () -> [Tensor] in
            let head = FCOSHead(configuration, key: RandomKey(seed: 8))
            let tape = Tape(), context = Context(tape: tape)
            let variables = inputs.map { tape.input($0) }
            let total = head.losses(
                head(levels(variables), context), targets: targets, assigner: RangeAssigner(),
                context
            ).total
            tape.backward(from: total)
            return [total.tensor] + head.namedParameters.compactMap(\.parameter.gradient)
                + variables.compactMap { tape.gradient(of: $0) }
        }
        #expect(results[0].count == results[1].count && results[0].count > 15)
        for (one, two) in zip(results[0], results[1]) { #expect(one.isIdentical(to: two)) }
    }
}
