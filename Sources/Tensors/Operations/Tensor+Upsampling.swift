// SPDX-License-Identifier: Apache-2.0
import CKernels

/// Nearest upsampling of maps `[N, H, W, C]`: pixel (y, x) reads (y h / H, x w / W), rounded down.
extension Tensor {
    /// This map plus a coarser one at its size.
    ///
    /// - Parameter coarse: `[N, h, w, C]`.
    package func addingUpsampled(_ coarse: Tensor) -> Tensor {
        precondition(
            rank == 4 && coarse.rank == 4 && shape[0] == coarse.shape[0]
                && shape[3] == coarse.shape[3] && dtype == coarse.dtype && coarse.count > 0,
            "addingUpsampled: \(shape) and \(coarse.shape)")
        let (height, width, channels) = (shape[1], shape[2], shape[3])
        let (lines, perLine) = (coarse.shape[1], coarse.shape[2])
        let kernels = Kernels.table(dtype), size = dtype.byteSize
        return unsafe .make(shape, dtype, reading: [self, coarse]) { output, input in
            Parallel.forRanges(shape[0] * height, chunk: 8) {
                for line in $0 {
                    let from = line / height * lines + line % height * lines / height
                    let at = line * width * channels * size
                    unsafe kernels.add_upsampled_line(
                        input[0] + at, input[1] + from * perLine * channels * size, output + at,
                        width, perLine, channels)
                }
            }
        }
    }

    /// The gradient by the coarser map of `height` by `width`, `self` being that by the sum.
    ///
    /// Sums run over the pixels that read one in their order.
    package func upsamplingGradient(height lines: Int, width perLine: Int) -> Tensor {
        let (height, width, channels) = (shape[1], shape[2], shape[3])
        let kernels = Kernels.table(dtype), size = dtype.byteSize
        var result = Tensor(zeros: [shape[0], lines, perLine, channels], dtype: dtype)
        unsafe result.update(reading: [self]) { output, input in
            Parallel.forRanges(shape[0] * lines, chunk: 4) {
                for line in $0 {
                    // Lines y with y * lines / height rounded down to this one.
                    let first = (line % lines * height + lines - 1) / lines
                    let last = (line % lines * height + height + lines - 1) / lines
                    for y in first..<last {
                        let from = (line / lines * height + y) * width * channels * size
                        unsafe kernels.upsampled_line_gradient(
                            input[0] + from, output + line * perLine * channels * size, width,
                            perLine, channels)
                    }
                }
            }
        }
        return result
    }
}
