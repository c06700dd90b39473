// SPDX-License-Identifier: Apache-2.0

/// Arrays whose elements do not lie one behind the other.
enum Strided {
    /// The distance from the first to the last element.
    ///
    /// Nil when it does not fit `Int` or a stride is negative. An empty array spans nothing.
    static func span(shape: [Int], strides: [Int]) -> Int? {
        guard shape.count == strides.count else { return nil }
        if shape.contains(0) { return 0 }
        var last = 0
        for (axis, stride) in zip(shape, strides) {
            guard axis > 0, stride >= 0 else { return nil }
            let (step, overflow) = (axis - 1).multipliedReportingOverflow(by: stride)
            let (sum, carry) = last.addingReportingOverflow(step)
            guard !overflow && !carry else { return nil }
            last = sum
        }
        return last
    }

    /// The strides of a row-major array; the shape's product must fit `Int`.
    static func rowMajor(_ shape: [Int]) -> [Int] {
        var strides = [Int](repeating: 1, count: shape.count)
        var step = 1
        for axis in shape.indices.reversed() {
            strides[axis] = step
            step *= max(1, shape[axis])
        }
        return strides
    }

    /// The strides of a column-major (Fortran) array; the shape's product must fit `Int`.
    static func columnMajor(_ shape: [Int]) -> [Int] { rowMajor(shape.reversed()).reversed() }

    /// Copies the elements into row-major order.
    ///
    /// - Precondition: offset and span lie inside `source`; `target` holds the shape's product.
    static func gather<T>(
        _ source: UnsafeBufferPointer<T>, offset: Int, shape: [Int], strides: [Int],
        into target: UnsafeMutableBufferPointer<T>
    ) {
        guard !target.isEmpty else { return }
        guard let width = shape.last, let step = strides.last else {
            unsafe target.initializeElement(at: 0, to: source[offset])
            return
        }
        var index = [Int](repeating: 0, count: shape.count)
        var from = offset
        var to = 0
        while true {
            for column in 0..<width {
                unsafe target.initializeElement(at: to + column, to: source[from + column * step])
            }
            to += width
            // Count up the outer axes, the last of them first.
            var axis = shape.count - 2
            while axis >= 0 {
                index[axis] += 1
                from += strides[axis]
                if index[axis] < shape[axis] { break }
                from -= index[axis] * strides[axis]
                index[axis] = 0
                axis -= 1
            }
            if axis < 0 { return }
        }
    }
}
