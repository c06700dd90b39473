// SPDX-License-Identifier: Apache-2.0
import CKernels
import Foundation

/// The numbers of one AdamW update.
package struct AdamWConstants {
    /// The number of this update, from 1.
    let update: Int
    /// The learning rate.
    let rate: Double
    /// β₁ and β₂, each in [0, 1).
    let betas: (Double, Double)
    /// ε, above 0.
    let epsilon: Double
    /// The weight decay.
    let decay: Double
    /// What the gradient is multiplied by first (clipping).
    let gradientScale: Double

    /// The numbers; see the properties.
    package init(
        update: Int, rate: Double, betas: (Double, Double), epsilon: Double, decay: Double,
        gradientScale: Double = 1
    ) {
        precondition(update >= 1, "AdamW: update number \(update)")
        self.update = update
        self.rate = rate
        self.betas = betas
        self.epsilon = epsilon
        self.decay = decay
        self.gradientScale = gradientScale
    }

    /// 1 - βᵗ of both moments.
    var corrections: (Double, Double) {
        (1 - pow(betas.0, Double(update)), 1 - pow(betas.1, Double(update)))
    }
}

/// Optimizer updates, in place.
extension Tensor {
    /// One AdamW update with decoupled weight decay (Loshchilov and Hutter, ICLR 2019).
    ///
    /// With g = gradientScale * gradient and t = update:
    /// m = β₁m + (1 - β₁)g; v = β₂v + (1 - β₂)g²;
    /// p = (1 - rate·decay)p - rate · (m / (1 - β₁ᵗ)) / (√(v / (1 - β₂ᵗ)) + ε).
    ///
    /// Fixed chunks on several threads: the bits don't depend on the number of threads.
    ///
    /// - Parameters:
    ///   - gradient: The gradient of the loss by this tensor.
    ///   - firstMoment: m, zeros before the first update.
    ///   - secondMoment: v, zeros before the first update.
    ///   - constants: The numbers.
    /// - Precondition: all four tensors have one shape and scalar type.
    package mutating func applyAdamW(
        gradient: Tensor, firstMoment: inout Tensor, secondMoment: inout Tensor,
        _ constants: AdamWConstants
    ) {
        for other in [gradient, firstMoment, secondMoment] {
            precondition(
                other.shape == shape && other.dtype == dtype,
                "AdamW: \(other.shape) \(other.dtype) for a parameter of \(shape) \(dtype)")
        }
        let kernels = Kernels.table(dtype), size = dtype.byteSize, count = count
        let (correction1, correction2) = constants.corrections
        unsafe write { parameter in
            unsafe firstMoment.write { m in
                unsafe secondMoment.write { v in
                    unsafe gradient.read { gradient in
                        Parallel.forRanges(count, chunk: Tensor.elementChunk) { range in
                            let at = range.lowerBound * size
                            unsafe kernels.adamw(
                                parameter + at, gradient + at, m + at, v + at, constants.rate,
                                constants.betas.0, constants.betas.1, constants.epsilon,
                                constants.decay, correction1, correction2,
                                constants.gradientScale, range.count)
                        }
                    }
                }
            }
        }
    }
}
