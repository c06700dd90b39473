// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Tensors

/// Parameters whose gradients travel as one message, and the rank that sums them.
struct GradientBucket {
    /// Indices of the parameters, in the order of the message.
    let indices: [Int]
    /// Where each one's scalars begin in the message; before them stands one that is 1 where the
    /// parameter has a gradient, else 0.
    let starts: [Int]
    /// Scalars of a message.
    let count: Int
    let dtype: DType
    /// The rank that sums, and that keeps the optimizer's state where that is sharded.
    let owner: Int

    /// Cuts parameters into buckets from the last one back, as backward passes finish them, and
    /// gives each to the rank with the fewest scalars so far.
    ///
    /// - Parameter size: Bytes from which a bucket is full.
    static func cut(_ parameters: [Parameter], ranks: Int, size: Int = 4 << 20) -> [GradientBucket]
    {
        var buckets: [GradientBucket] = []
        var loads = Array(repeating: 0, count: ranks)
        var open: [Int] = []
        func close() {
            guard let first = open.first else { return }
            var starts: [Int] = [], count = 0
            for index in open {
                starts.append(count + 1)
                count += 1 + parameters[index].tensor.count
            }
            let owner = loads.indices.min { loads[$0] < loads[$1] } ?? 0
            loads[owner] += count
            buckets.append(
                GradientBucket(
                    indices: open, starts: starts, count: count,
                    dtype: parameters[first].tensor.dtype, owner: owner))
            open = []
        }
        var bytes = 0
        for index in parameters.indices.reversed() {
            let tensor = parameters[index].tensor
            if let first = open.first,
                bytes >= size || parameters[first].tensor.dtype != tensor.dtype
            {
                close()
                bytes = 0
            }
            open.append(index)
            bytes += tensor.byteCount
        }
        close()
        return buckets
    }

    /// A message of tensors; where one is nil, -0.0, which changes no sum.
    func packed(_ tensors: [Tensor?]) -> RankMessage {
        let message = RankMessage(count: count, dtype: dtype)
        for (position, start) in starts.enumerated() {
            let length = length(position)
            message.set(tensors[position] == nil ? 0 : 1, at: start - 1)
            if let tensor = tensors[position] {
                message.copy(tensor, at: start)
            } else {
                message.fill(-0.0, start..<start + length)
            }
        }
        return message
    }

    /// The tensors of a message, or of a sum of messages.
    func unpacked(_ message: RankMessage, like parameters: [Parameter]) -> [Tensor?] {
        indices.enumerated().map { position, index in
            message.isSet(starts[position] - 1)
                ? message.tensor(at: starts[position], shape: parameters[index].shape) : nil
        }
    }

    private func length(_ position: Int) -> Int {
        (position + 1 < starts.count ? starts[position + 1] - 1 : count) - starts[position]
    }
}

/// Scalars that are sent or received in place; counted as tensors are.
final class RankMessage {
    private let tensor: Tensor
    let count: Int
    /// The scalars as bytes; nobody else holds the tensor, so they may be written.
    let bytes: UnsafeMutableRawBufferPointer

    init(count: Int, dtype: DType) {
        self.count = count
        switch dtype {
        case .float32: tensor = Tensor(shape: [count], filling: { _ in })
        case .float64: tensor = Tensor(shape: [count], fillingDoubles: { _ in })
        }
        bytes = UnsafeMutableRawBufferPointer(mutating: tensor.withBytes { $0 })
    }

    private var width: Int { tensor.dtype == .float32 ? 4 : 8 }

    func set(_ value: Double, at index: Int) { fill(value, index..<index + 1) }

    func fill(_ value: Double, _ range: Range<Int>) {
        switch tensor.dtype {
        case .float32:
            bytes.assumingMemoryBound(to: Float.self)[range].update(repeating: Float(value))
        case .float64: bytes.assumingMemoryBound(to: Double.self)[range].update(repeating: value)
        }
    }

    /// Whether a scalar is above 0.
    func isSet(_ index: Int) -> Bool {
        switch tensor.dtype {
        case .float32: bytes.assumingMemoryBound(to: Float.self)[index] > 0
        case .float64: bytes.assumingMemoryBound(to: Double.self)[index] > 0
        }
    }

    func copy(_ source: Tensor, at start: Int) {
        precondition(
            source.dtype == tensor.dtype, "a message of \(tensor.dtype) takes \(source.dtype)")
        source.withBytes {
            UnsafeMutableRawBufferPointer(rebasing: bytes[(start * width)...]).copyMemory(from: $0)
        }
    }

    func tensor(at start: Int, shape: [Int]) -> Tensor {
        switch tensor.dtype {
        case .float32:
            let source = bytes.assumingMemoryBound(to: Float.self)[start...]
            return Tensor(
                shape: shape, filling: { _ = $0.initialize(from: source.prefix($0.count)) })
        case .float64:
            let source = bytes.assumingMemoryBound(to: Double.self)[start...]
            return Tensor(
                shape: shape, fillingDoubles: { _ = $0.initialize(from: source.prefix($0.count)) })
        }
    }

    /// Adds another message, scalar by scalar.
    func add(_ other: RankMessage) {
        switch tensor.dtype {
        case .float32: RankMessage.add(Float.self, bytes, other.bytes)
        case .float64: RankMessage.add(Double.self, bytes, other.bytes)
        }
    }

    private static func add<Scalar: FloatingPoint>(
        _: Scalar.Type, _ sum: UnsafeMutableRawBufferPointer, _ part: UnsafeMutableRawBufferPointer
    ) {
        let sum = sum.assumingMemoryBound(to: Scalar.self)
        let part = part.assumingMemoryBound(to: Scalar.self)
        for i in sum.indices { sum[i] += part[i] }
    }
}
