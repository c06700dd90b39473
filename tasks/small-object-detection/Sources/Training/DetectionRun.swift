// SPDX-License-Identifier: Apache-2.0
package import Console
package import Training

/// A whole run: check the images, train, evaluate, write the results.
package struct DetectionRun {
    private let recipe: DetectionRecipe
    private let folder: RunFolder
    private let progress: ProgressLine

    /// A run of a recipe in a folder.
    package init(_ recipe: DetectionRecipe, folder: RunFolder, progress: ProgressLine) {
        self.recipe = recipe
        self.folder = folder
        self.progress = progress
    }

    /// Runs to the end.
    ///
    /// - Returns: The result, and the names of its scores in the order in which they are shown.
    package func callAsFunction() throws -> (result: RunResult, scoreNames: [String]) {
        progress.begin("reading annotations")
        let (training, validation, classes) = try DetectionSplit.read(
            recipe.data, decodesPixels: true,
            report: { done, total in
                // A few pictures are checked at once.
                if done % 16 == 0 { progress.update(done: done, total: total, "pictures checked") }
            }, note: progress.message)
        progress.finish()
        try DetectionSplit.check(
            training: training, validation: validation, classes: classes, recipe.data,
            note: progress.message)
        let images = try TrainingImages(training, recipe, note: progress.message)
        let count = training.index.images.count
        progress.message(
            "\(images.tiles.samples.count) training tiles of \(count) image\(count == 1 ? "" : "s"), "
                + "\(images.tiles.droppedEmpty) empty ones left out")
        for line in images.tiles.remarks(recipe.data) { progress.message(line) }
        progress.begin("reading the backbone's weights")
        let (detector, network) = try PyramidDetector.make(recipe, classes: classes.names.count)
        for note in network.notes { progress.message(note) }
        let task = try DetectionTask(
            recipe, detector: detector, images: images, validation: validation, classes: classes)
        let result = try FinetuningRun(
            recipe.training, recipe.finetuning, fingerprint: recipe.resolved.fingerprint,
            description: RunDescription(
                task: DetectionRecipe.task, network, labels: classes.names, labelIDs: classes.ids),
            folder: folder, progress: progress)(task)
        return (result, task.scoreNames)
    }
}
