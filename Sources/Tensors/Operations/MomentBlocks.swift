// SPDX-License-Identifier: Apache-2.0
import CKernels

/// How an optimizer keeps its moments.
public enum MomentPrecision: Sendable, Hashable {
    /// In the parameter's scalar type.
    case full
    /// In 8 bits an element (``MomentBlocks``).
    case blocks

    /// That of a parameter: small ones save nothing and stay exact.
    package func of(_ count: Int) -> MomentPrecision {
        count < MomentBlocks.smallestCount ? .full : self
    }
}

/// Moments of an optimizer in 8 bits an element: blocks of 256 codes that share a scale (Dettmers
/// et al., 8-bit Optimizers via Block-wise Quantization, ICLR 2022).
///
/// A code is a float of 8 steps a power of two below the block's largest magnitude: with a sign
/// over 16 powers for the first moment, without over 32 for the second. Rounding goes up or down at
/// random, in proportion to the nearness (a pure function of the salt and the place), so that small
/// changes add up over many updates where rounding to the nearest code would lose them all.
package enum MomentBlocks {
    /// Elements that share a scale.
    package static let size = Int(DR_MOMENT_BLOCK)
    /// Elements of the smallest parameter with such moments.
    package static let smallestCount = 4096

    /// The shape of the float32 tensor that keeps the moment of `count` elements: its words hold
    /// 256 codes and one scale a row, and are no numbers to compute with.
    package static func shape(_ count: Int) -> [Int] { [(count + size - 1) / size, size / 4 + 1] }
}

extension Tensor {
    /// One AdamW update with moments of 8 bits; the update itself takes them before they are
    /// rounded.
    ///
    /// Fixed chunks on several threads: the bits don't depend on the number of threads.
    ///
    /// - Parameters:
    ///   - gradient: The gradient of the loss by this tensor.
    ///   - firstMoment: m, of ``MomentBlocks/shape(_:)``, zeros before the first update.
    ///   - secondMoment: v, likewise. No element that had a gradient rounds to 0.
    ///   - constants: The numbers.
    ///   - rounding: Another key for each parameter; the rounding differs in each update.
    /// - Precondition: the gradient has this tensor's shape and scalar type.
    package mutating func applyAdamW(
        gradient: Tensor, firstBlocks firstMoment: inout Tensor,
        secondBlocks secondMoment: inout Tensor, _ constants: AdamWConstants, rounding: RandomKey
    ) {
        precondition(
            gradient.shape == shape && gradient.dtype == dtype,
            "AdamW: \(gradient.shape) \(gradient.dtype) for a parameter of \(shape) \(dtype)")
        for moment in [firstMoment, secondMoment] {
            precondition(
                moment.shape == MomentBlocks.shape(count) && moment.dtype == .float32,
                "AdamW: moments of \(moment.shape) \(moment.dtype) for \(count) elements")
        }
        let kernels = Kernels.table(dtype), size = dtype.byteSize, count = count
        let block = MomentBlocks.size, blockBytes = 4 * MomentBlocks.shape(count)[1]
        let (correction1, correction2) = constants.corrections
        let salt = rounding.words(UInt64(constants.update)).0
        unsafe write { parameter in
            unsafe firstMoment.write { m in
                unsafe secondMoment.write { v in
                    unsafe gradient.read { gradient in
                        Parallel.forRanges((count + block - 1) / block, chunk: 128) { range in
                            let first = range.lowerBound * block
                            let moments = range.lowerBound * blockBytes
                            unsafe kernels.adamw_blocks(
                                parameter + first * size, gradient + first * size, m + moments,
                                v + moments, constants.rate, constants.betas.0,
                                constants.betas.1, constants.epsilon, constants.decay,
                                correction1, correction2, constants.gradientScale, salt, first,
                                min(count - first, range.count * block))
                        }
                    }
                }
            }
        }
    }
}
