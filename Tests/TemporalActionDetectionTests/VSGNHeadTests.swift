// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Foundation
import Layers
import Optimizers
import Regions
import TemporalActionDetection
import Tensors
import TestSupport
import Testing
import Training

@Suite("VSGN head") struct VSGNHeadTests {
    private func tiny(_ classification: VSGNClassification = .softmax) -> VSGNConfiguration {
        var configuration = VSGNConfiguration(inputWidth: 3, classCount: 2)
        configuration.channels = 4
        configuration.levels = 2
        configuration.stemStride = 1
        configuration.neighbours = 4
        configuration.crossScaleNeighbours = 2
        configuration.towerDepth = 1
        configuration.normalizationGroups = 2
        configuration.classification = classification
        return configuration
    }

    private let targets = [
        [Item(Segment(start: 1.2, end: 5.1), label: 1)],
        [
            Item(Segment(start: 2.3, end: 3.9), label: 0),
            Item(Segment(start: 8.15, end: 11.3), label: 1),
        ],
    ]
    private let layouts = [
        WindowLayout(validLength: 10), WindowLayout(validLength: 12, magnifiedStart: 6),
    ]

    @Test func parametersHaveTheSourceNames() {
        let names = VSGNHead(tiny(), key: RandomKey(seed: 1)).namedParameters.map(\.name)
        for name in [
            "xGPN.conv0.0.weight", "xGPN.levels_enc.1.tconv1.bias",
            "xGPN.levels_enc.0.nconv1.mlp.weight", "xGPN.levels_dec.0.0.weight",
            "xGPN.levels1.1.0.weight", "xGPN.levels2.0.0.weight", "head_dec.cls_tower.0.weight",
            "head_dec.bbox_tower.1.bias", "head_dec.cls_logits.weight",
            "head_dec.bbox_pred.weight", "bd_refine.start_conv.0.weight",
            "bd_refine.end_conv.2.bias", "head_actionness.0.weight", "head_endness.2.weight",
        ] {
            #expect(names.contains(name), "\(name)")
        }
        #expect(names.count == Set(names).count)
    }

    @Test func publishedSizes() {
        let configuration = VSGNConfiguration(inputWidth: 2048, classCount: 20)
        let head = VSGNHead(configuration, key: RandomKey(seed: 1))
        let shapes = Dictionary(
            uniqueKeysWithValues: head.namedParameters.map { ($0.name, $0.parameter.shape) })
        #expect(shapes["xGPN.conv0.0.weight"] == [256, 2048, 3])
        #expect(shapes["xGPN.levels_enc.4.nconv1.mlp.weight"] == [256, 512])
        #expect(shapes["head_dec.cls_logits.weight"] == [42, 256, 3])
        #expect(shapes["head_dec.bbox_pred.weight"] == [4, 256, 3])
        #expect(configuration.largestStride == 64)
    }

    /// max over neighbours of Linear(neighbour, centre), as VSGN defines the message.
    @Test func graphConvolutionIsTheMaximumOfMessages() {
        var configuration = tiny()
        configuration.channels = 4
        let layer = NeighbourConvolution(configuration, key: RandomKey(seed: 2))
        layer.bias.tensor = Tensor(normal: [4], key: RandomKey(seed: 3))
        layer.convert(to: .float64)
        let x = Tensor(normal: [1, 9, 4], key: RandomKey(seed: 4), dtype: .float64)
        let found = layer(Variable(x), splits: [5], .inference).tensor
        let indices = x.nearestPositions(k: 4, splits: [5], limited: 2).map(Int.init)
        let w = layer.weight.tensor.doubles, b = layer.bias.tensor.doubles, xs = x.doubles
        var expected: [Double] = []
        for i in 0..<9 {
            for c in 0..<4 {
                var best = -Double.infinity
                for j in indices[4 * i..<4 * i + 4] {
                    var message = b[c]
                    for d in 0..<4 {
                        message += w[c * 8 + d] * xs[j * 4 + d]
                        message += w[c * 8 + 4 + d] * xs[i * 4 + d]
                    }
                    best = max(best, message)
                }
                expected.append(best)
            }
        }
        #expect(relativeError(found, Tensor(expected, shape: [1, 9, 4])) < 1e-13)
    }

    /// With all parameters 0 every probability is even and every segment is its anchor.
    @Test func lossesOfASilentHeadAreHandWorked() {
        var configuration = tiny()
        configuration.lengthOffset = 0
        let head = VSGNHead(configuration, key: RandomKey(seed: 5))
        for entry in head.namedParameters {
            entry.parameter.tensor = Tensor(zeros: entry.parameter.shape)
        }
        // Stride 2: lengths 2, 3; stride 4: lengths 4, 6. The action is anchor [4, 8] moved
        // by 0.5: overlaps 3.5/4.5 = 0.78 with it, 4/6 with [3, 9], 2/4 with [4, 6],
        // 1.5/4.5 with [6, 8], 2.5/4.5 with [3.5, 6.5] and 3/4 with [5.5, 8.5].
        let action = Item(Segment(start: 4.5, end: 8.5), label: 0)
        let result = head.losses(
            features: Variable(Tensor(zeros: [1, 16, 3])), targets: [[action]],
            layouts: [WindowLayout(validLength: 16)], context: .inference)
        let values = Dictionary(
            uniqueKeysWithValues: result.named.map { ($0.name, $0.value) })
        func close(_ name: String, _ expected: Double) -> Bool {
            abs((values[name] ?? .nan) - expected) < 1e-5
        }
        #expect(close("classification", 2 * log(3)))
        for name in ["action", "start", "end"] { #expect(close(name, log(2))) }
        // [4, 8] and [5.5, 8.5] pass 0.7.
        #expect(close("boundary", ((1 - 3.5 / 4.5) + (1 - 3.0 / 4)) / 2))
        // GIoU of each anchor that passes 0.5: the hull exceeds the union for none of them.
        let ious = Anchors(baseStride: 2, levels: 2, scales: [1, 1.5], lengthOffset: 0)
            .segments(length: 16).map { $0.intersectionOverUnion(action.place) }
            .filter { $0 >= 0.5 }
        #expect(ious.count >= 4)
        #expect(close("regression", 1 - ious.reduce(0, +) / Double(ious.count)))
        let total = values.reduce(0) {
            $0 + $1.value * (["action", "start", "end"].contains($1.key) ? 0.2 : 1)
        }
        #expect(abs(result.total.tensor.item - total) < 1e-5)
    }

    /// An action and the surroundings of its start, in each form's cells.
    @Test(arguments: VSGNForm.allCases) func curvesHaveTheirPositions(_ form: VSGNForm) {
        let action = Segment(start: 3.6, end: 6.7), around = Segment(start: 2.1, end: 5.1)
        func positions(_ region: Segment, _ isAction: Bool, limit: Int = 20) -> [Int] {
            form.positions(in: region, isAction: isAction, limit: limit)
        }
        switch form {
        case .dr2net:
            // 0.9 of the cell around 4, 0.2 of that around 7; 0.4 of that around 2, 0.6 around 5.
            #expect(positions(action, true) == [4, 5, 6])
            #expect(positions(around, false) == [3, 4, 5])
        case .vsgn:
            #expect(positions(action, true) == [4, 5, 6, 7])
            #expect(positions(around, false) == [2, 3, 4])
        case .opentad:
            #expect(positions(action, true) == [4, 5])
            #expect(positions(around, false) == [3, 4])
        }
        #expect(positions(action, true, limit: 5) == [4])
        #expect(positions(action, true, limit: 0).isEmpty)
        #expect(positions(Segment(start: -9, end: -4), true).isEmpty)
        #expect(positions(Segment(start: 30, end: 31), true).isEmpty)
    }

    @Test func windowsWithoutActionsHaveFiniteLosses() {
        for (classification, form) in [
            (VSGNClassification.softmax, VSGNForm.dr2net),
            (.sigmoid(alpha: 0.25, gamma: 2), .dr2net),
            (.softmax, .vsgn), (.sigmoid(alpha: 0.25, gamma: 2), .opentad),
        ] {
            var configuration = tiny(classification)
            configuration.form = form
            let head = VSGNHead(configuration, key: RandomKey(seed: 6))
            let x = Tensor(normal: [2, 12, 3], key: RandomKey(seed: 7))
            let result = head.losses(
                features: Variable(x), targets: [[], []], layouts: layouts, context: .inference)
            #expect(result.total.tensor.item.isFinite)
            #expect(result.named.first { $0.name == "regression" }?.value == 0)
        }
    }

    @Test(arguments: [VSGNClassification.softmax, .sigmoid(alpha: 0.25, gamma: 2)])
    func theWholeHeadHasItsGradient(_ classification: VSGNClassification) throws {
        let head = VSGNHead(tiny(classification), key: RandomKey(seed: 8))
        head.convert(to: .float64)
        for (index, entry) in head.namedParameters.enumerated() {
            let noise = Tensor(
                normal: entry.parameter.shape, standardDeviation: 0.1,
                key: RandomKey(seed: 9).child(index), dtype: .float64)
            entry.parameter.tensor = entry.parameter.tensor + noise
        }
        let x = Tensor(normal: [2, 12, 3], key: RandomKey(seed: 10), dtype: .float64)
        func loss(_ x: Variable, _ context: Context) -> Variable {
            head.losses(features: x, targets: targets, layouts: layouts, context: context).total
        }
        let tape = Tape()
        let input = tape.input(x)
        tape.backward(from: loss(input, Context(tape: tape)))
        func worst(_ analytic: Tensor?, _ tensor: Tensor, _ set: (Tensor) -> Double) -> Double {
            let found = analytic?.doubles ?? [Double](repeating: 0, count: tensor.count)
            let values = tensor.doubles, step = 1e-5
            var worst = 0.0, largest = 1e-3
            for position in values.indices {
                func value(_ delta: Double) -> Double {
                    var moved = values
                    moved[position] += delta
                    return set(Tensor(moved, shape: tensor.shape))
                }
                let slope = (value(step) - value(-step)) / (2 * step)
                worst = max(worst, abs(slope - found[position]))
                largest = max(largest, abs(slope))
            }
            return worst / largest
        }
        let gradient = try #require(tape.gradient(of: input))
        #expect(worst(gradient, x) { loss(Variable($0), .inference).tensor.item } < 1e-7)
        for entry in head.namedParameters {
            let before = entry.parameter.tensor
            let error = worst(entry.parameter.gradient, before) {
                entry.parameter.tensor = $0
                return loss(Variable(x), .inference).tensor.item
            }
            entry.parameter.tensor = before
            #expect(error < 1e-7, "\(entry.name)")
        }
    }

    @Test func threadsChangeNoBit() {
        var configuration = tiny()
        configuration.channels = 96
        configuration.normalizationGroups = 32
        let x = Tensor(normal: [2, 12, 3], key: RandomKey(seed: 11))
        let results = withThreadCounts { () -> [Tensor] in
            let head = VSGNHead(configuration, key: RandomKey(seed: 12))
            let tape = Tape()
            let input = tape.input(x)
            let total = head.losses(
                features: input, targets: targets, layouts: layouts,
                context: Context(tape: tape)
            ).total
            tape.backward(from: total)
            return [total.tensor] + head.namedParameters.compactMap(\.parameter.gradient)
        }
        #expect(results[0].count == results[1].count && results[0].count > 20)
        for (one, two) in zip(results[0], results[1]) { #expect(one.isIdentical(to: two)) }
    }
}
