// SPDX-License-Identifier: Apache-2.0
import Tensors

/// Elementwise nonlinearities as nodes; each keeps its output alone.
extension Variable {
    /// max(x, 0).
    public func relu() -> Variable {
        let output = tensor.relu()
        return Variable.operation(output, inputs: [self]) { [$0.reluGradient(output: output)] }
    }

    /// 1 / (1 + exp(-x)).
    public func sigmoid() -> Variable {
        let output = tensor.sigmoid()
        return Variable.operation(output, inputs: [self]) { [$0.sigmoidGradient(output: output)] }
    }
}
