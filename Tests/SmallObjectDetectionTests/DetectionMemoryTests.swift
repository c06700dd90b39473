// SPDX-License-Identifier: Apache-2.0
import Console
import Files
import Optimizers
import SmallObjectDetection
import Tensors
import Testing
import Training

@Suite("memory plan of a detector") struct DetectionMemoryTests {
    // Above 5 s: whole steps of a detector, in each way.
    @Test("is what a run counts: tiles, pyramid, head, losses and optimizer")
    func isWhatARunCounts() async {
        // In a process of its own: the count is of the whole process.
        await #expect(processExitsWith: .success) {
            for overrides in [
                ["way=conventional"], ["way=checkpointed"], ["way=frozen"], ["way=dr2net"],
                ["way=dr2net", "tile=256", "accumulation=2"],
                ["way=dr2net", "optimizer.momentBits=8", "optimizer.averageDecay=0.9"],
                ["way=dr2net", "optimizer.inBackward=true", "optimizer.clipNorm=0"],
                ["way=checkpointed", "optimizer.freeze=[\"backbone.blocks.0.*\"]"],
            ] {
                let fixture = try DetectionFixture()
                let before = StoragePool.usage.live
                let recipe = try fixture.recipe(overrides + ["steps=3", "evaluate.every=0"])
                let (training, validation, classes) = try DetectionSplit.read(
                    recipe.data, note: { _ in })
                let (detector, backbone) = try PyramidDetector.make(
                    recipe, classes: classes.names.count)
                let task = try DetectionTask(
                    recipe, detector: detector, backbone: backbone,
                    images: try TrainingImages(training, recipe), validation: validation,
                    classes: classes)
                let planned = try task.memoryPlan(advice: "").peakPredictedBytes
                let folder = try RunFolder.create(
                    fixture.path + "/run", recipe: recipe.resolved)
                try TrainingLoop(task, folder: folder, progress: ProgressLine(.quiet)).run()
                let counted = try folder.metrics().compactMap(\.peakBytes).max() ?? 0
                let ratio = Double(planned) / Double(counted - before)
                // Updates in the backward pass count up to 1.5 % more than their plan here.
                let least = overrides.contains { $0.contains("inBackward") } ? 0.98 : 0.99
                #expect(
                    (least...1.01).contains(ratio),
                    "\(overrides): \(planned) for \(counted - before)")
            }
        }
    }
}
