// SPDX-License-Identifier: Apache-2.0
import Tensors

/// Dropout as a node, which keeps nothing: the backward draws the same again.
extension Variable {
    /// Dropout as the context says: nothing in inference.
    ///
    /// - Parameter rate: In [0, 1).
    public func dropout(rate: Double, _ context: Context) -> Variable {
        guard context.isTraining, rate > 0 else { return self }
        let key = context.key
        return Variable.operation(tensor.droppingOut(rate: rate, key: key), inputs: [self]) {
            [$0.droppingOut(rate: rate, key: key)]
        }
    }
}
