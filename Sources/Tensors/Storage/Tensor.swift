// SPDX-License-Identifier: Apache-2.0

/// A dense array of numbers: shape, scalar type and contiguous row-major storage.
///
/// A value: copies share storage until one of them is written. A slice along the first axis
/// is a view, so it costs nothing and keeps the whole storage alive.
public struct Tensor: @unchecked Sendable {
    /// The size of each axis; empty for a scalar.
    public let shape: [Int]
    /// The scalar type.
    public let dtype: DType
    /// The number of scalars.
    public let count: Int
    var storage: TensorStorage
    let offset: Int

    init(shape: [Int], dtype: DType, storage: TensorStorage, offset: Int) {
        self.shape = shape
        self.dtype = dtype
        self.storage = storage
        self.offset = offset
        count = shape.reduce(1, *)
    }

    /// A tensor of a shape alone, for a dry run's input.
    ///
    /// - Precondition: the task is in a ``DryRun``.
    public init(placeholder shape: [Int], dtype: DType = .float32) {
        precondition(DryRun.isActive, "a placeholder of shape \(shape) outside of a dry run")
        self.init(uninitialized: shape, dtype: dtype)
    }

    /// A tensor with unset contents, for an operation that writes all of it.
    init(uninitialized shape: [Int], dtype: DType) {
        precondition(shape.allSatisfy { $0 >= 0 }, "a tensor can't have shape \(shape)")
        let count = shape.reduce(1, *)
        self.init(
            shape: shape, dtype: dtype,
            storage: TensorStorage(byteCount: count * dtype.byteSize), offset: 0)
    }

    /// Whether the tensor has no values, since a ``DryRun`` made it.
    package var isDry: Bool { storage.isDry }

    /// Says what the tensor is kept for, for plans.
    package func keep(for purpose: StoragePurpose) { storage.keep(for: purpose) }

    /// The number of axes.
    public var rank: Int { shape.count }

    /// Bytes of the tensor's scalars.
    public var byteCount: Int { count * dtype.byteSize }

    /// The same scalars under another shape, sharing storage.
    ///
    /// - Precondition: both shapes hold the same number of scalars; one size may be -1.
    public func reshaped(to newShape: [Int]) -> Tensor {
        var newShape = newShape
        if let free = newShape.firstIndex(of: -1) {
            let rest = newShape.enumerated().reduce(1) { $1.offset == free ? $0 : $0 * $1.element }
            newShape[free] = rest == 0 ? 0 : count / rest
        }
        precondition(
            newShape.reduce(1, *) == count,
            "reshape: \(shape) holds \(count) scalars, \(newShape) doesn't")
        return Tensor(shape: newShape, dtype: dtype, storage: storage, offset: offset)
    }

    /// Rows `range` of the first axis, a view.
    public func rows(_ range: Range<Int>) -> Tensor {
        precondition(
            rank > 0 && range.lowerBound >= 0 && range.upperBound <= shape[0],
            "rows \(range) of a tensor of shape \(shape)")
        let width = shape.dropFirst().reduce(1, *)
        return Tensor(
            shape: [range.count] + shape.dropFirst(), dtype: dtype, storage: storage,
            offset: offset + range.lowerBound * width)
    }

    /// Whether two tensors hold the same shape, type and bits.
    public func isIdentical(to other: Tensor) -> Bool {
        guard shape == other.shape, dtype == other.dtype else { return false }
        return unsafe withBytes { a in
            unsafe other.withBytes { b in unsafe a.elementsEqual(b) }
        }
    }
}
