// SPDX-License-Identifier: Apache-2.0
import CKernels

/// Parts of tensors along any axis.
extension Tensor {
    private static func split(_ shape: [Int], _ axis: Int) -> (outer: Int, inner: Int) {
        (shape[..<axis].reduce(1, *), shape[(axis + 1)...].reduce(1, *))
    }

    /// Several tensors one behind the other along `axis`; other sizes agree.
    package static func concatenated(_ parts: [Tensor], axis: Int) -> Tensor {
        guard let head = parts.first else { preconditionFailure("concatenate: no tensors") }
        precondition(
            axis >= 0 && axis < head.rank
                && parts.allSatisfy {
                    var shape = $0.shape
                    guard shape.count == head.rank, $0.dtype == head.dtype else { return false }
                    shape[axis] = head.shape[axis]
                    return shape == head.shape
                }, "concatenate along \(axis): \(parts.map(\.shape))")
        var shape = head.shape
        shape[axis] = parts.reduce(0) { $0 + $1.shape[axis] }
        let (outer, inner) = split(shape, axis)
        let stride = shape[axis] * inner
        let kernels = Kernels.table(head.dtype), size = head.dtype.byteSize
        return unsafe .make(shape, head.dtype, reading: parts) { output, input in
            var column = 0
            for unsafe(part, pointer) in unsafe zip(parts, input) {
                let width = part.shape[axis] * inner
                unsafe kernels.copy_blocks(
                    pointer, width, output + column * size, stride, outer, width)
                column += width
            }
        }
    }

    /// Positions `range` of `axis`.
    package func slice(_ range: Range<Int>, axis: Int) -> Tensor {
        precondition(
            axis >= 0 && axis < rank && range.lowerBound >= 0 && range.upperBound <= shape[axis],
            "slice \(range) of axis \(axis) of \(shape)")
        var newShape = shape
        newShape[axis] = range.count
        let (outer, inner) = Tensor.split(shape, axis)
        let stride = shape[axis] * inner, width = range.count * inner
        let kernels = Kernels.table(dtype), size = dtype.byteSize
        return unsafe .make(newShape, dtype, reading: [self]) { output, input in
            unsafe kernels.copy_blocks(
                input[0] + range.lowerBound * inner * size, stride, output, width, outer, width)
        }
    }

    /// A tensor of `length` along `axis`, zero but for this one, which starts at `start`.
    package func embedded(at start: Int, of length: Int, axis: Int) -> Tensor {
        precondition(
            axis >= 0 && axis < rank && start >= 0 && start + shape[axis] <= length,
            "embed \(shape) at \(start) of \(length) along \(axis)")
        var newShape = shape
        newShape[axis] = length
        let (outer, inner) = Tensor.split(shape, axis)
        let stride = length * inner, width = shape[axis] * inner
        let kernels = Kernels.table(dtype), size = dtype.byteSize
        var result = Tensor(zeros: newShape, dtype: dtype)
        unsafe result.update(reading: [self]) { output, input in
            unsafe kernels.copy_blocks(
                input[0], width, output + start * inner * size, stride, outer, width)
        }
        return result
    }
}
