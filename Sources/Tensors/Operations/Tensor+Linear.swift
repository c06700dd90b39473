// SPDX-License-Identifier: Apache-2.0
import CKernels

/// Affine maps of the last axis.
extension Tensor {
    /// The rows of a tensor of any rank seen as a matrix, and its last axis.
    var rowsAndColumns: (rows: Int, columns: Int) {
        let columns = shape.last ?? 1
        return (columns == 0 ? 0 : count / columns, columns)
    }

    private func checkLinear(_ weight: Tensor, _ bias: Tensor?) -> (rows: Int, k: Int, n: Int) {
        let (rows, k) = rowsAndColumns
        precondition(
            rank > 0 && weight.rank == 2 && weight.shape[1] == k && weight.dtype == dtype
                && (bias.map { $0.shape == [weight.shape[0]] && $0.dtype == dtype } ?? true),
            "linear: \(shape) \(dtype) by weight \(weight.shape) \(weight.dtype)"
                + " and bias \(bias?.shape ?? [])")
        return (rows, k, weight.shape[0])
    }

    /// `x * weight^T + bias` over the last axis.
    ///
    /// - Parameters:
    ///   - weight: `[out, in]`.
    ///   - bias: `[out]`.
    /// - Returns: `[..., out]` for `[..., in]`.
    package func linear(weight: Tensor, bias: Tensor?) -> Tensor {
        let (rows, k, n) = checkLinear(weight, bias)
        let product = MatrixProduct(
            m: rows, n: n, k: k, transposeB: .transposed, strideA: max(1, k), strideB: max(1, k),
            strideC: max(1, n)
        ).announced()
        let kernels = Kernels.table(dtype), size = dtype.byteSize
        let inputs = [self, weight] + (bias.map { [$0] } ?? [])
        return unsafe .make(shape.dropLast() + [n], dtype, reading: inputs) { output, input in
            guard unsafe input.count == 3 else {
                unsafe product.runParallel(dtype, input[0], input[1], output)
                return
            }
            unsafe product.runParallel(dtype, input[0], input[1], output) { rows, columns in
                unsafe kernels.bias_add(
                    output + (rows.lowerBound * n + columns.lowerBound) * size,
                    input[2] + columns.lowerBound * size, rows.count, columns.count, n)
            }
        }
    }

    /// `gelu(x * weight^T + bias)` with the exact (erf) GELU, worked out piece by piece behind
    /// the product.
    ///
    /// - Returns: The result and, where asked for, what went into the GELU.
    package func linearGELU(
        weight: Tensor, bias: Tensor?, keepingPreActivation keeps: Bool
    ) -> (result: Tensor, preActivation: Tensor?) {
        let (rows, k, n) = checkLinear(weight, bias)
        let product = MatrixProduct(
            m: rows, n: n, k: k, transposeB: .transposed, strideA: max(1, k), strideB: max(1, k),
            strideC: max(1, n)
        ).announced()
        let kernels = Kernels.table(dtype), size = dtype.byteSize
        let shape = Array(shape.dropLast()) + [n]
        let results = unsafe Tensor.make(
            shapes: keeps ? [shape, shape] : [shape], dtype,
            reading: [self, weight, bias ?? Tensor(zeros: [n], dtype: dtype)]
        ) { output, input in
            let last = unsafe output.count - 1
            unsafe product.runParallel(dtype, input[0], input[1], output[last]) { rows, columns in
                let at = (rows.lowerBound * n + columns.lowerBound) * size
                unsafe kernels.bias_gelu(
                    output[last] + at, input[2] + columns.lowerBound * size, output[0] + at,
                    rows.count, columns.count, n)
            }
        }
        return (results[0], keeps ? results[1] : nil)
    }

    /// The gradient by the input of a linear map: `[..., out]` times `[out, in]`.
    package func linearInputGradient(weight: Tensor) -> Tensor {
        let (rows, n) = rowsAndColumns
        let k = weight.shape[1]
        let product = MatrixProduct(
            m: rows, n: k, k: n, strideA: max(1, n), strideB: max(1, k), strideC: max(1, k)
        ).announced()
        return unsafe .make(shape.dropLast() + [k], dtype, reading: [self, weight]) {
            output, input in
            unsafe product.runParallel(dtype, input[0], input[1], output)
        }
    }

    /// The gradient by the weight of a linear map: `[..., out]` and the input `[..., in]` to
    /// `[out, in]`.
    package func linearWeightGradient(input x: Tensor) -> Tensor {
        let (rows, n) = rowsAndColumns
        let k = x.rowsAndColumns.columns
        let product = MatrixProduct(
            m: n, n: k, k: rows, transposeA: .transposed, strideA: max(1, n), strideB: max(1, k),
            strideC: max(1, k)
        ).announced()
        return unsafe .make([n, k], dtype, reading: [self, x]) { output, input in
            unsafe product.runParallel(dtype, input[0], input[1], output)
        }
    }

    /// The exact (erf) GELU of each scalar.
    package func gelu() -> Tensor {
        let kernels = Kernels.table(dtype), size = dtype.byteSize
        return unsafe .make(shape, dtype, reading: [self]) { output, input in
            Parallel.forRanges(count, chunk: Tensor.elementChunk) { range in
                let at = range.lowerBound * size
                unsafe kernels.gelu(input[0] + at, output + at, range.count)
            }
        }
    }

    /// Multiplies this gradient in place by the GELU's slope at `preActivation`.
    package mutating func multiplyByGELUSlope(at preActivation: Tensor) {
        precondition(
            shape == preActivation.shape && dtype == preActivation.dtype,
            "multiplyByGELUSlope: \(shape) and \(preActivation.shape)")
        let kernels = Kernels.table(dtype), size = dtype.byteSize, count = count
        unsafe update(reading: [preActivation]) { output, input in
            Parallel.forRanges(count, chunk: Tensor.elementChunk) { range in
                let at = range.lowerBound * size
                unsafe kernels.gelu_backward(input[0] + at, output + at, range.count)
            }
        }
    }
}

/// Which scalar function ``Tensor/mapped(by:)`` applies.
package enum ScalarFunction: Sendable, CaseIterable {
    /// e^x.
    case exponential
    /// The error function.
    case errorFunction
    /// The hyperbolic tangent.
    case hyperbolicTangent
}

extension Tensor {
    /// A scalar function of each element; float32 runs vectorised polynomials.
    package func mapped(by function: ScalarFunction) -> Tensor {
        let kernels = Kernels.table(dtype), size = dtype.byteSize
        return unsafe .make(shape, dtype, reading: [self]) { output, input in
            Parallel.forRanges(count, chunk: Tensor.elementChunk) { range in
                let at = range.lowerBound * size
                let (from, to) = unsafe (input[0] + at, output + at)
                switch function {
                case .exponential: unsafe kernels.exponential(from, to, range.count)
                case .errorFunction: unsafe kernels.error_function(from, to, range.count)
                case .hyperbolicTangent: unsafe kernels.hyperbolic_tangent(from, to, range.count)
                }
            }
        }
    }
}
