// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Backbones
import Foundation
import Layers
import Reversible
import Tensors
import Training

/// The time and the memory of whole training steps of a backbone.
struct StepProfile {
    /// The network.
    let network: any Backbone
    /// How it is run.
    let way: FinetuningWay
    /// Slices, if any.
    let tile: Tile?
    /// The random key of every step.
    let key: RandomKey

    /// What the steps took.
    struct Measurement {
        /// Seconds of each step, in order, without the first.
        var seconds: [Double] = []
        /// The most counted bytes of live tensors during a step.
        var peakCounted = 0
        var weightBytes = 0
        var gradientBytes = 0
        var optimizerBytes = 0
        /// The loss of each step, the first included.
        var losses: [Double] = []

        /// The median of ``seconds``.
        var median: Double {
            let sorted = seconds.sorted()
            return sorted.isEmpty ? 0 : sorted[sorted.count / 2]
        }
    }

    /// Runs one step to warm up and then `steps` that are measured.
    ///
    /// A step is forward, backward of mean(features²) and AdamW; `frozen` has the forward alone.
    func run(_ images: Tensor, steps: Int, progress: (Int, Int) -> Void) throws -> Measurement {
        var result = Measurement()
        result.weightBytes = network.namedParameters.reduce(0) {
            $0 + $1.parameter.tensor.byteCount
        }
        if way == .frozen { network.setTrainable(false) }
        let optimizer = AdamW(
            [ParameterGroup(.backbone, network)], settings: AdamW.Settings(weightDecay: 0.05))
        for step in 0...steps {
            StoragePool.resetPeak()
            let start = DispatchTime.now().uptimeNanoseconds
            let tape = Tape()
            let features = try network.features(
                Variable(images), way: way, tile: tile,
                Context(tape: tape, isTraining: true, key: key.child(step)))
            result.losses.append(MeanSquare.backward(features, on: tape))
            result.gradientBytes = network.namedParameters.reduce(0) {
                $0 + ($1.parameter.gradient?.byteCount ?? 0)
            }
            try optimizer.update(rates: [.backbone: 1e-6], step: step + 1)
            let seconds = Double(DispatchTime.now().uptimeNanoseconds - start) * 1e-9
            if step > 0 { result.seconds.append(seconds) }
            result.peakCounted = max(result.peakCounted, StoragePool.usage.peak)
            progress(step, steps)
        }
        result.optimizerBytes = optimizer.stateBytes
        return result
    }

    /// Multiply-adds of the model in one step, times two: a backward counts twice the forward,
    /// recomputation isn't counted.
    ///
    /// - Returns: nil for a network of several stages, whose layers have different token counts.
    func modelOperations(samples: Int, height: Int, width: Int) -> Double? {
        let plans = network.stagePlans(height: height, width: width)
        guard plans.count == 1, let plan = plans.first else { return nil }
        let tokens = Double(plan.tokens)
        let matrices = network.namedParameters.filter {
            $0.parameter.shape.filter { $0 > 1 }.count > 1
        }
        let positions: Set = ["pos_embed", "cls_token"]
        let weights = matrices.filter { !positions.contains($0.name) }
            .reduce(0.0) { $0 + Double($1.parameter.tensor.count) }
        let attentions = Double(plan.stage.branches.count / plan.stage.branchesPerBlock)
        let products = 2 * weights * tokens
        let attention = 4 * attentions * tokens * tokens * Double(plan.width)
        return Double(samples) * (products + attention) * (way == .frozen ? 1 : 3)
    }

    /// What a way keeps from the forward to the backward, in bytes, from the shapes.
    func kept(samples: Int, height: Int, width: Int, dtype: DType) -> KeptBytes {
        var result = KeptBytes()
        for plan in network.stagePlans(height: height, width: width) {
            let elements = samples * plan.tokens * plan.width
            switch way {
            case .conventional, .frozen: break
            case .checkpointed:
                let blocks = plan.stage.branches.count / plan.stage.branchesPerBlock
                result.checkpoints += blocks * elements * dtype.byteSize
            case .dr2net(_, .float):
                result.streams += 2 * elements * dtype.byteSize
            case .dr2net(let coefficients, .exact):
                result.streams += 2 * elements * 8
                for branch in plan.stage.branches.indices {
                    for sample in 0..<samples {
                        let beta = coefficients.coefficients(branch: branch, sample: sample).beta
                        let bits = StreamRemainder.bits(beta: beta)
                        result.remainders += (plan.tokens * plan.width * bits + 7) / 8
                    }
                }
            }
        }
        return result
    }

    /// Bytes by what they are for.
    struct KeptBytes {
        /// The pairs of a stage.
        var streams = 0
        /// The remainder bits of the exact arithmetic.
        var remainders = 0
        /// The inputs of blocks.
        var checkpoints = 0
    }
}

/// The machine's matrix-product rate, against which steps are held.
enum MatrixProductRate {
    /// Float32 operations a second of a large square product on all threads: the best of some.
    static func measure() -> Double {
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
