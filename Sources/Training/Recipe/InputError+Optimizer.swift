// SPDX-License-Identifier: Apache-2.0
import Files
import Optimizers

extension InputError {
    /// An optimizer's error with what a run can do about it, by its recipe's keys.
    ///
    /// - Parameter data: The samples of the pass, where a loss isn't finite.
    init(_ error: OptimizerError, data: @autoclosure () -> String = "") {
        let remedy =
            switch error.kind {
            case .loss:
                "lower the learning rate or lengthen the warm-up, and check the data of samples "
                    + data()
            case .gradient:
                "lower the learning rate, lengthen the warm-up, or set optimizer.clipNorm"
            case .gradientInBackward:
                "lower the learning rate, lengthen the warm-up, or set optimizer.clipNorm without "
                    + "optimizer.inBackward; other parameters are updated already, so go on from "
                    + "the run's last checkpoint, if there is one"
            case .unused: "a learning rate above 0 or an unfrozen layer is needed"
            case .state: "the checkpoint is of another recipe"
            }
        self.init("\(error.problem); \(remedy)")
    }
}
