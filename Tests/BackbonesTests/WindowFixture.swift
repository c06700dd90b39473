// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Backbones
import Checkpoints
import Foundation
import Layers
import Reversible
import Tensors
import TestSupport

/// A tiny network of `make_swin.py`, as torchvision or transformers ran it.
struct WindowFixture {
    static let names = [
        "swin-odd", "swin-batch", "video-swin-shrunk", "video-swin-shifted", "video-swin-batch",
        "videomae",
    ]

    /// What the JSON file says.
    struct Description: Decodable {
        let kind: String
        let dim: Int
        let depths, heads, patch, inputShape: [Int]
        let window: [Int]?
        let inputStride: Int
        let alpha, beta: Double
        let float32GradientErrors: [String: Double]
    }

    let name: String
    let description: Description
    let weights: StateDict
    let features: Tensor

    init(_ name: String) throws {
        self.name = name
        description = try JSONDecoder().decode(
            Description.self,
            from: Data(contentsOf: URL(fileURLWithPath: BackboneFixture.path(name + ".json"))))
        weights = try Safetensors.read(BackboneFixture.path(name + ".weights.safetensors"))
        features = try Npy.readTensor(BackboneFixture.path(name + ".features.npy"))
    }

    /// The reference's gradients: of the network, or of its dual-residual surrogate.
    func gradients(isDual: Bool) throws -> StateDict {
        try Safetensors.read(
            BackboneFixture.path(name + (isDual ? ".dual" : ".gradients") + ".safetensors"))
    }

    /// PyTorch's own error of those gradients in float32, in the norm of all of them.
    func referenceError(isDual: Bool) -> Double {
        description.float32GradientErrors[isDual ? "dual" : "gradients"] ?? 0
    }

    /// The surrogate that the reference ran.
    var dual: FinetuningWay {
        .dr2net(
            .uniform(StreamCoefficients(alpha: description.alpha, beta: description.beta)), .exact)
    }

    /// The script's `noise`.
    func input(_ dtype: DType = .float32) -> Tensor {
        let shape = description.inputShape
        let values = (0..<UInt32(shape.reduce(1, *))).map { index -> Float in
            var h = index &* 2_654_435_761
            h ^= h >> 16
            h = h &* 2_246_822_519
            h ^= h >> 13
            return Float(Double(h) / 0x1p31 - 1)
        }
        return Tensor(values, shape: shape).converted(to: dtype)
    }

    /// The network at random weights.
    func untrained(_ dtype: DType = .float32, dropPathRate: Double = 0) -> any Backbone {
        let key = RandomKey(seed: 6)
        guard let window = description.window else {
            var configuration = VisionTransformerConfiguration(
                width: description.dim, depth: description.depths[0],
                heads: description.heads[0], patchSize: description.patch[1],
                gridSize: description.inputShape[3] / description.patch[1], hasLayerScale: false,
                positionRule: .bicubic)
            configuration.tubelet = description.patch[0]
            configuration.dropPathRate = dropPathRate
            return VisionTransformer(
                name: name, configuration: configuration, key: key, dtype: dtype)
        }
        var configuration = SwinConfiguration(
            width: description.dim, depths: description.depths, heads: description.heads,
            window: window, patch: description.patch)
        configuration.dropPathRate = dropPathRate
        return SwinTransformer(name: name, configuration: configuration, key: key, dtype: dtype)
    }

    /// The network at the fixture's weights, by their own names.
    func network(_ dtype: DType = .float32, dropPathRate: Double = 0) throws -> any Backbone {
        let network = untrained(dtype, dropPathRate: dropPathRate)
        _ = try PretrainedWeights.load(weights, into: network, from: name)
        return network
    }

    /// Our gradients against the reference's: ‖ours - reference‖ / ‖reference‖ over all numbers.
    func error(_ ours: FeatureGradients, isDual: Bool) throws -> Double {
        let reference = try gradients(isDual: isDual)
        guard Set(ours.byName.keys) == Set(reference.names) else { return .infinity }
        var difference = 0.0, size = 0.0
        for (name, expected) in reference.tensors {
            let found = values(ours, name)
            guard found.count == expected.count else { return .infinity }
            for (a, b) in zip(found, expected.doubles) {
                difference += (a - b) * (a - b)
                size += b * b
            }
        }
        return (difference / size).squareRoot()
    }

    /// A gradient as the reference stores it: of the input only some numbers.
    func values(_ gradients: FeatureGradients, _ name: String) -> [Double] {
        let all = gradients.byName[name]?.doubles ?? []
        guard name == "input" else { return all }
        return stride(from: 0, to: all.count, by: description.inputStride).map { all[$0] }
    }
}
