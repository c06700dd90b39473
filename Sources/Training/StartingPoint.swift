// SPDX-License-Identifier: Apache-2.0
import Layers

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
        ] where theirs != ours {
            throw TrainingError(
                "startFrom: \(run) has the \(what) \(theirs), expected \(ours) as in this recipe; "
                    + "take the same backbone section, or start from another run")
        }
        guard let checkpoint = try source.checkpoint(of: run, warn: note) else {
            throw TrainingError(
                "startFrom: \(run) has no checkpoint yet; train it first, or wait for one")
        }
        do {
            try checkpoint.load(into: parameters, evaluated: true)
        } catch {
            throw TrainingError("startFrom: \(run): \(error)")
        }
        if source.labels != description.labels {
            note("startFrom: \(run) has other labels; its head's classes are taken by position")
        }
        note("starting from the weights of \(run) after its step \(checkpoint.step)")
        return StartingPoint(run: run, step: checkpoint.step)
    }
}
