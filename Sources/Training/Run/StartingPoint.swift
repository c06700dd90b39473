// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Checkpoints
import Files
import Layers
import Tensors

/// The run whose weights another run starts from: several ways can share one warm-up.
///
/// Weights only: the other run begins at step 0 with a fresh optimizer and its own schedule.
package struct StartingPoint: Codable, Sendable, Equatable {
    /// The folder of the run that gave the weights.
    package var run: String
    /// The steps that it had done.
    package var step: Int

    /// Puts the weights that a run predicts with into the parameters of another.
    ///
    /// With another number of classes the layer that tells them apart begins anew.
    ///
    /// - Parameters:
    ///   - run: The folder; it need not be locked, and its training may go on.
    ///   - parameters: All of the new run's, each of which gets the value of its name.
    ///   - description: Of the new run.
    ///   - note: Told, a line each, about damaged checkpoints and labels that differ.
    /// - Throws: One line where there is no such run, no checkpoint, another task or backbone, or
    ///   parameters that are missing, unexpected or of another shape. Nothing is changed then.
    static func load(
        _ run: String, into parameters: [ModuleRegistry.Entry], of description: RunDescription,
        note: (String) -> Void
    ) throws -> StartingPoint {
        let source = try RunDescription.read(run, task: description.task)
        for (what, theirs, ours) in [
            ("backbone", source.backbone, description.backbone),
            ("positions", source.positions ?? "none", description.positions ?? "none"),
            ("position grid", grid(source, description), grid(description, source)),
        ] where theirs != ours {
            throw InputError(
                "startFrom: \(run) has the \(what) \(theirs), expected \(ours) as in this recipe; "
                    + "take the same backbone section, or start from another run")
        }
        func grid(_ one: RunDescription, _ other: RunDescription) -> String {
            // Runs of before don't say it; a shape tells then.
            (other.positionGrid == nil ? nil : one.positionGrid).map(String.init) ?? "none"
        }
        let checkpoint = try source.checkpoint(of: run, warn: note)
        let anew = classLayer(
            parameters, checkpoint, from: source.labels.count, to: description.labels.count)
        do {
            try checkpoint.load(into: parameters, evaluated: true, keeping: Set(anew))
        } catch {
            throw InputError("startFrom: \(run): \(error)")
        }
        if !anew.isEmpty {
            note(
                "startFrom: \(run) has \(source.labels.count) classes, this run "
                    + "\(description.labels.count): the class layer begins anew ("
                    + anew.joined(separator: ", ") + ")")
        } else if source.labels != description.labels {
            note("startFrom: \(run) has other labels; its head's classes are taken by position")
        }
        note("starting from the weights of \(run) after its step \(checkpoint.step)")
        return StartingPoint(run: run, step: checkpoint.step)
    }

    /// The parameters with outputs for each class, where their number changes: those that differ in
    /// their first axis alone, by the same multiple of the classes, with or without a background.
    private static func classLayer(
        _ parameters: [ModuleRegistry.Entry], _ checkpoint: TrainingCheckpoint,
        from old: Int, to new: Int
    ) -> [String] {
        guard old != new, old > 0, new > 0 else { return [] }
        return parameters.filter { entry in
            let own = entry.parameter.shape
            guard let shape = checkpoint.model[entry.name]?.shape, shape.count == own.count,
                shape.dropFirst() == own.dropFirst(), let theirs = shape.first,
                let ours = own.first, theirs != ours
            else { return false }
            return [0, 1].contains { background in
                theirs % (old + background) == 0
                    && theirs / (old + background) * (new + background) == ours
            }
        }.map(\.name)
    }
}
