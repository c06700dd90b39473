// SPDX-License-Identifier: Apache-2.0
package import Autodiff
import Foundation
package import Layers
package import Tensors

/// The fully convolutional one-stage detector's head (Tian et al., ICCV 2019, and TPAMI 2022),
/// with the state-dict names of its own code: two towers shared by all levels, class logits at the
/// end of one, four distances and the centre-ness at the end of the other.
package final class FCOSHead: Module {
    /// Sizes and thresholds.
    package let configuration: FCOSConfiguration
    private let classTower: Tower
    private let boxTower: Tower
    private let classLogits: Conv2d
    private let distances: Conv2d
    private let centreness: Conv2d
    /// One number a level, `[1]`.
    let scales: [Parameter]

    /// Convolutions, each with group norm and ReLU behind it, and those at the end.
    private struct Tower {
        let convolutions: [Conv2d]
        let norms: [GroupNorm]
        let isRecomputed: Bool

        init(_ configuration: FCOSConfiguration, key: RandomKey) {
            let channels = configuration.channels
            // He et al., 2015, rather than FCOS's 0.01: behind a group norm the weights' scale does
            // nothing but divide the step, and AdamW's would be a tenth of such small weights.
            let deviation = (2 / Double(9 * channels)).squareRoot()
            convolutions = (0..<configuration.towerDepth).map {
                Conv2d(
                    channels, channels, kernel: 3, standardDeviation: deviation,
                    key: key.child($0))
            }
            norms = (0..<configuration.towerDepth).map { _ in
                GroupNorm(groups: configuration.normalizationGroups, channels: channels)
            }
            isRecomputed = configuration.recomputesTowers
        }

        /// - Parameter outputs: Gives weight and bias of the convolution at the end.
        func callAsFunction(
            _ x: Variable, _ context: Context,
            outputs: @escaping (Context) -> (weight: Variable, bias: Variable?)
        ) -> Variable {
            func run(_ x: Variable, _ context: Context) -> Variable {
                let end = outputs(context)
                guard let first = convolutions.first else {
                    return x.conv2d(weight: end.weight, bias: end.bias, padding: 1)
                }
                // The maps between a convolution and the next one's input are made again: of a
                // layer one map is kept.
                var map = first(x, context)
                for (norm, next) in zip(norms, convolutions.dropFirst()) {
                    map = next(map, context) { norm($0, $1, relu: true) }
                }
                return map.conv2d(weight: end.weight, bias: end.bias, padding: 1, context) {
                    norms[norms.count - 1]($0, $1, relu: true)
                }
            }
            return isRecomputed ? x.recomputing(context, run) : run(x, context)
        }

        func register(_ name: String, in registry: inout ModuleRegistry) {
            for (index, (convolution, norm)) in zip(convolutions, norms).enumerated() {
                registry.child("\(name).\(3 * index)", convolution)
                registry.child("\(name).\(3 * index + 1)", norm)
            }
        }
    }

    /// A head with normal weights (0.01 in the last layers), zero biases but for the classes' prior,
    /// and scales of 1.
    package init(_ configuration: FCOSConfiguration, key: RandomKey) {
        configuration.check()
        self.configuration = configuration
        func output(_ count: Int, _ name: String) -> Conv2d {
            Conv2d(
                configuration.channels, count, kernel: 3, standardDeviation: 0.01,
                key: key.child(name))
        }
        classTower = Tower(configuration, key: key.child("cls_tower"))
        boxTower = Tower(configuration, key: key.child("bbox_tower"))
        classLogits = output(configuration.classCount, "cls_logits")
        distances = output(4, "bbox_pred")
        centreness = output(1, "centerness")
        scales = (0..<configuration.levelCount).map { _ in
            Parameter(Tensor(repeating: 1, shape: [1]))
        }
        if configuration.distance == .exponential {
            // Boxes begin with the size of ATSS's anchors, eight strides, instead of two.
            distances.bias?.tensor = Tensor(repeating: Foundation.log(4), shape: [4])
        }
        let prior = configuration.priorProbability
        classLogits.bias?.tensor = Tensor(
            repeating: -log((1 - prior) / prior), shape: [configuration.classCount])
    }

    /// What one forward pass gives, for the A locations of ``grid``.
    package struct Output {
        /// `[N, A, classes]`.
        package let logits: Variable
        /// `[N, A, 5]`: left, top, right, bottom before scale and stride, and the centre-ness's
        /// logit.
        package let codes: Variable
        /// The locations.
        package let grid: LocationGrid
    }

    /// The raw predictions of every location.
    ///
    /// - Parameter levels: `[N, H, W, C]` each, as many as the configuration says.
    package func callAsFunction(_ levels: [PyramidLevel], _ context: Context) -> Output {
        precondition(
            levels.count == configuration.levelCount
                && levels.allSatisfy { $0.values.shape.last == configuration.channels },
            "FCOS: levels \(levels.map(\.values.shape)), expected \(configuration.levelCount) of "
                + "\(configuration.channels) channels")
        let samples = levels[0].values.shape[0]
        var logits: [Variable] = [], codes: [Variable] = []
        for level in levels {
            let classes = classTower(level.values, context) { [classLogits] context in
                (context.use(classLogits.weight), classLogits.bias.map(context.use))
            }
            let boxes = boxTower(level.values, context, outputs: boxOutputs)
            logits.append(classes.reshaped(to: [samples, -1, configuration.classCount]))
            codes.append(boxes.reshaped(to: [samples, -1, 5]))
        }
        return Output(
            logits: .concatenated(logits, axis: 1), codes: .concatenated(codes, axis: 1),
            grid: LocationGrid(
                levels.map { ($0.values.shape[1], $0.values.shape[2], $0.stride) }))
    }

    /// One convolution for distances and centre-ness: their windows are the same.
    private func boxOutputs(_ context: Context) -> (weight: Variable, bias: Variable?) {
        (
            .concatenated(
                [context.use(distances.weight), context.use(centreness.weight)], axis: 0),
            .concatenated(
                [distances.bias, centreness.bias].compactMap { $0.map(context.use) }, axis: 0)
        )
    }

    /// Registers the parameters under the names of checkpoints.
    package func register(in registry: inout ModuleRegistry) {
        classTower.register("cls_tower", in: &registry)
        boxTower.register("bbox_tower", in: &registry)
        registry.child("cls_logits", classLogits)
        registry.child("bbox_pred", distances)
        registry.child("centerness", centreness)
        for (index, scale) in scales.enumerated() {
            registry.parameter("scales.\(index).scale", scale)
        }
    }
}
