// SPDX-License-Identifier: Apache-2.0
package import Tensors

extension RandomKey {
    /// Where the random draws of one forward pass come from.
    ///
    /// - Parameters:
    ///   - step: From 0.
    ///   - pass: The pass within the step, from 0.
    package func pass(_ pass: Int, ofStep step: Int) -> RandomKey {
        child("step").child(step).child(pass)
    }
}
