// SPDX-License-Identifier: Apache-2.0
import Autodiff
public import Tensors

extension Module {
    /// All parameters' values with their checkpoint names, in order.
    public var stateDict: [(name: String, tensor: Tensor)] {
        namedParameters.map { ($0.name, $0.parameter.tensor) }
    }
}
