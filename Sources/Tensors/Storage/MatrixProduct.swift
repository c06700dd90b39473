// SPDX-License-Identifier: Apache-2.0
import COpenBLAS

/// How a matrix takes part in a product.
package enum Transposition: Sendable {
    /// As stored.
    case none
    /// Rows and columns exchanged.
    case transposed

    var blas: CBLAS_TRANSPOSE { self == .none ? CblasNoTrans : CblasTrans }
}

/// One matrix product on raw memory: C = alpha * op(A) * op(B) + beta * C, row-major.
struct MatrixProduct {
    var m: Int, n: Int, k: Int
    var transposeA = Transposition.none, transposeB = Transposition.none
    var strideA: Int, strideB: Int, strideC: Int
    var alpha = 1.0, beta = 0.0

    /// Says that it is about to run so often, for a dry run, in which it doesn't.
    func announced(_ count: Int = 1) -> MatrixProduct {
        DryRun.countProducts(m, n, k, count: count)
        return self
    }

    /// Runs on the calling thread.
    func run(
        _ dtype: DType, _ a: UnsafeRawPointer, _ b: UnsafeRawPointer, _ c: UnsafeMutableRawPointer
    ) {
        guard m > 0, n > 0 else { return }
        _ = Parallel.blasIsSerial
        switch dtype {
        case .float32:
            unsafe cblas_sgemm(
                CblasRowMajor, transposeA.blas, transposeB.blas, blasint(m), blasint(n), blasint(k),
                Float(alpha), a.assumingMemoryBound(to: Float.self), blasint(strideA),
                b.assumingMemoryBound(to: Float.self), blasint(strideB), Float(beta),
                c.assumingMemoryBound(to: Float.self), blasint(strideC))
        case .float64:
            unsafe cblas_dgemm(
                CblasRowMajor, transposeA.blas, transposeB.blas, blasint(m), blasint(n), blasint(k),
                alpha, a.assumingMemoryBound(to: Double.self), blasint(strideA),
                b.assumingMemoryBound(to: Double.self), blasint(strideB), beta,
                c.assumingMemoryBound(to: Double.self), blasint(strideC))
        }
    }

    /// Runs in pieces of the longer side on several threads; pieces depend on the sizes alone.
    func runParallel(
        _ dtype: DType, _ a: UnsafeRawPointer, _ b: UnsafeRawPointer, _ c: UnsafeMutableRawPointer,
        finish: ((_ rows: Range<Int>, _ columns: Range<Int>) -> Void)? = nil
    ) {
        let size = dtype.byteSize
        let byRows = m >= n
        let side = byRows ? m : n
        let isSmall = 2.0 * Double(m) * Double(n) * Double(k) < 4e6
        let piece = isSmall ? side : min(1024, max(192, (side / 16 + 15) / 16 * 16))
        Parallel.forRanges(side, chunk: piece) { range in
            var part = self
            let at = range.lowerBound
            if byRows {
                part.m = range.count
                let first = transposeA == .none ? at * strideA : at
                unsafe part.run(dtype, a + first * size, b, c + at * strideC * size)
                finish?(range, 0..<n)
            } else {
                part.n = range.count
                let first = transposeB == .none ? at : at * strideB
                unsafe part.run(dtype, a, b + first * size, c + at * size)
                finish?(0..<m, range)
            }
        }
    }
}

/// What OpenBLAS runs as.
package enum BLAS {
    /// The kernel that OpenBLAS chose, such as `Haswell` or `Cooperlake`.
    package static var kernelName: String { unsafe String(cString: openblas_get_corename()) }
    /// OpenBLAS's own description of its build.
    package static var configuration: String { unsafe String(cString: openblas_get_config()) }
}

extension Tensor {
    /// The matrix product `op(self) * op(other)`.
    ///
    /// - Parameters:
    ///   - other: `[K, N]`, or `[N, K]` when transposed.
    ///   - transposingSelf: Whether `self` is stored `[K, M]`.
    ///   - transposingOther: Whether `other` is stored `[N, K]`.
    /// - Returns: `[M, N]`.
    package func matmul(
        _ other: Tensor, transposingSelf: Bool = false, transposingOther: Bool = false
    ) -> Tensor {
        precondition(
            rank == 2 && other.rank == 2 && dtype == other.dtype,
            "matmul: \(shape) \(dtype) x \(other.shape) \(other.dtype)")
        let (m, k) = transposingSelf ? (shape[1], shape[0]) : (shape[0], shape[1])
        let (inner, n) =
            transposingOther
            ? (other.shape[1], other.shape[0]) : (other.shape[0], other.shape[1])
        precondition(
            k == inner, "matmul: \(shape) x \(other.shape): inner sizes \(k) and \(inner) differ")
        let product = MatrixProduct(
            m: m, n: n, k: k, transposeA: transposingSelf ? .transposed : .none,
            transposeB: transposingOther ? .transposed : .none, strideA: max(1, shape[1]),
            strideB: max(1, other.shape[1]), strideC: max(1, n)
        ).announced()
        return unsafe .make([m, n], dtype, reading: [self, other]) { output, input in
            unsafe product.runParallel(dtype, input[0], input[1], output)
        }
    }
}
