// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Foundation
import Layers
import Tensors

/// The two towers over all levels: class logits and segment codes of every anchor.
final class AnchorHead: Module {
    private struct Tower {
        let convolutions: [Conv1d]
        let norms: [GroupNorm]

        init(_ configuration: VSGNConfiguration, key: RandomKey) {
            let channels = configuration.channels
            convolutions = (0..<configuration.towerDepth).map {
                let layer = Conv1d(channels, channels, kernel: 3, padding: 1, key: key.child($0))
                return configuration.form.hasTowerBiases
                    ? layer : Conv1d(weight: layer.weight.tensor, bias: nil, padding: 1)
            }
            norms = (0..<configuration.towerDepth).map { _ in
                GroupNorm(groups: configuration.normalizationGroups, channels: channels)
            }
        }

        func callAsFunction(_ x: Variable, _ context: Context) -> Variable {
            zip(convolutions, norms).reduce(x) { $1.1($1.0($0, context), context, relu: true) }
        }

        func register(_ name: String, in registry: inout ModuleRegistry) {
            for (index, (convolution, norm)) in zip(convolutions, norms).enumerated() {
                registry.child("\(name).\(3 * index)", convolution)
                registry.child("\(name).\(3 * index + 1)", norm)
            }
        }
    }

    private let configuration: VSGNConfiguration
    private let classTower: Tower
    private let segmentTower: Tower
    private let classLogits: Conv1d
    private let segmentCodes: Conv1d

    init(_ configuration: VSGNConfiguration, key: RandomKey) {
        self.configuration = configuration
        let channels = configuration.channels, anchors = configuration.anchorScales.count
        classTower = Tower(configuration, key: key.child("cls_tower"))
        segmentTower = Tower(configuration, key: key.child("bbox_tower"))
        let outputs = anchors * configuration.logitCount
        classLogits = Conv1d(
            channels, outputs, kernel: 3, padding: 1, key: key.child("cls_logits"))
        segmentCodes = Conv1d(
            channels, anchors * 2, kernel: 3, padding: 1, key: key.child("bbox_pred"))
        // The focal loss starts from rare positives (Lin et al., ICCV 2017, section 4.1).
        if configuration.classification != .softmax {
            let prior = configuration.form.priorProbability
            classLogits.bias?.tensor = Tensor(repeating: log(prior / (1 - prior)), shape: [outputs])
        }
    }

    /// Levels `[B, T_l, C]` to logits `[B, A, K]` and codes `[B, A, 2]` in the anchors' order.
    func callAsFunction(_ levels: [Variable], _ context: Context)
        -> (logits: Variable, codes: Variable)
    {
        let batch = levels[0].shape[0]
        let logits = levels.map {
            classLogits(classTower($0, context), context)
                .reshaped(to: [batch, -1, configuration.logitCount])
        }
        let codes = levels.map {
            segmentCodes(segmentTower($0, context), context).reshaped(to: [batch, -1, 2])
        }
        return (.concatenated(logits, axis: 1), .concatenated(codes, axis: 1))
    }

    func register(in registry: inout ModuleRegistry) {
        classTower.register("cls_tower", in: &registry)
        segmentTower.register("bbox_tower", in: &registry)
        registry.child("cls_logits", classLogits)
        registry.child("bbox_pred", segmentCodes)
    }
}

/// A convolution with ReLU and a second one to a single channel.
final class ScoreBranch: Module {
    private let first: Conv1d
    private let second: Conv1d

    init(channels: Int, stride: Int = 1, padding: Int, key: RandomKey) {
        first = Conv1d(
            channels, channels, kernel: 3, stride: stride, padding: padding, key: key.child(0))
        second = Conv1d(channels, 1, kernel: 1, key: key.child(2))
    }

    /// `[B, T, C]` to `[B, T', 1]`.
    func callAsFunction(_ x: Variable, _ context: Context) -> Variable {
        second(first(x, context, relu: true), context)
    }

    func register(in registry: inout ModuleRegistry) {
        registry.child("0", first)
        registry.child("2", second)
    }
}

/// Shifts a segment's ends by what the finest features around each end say.
final class BoundaryAdjustment: Module {
    private let configuration: VSGNConfiguration
    private let start: ScoreBranch
    private let end: ScoreBranch

    init(_ configuration: VSGNConfiguration, key: RandomKey) {
        self.configuration = configuration
        // Three gathered positions a boundary lie side by side, so stride 3 reads each triple.
        start = ScoreBranch(
            channels: configuration.channels, stride: 3, padding: 0, key: key.child("start_conv"))
        end = ScoreBranch(
            channels: configuration.channels, stride: 3, padding: 0, key: key.child("end_conv"))
    }

    /// Adjusted segments `[N, 2]`.
    ///
    /// - Parameters:
    ///   - segments: `[N, 2]`.
    ///   - windows: The window of each segment.
    ///   - finest: The finest level `[B, T / base stride, C]`.
    func callAsFunction(
        _ segments: Variable, windows: [Int], finest: Variable, _ context: Context
    ) -> Variable {
        let (batch, length, channels) = (finest.shape[0], finest.shape[1], finest.shape[2])
        let ends = segments.tensor.doubles
        let stride = Double(configuration.baseStride)
        let last = stride * Double(length) - 1
        var triples = [[Int32](), [Int32]()]
        for (row, window) in windows.enumerated() {
            let low = min(max(ends[2 * row], 0), last), high = min(max(ends[2 * row + 1], 0), last)
            let reach = (high - low + configuration.lengthOffset) / 8
            for (side, at) in [low, high].enumerated() {
                for place in [at - reach, at, at + reach] {
                    let index = min(max(place / stride, 0), Double(length - 1))
                    triples[side].append(Int32(window * length + Int(index)))
                }
            }
        }
        let rows = finest.reshaped(to: [batch * length, channels])
        func offsets(_ branch: ScoreBranch, _ indices: [Int32]) -> Variable {
            branch(rows.gatherRows(indices).reshaped(to: [1, indices.count, channels]), context)
                .reshaped(to: [windows.count, 1])
        }
        return segments
            + .concatenated([offsets(start, triples[0]), offsets(end, triples[1])], axis: 1)
    }

    func register(in registry: inout ModuleRegistry) {
        registry.child("start_conv", start)
        registry.child("end_conv", end)
    }
}
