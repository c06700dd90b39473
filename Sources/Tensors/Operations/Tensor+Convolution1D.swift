// SPDX-License-Identifier: Apache-2.0
import CKernels

/// Convolutions along the time axis of `[B, T, C]`, one matrix product a tap.
///
/// Each tap multiplies a strided view of the sequence by its own `[Cout, Cin]` slice of the
/// weight, so that no column buffer is built and padding costs nothing.
package struct Convolution1DShape: Sendable {
    /// Positions between two outputs.
    package var stride: Int
    /// Zero positions before and after the sequence.
    package var padding: Int

    /// A stride and a padding.
    package init(stride: Int = 1, padding: Int = 0) {
        precondition(stride > 0 && padding >= 0, "stride \(stride), padding \(padding)")
        self.stride = stride
        self.padding = padding
    }

    /// The length of the output of a convolution.
    package func outputLength(_ length: Int, kernel: Int) -> Int {
        max(0, (length + 2 * padding - kernel) / stride + 1)
    }

    /// The output positions whose tap `tap` falls inside a sequence of `length` positions.
    func positions(tap: Int, length: Int, outputs: Int) -> Range<Int> {
        let first = max(0, (padding - tap + stride - 1) / stride)
        let last = length - 1 + padding - tap
        let end = last < 0 ? 0 : min(outputs, last / stride + 1)
        return min(first, end)..<end
    }

    /// The input position that tap `tap` of output `position` reads.
    func source(_ position: Int, tap: Int) -> Int { position * stride - padding + tap }
}

extension Tensor {
    /// `[A, B, K]` to `[K, A, B]`: a contiguous matrix for each tap.
    func tapsFirst() -> Tensor {
        let kernel = shape[2], rows = shape[0] * shape[1]
        guard kernel > 1 else { return reshaped(to: [kernel, shape[0], shape[1]]) }
        let kernels = Kernels.table(dtype)
        return unsafe .make([kernel, shape[0], shape[1]], dtype, reading: [self]) { output, input in
            unsafe kernels.transpose_matrix(input[0], output, rows, kernel)
        }
    }

    /// `[K, A, B]` back to `[A, B, K]`.
    func tapsLast() -> Tensor {
        let kernel = shape[0], rows = shape[1] * shape[2]
        guard kernel > 1 else { return reshaped(to: [shape[1], shape[2], kernel]) }
        let kernels = Kernels.table(dtype)
        return unsafe .make([shape[1], shape[2], kernel], dtype, reading: [self]) { output, input in
            unsafe kernels.transpose_matrix(input[0], output, kernel, rows)
        }
    }

    private static let convolutionRows = 128

    /// The convolution of `[B, T, Cin]` with a weight `[Cout, Cin, K]` and a bias `[Cout]`.
    ///
    /// - Returns: `[B, T', Cout]`, T' = (T + 2 padding - K) / stride + 1.
    package func convolved1D(_ weight: Tensor, bias: Tensor?, _ taps: Convolution1DShape)
        -> Tensor
    {
        precondition(
            rank == 3 && weight.rank == 3 && weight.shape[1] == shape[2] && dtype == weight.dtype
                && (bias.map { $0.count == weight.shape[0] && $0.dtype == dtype } ?? true),
            "conv1d: input \(shape), weight \(weight.shape), bias \(bias?.shape ?? [])")
        let (batch, length, inputs) = (shape[0], shape[1], shape[2])
        let (outputs, kernel) = (weight.shape[0], weight.shape[2])
        let newLength = taps.outputLength(length, kernel: kernel)
        let matrices = weight.tapsFirst()
        let kernels = Kernels.table(dtype), type = dtype, size = dtype.byteSize
        let blocks = (newLength + Tensor.convolutionRows - 1) / Tensor.convolutionRows
        DryRun.countProducts(batch * newLength, outputs, inputs, count: kernel)
        return unsafe .make(
            [batch, newLength, outputs], type,
            reading: [self, matrices] + (bias.map { [$0] } ?? [])
        ) { output, input in
            let biasRow = unsafe input.count > 2 ? input[2] : nil
            Parallel.forEach(batch * blocks) { piece in
                let sample = piece / blocks
                let first = (piece % blocks) * Tensor.convolutionRows
                let rows = first..<min(newLength, first + Tensor.convolutionRows)
                let out = unsafe output + sample * newLength * outputs * size
                let x = unsafe input[0] + sample * length * inputs * size
                unsafe kernels.fill_rows(biasRow, out + first * outputs * size, rows.count, outputs)
                for tap in 0..<kernel {
                    let here = taps.positions(tap: tap, length: length, outputs: newLength)
                        .clamped(to: rows)
                    guard !here.isEmpty else { continue }
                    let from = taps.source(here.lowerBound, tap: tap)
                    unsafe MatrixProduct(
                        m: here.count, n: outputs, k: inputs, transposeB: .transposed,
                        strideA: taps.stride * inputs, strideB: inputs, strideC: outputs, beta: 1
                    ).run(
                        type, x + from * inputs * size,
                        input[1] + tap * outputs * inputs * size,
                        out + here.lowerBound * outputs * size)
                }
            }
        }
    }

    /// The gradient of a convolution by its input; also the transposed convolution's result.
    ///
    /// - Parameters:
    ///   - weight: `[Cout, Cin, K]`; `self` is `[B, T', Cout]`.
    ///   - length: T, the length of the convolution's input.
    ///   - bias: `[Cin]`, added to every position.
    /// - Returns: `[B, T, Cin]`.
    package func convolution1DInputGradient(
        _ weight: Tensor, length: Int, bias: Tensor? = nil, _ taps: Convolution1DShape
    ) -> Tensor {
        precondition(
            rank == 3 && weight.rank == 3 && weight.shape[0] == shape[2] && dtype == weight.dtype
                && (bias.map { $0.count == weight.shape[1] && $0.dtype == dtype } ?? true),
            "transposed conv1d: input \(shape), weight \(weight.shape), bias \(bias?.shape ?? [])")
        let (batch, newLength, outputs) = (shape[0], shape[1], shape[2])
        let (inputs, kernel) = (weight.shape[1], weight.shape[2])
        let matrices = weight.tapsFirst()
        let kernels = Kernels.table(dtype), type = dtype, size = dtype.byteSize
        // Columns are independent, so blocks of them may run side by side.
        let width = 64
        let blocks = (inputs + width - 1) / width
        DryRun.countProducts(batch * newLength, outputs, inputs, count: kernel)
        return unsafe .make(
            [batch, length, inputs], type, reading: [self, matrices] + (bias.map { [$0] } ?? [])
        ) { output, input in
            unsafe kernels.fill_rows(
                input.count > 2 ? input[2] : nil, output, batch * length, inputs)
            Parallel.forEach(batch * blocks) { piece in
                let sample = piece / blocks, column = (piece % blocks) * width
                let out = unsafe output + (sample * length * inputs + column) * size
                let gradient = unsafe input[0] + sample * newLength * outputs * size
                for tap in 0..<kernel {
                    let here = taps.positions(tap: tap, length: length, outputs: newLength)
                    guard !here.isEmpty else { continue }
                    let to = taps.source(here.lowerBound, tap: tap)
                    unsafe MatrixProduct(
                        m: here.count, n: min(width, inputs - column), k: outputs,
                        strideA: outputs, strideB: inputs, strideC: taps.stride * inputs, beta: 1
                    ).run(
                        type, gradient + here.lowerBound * outputs * size,
                        input[1] + (tap * outputs * inputs + column) * size,
                        out + to * inputs * size)
                }
            }
        }
    }

    /// The gradient of a convolution by its weight.
    ///
    /// - Parameters:
    ///   - input: The convolution's input `[B, T, Cin]`; `self` is `[B, T', Cout]`.
    ///   - kernel: K.
    /// - Returns: `[Cout, Cin, K]`.
    package func convolution1DWeightGradient(
        _ input: Tensor, kernel: Int, _ taps: Convolution1DShape
    ) -> Tensor {
        precondition(
            rank == 3 && input.rank == 3 && shape[0] == input.shape[0] && dtype == input.dtype,
            "conv1d weight gradient: \(shape) and \(input.shape)")
        let (batch, newLength, outputs) = (shape[0], shape[1], shape[2])
        let (length, inputs) = (input.shape[1], input.shape[2])
        let type = dtype, size = dtype.byteSize
        let height = 64
        let blocks = (outputs + height - 1) / height
        DryRun.countProducts(batch * newLength, outputs, inputs, count: kernel)
        var result = Tensor(zeros: [kernel, outputs, inputs], dtype: type)
        unsafe result.update(reading: [self, input]) { output, pointers in
            Parallel.forEach(kernel * blocks) { piece in
                let tap = piece / blocks, row = (piece % blocks) * height
                let here = taps.positions(tap: tap, length: length, outputs: newLength)
                guard !here.isEmpty else { return }
                let from = taps.source(here.lowerBound, tap: tap)
                for sample in 0..<batch {
                    let gradient = (sample * newLength + here.lowerBound) * outputs + row
                    unsafe MatrixProduct(
                        m: min(height, outputs - row), n: inputs, k: here.count,
                        transposeA: .transposed, strideA: outputs, strideB: taps.stride * inputs,
                        strideC: inputs, beta: 1
                    ).run(
                        type, pointers[0] + gradient * size,
                        pointers[1] + (sample * length + from) * inputs * size,
                        output + (tap * outputs + row) * inputs * size)
                }
            }
        }
        return result.tapsLast()
    }
}
