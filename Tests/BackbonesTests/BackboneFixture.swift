// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Backbones
import Checkpoints
import Foundation
import Layers
import Reversible
import Tensors
import TestSupport

/// A tiny network of `Tests/Fixtures/Backbones`, as timm or transformers ran it.
struct BackboneFixture {
    static let names = [
        "vit-patch16-resized", "vit-patch4-wide", "dinov2-patch14-timm", "dinov2-patch14-hf",
        "dinov2-patch4-hf",
    ]

    /// What the JSON file says.
    struct Description: Decodable {
        let patch, dim, heads, depth: Int
        let gridSize: [Int]
        let layerScale: Bool
        let positions: String
        let keys: String
        let unusedKeys: [String]
    }

    let name: String
    let description: Description
    let weights: StateDict
    let input: Tensor
    let features: Tensor
    let gradients: StateDict

    init(_ name: String) throws {
        self.name = name
        description = try JSONDecoder().decode(
            Description.self,
            from: Data(contentsOf: URL(fileURLWithPath: Self.path(name + ".json"))))
        weights = try Safetensors.read(Self.path(name + ".weights.safetensors"))
        input = try Npy.readTensor(Self.path(name + ".input.npy"))
        features = try Npy.readTensor(Self.path(name + ".features.npy"))
        gradients = try Safetensors.read(Self.path(name + ".gradients.safetensors"))
    }

    static func path(_ file: String) -> String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Fixtures/Backbones/\(file)").path
    }

    var family: CheckpointFamily {
        description.keys == "timm" ? .timm : .transformersDinov2
    }

    static func rule(_ name: String) -> PositionRule {
        switch name {
        case "timm": .antialiased
        case "dinov2": .offset
        default: .bicubic
        }
    }

    var configuration: VisionTransformerConfiguration {
        .init(
            width: description.dim, depth: description.depth, heads: description.heads,
            patchSize: description.patch, gridSize: description.gridSize[0],
            hasLayerScale: description.layerScale, positionRule: Self.rule(description.positions))
    }

    /// The network at random weights.
    func untrained(_ dtype: DType = .float32, dropPathRate: Double = 0) -> VisionTransformer {
        var configuration = configuration
        configuration.dropPathRate = dropPathRate
        return VisionTransformer(
            name: name, configuration: configuration, key: RandomKey(seed: 6), dtype: dtype)
    }

    /// The network at the fixture's weights.
    func network(_ dtype: DType = .float32, dropPathRate: Double = 0) throws -> VisionTransformer {
        let network = untrained(dtype, dropPathRate: dropPathRate)
        _ = try PretrainedWeights.load(weights, into: network, from: name)
        return network
    }
}

/// One backward pass of mean(features²).
struct FeatureGradients {
    let features: Tensor
    /// Each parameter's gradient by our name, and `input`.
    var byName: [String: Tensor] = [:]

    init(
        _ network: any Backbone, _ images: Tensor, way: FinetuningWay = .conventional,
        tile: Tile? = nil, isTraining: Bool = false
    ) throws {
        network.clearGradients()
        let tape = Tape()
        let input = tape.input(images)
        let context = Context(tape: tape, isTraining: isTraining, key: RandomKey(seed: 2))
        let output = try network.features(input, context.running(way, tile: tile))
        features = output.tensor
        tape.backward(
            from: output, gradient: features.scaled(by: 2 / Double(features.count)))
        for entry in network.namedParameters { byName[entry.name] = entry.parameter.gradient }
        byName["input"] = tape.gradient(of: input)
        network.clearGradients()
    }

    /// The largest difference to another pass, relative to the largest gradient of each tensor
    /// or, for vanishing ones, to a hundredth of the largest of all.
    func worstError(_ other: FeatureGradients) -> Double {
        guard byName.keys.sorted() == other.byName.keys.sorted() else { return .infinity }
        return byName.map { name, gradient in
            other.byName[name].map { scaledError(gradient, $0, floor: other.largest / 100) }
                ?? .infinity
        }.max() ?? .infinity
    }

    /// ‖this - other‖² / ‖other‖² over all numbers.
    func squaredError(_ other: FeatureGradients) -> Double {
        guard byName.keys.sorted() == other.byName.keys.sorted() else { return .infinity }
        var difference = 0.0, size = 0.0
        for (name, gradient) in byName {
            guard let expected = other.byName[name]?.doubles else { return .infinity }
            for (a, b) in zip(gradient.doubles, expected) {
                difference += (a - b) * (a - b)
                size += b * b
            }
        }
        return difference / size
    }

    /// The largest gradient of any tensor.
    var largest: Double {
        byName.values.flatMap { $0.doubles.map(abs) }.max() ?? 0
    }
}

/// max|a - b| over max(floor, max|b|); NaN counts as infinite.
func scaledError(_ a: Tensor, _ b: Tensor, floor: Double) -> Double {
    guard a.shape == b.shape else { return .infinity }
    let expected = b.doubles
    let size = max(floor, expected.map(abs).max() ?? 0)
    return zip(a.doubles, expected).map {
        let difference = abs($0 - $1) / size
        return difference.isNaN ? .infinity : difference
    }.max() ?? 0
}
