// SPDX-License-Identifier: Apache-2.0
package import Console
import Files
import Foundation
import Preparation
import Tensors
package import Training

/// The data of a run: prepares what is missing.
extension TemporalTask {
    /// Prepares what is missing of the videos, reads annotations and weights.
    package convenience init(
        _ recipe: TemporalRecipe, folder: RunFolder, progress: ProgressLine
    ) throws {
        let (source, annotations, labels) = try TemporalTask.videos(recipe, progress)
        progress.begin("reading the backbone's weights")
        let detector = try TemporalDetector(
            recipe, labels: labels, featureWidth: source.featureWidth)
        for note in detector.encoder?.network.notes ?? [] { progress.message(note) }
        try self.init(recipe, detector: detector, source: source, annotations: annotations)
    }

    /// The backbone or the width of the features, and the classes.
    package var description: RunDescription {
        let task = TemporalRecipe.task, labels = detector.labels
        if let encoder = detector.encoder {
            return RunDescription(task: task, encoder.network, labels: labels)
        }
        return RunDescription(task: task, featureWidth: source.featureWidth ?? 0, labels: labels)
    }

    /// What is trained and evaluated on, the annotations of the videos that are there, and the
    /// labels of all.
    private static func videos(
        _ recipe: TemporalRecipe, _ progress: ProgressLine
    ) throws -> (TemporalSource, ActivityNetAnnotations, labels: [String]) {
        let reading = try RecipeAnnotations(recipe.data)
        // First where that is possible: a fault should not wait for hours of decoding.
        let early = try reading.readWithoutVideos()
        if let early { try SubsetCheck.run(early, recipe.data) }
        let source: TemporalSource, annotations: ActivityNetAnnotations
        if let features = recipe.data.features {
            var unknown: [String] = []
            annotations =
                try early
                ?? reading.read { id, _ in
                    do { return try FeatureFiles.duration(of: id, features) } catch {
                        unknown.append("\(error)")
                        return nil
                    }
                }
            for reason in unknown.prefix(20) { progress.message("left out: \(reason)") }
            if annotations.videos.isEmpty, let first = unknown.first { throw InputError(first) }
            let files = try FeatureFiles(
                features, annotations: annotations, keepGoing: recipe.data.keepGoing)
            source = .features(files)
            for video in files.skipped.prefix(20) { progress.message("left out: \(video.reason)") }
        } else {
            let frames = try preparedFrames(recipe, progress)
            (source, annotations) = (.frames(frames), try early ?? reading.read(prepared: frames))
            try frames.checkFilms(annotations, recipe.data)
        }
        for issue in annotations.issues.prefix(20) { progress.message("\(issue)") }
        let usable = source.usable(annotations)
        let missing = annotations.videos.count - usable.videos.count
        if missing > 0 {
            progress.message(
                "\(missing) of \(annotations.videos.count) annotated videos are not there or not "
                    + "prepared; neither training nor evaluation sees them")
        }
        try SubsetCheck.run(usable, recipe.data, note: progress.message)
        return (source, usable, annotations.labels)
    }

    private static func preparedFrames(
        _ recipe: TemporalRecipe, _ progress: ProgressLine
    ) throws -> PreparedFrames {
        let data = recipe.data
        let index = PreparedFolder<PreparedFrames.Index>(data.prepared).indexPath
        if FileManager.default.fileExists(atPath: index) {
            return try PreparedFrames(folder: data.prepared, rate: data.rate, size: data.size)
        }
        progress.begin("preparing frames in \(data.prepared)")
        return try TemporalPreparation(recipe).run(
            threads: Parallel.threadCount,
            report: { for line in $0.lines { progress.message(line) } }, warn: progress.message)
    }
}
