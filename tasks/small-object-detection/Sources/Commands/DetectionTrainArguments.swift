// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import CommandLineSupport

/// `dr2net detect train`.
struct DetectionTrainArguments: TrainArguments {
    typealias Task = DetectionTask
    static let abstract =
        "Finetune a pretrained backbone with a pyramid and an FCOS head; evaluate at the end."

    @OptionGroup var pictures: PictureOptions

    var overrides: [String] { pictures.overrides }
}
