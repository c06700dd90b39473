// SPDX-License-Identifier: Apache-2.0
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
        let prepared = try preparedPoints()
        let classes = prepared.index.classes
        let (network, description) = try network(classes)
        let data = PointRunData(
            classes: classes, sampling: recipe.data.sampling(for: prepared.index))
        let task = try PointTask(recipe, network: network, prepared: prepared)
        return try FinetuningRun(
            recipe.training, recipe.finetuning, fingerprint: recipe.resolved.fingerprint,
            description: description, folder: folder, progress: progress,
            begin: { try data.write(folder.path) })(task)
    }

    /// The network; what the pretrained one has beside its blocks is let go.
    private func network(_ classes: PointClasses) throws -> (PointNetwork, RunDescription) {
        let (network, pretrained) = try PointNetwork.make(recipe, classes: classes.count)
        for note in pretrained.notes { progress.message(note) }
        return (network, RunDescription(task: "points", pretrained, labels: classes.names))
    }

    private func preparedPoints() throws -> PreparedPoints {
        let folder = recipe.data.prepared
        if !FileManager.default.fileExists(atPath: PreparedPoints.indexPath(folder)) {
            progress.message("preparing points in \(folder)")
        }
        // What is there already stays; what the recipe or the source changed is made again.
        return try PointPreparation(recipe.data).run { done, total, id, outcome in
            if case .present = outcome { return }
            progress.message("\(done)/\(total) \(id): \(outcome.text)")
        }
    }
}
