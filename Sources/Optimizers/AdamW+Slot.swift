// SPDX-License-Identifier: Apache-2.0
package import Autodiff
package import Tensors

extension AdamW {
    /// A parameter that trains, with its state.
    package struct Slot {
        /// Its name in checkpoints.
        package let name: String
        /// The name of its group.
        package let group: String
        /// The parameter.
        package let parameter: Parameter
        /// Whether weight decay applies.
        let decays: Bool
        /// The factor on the group's learning rate.
        let rateFactor: Double
        /// How its moments are kept.
        let moments: MomentPrecision
        /// Updates so far, here or in another process.
        package var updates = 0
        /// The average of the gradients; nil before the first update, and where another process
        /// keeps it.
        package var firstMoment: Tensor?
        /// That of their squares.
        package var secondMoment: Tensor?
        /// The moving average of the weights, from the parameter's first update on.
        package var average: Tensor?

        /// The shape of a moment.
        package var momentShape: [Int] {
            moments == .full ? parameter.shape : MomentBlocks.shape(parameter.tensor.count)
        }

        /// The scalar type of a moment.
        package var momentType: DType {
            moments == .full ? parameter.tensor.dtype : .float32
        }

        /// A moment before the first update.
        var zeroMoment: Tensor { Tensor(zeros: momentShape, dtype: momentType) }

        /// Whether a moment that was read is one of this parameter.
        func takes(_ moment: Tensor) -> Bool {
            moment.shape == momentShape && moment.dtype == momentType
        }

        /// Moves the average towards the weights: quickly at first, by 1 - `decay` in the end.
        mutating func follow(_ decay: Double) {
            let count = Double(updates)
            let share = 1 - min(decay, (1 + count) / (10 + count))
            let weights = parameter.tensor
            guard let old = average.take() else {
                average = weights
                return
            }
            average = .axpby(1 - share, old, share, weights)
        }
    }
}
