// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Backbones
import Foundation
import Layers
import PointCloudAnalysis
import Reversible
import Tensors
import Training

/// A training step on one sphere, for `Benchmarks/point_step`: Pix4Point with the blocks of a
/// ViT-S, 7 features, 13 classes, random weights.
enum TrainingStep {
    /// Prints one JSON object: counted peak of a step, median seconds.
    ///
    /// - Parameter name: `conventional`, `checkpointed`, `dr2net` (balanced, β = 1/16), or `sparing`:
    ///   dr2net in tiles of 512 tokens, with updates in the backward pass and moments of 8 bits.
    static func run(_ name: String, points: Int, steps: Int) throws {
        let isSparing = name == "sparing"
        let tile = isSparing ? Tile(tokens: 512) : .standard
        let way: FinetuningWay
        switch name {
        case "conventional": way = .conventional
        case "checkpointed": way = .checkpointed
        case "dr2net", "sparing": way = .dr2net(CoefficientPolicy.default.plan(step: 0), .exact)
        default:
            print("\(name): expected conventional, checkpointed, dr2net or sparing")
            exit(64)
        }
        let images = VisionTransformer(
            name: "vit-small-16", configuration: .vit(width: 384, heads: 6),
            key: RandomKey(seed: 0))
        let network = PointNetwork(
            PointNetworkSettings(inputs: 7, classes: 13), transformer: TokenTransformer(images),
            key: RandomKey(seed: 1))
        let key = RandomKey(seed: 2)
        let places = (0..<points).map { point in
            SIMD3<Float>(
                Float(4 * key.uniform(3 * point) - 2), Float(4 * key.uniform(3 * point + 1) - 2),
                Float(4 * key.uniform(3 * point + 2) - 2))
        }
        let features = Tensor(normal: [points, 7], key: key.child("features"))
        let labels = (0..<points).map { Int32(key.child("labels").integer(below: 13, $0)) }
        let optimizer = AdamW(
            network.parameterGroups,
            settings: .init(updatesInBackward: isSparing, moments: isSparing ? .blocks : .full))
        let immediate = isSparing ? UpdateInBackward(optimizer) : nil
        let rates: [ParameterRole: Double] = [.head: 1e-4, .backbone: 1e-4]
        var seconds: [Double] = []
        StoragePool.resetPeak()
        for step in 0..<steps {
            let begin = ProgressLine.seconds()
            var context = Context(isTraining: true, key: RandomKey(seed: 3).child(step))
            context.observer = immediate
            let tape = Tape(for: context)
            context.tape = tape
            immediate?.begin(rates: rates, step: step + 1)
            immediate?.begin()
            let loss = try network.logits(
                Variable(features), network.pyramid([places]), way: way, tile: tile, context
            ).smoothCrossEntropy(targets: labels, smoothing: 0.2)
            tape.backward(from: loss)
            try immediate?.end()
            _ = try immediate?.norm() ?? optimizer.update(rates: rates, step: step + 1)
            seconds.append(ProgressLine.seconds() - begin)
        }
        let median = seconds.sorted()[steps / 2]
        let plan = MemoryPlan(
            network.memoryShape(samples: 1, points: points), way: way, tile: tile,
            optimizer: optimizer.settings.footprint)
        // What surrounds the transformer.
        let others = network.parameterCount - network.transformer.parameterCount
        let predicted =
            4 * others + optimizer.settings.footprint.bytes(others)
            + network.stepBytes(
                plan, samples: 1, points: points, keepsAll: way == .conventional,
                keepsGradients: !isSparing)
        print(
            "{\"way\": \"\(name)\", \"points\": \(points), \"tokens\": \(points / 16), "
                + "\"parameters\": \(network.parameterCount), "
                + "\"peakPredictedBytes\": \(predicted), "
                + "\"peakCountedBytes\": \(StoragePool.usage.peak), "
                + "\"peakResidentBytes\": \(ResidentMemory.peak), \"stepSeconds\": \(median)}")
    }
}
