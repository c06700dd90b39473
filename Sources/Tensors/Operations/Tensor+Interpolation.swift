// SPDX-License-Identifier: Apache-2.0
import CKernels

/// How positions between samples are read, as PyTorch's `interpolate` names them.
package enum InterpolationMode: Sendable, Hashable {
    /// The sample at floor(t * T / T').
    case nearest
    /// Linear between samples whose cells fill the sequence (`align_corners=False`).
    case linear
    /// Linear with first and last samples kept (`align_corners=True`).
    case linearAligned

    var code: Int32 {
        switch self {
        case .nearest: 0
        case .linear: 1
        case .linearAligned: 2
        }
    }
}

/// Resampling along the time axis of `[B, T, C]`.
extension Tensor {
    /// The sequence at another length.
    package func interpolated(to newLength: Int, _ mode: InterpolationMode) -> Tensor {
        precondition(
            rank == 3 && shape[1] > 0 && newLength > 0, "interpolate: \(shape) to \(newLength)")
        let (batch, length, channels) = (shape[0], shape[1], shape[2])
        let kernels = Kernels.table(dtype), size = dtype.byteSize
        return unsafe .make([batch, newLength, channels], dtype, reading: [self]) { output, input in
            Parallel.forEach(batch) { sample in
                unsafe kernels.interpolate(
                    input[0] + sample * length * channels * size,
                    output + sample * newLength * channels * size, length, newLength, channels,
                    mode.code)
            }
        }
    }

    /// The gradient by the sequence of `length` positions, `self` being that by its resampling.
    package func interpolationGradient(length: Int, _ mode: InterpolationMode) -> Tensor {
        let (batch, newLength, channels) = (shape[0], shape[1], shape[2])
        let kernels = Kernels.table(dtype), size = dtype.byteSize
        var result = Tensor(zeros: [batch, length, channels], dtype: dtype)
        unsafe result.update(reading: [self]) { output, input in
            Parallel.forEach(batch) { sample in
                unsafe kernels.interpolate_gradient(
                    input[0] + sample * newLength * channels * size,
                    output + sample * length * channels * size, length, newLength, channels,
                    mode.code)
            }
        }
        return result
    }
}
