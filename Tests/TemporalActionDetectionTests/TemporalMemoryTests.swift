// SPDX-License-Identifier: Apache-2.0
import Console
import Files
import Optimizers
import TemporalActionDetection
import Tensors
import Testing
import Training

@Suite("memory plan of a temporal detector") struct TemporalMemoryTests {
    // Above 5 s: whole steps of a backbone on 16 frames, in each way.
    @Test("is what a run counts: frames, head, losses and optimizer")
    func isWhatARunCounts() async {
        // In a process of its own: the count is of the whole process.
        await #expect(processExitsWith: .success) {
            let actionFormer =
                "head={name: actionformer, channels: 16, heads: 2, stemBlocks: 0, windows: [5, 5]}"
            for overrides in [
                ["way=conventional"], ["way=checkpointed"], ["way=dr2net"],
                ["way=dr2net", actionFormer, "batchSize=2"],
                ["way=checkpointed", "tile=32", "optimizer.momentBits=8"],
            ] {
                let fixture = try TemporalFixture()
                let before = StoragePool.usage.live
                let recipe = try fixture.recipe(
                    overrides + ["steps=3", "evaluate.every=0", "schedule.backboneStart=0"])
                let frames = try fixture.prepare(recipe).frames
                let annotations = try ActivityNetAnnotations.read(recipe.data.annotations[0])
                let task = try TemporalTask(
                    recipe,
                    detector: try TemporalDetector(recipe, labels: annotations.labels),
                    source: .frames(frames), annotations: annotations)
                let planned = try task.memoryPlan(advice: "").peakPredictedBytes
                let folder = try RunFolder.create(
                    fixture.path + "/run", recipe: recipe.resolved)
                try TrainingLoop(task, folder: folder, progress: ProgressLine(.quiet)).run()
                let counted = try folder.metrics().compactMap(\.peakBytes).max() ?? 0
                let ratio = Double(planned) / Double(counted - before)
                #expect(
                    (0.99...1.01).contains(ratio),
                    "\(overrides): \(planned) for \(counted - before)")
            }
        }
    }
}
