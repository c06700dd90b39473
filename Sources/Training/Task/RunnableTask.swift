// SPDX-License-Identifier: Apache-2.0
package import Console
package import Reports

/// A task that is trained and scored from beginning to end, made from its recipe.
package protocol RunnableTask: TrainingTask {
    /// What the task reads.
    associatedtype Recipe: TaskRecipe

    /// Files that ``begin(in:)`` writes.
    static var files: [String] { get }

    /// Prepares what is missing of the data, reads them and makes the network.
    ///
    /// - Parameter folder: Of the run, new or to go on with.
    init(_ recipe: Recipe, folder: RunFolder, progress: ProgressLine) throws

    /// What prediction and export need to know of the network.
    var description: RunDescription { get }

    /// Writes the task's own files into the run folder, before the first step.
    func begin(in folder: RunFolder) throws

    /// Writes what an evaluation found (predictions, pictures) into the run folder.
    ///
    /// - Returns: What was found, missed and invented; nil where that isn't counted.
    func write(_ findings: Findings, to folder: RunFolder) throws -> OutcomeReport?

    /// Scores of methods that learn nothing, by name, under the keys of the task's own scores.
    func baselines(_ findings: Findings?) throws -> [String: [String: Double]]

    /// The results for people.
    func text(_ result: RunResult, _ findings: Findings?) -> String
}

extension RunnableTask {
    /// Makes the task of a recipe, trains it to the end, evaluates it and writes the results.
    ///
    /// - Parameter folder: Of the run, new or to go on with.
    @discardableResult
    package static func run(
        _ recipe: Recipe, folder: RunFolder, progress: ProgressLine
    ) throws -> (result: RunResult, text: String) {
        let task = try Self(recipe, folder: folder, progress: progress)
        return try FinetuningRun(task, folder: folder, progress: progress)()
    }

    /// None.
    package static var files: [String] { [] }
    /// Writes nothing.
    package func begin(in folder: RunFolder) throws {}
    /// The table of all scores by name.
    package func text(_ result: RunResult, _ findings: Findings?) -> String { result.text() }
}
