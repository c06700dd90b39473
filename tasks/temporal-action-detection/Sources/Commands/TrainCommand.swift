// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import CommandLineSupport
import Training

/// `dr2net tad train`: finetunes, evaluates, writes the run folder.
struct TrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Finetune a pretrained backbone with a detection head; evaluate at the end.")

    @OptionGroup var options: TrainOptions
    @OptionGroup var common: CommonOptions

    func run() throws {
        let console = common.start()
        guard let result = try TrainCommand.train(options, common) else { return }
        try console.result(result) { result.text() }
    }

    /// Trains as the options say.
    ///
    /// - Returns: Nil in a process that only helps rank 0.
    static func train(_ options: TrainOptions, _ common: CommonOptions) throws -> RunResult? {
        try options.run(
            common, read: { try TemporalRecipe($0, dataFolder: $1) },
            parts: { ($0.training, $0.resolved) },
            body: { try TemporalRun($0, folder: $1, progress: $2)() })
    }
}
