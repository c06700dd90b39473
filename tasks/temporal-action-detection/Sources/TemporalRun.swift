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
        let source = try source(annotations)
        let detector = try TemporalDetector(
            recipe, labels: annotations.labels, featureWidth: source.featureWidth)
        for note in detector.encoder?.network.notes ?? [] { progress.message(note) }
        let task = try TemporalTask(
            recipe, detector: detector, source: source, annotations: annotations)
        return try FinetuningRun(
            recipe.training, recipe.finetuning, fingerprint: recipe.resolved.fingerprint,
            description: description(of: detector, source), folder: folder, progress: progress)(task)
    }

    private func description(
        of detector: TemporalDetector, _ source: TemporalSource
    ) -> RunDescription {
        if let encoder = detector.encoder {
            return RunDescription(task: "tad", encoder.network, labels: detector.labels)
        }
        return RunDescription(
            task: "tad", featureWidth: source.featureWidth ?? 0, labels: detector.labels)
    }

    private func source(_ annotations: ActivityNetAnnotations) throws -> TemporalSource {
        guard let features = recipe.data.features else { return .frames(try preparedFrames()) }
        let files = try FeatureFiles(features, annotations: annotations)
        for video in files.skipped.prefix(20) { progress.message("left out: \(video.reason)") }
        if files.skipped.count > 20 {
            progress.message("left out: \(files.skipped.count - 20) more videos")
        }
        return .features(files)
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
