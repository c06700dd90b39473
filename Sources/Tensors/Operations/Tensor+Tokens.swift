// SPDX-License-Identifier: Apache-2.0
import CKernels

/// Rearranging and mixing the tokens of `[B, N, C]`.
extension Tensor {
    private func checkTokens(_ name: String, _ holds: Bool, _ other: String) {
        precondition(rank == 3 && holds, "\(name): tokens \(shape) with \(other)")
    }

    /// One more token before each sample's tokens.
    ///
    /// - Parameter token: C scalars.
    /// - Returns: `[B, 1 + N, C]`.
    package func prependingToken(_ token: Tensor) -> Tensor {
        checkTokens(
            "prependingToken", token.count == shape.last && token.dtype == dtype,
            "a token \(token.shape)")
        let (n, c) = (shape[1], shape[2] * dtype.byteSize)
        return unsafe .make([shape[0], n + 1, shape[2]], dtype, reading: [self, token]) {
            output, input in
            Parallel.forEach(shape[0]) { sample in
                let to = unsafe output + sample * (n + 1) * c
                unsafe to.copyMemory(from: input[1], byteCount: c)
                unsafe (to + c).copyMemory(from: input[0] + sample * n * c, byteCount: n * c)
            }
        }
    }

    /// Tokens `range` of each sample, a copy: `[B, range.count, C]`.
    package func tokenSlice(_ range: Range<Int>) -> Tensor {
        checkTokens(
            "tokenSlice", range.lowerBound >= 0 && range.upperBound <= shape[1], "range \(range)")
        if range.count == shape[1] { return self }
        let (n, c) = (shape[1], shape[2] * dtype.byteSize)
        return unsafe .make([shape[0], range.count, shape[2]], dtype, reading: [self]) {
            output, input in
            Parallel.forEach(shape[0]) { sample in
                unsafe (output + sample * range.count * c).copyMemory(
                    from: input[0] + (sample * n + range.lowerBound) * c,
                    byteCount: range.count * c)
            }
        }
    }

    /// These tokens at `first..<first + N` of `count` tokens, zeros elsewhere.
    package func tokenPadding(first: Int, count total: Int) -> Tensor {
        checkTokens(
            "tokenPadding", first >= 0 && first + shape[1] <= total, "place \(first) of \(total)")
        let (n, c) = (shape[1], shape[2] * dtype.byteSize)
        return unsafe .make([shape[0], total, shape[2]], dtype, reading: [self]) { output, input in
            Parallel.forEach(shape[0]) { sample in
                let to = unsafe output + sample * total * c
                unsafe to.initializeMemory(as: UInt8.self, repeating: 0, count: first * c)
                unsafe (to + first * c).copyMemory(
                    from: input[0] + sample * n * c, byteCount: n * c)
                unsafe (to + (first + n) * c).initializeMemory(
                    as: UInt8.self, repeating: 0, count: (total - first - n) * c)
            }
        }
    }

    /// The mean over each sample's tokens: `[B, C]`.
    package func tokenMean() -> Tensor {
        checkTokens("tokenMean", shape.last != nil, "no tokens")
        let (n, c) = (shape[1], shape[2]), size = dtype.byteSize
        let kernels = Kernels.table(dtype)
        return unsafe .make([shape[0], c], dtype, reading: [self]) { output, input in
            Parallel.forEach(shape[0]) { sample in
                let to = unsafe output + sample * c * size
                unsafe to.initializeMemory(as: UInt8.self, repeating: 0, count: c * size)
                unsafe kernels.column_sums(input[0] + sample * n * c * size, to, n, c)
                unsafe kernels.scale(1 / Double(max(1, n)), to, to, c)
            }
        }
    }

    /// `factor` times each row of `[B, C]`, written to each of `count` tokens: `[B, count, C]`.
    package func repeatingAsTokens(_ count: Int, scaledBy factor: Double = 1) -> Tensor {
        precondition(rank == 2, "repeatingAsTokens: \(shape)")
        let c = shape[1], size = dtype.byteSize
        let kernels = Kernels.table(dtype)
        return unsafe .make([shape[0], count, c], dtype, reading: [self]) { output, input in
            Parallel.forEach(shape[0]) { sample in
                for token in 0..<count {
                    unsafe kernels.scale(
                        factor, input[0] + sample * c * size,
                        output + (sample * count + token) * c * size, c)
                }
            }
        }
    }

    /// Each sample's tokens mixed by a matrix: `matrix * x[b]`.
    ///
    /// - Parameters:
    ///   - matrix: `[M, N]`, or `[N, M]` when transposed.
    ///   - transposing: Whether `matrix` is stored transposed.
    /// - Returns: `[B, M, C]`.
    package func mixingTokens(by matrix: Tensor, transposing: Bool = false) -> Tensor {
        let (m, n) =
            transposing ? (matrix.shape[1], matrix.shape[0]) : (matrix.shape[0], matrix.shape[1])
        checkTokens(
            "mixingTokens", n == shape[1] && matrix.rank == 2 && matrix.dtype == dtype,
            "a matrix \(matrix.shape)")
        let c = shape[2], size = dtype.byteSize
        let product = MatrixProduct(
            m: m, n: c, k: n, transposeA: transposing ? .transposed : .none,
            strideA: max(1, matrix.shape[1]), strideB: max(1, c), strideC: max(1, c)
        ).announced(shape[0])
        return unsafe .make([shape[0], m, c], dtype, reading: [self, matrix]) { output, input in
            Parallel.forEach(shape[0]) { sample in
                unsafe product.run(
                    dtype, input[1], input[0] + sample * n * c * size,
                    output + sample * m * c * size)
            }
        }
    }

    /// The per-sample factors of drop path: 0 with probability `rate`, else `1 / (1 - rate)`.
    ///
    /// The draw of a sample is a function of the key and of its number alone.
    ///
    /// - Parameter firstSample: The number of the first sample.
    /// - Returns: `[count]`.
    package static func dropPathFactors(
        _ count: Int, rate: Double, key: RandomKey, firstSample: Int, dtype: DType = .float32
    ) -> Tensor {
        precondition(rate >= 0 && rate < 1, "drop path at rate \(rate): it must be in 0..<1")
        let kept = 1 / (1 - rate)
        let factors = (0..<count).map { key.uniform(firstSample + $0) < rate ? 0 : kept }
        return Tensor(factors, shape: [count], dtype: dtype)
    }
}
