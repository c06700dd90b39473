// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import CommandLineSupport
import Training

/// `dr2net points train`: finetunes, evaluates, writes the run folder.
struct PointTrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Finetune an image-pretrained transformer on points; evaluate at the end.",
        discussion: """
            Scores are over all original points of the validation scenes, or over its shapes, \
            beside the majority class and height alone.
            """)

    @OptionGroup var options: TrainOptions
    @OptionGroup var common: CommonOptions

    func run() throws {
        let console = common.start()
        guard
            let result = try options.run(
                common, read: { try PointRecipe($0, dataFolder: $1) },
                parts: { ($0.training, $0.resolved) }, files: [PointRunData.fileName],
                body: { try PointRun($0, folder: $1, progress: $2)() })
        else { return }
        try console.result(result) {
            result.text(
                ["mIoU", "mAcc", "OA"], further: ["confusion      \(result.run)/confusion.svg"])
        }
    }
}
