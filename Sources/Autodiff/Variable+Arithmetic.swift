// SPDX-License-Identifier: Apache-2.0
public import Tensors

/// Elementwise arithmetic, shapes and sums as nodes.
extension Variable {
    /// The sum of two variables of one shape.
    public static func + (a: Variable, b: Variable) -> Variable {
        operation(a.tensor + b.tensor, inputs: [a, b]) { gradient in
            [gradient, gradient]
        }
    }

    /// The elementwise product of two variables of one shape.
    public static func * (a: Variable, b: Variable) -> Variable {
        let x = a.tensor, y = b.tensor
        let needs = (a.needsGradient, b.needsGradient)
        return operation(x * y, inputs: [a, b]) { gradient in
            [needs.0 ? gradient * y : nil, needs.1 ? gradient * x : nil]
        }
    }

    /// The variable times a number.
    public func scaled(by factor: Double) -> Variable {
        Variable.operation(tensor.scaled(by: factor), inputs: [self]) { gradient in
            [gradient.scaled(by: factor)]
        }
    }

    /// The same scalars under another shape; one size may be -1.
    public func reshaped(to newShape: [Int]) -> Variable {
        let shape = shape
        return Variable.operation(tensor.reshaped(to: newShape), inputs: [self]) { gradient in
            [gradient.reshaped(to: shape)]
        }
    }

    /// The sum of all scalars, a tensor of shape [1].
    public func sum() -> Variable {
        let shape = shape, dtype = tensor.dtype
        let total = Tensor([tensor.sum()], shape: [1], dtype: dtype)
        return Variable.operation(total, inputs: [self]) { gradient in
            [Tensor(repeating: gradient.item, shape: shape, dtype: dtype)]
        }
    }

    /// The mean of all scalars, a tensor of shape [1].
    public func mean() -> Variable { sum().scaled(by: 1 / Double(max(1, tensor.count))) }

    /// Multiplies every row of `[..., C]` by a vector `[C]` (LayerScale).
    public func multiplyingRow(_ row: Variable) -> Variable {
        let x = tensor, gamma = row.tensor
        let needsRow = row.needsGradient, needsInput = needsGradient
        return Variable.operation(x.multiplyingRow(gamma), inputs: [self, row]) { gradient in
            let rowGradient =
                needsRow ? gradient.columnDots(x).reshaped(to: gamma.shape) : nil
            return [needsInput ? gradient.multiplyingRow(gamma) : nil, rowGradient]
        }
    }

    /// Multiplies each sample (row of the first axis) by its own constant.
    public func scalingRows(by factors: Tensor) -> Variable {
        Variable.operation(tensor.scalingRows(by: factors), inputs: [self]) { gradient in
            [gradient.scalingRows(by: factors)]
        }
    }
}
