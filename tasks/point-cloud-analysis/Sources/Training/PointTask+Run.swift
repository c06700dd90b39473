// SPDX-License-Identifier: Apache-2.0
package import Console
import Files
import Foundation
import Preparation
import Tensors
package import Training

/// The data of a run and what it leaves in its folder.
extension PointTask {
    /// What prediction must know of the training data.
    package static var files: [String] { [PointRunData.fileName] }

    /// Prepares what is missing of the points, reads the blocks' weights.
    package convenience init(
        _ recipe: PointRecipe, folder: RunFolder, progress: ProgressLine
    ) throws {
        try PointTask.checkGround(recipe, folder)
        let prepared = try PointTask.preparedPoints(recipe, progress)
        let review = try PointDataReview(prepared, weights: recipe.classWeights)
        for note in review.notes { progress.message(note) }
        let (network, description) = try PointTask.network(
            recipe, prepared.index.classes, progress)
        try self.init(
            recipe, network: network, description: description, prepared: prepared,
            note: progress.message)
    }

    /// Writes `points.json`.
    package func begin(in folder: RunFolder) throws {
        try PointRunData(
            classes: prepared.index.classes, sampling: recipe.data.sampling,
            neighbours: samples.neighbours
        ).write(folder.path)
    }

    /// A table of all scores; of those that can't be had it says why.
    package func text(_ result: RunResult, _ outcomes: PointOutcomes?) -> String {
        result.text(["mIoU", "mAcc", "OA"], missing: missing(result))
    }

    private func missing(_ result: RunResult) -> [(key: String, reason: String)] {
        let segments = recipe.data.sampling.spheres != nil
        if result.scores.isEmpty {
            let keys = (segments ? ["mIoU"] : []) + ["mAcc", "OA"]
            return keys.map { ($0, "the validation points were lost, see above") }
        }
        return prepared.index.classes.names.map {
            segments
                ? ("IoU \($0)", "no validation point is of this class or taken for it")
                : ("accuracy \($0)", "no validation shape is of this class")
        }
    }

    /// A run that began with heights of one rule doesn't go on with those of another.
    private static func checkGround(_ recipe: PointRecipe, _ folder: RunFolder) throws {
        guard let former = try? PointRunData.read(folder.path).sampling,
            former.features.contains(.height),
            former.ground != recipe.data.sampling.ground
        else { return }
        throw InputError(
            "\(folder.path): was trained with data.ground \(former.ground.rawValue)"
                + (former.ground == .lowest ? ", the rule of earlier versions" : "")
                + ", and would go on with \(recipe.data.sampling.ground.rawValue); begin a new run, "
                + "from these weights with --start-from \(folder.path)")
    }

    /// The network; what the pretrained one has beside its blocks is let go.
    private static func network(
        _ recipe: PointRecipe, _ classes: PointClasses, _ progress: ProgressLine
    ) throws -> (PointNetwork, RunDescription) {
        progress.begin("reading the backbone's weights")
        let (network, pretrained) = try PointNetwork.make(recipe, classes: classes.count)
        for note in pretrained.notes { progress.message(note) }
        return (network, RunDescription(task: PointRecipe.task, pretrained, labels: classes.names))
    }

    private static func preparedPoints(
        _ recipe: PointRecipe, _ progress: ProgressLine
    ) throws -> PreparedPoints {
        let folder = recipe.data.prepared
        let index = PreparedFolder<PointIndex>(folder).indexPath
        if !FileManager.default.fileExists(atPath: index) {
            progress.begin("preparing points in \(folder)")
        } else {
            progress.begin("checking the points in \(folder)")
        }
        // What is there already stays; what the recipe or the source changed is made again.
        return try PointPreparation(recipe.data).run(threads: Parallel.threadCount) { event in
            if event.outcome == .known { return }
            for line in event.lines { progress.message(line) }
        }
    }
}
