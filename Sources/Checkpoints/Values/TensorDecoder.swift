// SPDX-License-Identifier: Apache-2.0
import Files
import Tensors

/// Turns a range of bytes of a file into a value.
enum TensorDecoder {
    /// The elements converted at a time, so that a wider copy of a tensor never exists.
    private static let chunk = 1 << 16

    /// Reads a row-major array that fills `source` exactly.
    ///
    /// float32 and float64 keep their bits; float16 and bfloat16 are widened to float32; bytes
    /// stay bytes; other integers become `Int64`.
    ///
    /// - Parameter what: the array's name in messages.
    static func decode(
        _ source: ByteSource, _ type: ScalarType, shape: [Int], what: String
    ) throws(InputError) -> TensorValue {
        guard shape.count <= largestRank, let expected = type.byteCount(of: shape),
            expected == source.count
        else {
            throw source.error(
                "\(what): the shape \(shape) of \(type) does not fit its \(source.count) bytes; "
                    + "the file is damaged")
        }
        switch type {
        case .float32, .float16, .bfloat16: return .tensor(try floats(source, type, shape, what))
        case .float64: return .tensor(try doubles(source, shape, what))
        case .uint8: return .bytes(ByteArray(try source.read(0, expected, of: what), shape: shape))
        default: return .integers(try integers(source, type, shape, what))
        }
    }

    private static func floats(
        _ source: ByteSource, _ type: ScalarType, _ shape: [Int], _ what: String
    ) throws(InputError) -> Tensor {
        do {
            return try unsafe Tensor(shape: shape) { values in
                guard type != .float32 else {
                    try unsafe source.fill(UnsafeMutableRawBufferPointer(values), from: 0, of: what)
                    return
                }
                try forEachChunk(source, UInt16.self, what) { start, bits in
                    let brain = type == .bfloat16
                    for (index, word) in bits.enumerated() {
                        unsafe values[start + index] =
                            brain ? Float(bitPattern: UInt32(word) << 16) : widen(word)
                    }
                }
            }
        } catch { throw .wrapping(error, action: "read", path: source.path) }
    }

    private static func doubles(
        _ source: ByteSource, _ shape: [Int], _ what: String
    ) throws(InputError) -> Tensor {
        do {
            return try unsafe Tensor(
                shape: shape,
                fillingDoubles: { values in
                    try unsafe source.fill(UnsafeMutableRawBufferPointer(values), from: 0, of: what)
                })
        } catch { throw .wrapping(error, action: "read", path: source.path) }
    }

    private static func integers(
        _ source: ByteSource, _ type: ScalarType, _ shape: [Int], _ what: String
    ) throws(InputError) -> IntegerArray {
        var values: [Int64] = []
        values.reserveCapacity(source.count / type.size)
        func append<T: FixedWidthInteger>(_: T.Type) throws(InputError) {
            try forEachChunk(source, T.self, what) { (_, words) throws(InputError) in
                for word in words {
                    guard let value = Int64(exactly: word) else {
                        throw source.error(
                            "\(what): \(word) is above 2^63 - 1, the largest allowed")
                    }
                    values.append(value)
                }
            }
        }
        switch type {
        case .int8: try append(Int8.self)
        case .int16: try append(Int16.self)
        case .uint16: try append(UInt16.self)
        case .int32: try append(Int32.self)
        case .uint32: try append(UInt32.self)
        case .int64: try append(Int64.self)
        case .uint64: try append(UInt64.self)
        default:
            try append(UInt8.self)
            guard type != .bool || values.allSatisfy({ $0 <= 1 }) else {
                throw source.error("\(what): a boolean is neither 0 nor 1; the file is damaged")
            }
        }
        return IntegerArray(values, shape: shape)
    }

    private static func forEachChunk<T: FixedWidthInteger>(
        _ source: ByteSource, _: T.Type, _ what: String,
        _ body: (Int, [T]) throws(InputError) -> Void
    ) throws(InputError) {
        let size = MemoryLayout<T>.size
        let total = source.count / size
        for start in stride(from: 0, to: total, by: chunk) {
            let count = min(chunk, total - start)
            let bytes = try source.read(start * size, count * size, of: what)
            try body(start, (0..<count).map { bytes.littleEndian($0 * size) })
        }
    }

    /// IEEE half precision to single, by the bits (exact; NaN stays NaN).
    private static func widen(_ half: UInt16) -> Float {
        let sign = UInt32(half & 0x8000) << 16
        let exponent = UInt32(half >> 10 & 0x1F)
        let fraction = UInt32(half & 0x3FF)
        switch exponent {
        case 0:
            // Subnormal: fraction units of 2^-24, exact in single precision.
            let magnitude = Float(fraction) * 0x1p-24
            return sign == 0 ? magnitude : -magnitude
        case 31: return Float(bitPattern: sign | 0x7F80_0000 | fraction << 13)
        default: return Float(bitPattern: sign | (exponent + 112) << 23 | fraction << 13)
        }
    }
}
