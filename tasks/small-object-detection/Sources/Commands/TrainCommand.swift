// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import CommandLineSupport
import Training

/// `dr2net detect train`: finetunes, evaluates, writes the run folder.
struct TrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract:
            "Finetune a pretrained backbone with a pyramid and an FCOS head; evaluate at the end.")

    @OptionGroup var options: TrainOptions
    @OptionGroup var pictures: PictureOptions
    @OptionGroup var common: CommonOptions

    func run() throws {
        let console = common.start()
        var options = options
        options.overrides.set += pictures.overrides
        guard
            let run = try options.run(
                common, read: { try DetectionRecipe($0, dataFolder: $1) },
                parts: { ($0.training, $0.resolved) },
                body: { try DetectionRun($0, folder: $1, progress: $2)() })
        else { return }
        try console.result(run.result) {
            run.result.text(run.scoreNames, showsLacking: true)
        }
    }
}
