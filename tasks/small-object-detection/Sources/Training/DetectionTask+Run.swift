// SPDX-License-Identifier: Apache-2.0
package import Console
package import Training

/// The data of a run.
extension DetectionTask {
    /// Checks the images, reads annotations and weights.
    package convenience init(
        _ recipe: DetectionRecipe, folder: RunFolder, progress: ProgressLine
    ) throws {
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
        try self.init(
            recipe, detector: detector, backbone: network, images: images, validation: validation,
            classes: classes)
    }
}
