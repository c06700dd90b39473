// SPDX-License-Identifier: Apache-2.0
import CKernels

/// A weighted loss and, where it was asked for, its gradient by the first argument.
package struct LossValue: Sendable {
    /// The weighted sum.
    package let value: Double
    /// Of the shape of the logits; nil where it wasn't asked for.
    package let gradient: Tensor?
}

/// Losses from logits, each in one pass with its gradient.
extension Tensor {
    private func lossSum(
        rows: Int, reading others: [Tensor], wantsGradient: Bool,
        _ body: (
            dr_kernels, Range<Int>, [UnsafeRawPointer], UnsafeMutablePointer<Double>,
            UnsafeMutableRawPointer?
        ) -> Void
    ) -> LossValue {
        let kernels = Kernels.table(dtype)
        let chunk = max(1, 4096 / max(1, rows == 0 ? 1 : count / rows))
        let pieces = (rows + chunk - 1) / chunk
        var sums = [Double](repeating: 0, count: pieces)
        let gradient = wantsGradient ? Tensor(uninitialized: shape, dtype: dtype) : nil
        withExtendedLifetime(gradient) {
            unsafe sums.withUnsafeMutableBufferPointer { buffer in
                guard let base = buffer.baseAddress else { return }
                unsafe Tensor.withPointers([self] + others) { input in
                    // Just made: no other tensor shares it.
                    let target = unsafe gradient?.storage.pointer
                    Parallel.forRanges(rows, chunk: chunk) {
                        unsafe body(kernels, $0, input, base + $0.lowerBound / chunk, target)
                    }
                }
            }
        }
        return LossValue(value: sums.reduce(0, +), gradient: gradient)
    }

    /// Σ weight · -log softmax(logits)[target] + Σ share · -log softmax(logits) over the rows of
    /// `[N, classes]`; a row with a negative target counts nothing.
    ///
    /// - Parameter shares: One a class, the same for all rows (label smoothing); nil for none.
    package func softmaxCrossEntropy(
        targets: [Int32], weights: [Double], shares: [Double]? = nil, wantsGradient: Bool
    ) -> LossValue {
        let classes = shape.last ?? 0
        precondition(
            rank == 2 && targets.count == shape[0] && weights.count == shape[0]
                && targets.allSatisfy { $0 < classes } && (shares?.count ?? classes) == classes,
            "softmaxCrossEntropy: \(shape), \(targets.count) targets, \(weights.count) weights, "
                + "\(shares?.count ?? 0) shares")
        let size = dtype.byteSize
        // Owned by this call, which outlives the loop.
        let portions = shares.map { Tensor($0, shape: [classes]) }
        return unsafe targets.withUnsafeBufferPointer { targets in
            unsafe weights.withUnsafeBufferPointer { weights in
                unsafe lossSum(
                    rows: shape[0], reading: portions.map { [$0] } ?? [],
                    wantsGradient: wantsGradient
                ) { kernels, range, input, sum, gradient in
                    guard let target = targets.baseAddress, let weight = weights.baseAddress else {
                        return
                    }
                    let share =
                        unsafe input.count > 1 ? input[1].assumingMemoryBound(to: Double.self) : nil
                    let at = range.lowerBound * classes * size
                    unsafe kernels.softmax_loss(
                        input[0] + at, target + range.lowerBound, weight + range.lowerBound,
                        share, sum, gradient.map { unsafe $0 + at }, range.count, classes)
                }
            }
        }
    }

    /// Σ weight · focal loss over `[N, C]` logits.
    ///
    /// Lin et al., ICCV 2017, equation 5.
    ///
    /// - Parameters:
    ///   - targets: `[N, C]` in 0...1.
    ///   - weights: One a row.
    ///   - alpha: The weight of targets 1; negative for none.
    ///   - gamma: The focusing exponent, at least 1, or 0 for none.
    package func focalLoss(
        targets: Tensor, weights: [Double], alpha: Double, gamma: Double, wantsGradient: Bool
    ) -> LossValue {
        precondition(
            rank == 2 && targets.shape == shape && targets.dtype == dtype
                && weights.count == shape[0],
            "focalLoss: \(shape), targets \(targets.shape), \(weights.count) weights")
        let columns = shape[1], size = dtype.byteSize
        return unsafe weights.withUnsafeBufferPointer { weights in
            unsafe lossSum(rows: shape[0], reading: [targets], wantsGradient: wantsGradient) {
                kernels, range, input, sum, gradient in
                guard let weight = weights.baseAddress else { return }
                let at = range.lowerBound * columns * size
                unsafe kernels.focal_loss(
                    input[0] + at, input[1] + at, weight + range.lowerBound, sum,
                    gradient.map { unsafe $0 + at }, range.count, columns, alpha, gamma)
            }
        }
    }

    /// Σ weight · binary cross-entropy from logits; targets and weights of the same shape.
    package func logitCrossEntropy(
        targets: Tensor, weights: Tensor, wantsGradient: Bool
    ) -> LossValue {
        unsafe binaryLoss(targets, weights, wantsGradient) {
            unsafe $0.logit_loss($1, $2, $3, $4, $5, $6)
        }
    }

    /// Σ weight · binary cross-entropy from probabilities: -t log(p + ε) - (1-t) log(1-p + ε).
    package func probabilityCrossEntropy(
        targets: Tensor, weights: Tensor, epsilon: Double, wantsGradient: Bool
    ) -> LossValue {
        unsafe binaryLoss(targets, weights, wantsGradient) {
            unsafe $0.probability_loss($1, $2, $3, $4, $5, $6, epsilon)
        }
    }

    private func binaryLoss(
        _ targets: Tensor, _ weights: Tensor, _ wantsGradient: Bool,
        _ body: (
            dr_kernels, UnsafeRawPointer, UnsafeRawPointer, UnsafeRawPointer,
            UnsafeMutablePointer<Double>, UnsafeMutableRawPointer?, Int
        ) -> Void
    ) -> LossValue {
        precondition(
            targets.shape == shape && weights.shape == shape && targets.dtype == dtype
                && weights.dtype == dtype,
            "cross-entropy: \(shape), targets \(targets.shape), weights \(weights.shape)")
        let size = dtype.byteSize
        return unsafe lossSum(
            rows: count, reading: [targets, weights], wantsGradient: wantsGradient
        ) {
            kernels, range, input, sum, gradient in
            let at = range.lowerBound * size
            unsafe body(
                kernels, input[0] + at, input[1] + at, input[2] + at, sum,
                gradient.map { unsafe $0 + at }, range.count)
        }
    }
}
