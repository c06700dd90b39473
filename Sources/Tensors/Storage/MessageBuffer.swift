// SPDX-License-Identifier: Apache-2.0

/// Scalars in one run that are sent to another process, or received from one, in place.
///
/// Counted as tensors are. Its bytes are the one pointer that leaves this module: a transport
/// needs an address that stays while a message is on its way.
package final class MessageBuffer {
    /// The number of scalars.
    package let count: Int
    /// Their type.
    package let dtype: DType
    private let storage: TensorStorage

    /// A buffer whose scalars are not set yet.
    package init(count: Int, dtype: DType) {
        self.count = count
        self.dtype = dtype
        storage = TensorStorage(byteCount: count * dtype.byteSize)
    }

    /// Whether there are no scalars behind it, so that nothing can be sent.
    package var isDry: Bool { storage.isDry }

    /// The scalars as bytes, valid as long as this object.
    package var bytes: UnsafeMutableRawBufferPointer {
        unsafe UnsafeMutableRawBufferPointer(start: storage.pointer, count: count * dtype.byteSize)
    }

    /// Sets the scalars of a range to a value.
    package func fill(_ value: Double, _ range: Range<Int>) {
        if isDry { return }
        switch dtype {
        case .float32: unsafe scalars(Float.self)[range].update(repeating: Float(value))
        case .float64: unsafe scalars(Double.self)[range].update(repeating: value)
        }
    }

    /// Whether a scalar is above 0.
    package func isPositive(at index: Int) -> Bool {
        if isDry { return true }
        return switch dtype {
        case .float32: unsafe scalars(Float.self)[index] > 0
        case .float64: unsafe scalars(Double.self)[index] > 0
        }
    }

    /// Copies a tensor of the same type to the scalars from `start` on.
    package func copy(_ source: Tensor, at start: Int) {
        precondition(
            source.dtype == dtype && start >= 0 && start + source.count <= count,
            "\(source.count) scalars of \(source.dtype) at \(start) of \(count) of \(dtype)")
        if isDry { return }
        unsafe source.withBytes {
            unsafe UnsafeMutableRawBufferPointer(rebasing: bytes[(start * dtype.byteSize)...])
                .copyMemory(from: $0)
        }
    }

    /// A tensor of a shape, copied from the scalars from `start` on.
    package func tensor(at start: Int, shape: [Int]) -> Tensor {
        let length = shape.reduce(1, *)
        precondition(
            start >= 0 && start + length <= count, "\(shape) at \(start) of \(count) scalars")
        if isDry { return Tensor(placeholder: shape, dtype: dtype) }
        switch dtype {
        case .float32:
            let source = unsafe scalars(Float.self)[start..<start + length]
            return unsafe Tensor(shape: shape, filling: { _ = unsafe $0.initialize(from: source) })
        case .float64:
            let source = unsafe scalars(Double.self)[start..<start + length]
            return unsafe Tensor(
                shape: shape, fillingDoubles: { _ = unsafe $0.initialize(from: source) })
        }
    }

    /// Adds another buffer of the same size and type, scalar by scalar.
    package func add(_ other: MessageBuffer) {
        precondition(
            other.count == count && other.dtype == dtype,
            "\(other.count) scalars of \(other.dtype) added to \(count) of \(dtype)")
        if isDry { return }
        switch dtype {
        case .float32: add(Float.self, other)
        case .float64: add(Double.self, other)
        }
    }

    private func add<Scalar: FloatingPoint>(_ type: Scalar.Type, _ other: MessageBuffer) {
        let sum = unsafe scalars(type), part = unsafe other.scalars(type)
        for i in sum.indices { unsafe sum[i] += part[i] }
    }

    private func scalars<Scalar>(_ type: Scalar.Type) -> UnsafeMutableBufferPointer<Scalar> {
        unsafe bytes.assumingMemoryBound(to: type)
    }
}
