// SPDX-License-Identifier: Apache-2.0
import Foundation
package import Training

/// A whole run: prepare what is missing, train, evaluate, write the results.
package struct TemporalRun {
    private let recipe: TemporalRecipe
    private let folder: RunFolder
    private let progress: ProgressLine

    /// A run of a recipe in a folder.
    package init(_ recipe: TemporalRecipe, folder: RunFolder, progress: ProgressLine) {
        self.recipe = recipe
        self.folder = folder
        self.progress = progress
    }

    /// Runs to the end.
    package func callAsFunction() throws -> RunResult {
        var options = AnnotationOptions()
        options.keepGoing = recipe.data.keepGoing
        let annotations = try ActivityNetAnnotations.read(recipe.data.annotations, options: options)
        for issue in annotations.issues.prefix(20) { progress.message("\(issue)") }
        let frames = try preparedFrames()
        let detector = try TemporalDetector(recipe, labels: annotations.labels)
        for note in detector.network.notes { progress.message(note) }
        let task = try TemporalTask(
            recipe, detector: detector, frames: frames, annotations: annotations)
        return try FinetuningRun(
            recipe.training, recipe.finetuning, fingerprint: recipe.resolved.fingerprint,
            description: RunDescription(
                task: "tad", detector.network, labels: annotations.labels),
            folder: folder, progress: progress)(task)
    }

    private func preparedFrames() throws -> PreparedFrames {
        let data = recipe.data
        if FileManager.default.fileExists(atPath: PreparedFrames.indexPath(data.prepared)) {
            return try PreparedFrames(folder: data.prepared, rate: data.rate, size: data.size)
        }
        progress.message("preparing frames in \(data.prepared)")
        return try Preparation(recipe).run { done, total, id, outcome in
            progress.message(Preparation.line(done, total, id, outcome))
        }
    }
}
