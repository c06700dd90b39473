// SPDX-License-Identifier: Apache-2.0
import Autodiff
package import Backbones
import Foundation
import Layers
package import Optimizers
package import Reversible
package import Tensors
import Training

/// The time and the memory of whole training steps of a backbone.
package struct StepProfile {
    /// The network.
    let network: any Backbone
    /// How it is run.
    let way: FinetuningWay
    /// Slices, if any.
    let tile: Tile?
    /// The optimizer's.
    let settings: AdamW.Settings
    /// The random key of every step.
    let key: RandomKey

    /// A profile of steps of a network.
    package init(
        network: any Backbone, way: FinetuningWay, tile: Tile?, settings: AdamW.Settings,
        key: RandomKey
    ) {
        self.network = network
        self.way = way
        self.tile = tile
        self.settings = settings
        self.key = key
    }

    /// What the steps took.
    package struct Measurement {
        /// Nothing measured yet.
        package init() {}

        /// Seconds of each step, in order, without the first.
        package var seconds: [Double] = []
        /// The most counted bytes of live tensors during a step.
        package var peakCounted = 0
        /// Bytes of the weights.
        package var weightBytes = 0
        /// Bytes of the gradients that live until the update.
        package var gradientBytes = 0
        /// Bytes of the optimizer's state.
        package var optimizerBytes = 0
        /// The loss of each step, the first included.
        package var losses: [Double] = []

        /// The median of ``seconds``.
        package var median: Double {
            let sorted = seconds.sorted()
            return sorted.isEmpty ? 0 : sorted[sorted.count / 2]
        }
    }

    /// Runs one step to warm up and then `steps` that are measured.
    ///
    /// A step is forward, backward of mean(features²) and AdamW; `frozen` has the forward alone.
    package func run(_ images: Tensor, steps: Int, progress: (Int, Int) -> Void) throws
        -> Measurement
    {
        var result = Measurement()
        result.weightBytes = network.namedParameters.reduce(0) {
            $0 + $1.parameter.tensor.byteCount
        }
        if way == .frozen { network.setTrainable(false) }
        let optimizer = AdamW(network, rate: 1e-6, settings: settings)
        StoragePool.trim()
        for step in 0...steps {
            StoragePool.resetPeak()
            let start = DispatchTime.now().uptimeNanoseconds
            if way == .frozen {
                let context = Context(
                    tape: Tape(), isTraining: true, key: key.pass(0, ofStep: step))
                let features = try network.features(
                    Variable(images), context.running(way, tile: tile))
                result.losses.append(MeanSquare.loss(features).tensor.item)
            } else {
                let outcome = try optimizer.step(step, way, tile: tile, key: key) { context in
                    MeanSquare.loss(try network.features(Variable(images), context))
                }
                result.losses.append(outcome.loss)
                result.gradientBytes = outcome.gradientBytes
            }
            let seconds = Double(DispatchTime.now().uptimeNanoseconds - start) * 1e-9
            if step > 0 { result.seconds.append(seconds) }
            result.peakCounted = max(result.peakCounted, StoragePool.usage.peak)
            progress(step, steps)
        }
        result.optimizerBytes = optimizer.stateBytes
        return result
    }

    /// The memory of such a step on an input of a shape.
    package func memoryPlan(_ inputShape: [Int]) throws -> MemoryPlan {
        if way == .frozen { network.setTrainable(false) }
        defer { if way == .frozen { network.setTrainable(true) } }
        return try MemoryPlan(
            [ParameterGroup("", network, rate: 1e-6)], settings: settings, tile: tile, key: key,
            inputs: [inputShape]
        ) { MeanSquare.loss(try network.features(Variable($0[0]), $1.running(way, tile: tile))) }
    }

    /// Operations of the model's products in one step: a backward counts twice the forward,
    /// recomputation isn't counted.
    package func modelOperations(_ inputShape: [Int]) -> Double {
        network.operations(inputShape) * (way == .frozen ? 1 : 3)
    }
}

/// The machine's matrix-product rate, against which steps are held.
package enum MatrixProductRate {
    /// Float32 operations a second of a large square product on all threads: the best of some.
    package static func measure() -> Double {
        let side = 1536
        let a = Tensor(
            normal: [side, side], standardDeviation: 1, key: RandomKey(seed: 1).child("a"))
        let operations = 2 * Double(side) * Double(side) * Double(side)
        var best = 0.0
        for _ in 0..<5 {
            let start = DispatchTime.now().uptimeNanoseconds
            _ = a.matmul(a)
            let seconds = Double(DispatchTime.now().uptimeNanoseconds - start) * 1e-9
            best = max(best, operations / seconds)
        }
        return best
    }
}
