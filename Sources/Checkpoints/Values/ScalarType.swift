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

    /// The type's name in safetensors.
    var safetensorsName: String {
        switch self {
        case .float16: "F16"
        case .bfloat16: "BF16"
        case .float32: "F32"
        case .float64: "F64"
        case .int8: "I8"
        case .uint8: "U8"
        case .int16: "I16"
        case .uint16: "U16"
        case .int32: "I32"
        case .uint32: "U32"
        case .int64: "I64"
        case .uint64: "U64"
        case .bool: "BOOL"
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
