// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import CommandLineSupport

/// `dr2net tad train`.
struct TemporalTrainArguments: TrainArguments {
    typealias Task = TemporalTask
    static let abstract =
        "Finetune a pretrained backbone with a detection head; evaluate at the end."
}
