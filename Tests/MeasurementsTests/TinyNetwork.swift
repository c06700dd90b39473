// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Backbones
import Layers
import Tensors

/// A vision transformer of two blocks of 8 channels, and pictures for it.
enum TinyNetwork {
    private static var configuration: VisionTransformerConfiguration {
        VisionTransformerConfiguration(
            width: 8, depth: 2, heads: 2, patchSize: 4, gridSize: 2, hasLayerScale: false,
            positionRule: .antialiased)
    }

    /// The network; the same seed gives the same weights in either type.
    static func make(_ dtype: DType = .float32, seed: UInt64 = 1) -> VisionTransformer {
        let network = VisionTransformer(
            name: "tiny", configuration: configuration, key: RandomKey(seed: seed))
        // Weights of deviation 0.02 leave branches that no coefficient could be told by.
        for entry in network.namedParameters where entry.name.hasSuffix(".weight") {
            guard entry.parameter.shape.count > 1 else { continue }
            entry.parameter.tensor = entry.parameter.tensor.scaled(by: 10)
        }
        for entry in network.namedParameters {
            entry.parameter.tensor = entry.parameter.tensor.converted(to: dtype)
        }
        return network
    }

    /// The network with branches that give 0.
    static func silent() -> VisionTransformer {
        let network = make()
        for entry in network.namedParameters
        where entry.name.contains("attn.proj") || entry.name.contains("mlp.fc2") {
            entry.parameter.tensor = Tensor(zeros: entry.parameter.shape)
        }
        return network
    }

    /// Two pictures of 8 pixels: 4 patches each.
    static let images = Tensor(
        normal: [2, 3, 8, 8], key: RandomKey(seed: 2))
}
