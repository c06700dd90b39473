// SPDX-License-Identifier: Apache-2.0
import CKernels

/// The pixels (top + stride i, left + stride j) of a transposed convolution's result.
struct TransposedPhase {
    let geometry: dr_convolution
    let top: Int, left: Int
    /// Scalars that meet one pixel: the phase's taps times ``outputs``.
    let depth: Int
    let dtype: DType
    /// Channels of the gradient and of the result.
    let outputs: Int, inputs: Int
    let samples: Int

    /// Writes the phase's pixels.
    ///
    /// - Parameters:
    ///   - output: `[N, H, W, Cin]`.
    ///   - gradient: `[N, H', W', Cout]`.
    ///   - matrix: The phase's taps `[taps, Cout, Cin]`; nil where none meets it.
    ///   - bias: `[Cin]`, or nil for none.
    func write(
        _ output: UnsafeMutableRawPointer, gradient: UnsafeRawPointer, _ matrix: Tensor?,
        _ bias: UnsafeRawPointer?
    ) {
        let kernels = Kernels.table(dtype), size = dtype.byteSize
        let step = geometry.stride, width = geometry.width, height = geometry.height
        let lines = (height - top + step - 1) / step, perLine = (width - left + step - 1) / step
        let rows = samples * lines * perLine, isWhole = step == 1
        unsafe withUnsafePointer(to: geometry) { geometry in
            Parallel.forRanges(rows, chunk: Tensor.tileRows(depth, of: rows)) { range in
                let scratch = range.count * (depth + (isWhole ? 0 : inputs))
                unsafe Tensor.withScratch(scratch, dtype) { columns in
                    // Pixels of one phase lie apart: they are worked out together and spread.
                    let result =
                        unsafe isWhole
                        ? output + range.lowerBound * inputs * size
                        : columns + range.count * depth * size
                    unsafe kernels.fill_rows(bias, result, range.count, inputs)
                    unsafe matrix?.read { matrix in
                        unsafe kernels.windows_over(
                            gradient, columns, geometry, outputs, top, left, range.lowerBound,
                            range.count)
                        unsafe MatrixProduct(
                            m: range.count, n: inputs, k: depth, strideA: depth, strideB: inputs,
                            strideC: inputs, beta: 1
                        ).run(dtype, columns, matrix, result)
                    }
                    if isWhole { return }
                    for (row, pixel) in range.enumerated() {
                        let line = pixel / perLine, y = top + line % lines * step
                        let x = left + pixel % perLine * step
                        let to = (line / lines * height + y) * width + x
                        unsafe (output + to * inputs * size).copyMemory(
                            from: result + row * inputs * size, byteCount: inputs * size)
                    }
                }
            }
        }
    }
}
