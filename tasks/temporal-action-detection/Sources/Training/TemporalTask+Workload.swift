// SPDX-License-Identifier: Apache-2.0
import Backbones
import Console
import Reversible
import Tensors
package import Training

/// What a run has to do beside its steps: frames whose features are kept, frames of evaluations.
extension TemporalTask {
    /// Frames.
    package func workload(from step: Int) -> Workload {
        guard let encoder = detector.encoder else { return Workload() }
        let data = recipe.data
        let shape = encoder.inputShape(windows: 1, frames: data.windowFrames, size: data.size)
        let frame =
            encoder.network.backbone.operations(shape) / Double(max(1, data.windowFrames))
        let frames = windows.reduce(0) { $0 + min(data.windowFrames, videos[$1.video].count) }
        let window = Double(frames) / Double(max(1, windows.count))
        var operations: [WorkKind: Double] = [.features: frame, .evaluation: frame]
        if let passes = plan.finetuning.passes {
            operations[.backboneSteps] = passes * frame * window * Double(plan.samplesPerStep)
        }
        let validation = videos.filter { $0.subset == data.validationSubset }
            .reduce(0) { $0 + $1.count }
        return Workload(
            noun: "frames", features: keptFrames(from: step),
            evaluation: validation * plan.evaluatedForms, operations: operations)
    }

    /// Frames of the videos, mirrored ones apart, that the steps of the head alone will see.
    private func keptFrames(from step: Int) -> Int {
        let end =
            plan.finetuning.way == .frozen
            ? plan.totalSteps : min(plan.totalSteps, plan.training.backboneStart)
        let trained = Set(windows.map(\.video)).count * (recipe.data.flips ? 2 : 1)
        var views: Set<[Int]> = []
        // Long runs see every view, and early.
        for step in step..<max(step, min(end, step + 2000)) where views.count < trained {
            for microBatch in 0..<plan.training.accumulation {
                let key = plan.key(step: step, microBatch: microBatch)
                for (index, sample) in plan.samples(step: step, microBatch: microBatch).enumerated()
                {
                    let window = windows[sample]
                    let drawn = draw(window, key: key.child("window").child(index))
                    views.insert([window.video, drawn.isFlipped ? 1 : 0])
                }
            }
        }
        return views.reduce(0) { $0 + videos[$1[0]].count }
    }
}
