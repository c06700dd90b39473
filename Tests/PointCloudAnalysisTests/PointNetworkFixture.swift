// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Backbones
import Checkpoints
import Foundation
import Layers
import PointCloudAnalysis
import Reversible
import Tensors
import Testing

/// What `Tests/Fixtures/PointNetwork/make_point_network.py` made.
struct PointNetworkFixture {
    let expected: StateDict
    let network: PointNetwork
    let samples: [[SIMD3<Float>]]
    let labels: [Int32]
    private let weights: StateDict

    init(_ name: String, dtype: DType = .float64) throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Fixtures/PointNetwork").path
        expected = try Safetensors.read("\(folder)/\(name).expected.safetensors")
        weights = try Safetensors.read("\(folder)/\(name).weights.safetensors")
        network = PointNetworkFixture.network(isSegmentation: name == "segmentation", dtype: dtype)
        labels = try #require(expected["labels"]).doubles.map { Int32($0) }
        let places = try #require(expected["places"])
        let values = places.floats, count = places.shape[1]
        samples = (0..<places.shape[0]).map { sample in
            (0..<count).map {
                let at = 3 * (sample * count + $0)
                return SIMD3(values[at], values[at + 1], values[at + 2])
            }
        }
        #expect(Set(network.namedParameters.map(\.name)) == Set(weights.names))
        for entry in network.namedParameters {
            let value = try #require(weights[entry.name])
            #expect(value.shape == entry.parameter.shape, "\(entry.name)")
            entry.parameter.tensor = value.converted(to: dtype)
        }
    }

    /// A small network of random weights.
    static func network(
        isSegmentation: Bool, dtype: DType = .float64, dropPathRate: Double = 0,
        attentionDropoutRate: Double = 0, dropout: Double = 0
    ) -> PointNetwork {
        var configuration = VisionTransformerConfiguration(
            width: 16, depth: 2, heads: 2, patchSize: 4, gridSize: 2, hasLayerScale: false,
            positionRule: .antialiased)
        configuration.dropPathRate = dropPathRate
        configuration.attentionDropoutRate = attentionDropoutRate
        var settings = PointNetworkSettings(inputs: 4, classes: 5)
        settings.isSegmentation = isSegmentation
        settings.stages = isSegmentation ? 2 : 1
        settings.neighbours = 4
        settings.embeddingHasBatchNorm = !isSegmentation
        settings.hidden = isSegmentation ? [8] : [8, 8]
        settings.dropout = dropout
        let images = VisionTransformer(
            name: "small", configuration: configuration, key: RandomKey(seed: 1))
        let network = PointNetwork(
            settings, transformer: TokenTransformer(images), key: RandomKey(seed: 2))
        if dtype != .float32 { network.convert(to: dtype) }
        return network
    }

    var features: Tensor {
        let tensor = expected["features"] ?? Tensor(zeros: [0])
        return tensor.reshaped(to: [-1, tensor.shape[tensor.rank - 1]])
    }

    struct Step {
        let logits: Tensor
        let loss: Double
        let gradients: [String: Tensor]
    }

    /// A training step on the fixture's batch.
    func step(_ way: FinetuningWay, tile: Tile? = nil) throws -> Step {
        network.clearGradients()
        let tape = Tape(), input = tape.input(features)
        let logits = try network.logits(
            input, network.pyramid(samples),
            Context(tape: tape, isTraining: true, key: RandomKey(seed: 3))
                .running(way, tile: tile))
        let loss = logits.smoothCrossEntropy(
            targets: labels, classWeights: [0.5, 0.75, 1, 1.25, 1.5], smoothing: 0.2)
        let (value, result) = (loss.tensor.item, logits.tensor)
        tape.backward(from: loss)
        var gradients = Dictionary(
            uniqueKeysWithValues: network.namedParameters.compactMap { entry in
                entry.parameter.gradient.map { (entry.name, $0) }
            })
        gradients["input"] = tape.gradient(of: input)
        return Step(logits: result, loss: value, gradients: gradients)
    }
}
