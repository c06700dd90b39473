// SPDX-License-Identifier: Apache-2.0
import Files
import Tensors

/// Arrays as they were before they were widened.
extension TensorValue {
    /// The type of the elements in memory.
    var widestType: ScalarType {
        switch self {
        case .tensor(let tensor): tensor.dtype == .float32 ? .float32 : .float64
        case .integers: .int64
        case .bytes: .uint8
        }
    }

    /// Gives the elements as little-endian bytes of `type`, a piece at a time and in order.
    ///
    /// Exact for an array that `TensorDecoder` widened from `type`.
    func forEachNarrowed(
        to type: ScalarType, _ body: (UnsafeRawBufferPointer) throws -> Void
    ) throws {
        switch self {
        case .tensor(let tensor):
            try unsafe tensor.withFloats { values in
                try TensorValue.forEachPiece(values.count) { range in
                    try unsafe values[range].map { TensorValue.half($0, brain: type == .bfloat16) }
                        .withUnsafeBytes(body)
                }
            }
        case .integers(let array):
            func narrow<T: FixedWidthInteger>(_: T.Type) throws {
                try TensorValue.forEachPiece(array.values.count) { range in
                    try unsafe array.values[range].map { T(truncatingIfNeeded: $0).littleEndian }
                        .withUnsafeBytes(body)
                }
            }
            switch type {
            case .int8, .uint8, .bool: try narrow(UInt8.self)
            case .int16, .uint16: try narrow(UInt16.self)
            case .int32, .uint32: try narrow(UInt32.self)
            default: try narrow(UInt64.self)
            }
        case .bytes(let array): try unsafe array.bytes.withUnsafeBytes(body)
        }
    }

    private static func forEachPiece(
        _ count: Int, _ body: (Range<Int>) throws -> Void
    ) rethrows {
        let piece = 1 << 16
        for start in stride(from: 0, to: count, by: piece) {
            try body(start..<min(count, start + piece))
        }
    }

    /// The 16 bits that widen to `value`, NaN payloads included.
    private static func half(_ value: Float, brain: Bool) -> UInt16 {
        let bits = value.bitPattern
        if brain { return UInt16(bits >> 16).littleEndian }
        let sign = UInt16(bits >> 16 & 0x8000)
        let exponent = Int(bits >> 23 & 0xFF)
        let fraction = UInt16(bits >> 13 & 0x3FF)
        let magnitude: UInt16 =
            switch exponent {
            case 255: 0x7C00 | fraction
            case 113...: UInt16(exponent - 112) << 10 | fraction
            default: UInt16(value.magnitude * 0x1p24)  // subnormal or zero
            }
        return (sign | magnitude).littleEndian
    }
}
