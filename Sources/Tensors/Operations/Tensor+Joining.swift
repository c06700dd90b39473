// SPDX-License-Identifier: Apache-2.0

extension Tensor {
    /// Tensors of one width, one after the other along the first axis.
    public static func joiningRows(_ parts: [Tensor]) -> Tensor {
        precondition(!parts.isEmpty, "joiningRows of nothing")
        let first = parts[0]
        if parts.count == 1 { return first }
        precondition(
            parts.allSatisfy {
                $0.shape.dropFirst() == first.shape.dropFirst() && $0.dtype == first.dtype
            }, "joiningRows: \(parts.map(\.shape))")
        let rows = parts.reduce(0) { $0 + $1.shape[0] }
        return unsafe .make([rows] + first.shape.dropFirst(), first.dtype, reading: parts) {
            output, input in
            var at = 0
            for unsafe(part, source) in unsafe zip(parts, input) {
                unsafe (output + at).copyMemory(from: source, byteCount: part.byteCount)
                at += part.byteCount
            }
        }
    }

    /// Overwrites rows from `first` on with those of a tensor of the same width.
    package mutating func replaceRows(at first: Int, with part: Tensor) {
        precondition(
            rank > 0 && part.shape.dropFirst() == shape.dropFirst() && part.dtype == dtype
                && first >= 0 && first + part.shape[0] <= shape[0],
            "replaceRows: \(part.shape) at \(first) of \(shape)")
        let width = shape.dropFirst().reduce(1, *) * dtype.byteSize
        unsafe update(reading: [part]) { output, input in
            unsafe (output + first * width).copyMemory(from: input[0], byteCount: part.byteCount)
        }
    }
}
