// SPDX-License-Identifier: Apache-2.0
package import Tensors

/// An array of integers of a file: labels, index tables, counters.
package struct IntegerArray: Sendable, Equatable {
    /// The lengths of the axes, row-major.
    package let shape: [Int]
    /// The values; booleans are 0 and 1.
    package let values: [Int64]

    /// - Precondition: as many values as the shape holds.
    package init(_ values: [Int64], shape: [Int]) {
        precondition(
            values.count == shape.reduce(1, *), "\(values.count) values for the shape \(shape)")
        self.shape = shape
        self.values = values
    }
}

/// An array of bytes of a file, as they are: an image, a generator's state.
package struct ByteArray: Sendable, Equatable {
    /// The lengths of the axes, row-major.
    package let shape: [Int]
    /// The values.
    package let bytes: [UInt8]

    /// - Precondition: as many bytes as the shape holds.
    package init(_ bytes: [UInt8], shape: [Int]) {
        precondition(
            bytes.count == shape.reduce(1, *), "\(bytes.count) bytes for the shape \(shape)")
        self.shape = shape
        self.bytes = bytes
    }
}

/// One array of a file: real numbers become tensors, integers and bytes stay what they are.
package enum TensorValue: Sendable {
    case tensor(Tensor)
    case integers(IntegerArray)
    case bytes(ByteArray)

    /// The lengths of the axes.
    package var shape: [Int] {
        switch self {
        case .tensor(let tensor): tensor.shape
        case .integers(let array): array.shape
        case .bytes(let array): array.shape
        }
    }

    /// The value as a tensor; integers and bytes are converted to float32.
    package var tensor: Tensor {
        switch self {
        case .tensor(let tensor): tensor
        case .integers(let array): Tensor(array.values.map { Float($0) }, shape: array.shape)
        case .bytes(let array): Tensor(array.bytes.map { Float($0) }, shape: array.shape)
        }
    }

    /// The value as integers, or nil for real numbers.
    package var integers: IntegerArray? {
        switch self {
        case .tensor: nil
        case .integers(let array): array
        case .bytes(let array): IntegerArray(array.bytes.map { Int64($0) }, shape: array.shape)
        }
    }
}
