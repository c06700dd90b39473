// SPDX-License-Identifier: Apache-2.0
package import Console
import Files
import Foundation
package import Training

/// A whole run: prepare what is missing, train, evaluate, write the results.
package struct PointRun {
    private let recipe: PointRecipe
    private let folder: RunFolder
    private let progress: ProgressLine

    /// A run of a recipe in a folder.
    package init(_ recipe: PointRecipe, folder: RunFolder, progress: ProgressLine) {
        self.recipe = recipe
        self.folder = folder
        self.progress = progress
    }

    /// Runs to the end.
    package func callAsFunction() throws -> RunResult {
        try checkGround()
        let prepared = try preparedPoints()
        let review = try PointDataReview(prepared, weights: recipe.classWeights)
        for note in review.notes { progress.message(note) }
        let classes = prepared.index.classes
        let (network, description) = try network(classes)
        let task = try PointTask(
            recipe, network: network, prepared: prepared, note: progress.message)
        let data = PointRunData(
            classes: classes, sampling: recipe.data.sampling(for: prepared.index),
            neighbours: task.neighbours)
        return try FinetuningRun(
            recipe.training, recipe.finetuning, fingerprint: recipe.resolved.fingerprint,
            description: description, folder: folder, progress: progress,
            begin: { try data.write(folder.path) })(task)
    }

    /// A run that began with heights of one rule doesn't go on with those of another.
    private func checkGround() throws {
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
    private func network(_ classes: PointClasses) throws -> (PointNetwork, RunDescription) {
        progress.begin("reading the backbone's weights")
        let (network, pretrained) = try PointNetwork.make(recipe, classes: classes.count)
        for note in pretrained.notes { progress.message(note) }
        return (network, RunDescription(task: "points", pretrained, labels: classes.names))
    }

    private func preparedPoints() throws -> PreparedPoints {
        let folder = recipe.data.prepared
        if !FileManager.default.fileExists(atPath: PreparedPoints.indexPath(folder)) {
            progress.begin("preparing points in \(folder)")
        } else {
            progress.begin("checking the points in \(folder)")
        }
        // What is there already stays; what the recipe or the source changed is made again.
        return try PointPreparation(recipe.data).run { done, total, id, outcome in
            if case .present = outcome { return }
            progress.message("\(done)/\(total) \(id): \(outcome.text)")
        }
    }
}
