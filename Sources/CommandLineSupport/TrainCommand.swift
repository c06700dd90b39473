// SPDX-License-Identifier: Apache-2.0
package import ArgumentParser
package import Training

/// What a task's `train` says of itself and takes beside the arguments of every task's.
package protocol TrainArguments: ParsableArguments {
    /// What is trained.
    associatedtype Task: RunnableTask
    /// The command's help in a sentence.
    static var abstract: String { get }
    /// The rest of the help.
    static var discussion: String { get }
    /// Why `--keep-going` changes nothing; nil where it does.
    static var refusalToKeepGoing: String? { get }
    /// Settings of the recipe that the arguments stand for, as `key.path=value`.
    var overrides: [String] { get }
    /// Prints what an argument asks for in place of training; whether there is one.
    func answer(
        _ options: TrainOptions, _ common: CommonOptions, _ output: CommandOutput
    ) throws -> Bool
}

extension TrainArguments {
    /// Nothing more.
    package static var discussion: String { "" }
    /// It leaves faulty data out.
    package static var refusalToKeepGoing: String? { nil }
    /// None.
    package var overrides: [String] { [] }
    /// There is none.
    package func answer(
        _ options: TrainOptions, _ common: CommonOptions, _ output: CommandOutput
    ) throws -> Bool { false }
}

/// `dr2net TASK train`: finetunes, evaluates, writes the run folder.
package struct TrainCommand<Own: TrainArguments>: ParsableCommand {
    /// The command's name and help.
    package static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "train", abstract: Own.abstract, discussion: Own.discussion)
    }

    @OptionGroup var options: TrainOptions
    @OptionGroup var own: Own
    @OptionGroup var common: CommonOptions

    /// Arguments at their defaults.
    package init() {}

    /// Refuses an option that would change nothing.
    package func validate() throws {
        try options.overrides.refuse(keepGoing: Own.refusalToKeepGoing)
    }

    /// Trains and prints the result.
    package func run() throws {
        let output = common.start()
        if try own.answer(options, common, output) { return }
        var options = options
        options.overrides.set += own.overrides
        guard let (result, text) = try options.run(Own.Task.self, common) else { return }
        try output.result(result) { text }
    }
}
