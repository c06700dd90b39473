// SPDX-License-Identifier: Apache-2.0
package import Autodiff
package import Layers
package import Tensors

/// A map of features and the pixels between its positions.
package struct PyramidLevel {
    /// `[N, H, W, C]`.
    package let values: Variable
    /// Pixels of the image, along both axes.
    package let stride: Double

    /// A level.
    package init(values: Variable, stride: Double) {
        self.values = values
        self.stride = stride
    }
}

/// Turns a backbone's maps into maps of one width at rising strides.
package protocol FeaturePyramid: Module {
    /// Levels that come out.
    var levelCount: Int { get }

    /// The levels, finest first.
    ///
    /// - Parameter levels: The backbone's, finest first.
    func callAsFunction(_ levels: [PyramidLevel], _ context: Context) -> [PyramidLevel]
}

/// The feature pyramid network (Lin et al., CVPR 2017), with torchvision's state-dict names.
///
/// From stride 4, P2 to P5 are as published; further levels are convolutions of stride 2 of the
/// level before (RetinaNet, FCOS).
package final class LateralPyramid: FeaturePyramid {
    /// Levels that the pyramid gives.
    package var levelCount: Int { laterals.count + further.count }
    private let norms: [LayerNorm]
    private let laterals: [Conv2d]
    private let outputs: [Conv2d]
    private let further: [Conv2d]

    /// A pyramid with uniform weights (Kaiming, linear) and zero biases.
    ///
    /// - Parameters:
    ///   - inputWidths: Channels of the backbone's maps, finest first.
    ///   - channels: Channels of every level.
    ///   - furtherLevels: Levels above the backbone's last map.
    ///   - normalizesInputs: Whether all maps but the last one, which backbones give behind
    ///     their own norm, pass a layer norm first, as Swin's detectors have it.
    ///   - key: Where the weights are drawn from.
    package init(
        inputWidths: [Int], channels: Int = 256, furtherLevels: Int = 1,
        normalizesInputs: Bool = false, key: RandomKey
    ) {
        precondition(!inputWidths.isEmpty && furtherLevels >= 0, "a pyramid over no maps")
        norms = normalizesInputs ? inputWidths.dropLast().map { LayerNorm($0, epsilon: 1e-5) } : []
        laterals = inputWidths.enumerated().map { index, width in
            Conv2d(width, channels, kernel: 1, key: key.child("inner_blocks").child(index))
        }
        outputs = inputWidths.indices.map {
            Conv2d(channels, channels, kernel: 3, key: key.child("layer_blocks").child($0))
        }
        further = (0..<furtherLevels).map {
            Conv2d(
                channels, channels, kernel: 3, stride: 2, key: key.child("extra_blocks").child($0))
        }
    }

    /// The pyramid's levels, finest first.
    package func callAsFunction(_ levels: [PyramidLevel], _ context: Context) -> [PyramidLevel] {
        precondition(
            levels.count == laterals.count,
            "a pyramid over \(laterals.count) maps got \(levels.count)")
        var sum: Variable?
        var result: [PyramidLevel] = []
        for (index, level) in levels.enumerated().reversed() {
            let input =
                index < norms.count ? norms[index](level.values, context) : level.values
            let lateral = laterals[index](input, context)
            let merged = sum.map { lateral.addingUpsampled($0) } ?? lateral
            sum = merged
            result.insert(
                PyramidLevel(values: outputs[index](merged, context), stride: level.stride), at: 0)
        }
        for (index, layer) in further.enumerated() {
            let last = result[result.count - 1]
            // ReLU between two further levels, as in RetinaNet.
            let input = index == 0 ? last.values : last.values.relu()
            result.append(PyramidLevel(values: layer(input, context), stride: 2 * last.stride))
        }
        return result
    }

    /// Registers the parameters under the names of checkpoints.
    package func register(in registry: inout ModuleRegistry) {
        registry.children("norms", norms)
        for (index, layer) in laterals.enumerated() {
            registry.child("inner_blocks.\(index).0", layer)
        }
        for (index, layer) in outputs.enumerated() {
            registry.child("layer_blocks.\(index).0", layer)
        }
        for (index, layer) in further.enumerated() {
            registry.child("extra_blocks.p\(2 + laterals.count + index)", layer)
        }
    }
}
