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
    ///   - result: `[N, H, W, Cin]`.
    ///   - gradient: `[N, H', W', Cout]`.
    ///   - matrix: The phase's taps `[taps, Cout, Cin]`; nil where none meets it.
    ///   - bias: `[Cin]`, or nil for none.
    func write(_ result: inout Tensor, gradient: Tensor, _ matrix: Tensor?, _ bias: Tensor?) {
        let kernels = Kernels.table(dtype), size = dtype.byteSize
        let step = geometry.stride, width = geometry.width, height = geometry.height
        let lines = (height - top + step - 1) / step, perLine = (width - left + step - 1) / step
        let rows = samples * lines * perLine, isWhole = step == 1
        let tile = Tensor.tileRows(depth, of: rows)
        let work = WorkSpace(
            pieces: (rows + tile - 1) / tile,
            scalars: min(tile, rows) * (depth + (isWhole ? 0 : inputs)), dtype)
        DryRun.countProducts(rows, inputs, depth)
        let others = (matrix.map { [$0] } ?? []) + (bias.map { [$0] } ?? [])
        unsafe result.update(reading: [gradient] + others) { output, input in
            let matrix = unsafe matrix == nil ? nil : input[1]
            let bias = unsafe bias == nil ? nil : input[others.count]
            unsafe withUnsafePointer(to: geometry) { geometry in
                unsafe work.forEach { piece, columns in
                    let first = piece * tile, count = min(tile, rows - first)
                    // Pixels of one phase lie apart: they are worked out together and spread.
                    let result =
                        unsafe isWhole
                        ? output + first * inputs * size : columns + count * depth * size
                    unsafe kernels.fill_rows(bias, result, count, inputs)
                    if let matrix = unsafe matrix {
                        unsafe kernels.windows_over(
                            input[0], columns, geometry, outputs, top, left, first, count)
                        unsafe MatrixProduct(
                            m: count, n: inputs, k: depth, strideA: depth, strideB: inputs,
                            strideC: inputs, beta: 1
                        ).run(dtype, columns, matrix, result)
                    }
                    if isWhole { return }
                    for row in 0..<count {
                        let line = (first + row) / perLine, y = top + line % lines * step
                        let x = left + (first + row) % perLine * step
                        let to = (line / lines * height + y) * width + x
                        unsafe (output + to * inputs * size).copyMemory(
                            from: result + row * inputs * size, byteCount: inputs * size)
                    }
                }
            }
        }
    }
}
