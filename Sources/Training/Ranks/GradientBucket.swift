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
    func packed(_ tensors: [Tensor?]) -> MessageBuffer {
        let message = MessageBuffer(count: count, dtype: dtype)
        for (position, start) in starts.enumerated() {
            let length = length(position)
            message.fill(tensors[position] == nil ? 0 : 1, start - 1..<start)
            if let tensor = tensors[position] {
                message.copy(tensor, at: start)
            } else {
                message.fill(-0.0, start..<start + length)
            }
        }
        return message
    }

    /// The tensors of a message, or of a sum of messages.
    func unpacked(_ message: MessageBuffer, like parameters: [Parameter]) -> [Tensor?] {
        indices.enumerated().map { position, index in
            message.isPositive(at: starts[position] - 1)
                ? message.tensor(at: starts[position], shape: parameters[index].shape) : nil
        }
    }

    private func length(_ position: Int) -> Int {
        (position + 1 < starts.count ? starts[position + 1] - 1 : count) - starts[position]
    }
}
