// SPDX-License-Identifier: Apache-2.0

/// The element types that a file may hold, all little endian.
enum ScalarType: Sendable, CaseIterable {
    case float16, bfloat16, float32, float64
    case int8, uint8, int16, uint16, int32, uint32, int64, uint64, bool

    /// Bytes an element.
    var size: Int {
        switch self {
        case .int8, .uint8, .bool: 1
        case .float16, .bfloat16, .int16, .uint16: 2
        case .float32, .int32, .uint32: 4
        case .float64, .int64, .uint64: 8
        }
    }

    /// The bytes of an array of this shape, or nil when the number does not fit `Int`.
    ///
    /// As in NumPy an axis of zero makes the array empty, but the other axes must still fit.
    func byteCount(of shape: [Int]) -> Int? {
        var product = size
        for axis in shape where axis != 0 {
            guard axis > 0 else { return nil }
            let (next, overflow) = product.multipliedReportingOverflow(by: axis)
            guard !overflow else { return nil }
            product = next
        }
        return shape.contains(0) ? 0 : product
    }
}

/// The longest shape that any format here may declare.
let largestRank = 32
