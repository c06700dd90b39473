// SPDX-License-Identifier: Apache-2.0
package import ArgumentParser

/// The run, the inputs and how their faults end it: what every task's `predict` takes.
package struct PredictOptions: ParsableArguments {
    /// The run folder.
    @Option(name: .customLong("run"), help: "The run folder.", completion: .directory)
    package var runFolder: String

    /// Files, folders and patterns.
    @Argument(
        help: "Files, folders of them, or quoted patterns such as 'a/**/*.png'.",
        completion: .file())
    package var inputs: [String]

    /// `key.path=value`.
    @Option(
        help: """
            Override a key of the run's recipe that prediction alone reads: key.path=value. \
            Repeatable.
            """)
    package var set: [String] = []

    /// Whether the other inputs go on behind a bad one.
    @Flag(
        help:
            "Go on with the other inputs where one can't be read; the exit code is 1 all the same.")
    package var keepGoing = false

    @OptionGroup var noSeed: NoSeed

    /// Options at their defaults.
    package init() {}

    /// Refuses to change what a run was trained with.
    ///
    /// - Parameter section: The section of the recipe that prediction alone reads, such as
    ///   "inference"; nil for a task that has none.
    package func checkSet(_ section: String?) throws {
        let known = section.map { $0 + "." }
        guard let odd = set.first(where: { known == nil || !$0.hasPrefix(known ?? "") }) else {
            return
        }
        throw ValidationError(
            "--set \(odd): "
                + (section.map { "expected a key of \($0), such as \($0).KEY=VALUE; the rest" }
                    ?? "the recipe") + " is as the run was trained")
    }

    /// A loop over the inputs.
    ///
    /// - Throws: One line for a folder or pattern without inputs, and for an input that is not
    ///   there unless the others go on.
    package func loop(
        _ kind: InputList.Kind, _ common: CommonOptions, _ output: CommandOutput
    ) throws -> PredictLoop {
        let list = try InputList(inputs, kind)
        for note in list.notes { output.note(note) }
        if !keepGoing { try list.checkPresent() }
        return PredictLoop(
            list.paths, noun: kind.noun, keepGoing: keepGoing, progress: common.progress())
    }
}
