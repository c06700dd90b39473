// SPDX-License-Identifier: Apache-2.0
package import Autodiff
package import Layers
package import Tensors

/// The simple feature pyramid of a plain vision transformer (Li et al., ECCV 2022, "ViTDet"),
/// with detectron2's state-dict names: four levels from one map, at a quarter of its stride, a
/// half, once and twice.
package final class SimplePyramid: FeaturePyramid {
    /// Levels that the pyramid gives.
    package var levelCount: Int { 4 }
    private let quarter: (first: ConvTranspose2d, norm: LayerNorm, second: ConvTranspose2d)
    private let half: ConvTranspose2d
    private let ends: [End]

    /// A convolution of one pixel, one of 3 by 3, each with its layer norm and without a bias.
    private final class End: Module {
        private let layers: [(Conv2d, LayerNorm)]
        private let first: Int

        init(_ inputs: Int, _ channels: Int, first: Int, key: RandomKey) {
            self.first = first
            layers = [(inputs, 1), (channels, 3)].enumerated().map { index, sizes in
                (
                    Conv2d(
                        sizes.0, channels, kernel: sizes.1, hasBias: false,
                        key: key.child(first + index)), LayerNorm(channels, epsilon: 1e-6)
                )
            }
        }

        func callAsFunction(_ x: Variable, _ context: Context) -> Variable {
            layers.reduce(x) { $1.1($1.0($0, context), context) }
        }

        func register(in registry: inout ModuleRegistry) {
            for (index, (convolution, norm)) in layers.enumerated() {
                registry.child("\(first + index)", convolution)
                registry.child("\(first + index).norm", norm)
            }
        }
    }

    /// A pyramid with uniform weights and zero biases.
    ///
    /// - Parameters:
    ///   - inputWidth: C of the backbone's map, a multiple of 4.
    ///   - channels: Channels of every level.
    ///   - key: Where the weights are drawn from.
    package init(inputWidth: Int, channels: Int = 256, key: RandomKey) {
        precondition(inputWidth % 4 == 0, "a simple pyramid over \(inputWidth) channels")
        let keys = (0...5).map { key.child("simfp_\($0)") }
        quarter = (
            ConvTranspose2d(inputWidth, inputWidth / 2, key: keys[2].child(0)),
            LayerNorm(inputWidth / 2, epsilon: 1e-6),
            ConvTranspose2d(inputWidth / 2, inputWidth / 4, key: keys[2].child(3))
        )
        half = ConvTranspose2d(inputWidth, inputWidth / 2, key: keys[3].child(0))
        ends = [
            End(inputWidth / 4, channels, first: 4, key: keys[2]),
            End(inputWidth / 2, channels, first: 1, key: keys[3]),
            End(inputWidth, channels, first: 0, key: keys[4]),
            End(inputWidth, channels, first: 1, key: keys[5]),
        ]
    }

    /// The pyramid's levels, finest first.
    package func callAsFunction(_ levels: [PyramidLevel], _ context: Context) -> [PyramidLevel] {
        precondition(levels.count == 1, "a simple pyramid over \(levels.count) maps, expected one")
        let (x, stride) = (levels[0].values, levels[0].stride)
        let doubled = quarter.norm(quarter.first(x, context), context).gelu()
        let maps = [quarter.second(doubled, context), half(x, context), x, x.maxPool2d()]
        return zip(maps, ends).enumerated().map { index, level in
            PyramidLevel(
                values: level.1(level.0, context), stride: stride / 4 * Double(1 << index))
        }
    }

    /// Registers the parameters under the names of checkpoints.
    package func register(in registry: inout ModuleRegistry) {
        registry.child("simfp_2.0", quarter.first)
        registry.child("simfp_2.1", quarter.norm)
        registry.child("simfp_2.3", quarter.second)
        registry.child("simfp_2", ends[0])
        registry.child("simfp_3.0", half)
        for (level, end) in zip(3..., ends.dropFirst()) { registry.child("simfp_\(level)", end) }
    }
}
