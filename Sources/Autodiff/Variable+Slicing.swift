// SPDX-License-Identifier: Apache-2.0
import Tensors

/// Parts of tensors as nodes.
extension Variable {
    /// Several variables one behind the other along `axis`.
    public static func concatenated(_ parts: [Variable], axis: Int) -> Variable {
        let sizes = parts.map { $0.shape[axis] }, needs = parts.map(\.needsGradient)
        let output = Tensor.concatenated(parts.map(\.tensor), axis: axis)
        return operation(output, inputs: parts) { gradient in
            var start = 0
            return zip(sizes, needs).map { size, isNeeded in
                defer { start += size }
                return isNeeded ? gradient.slice(start..<start + size, axis: axis) : nil
            }
        }
    }

    /// Positions `range` of `axis`.
    public func slice(_ range: Range<Int>, axis: Int) -> Variable {
        let length = shape[axis]
        return Variable.operation(tensor.slice(range, axis: axis), inputs: [self]) { gradient in
            [gradient.embedded(at: range.lowerBound, of: length, axis: axis)]
        }
    }

    /// The variable with zeros behind it, up to a length along `axis`.
    public func padded(to length: Int, axis: Int) -> Variable {
        let size = shape[axis]
        if size == length { return self }
        return Variable.operation(
            tensor.embedded(at: 0, of: length, axis: axis), inputs: [self]
        ) { gradient in
            [gradient.slice(0..<size, axis: axis)]
        }
    }
}
