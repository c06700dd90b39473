// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Backbones
import Console
import Foundation
import Layers
import Optimizers
import PointCloudAnalysis
import Reversible
import Tensors
import Training

/// A training step for `Benchmarks/point_step`: Pix4Point with the blocks of a ViT-S and random
/// weights, on one sphere as for S3DIS, or on shapes as published for ScanObjectNN.
enum TrainingStep {
    private static var sphere: PointNetworkSettings { .init(inputs: 7, classes: 13) }

    private static var shape: PointNetworkSettings {
        var settings = PointNetworkSettings(inputs: 3, classes: 15)
        settings.isSegmentation = false
        settings.stages = 1
        settings.embeddingHasBatchNorm = true
        settings.hidden = [256, 256]
        return settings
    }

    /// Points in a cube.
    private static func cube(_ count: Int, _ key: RandomKey) -> [SIMD3<Float>] {
        (0..<count).map { point in
            SIMD3<Float>(
                Float(4 * key.uniform(3 * point) - 2), Float(4 * key.uniform(3 * point + 1) - 2),
                Float(4 * key.uniform(3 * point + 2) - 2))
        }
    }

    /// Prints one JSON object: counted peak of a step, median seconds.
    ///
    /// - Parameter name: `conventional`, `checkpointed`, `dr2net` (balanced, β = 1/16), or `sparing`:
    ///   dr2net in tiles of 512 tokens, with updates in the backward pass and moments of 8 bits.
    /// - Parameter shapes: Shapes of a batch; nil for a sphere.
    static func run(_ name: String, points: Int, steps: Int, shapes: Int? = nil) throws {
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
        let settings = shapes == nil ? sphere : shape, samples = shapes ?? 1
        let network = PointNetwork(
            settings, transformer: TokenTransformer(images), key: RandomKey(seed: 1))
        let key = RandomKey(seed: 2)
        let places = (0..<samples).map { cube(points, key.child($0)) }
        let features = Tensor(
            normal: [samples * points, settings.inputs], key: key.child("features"))
        let labels = (0..<(shapes ?? points)).map {
            Int32(key.child("labels").integer(below: settings.classes, $0))
        }
        let optimizer = AdamW(
            network, rate: 1e-4,
            settings: .init(updatesInBackward: isSparing, moments: isSparing ? .blocks : .full))
        let immediate = isSparing ? UpdateInBackward(optimizer) : nil
        var seconds: [Double] = []
        StoragePool.resetPeak()
        for step in 0..<steps {
            let begin = ProgressLine.seconds()
            var context = Context(isTraining: true, key: RandomKey(seed: 3).child(step))
                .running(way, tile: tile)
            context.observer = immediate
            let tape = Tape(for: context)
            context.tape = tape
            let rates = optimizer.rates(step: step)
            immediate?.begin(rates: rates, step: step + 1)
            immediate?.begin()
            let loss = try network.logits(
                Variable(features), network.pyramid(places), context
            ).smoothCrossEntropy(targets: labels, smoothing: 0.2)
            tape.backward(from: loss)
            try immediate?.end()
            _ = try immediate?.norm() ?? optimizer.update(rates: rates, step: step + 1)
            seconds.append(ProgressLine.seconds() - begin)
        }
        let median = seconds.sorted()[steps / 2]
        let plan = try MemoryPlan(
            [ParameterGroup("", network, rate: 1e-4)], settings: optimizer.settings, tile: tile,
            inputs: [features.shape]
        ) { inputs, context in
            try network.logits(
                Variable(inputs[0]),
                PointPyramid(
                    placeholder: samples, points: points, levels: settings.stages,
                    neighbours: settings.neighbours), context.running(way, tile: tile)
            ).smoothCrossEntropy(targets: labels, smoothing: 0.2)
        }
        print(
            "{\"way\": \"\(name)\", \"samples\": \(samples), \"points\": \(points), "
                + "\"parameters\": \(network.parameterCount), "
                + "\"peakPredictedBytes\": \(plan.peakPredictedBytes), "
                + "\"peakCountedBytes\": \(StoragePool.usage.peak), "
                + "\"peakResidentBytes\": \(ResidentMemory.peak), \"stepSeconds\": \(median)}")
    }
}
