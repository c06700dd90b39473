// SPDX-License-Identifier: Apache-2.0
import CKernels

/// Convolutions of maps `[N, H, W, C]` with square kernels, as matrix products over tiles.
///
/// What the windows of a tile of output pixels see is copied side by side (im2col) and multiplied
/// by the whole weight: the copy is 2 MiB a thread in float32, whatever the size of the map.
package struct Convolution2DShape: Sendable {
    /// Pixels between two outputs along both axes.
    package var stride: Int
    /// Zero pixels around the map.
    package var padding: Int

    /// A stride and a padding.
    package init(stride: Int = 1, padding: Int = 0) {
        precondition(stride > 0 && padding >= 0, "stride \(stride), padding \(padding)")
        self.stride = stride
        self.padding = padding
    }

    /// The side of the output of a convolution.
    package func outputSize(_ size: Int, kernel: Int) -> Int {
        size + 2 * padding < kernel ? 0 : (size + 2 * padding - kernel) / stride + 1
    }

    /// Whether a convolution with this kernel is a linear map of each pixel.
    func isPointwise(kernel: Int) -> Bool { kernel == 1 && stride == 1 && padding == 0 }

    /// The taps that meet input pixels `phase`, `phase + stride`, ...
    func taps(phase: Int, kernel: Int) -> [Int] {
        Array(Swift.stride(from: (phase + padding) % stride, to: kernel, by: stride))
    }

    func geometry(input: [Int], output: [Int], kernel: Int) -> dr_convolution {
        dr_convolution(
            height: input[1], width: input[2], out_height: output[1], out_width: output[2],
            kernel: kernel, stride: stride, padding: padding)
    }
}

extension Tensor {
    /// Rows of a tile of columns of this depth: 2^19 scalars, less where the map is small, so that
    /// several threads share it.
    static func tileRows(_ depth: Int, of rows: Int) -> Int {
        let share = max(64, (rows + 127) / 128 * 16)
        return min(1024, share, max(32, (1 << 19) / max(1, depth) / 16 * 16))
    }

    /// `[A, B, K]` to `[A, K, B]`.
    private func swappingLastAxes() -> Tensor {
        let (rows, columns) = (shape[1], shape[2]), matrix = rows * columns
        guard rows > 1 && columns > 1 else { return reshaped(to: [shape[0], columns, rows]) }
        let kernels = Kernels.table(dtype), size = dtype.byteSize
        return unsafe .make([shape[0], columns, rows], dtype, reading: [self]) { output, input in
            Parallel.forRanges(shape[0], chunk: max(1, Tensor.elementChunk / matrix)) {
                for index in $0 {
                    let at = index * matrix * size
                    unsafe kernels.transpose_matrix(input[0] + at, output + at, rows, columns)
                }
            }
        }
    }

    /// The convolution of `[N, H, W, Cin]` with a weight `[Cout, Cin, K, K]` and a bias `[Cout]`.
    ///
    /// - Returns: `[N, H', W', Cout]`, H' = (H + 2 padding - K) / stride + 1 and W' alike.
    package func convolved2D(_ weight: Tensor, bias: Tensor?, _ taps: Convolution2DShape)
        -> Tensor
    {
        precondition(
            rank == 4 && weight.rank == 4 && weight.shape[1] == shape[3]
                && weight.shape[2] == weight.shape[3] && dtype == weight.dtype
                && (bias.map { $0.shape == [weight.shape[0]] && $0.dtype == dtype } ?? true),
            "conv2d: input \(shape), weight \(weight.shape), bias \(bias?.shape ?? [])")
        let (inputs, outputs, kernel) = (shape[3], weight.shape[0], weight.shape[2])
        if taps.isPointwise(kernel: kernel) {
            return linear(weight: weight.reshaped(to: [outputs, inputs]), bias: bias)
        }
        let newShape =
            [shape[0]] + shape[1...2].map { taps.outputSize($0, kernel: kernel) } + [outputs]
        let geometry = taps.geometry(input: shape, output: newShape, kernel: kernel)
        let matrix = weight.reshaped(to: [outputs, inputs, kernel * kernel]).swappingLastAxes()
        let kernels = Kernels.table(dtype), type = dtype, size = dtype.byteSize
        let depth = kernel * kernel * inputs, rows = newShape[0] * newShape[1] * newShape[2]
        let tile = Tensor.tileRows(depth, of: rows)
        let work = WorkSpace(
            pieces: (rows + tile - 1) / tile, scalars: min(tile, rows) * depth, type)
        DryRun.countProducts(rows, outputs, depth)
        return unsafe .make(
            newShape, type, reading: [self, matrix] + (bias.map { [$0] } ?? [])
        ) { output, input in
            unsafe withUnsafePointer(to: geometry) { geometry in
                unsafe work.forEach { piece, columns in
                    let first = piece * tile, count = min(tile, rows - first)
                    let out = unsafe output + first * outputs * size
                    unsafe kernels.fill_rows(
                        input.count > 2 ? input[2] : nil, out, count, outputs)
                    unsafe kernels.window_columns(
                        input[0], columns, geometry, inputs, first, count, 0, kernel)
                    unsafe MatrixProduct(
                        m: count, n: outputs, k: depth, transposeB: .transposed,
                        strideA: depth, strideB: depth, strideC: outputs, beta: 1
                    ).run(type, columns, input[1], out)
                }
            }
        }
    }

    /// The gradient of a convolution by its input; also the transposed convolution's result.
    ///
    /// Input pixels that lie alike to the stride meet the same taps: one matrix product for each
    /// such phase, without a product by zeros that the stride put between outputs.
    ///
    /// - Parameters:
    ///   - weight: `[Cout, Cin, K, K]`; `self` is `[N, H', W', Cout]`.
    ///   - height: H, of the convolution's input.
    ///   - width: W, of the convolution's input.
    ///   - bias: `[Cin]`, added to every pixel.
    /// - Returns: `[N, H, W, Cin]`.
    package func convolution2DInputGradient(
        _ weight: Tensor, height: Int, width: Int, bias: Tensor? = nil, _ taps: Convolution2DShape
    ) -> Tensor {
        precondition(
            rank == 4 && weight.rank == 4 && weight.shape[0] == shape[3]
                && weight.shape[2] == weight.shape[3] && dtype == weight.dtype
                && [height, width].map { taps.outputSize($0, kernel: weight.shape[2]) }
                    == Array(shape[1...2])
                && (bias.map { $0.shape == [weight.shape[1]] && $0.dtype == dtype } ?? true),
            "transposed conv2d: input \(shape), weight \(weight.shape), bias \(bias?.shape ?? []), "
                + "output \(height) by \(width)")
        let (outputs, inputs, kernel) = (weight.shape[0], weight.shape[1], weight.shape[2])
        if bias == nil && taps.isPointwise(kernel: kernel) {
            return linearInputGradient(weight: weight.reshaped(to: [outputs, inputs]))
        }
        let newShape = [shape[0], height, width, inputs], step = taps.stride
        let matrices = weight.reshaped(to: [outputs, inputs, kernel * kernel]).tapsFirst()
        var result = Tensor(uninitialized: newShape, dtype: dtype)
        for index in 0..<step * step where index / step < height && index % step < width {
            let (top, left) = (index / step, index % step)
            let columns = taps.taps(phase: left, kernel: kernel)
            let parts = taps.taps(phase: top, kernel: kernel).flatMap { row in
                columns.map { row * kernel + $0 }
            }
            // With stride 1 all taps meet every pixel: the matrices as they lie.
            let matrix =
                parts.count == kernel * kernel
                ? matrices
                : parts.isEmpty ? nil : .joiningRows(parts.map { matrices.rows($0..<$0 + 1) })
            TransposedPhase(
                geometry: taps.geometry(input: newShape, output: shape, kernel: kernel),
                top: top, left: left, depth: parts.count * outputs, dtype: dtype,
                outputs: outputs, inputs: inputs, samples: newShape[0]
            ).write(&result, gradient: self, matrix, bias)
        }
        return result
    }

    /// The gradient of a convolution by its weight.
    ///
    /// - Parameters:
    ///   - input: The convolution's input `[N, H, W, Cin]`; `self` is `[N, H', W', Cout]`.
    ///   - kernel: K.
    /// - Returns: `[Cout, Cin, K, K]`.
    package func convolution2DWeightGradient(
        _ input: Tensor, kernel: Int, _ taps: Convolution2DShape
    ) -> Tensor {
        precondition(
            rank == 4 && input.rank == 4 && shape[0] == input.shape[0] && dtype == input.dtype
                && shape[1...2].elementsEqual(
                    input.shape[1...2].map { taps.outputSize($0, kernel: kernel) }),
            "conv2d weight gradient: \(shape) and \(input.shape), kernel \(kernel)")
        let (inputs, outputs) = (input.shape[3], shape[3])
        if taps.isPointwise(kernel: kernel) {
            return linearWeightGradient(input: input).reshaped(to: [outputs, inputs, 1, 1])
        }
        let geometry = taps.geometry(input: input.shape, output: shape, kernel: kernel)
        let kernels = Kernels.table(dtype), type = dtype, size = dtype.byteSize
        let rows = shape[0] * shape[1] * shape[2], depth = kernel * inputs
        // A piece owns some outputs and a row of taps and goes through all pixels in order.
        let height = 128, blocks = (outputs + height - 1) / height
        let tile = Tensor.tileRows(depth, of: 8 * rows)
        let work = WorkSpace(
            pieces: kernel * blocks, scalars: min(tile, rows) * depth, type)
        DryRun.countProducts(rows, outputs, kernel * depth)
        var result = Tensor(zeros: [outputs, kernel * kernel, inputs], dtype: type)
        unsafe result.update(reading: [self, input]) { output, pointers in
            unsafe withUnsafePointer(to: geometry) { geometry in
                unsafe work.forEach { piece, columns in
                    let tap = piece / blocks, row = piece % blocks * height
                    for first in stride(from: 0, to: rows, by: tile) {
                        let count = min(tile, rows - first)
                        unsafe kernels.window_columns(
                            pointers[1], columns, geometry, inputs, first, count, tap, 1)
                        unsafe MatrixProduct(
                            m: min(height, outputs - row), n: depth, k: count,
                            transposeA: .transposed, strideA: outputs, strideB: depth,
                            strideC: kernel * depth, beta: 1
                        ).run(
                            type, pointers[0] + (first * outputs + row) * size, columns,
                            output + (row * kernel + tap) * depth * size)
                    }
                }
            }
        }
        return result.swappingLastAxes().reshaped(to: [outputs, inputs, kernel, kernel])
    }
}
