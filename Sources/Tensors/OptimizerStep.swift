// SPDX-License-Identifier: Apache-2.0
import CKernels
import Foundation

/// Optimizer updates, in place.
extension Tensor {
    /// One AdamW update with decoupled weight decay (Loshchilov and Hutter, ICLR 2019).
    ///
    /// With g = `gradientScale` * gradient and t = `update`:
    /// m = β₁m + (1 - β₁)g; v = β₂v + (1 - β₂)g²;
    /// p = (1 - rate·decay)p - rate · (m / (1 - β₁ᵗ)) / (√(v / (1 - β₂ᵗ)) + ε).
    ///
    /// Fixed chunks on several threads: the bits don't depend on the number of threads.
    ///
    /// - Parameters:
    ///   - gradient: The gradient of the loss by this tensor.
    ///   - firstMoment: m, zeros before the first update.
    ///   - secondMoment: v, zeros before the first update.
    ///   - update: The number of this update, from 1.
    ///   - rate: The learning rate.
    ///   - betas: β₁ and β₂, each in [0, 1).
    ///   - epsilon: ε, above 0.
    ///   - decay: The weight decay.
    ///   - gradientScale: What the gradient is multiplied by first (clipping).
    /// - Precondition: all four tensors have one shape and scalar type.
    package mutating func applyAdamW(
        gradient: Tensor, firstMoment: inout Tensor, secondMoment: inout Tensor, update: Int,
        rate: Double, betas: (Double, Double), epsilon: Double, decay: Double,
        gradientScale: Double = 1
    ) {
        for other in [gradient, firstMoment, secondMoment] {
            precondition(
                other.shape == shape && other.dtype == dtype,
                "AdamW: \(other.shape) \(other.dtype) for a parameter of \(shape) \(dtype)")
        }
        precondition(update >= 1, "AdamW: update number \(update)")
        let kernels = Kernels.table(dtype), size = dtype.byteSize, count = count
        let correction1 = 1 - pow(betas.0, Double(update))
        let correction2 = 1 - pow(betas.1, Double(update))
        write { parameter in
            firstMoment.write { m in
                secondMoment.write { v in
                    gradient.read { gradient in
                        Parallel.forRanges(count, chunk: Tensor.elementChunk) { range in
                            let at = range.lowerBound * size
                            kernels.adamw(
                                parameter + at, gradient + at, m + at, v + at, rate, betas.0,
                                betas.1, epsilon, decay, correction1, correction2, gradientScale,
                                range.count)
                        }
                    }
                }
            }
        }
    }
}
