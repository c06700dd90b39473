// SPDX-License-Identifier: Apache-2.0
package import Files
import Foundation
package import Tensors

/// NumPy's `.npy` format, versions 1 to 3.
package enum Npy {
    private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
    /// The longest header accepted: far above what a plain array needs.
    private static let largestHeader = 1 << 16

    /// Reads an array of little-endian numbers or booleans, in C or Fortran order.
    ///
    /// float64 keeps its bits, float16 is widened to float32, u1 becomes bytes, other integers
    /// and booleans `Int64`. The result is row-major.
    package static func read(_ path: String) throws(InputError) -> TensorValue {
        try read(ByteSource(path: path), what: "the array")
    }

    /// Reads an array as a tensor; integers and booleans are converted to float32.
    package static func readTensor(_ path: String) throws(InputError) -> Tensor {
        try read(path).tensor
    }

    /// The shape of an array, from its header and the length of its file alone.
    package static func shape(_ path: String) throws(InputError) -> [Int] {
        let source = try ByteSource(path: path)
        let (type, _, shape, data) = try head(of: source, what: "the array")
        guard type.byteCount(of: shape) == data.count else {
            throw source.error(
                "the array's shape \(shape) does not fit the file's length; the file is cut "
                    + "off or damaged")
        }
        return shape
    }

    /// Reads an array of any integer type: labels, predictions.
    ///
    /// - Throws: also when the array holds real numbers.
    package static func readIntegers(_ path: String) throws(InputError) -> IntegerArray {
        guard let integers = try read(path).integers else {
            throw InputError(
                "the array holds real numbers, expected integers; convert it with astype(int64)",
                path: path)
        }
        return integers
    }

    /// Writes float32 or float64 in C order, version 1.
    package static func write(_ tensor: Tensor, to path: String) throws(InputError) {
        let header = header(tensor.dtype == .float32 ? "<f4" : "<f8", tensor.shape)
        try AtomicFile.write(to: path) { handle in
            try handle.write(contentsOf: header)
            try unsafe tensor.withBytes { try unsafe handle.append($0) }
        }
    }

    /// Writes int64 in C order, version 1.
    package static func write(_ array: IntegerArray, to path: String) throws(InputError) {
        let header = header("<i8", array.shape)
        try AtomicFile.write(to: path) { handle in
            try handle.write(contentsOf: header)
            try unsafe array.values.withUnsafeBytes { try unsafe handle.append($0) }
        }
    }

    static func isNpy(_ prefix: [UInt8]) -> Bool { prefix.starts(with: magic) }

    static func read(
        _ source: ByteSource, what: String
    ) throws(InputError) -> TensorValue {
        let (type, fortran, shape, data) = try head(of: source, what: what)
        guard fortran, shape.count > 1 else {
            return try TensorDecoder.decode(data, type, shape: shape, what: what)
        }
        let columnMajor = try TensorDecoder.decode(
            data, type, shape: Array(shape.reversed()), what: what)
        return columnMajor.gathered(shape: shape, strides: Strided.columnMajor(shape))
    }

    /// What the header says, and the bytes behind it.
    private static func head(
        of source: ByteSource, what: String
    ) throws(InputError) -> (type: ScalarType, fortran: Bool, shape: [Int], data: ByteSource) {
        let prefix = try source.read(0, 8, of: "\(what)'s magic and version")
        guard isNpy(prefix) else {
            throw source.error("\(what) does not begin with the magic of .npy; it is not an array")
        }
        guard (1...3).contains(prefix[6]) else {
            throw source.error("\(what) has .npy version \(prefix[6]), expected 1, 2 or 3")
        }
        let start = prefix[6] == 1 ? 10 : 12
        let field = try source.read(8, start - 8, of: "\(what)'s header length")
        let length =
            prefix[6] == 1
            ? Int(field.littleEndian(0, as: UInt16.self))
            : Int(field.littleEndian(0, as: UInt32.self))
        guard length <= largestHeader else {
            throw source.error(
                "\(what) has a header of \(length) bytes, more than the \(largestHeader) accepted; "
                    + "the file is damaged")
        }
        let text = try source.read(start, length, of: "\(what)'s header")
        let (type, fortran, shape) = try parse(text, source, what)
        let size = source.count - start - length
        return (type, fortran, shape, try source.slice(start + length, size, of: what))
    }

    private static func parse(
        _ text: [UInt8], _ source: ByteSource, _ what: String
    ) throws(InputError) -> (type: ScalarType, fortran: Bool, shape: [Int]) {
        var scanner = HeaderScanner(text, source: source, what: "header of \(what)")
        var type: ScalarType?
        var fortran: Bool?
        var shape: [Int]?
        try scanner.expect("{")
        while !scanner.take("}") {
            let key = try scanner.quoted()
            try scanner.expect(":")
            let repeated: Bool
            switch key {
            case "descr":
                repeated = type != nil
                type = try scanType(&scanner, source, what)
            case "fortran_order":
                repeated = fortran != nil
                switch scanner.word() {
                case "True": fortran = true
                case "False": fortran = false
                default: throw scanner.unexpected("True or False")
                }
            case "shape":
                repeated = shape != nil
                shape = try scanShape(&scanner)
            default: throw source.error("the header of \(what) has the unknown key \(key)")
            }
            guard !repeated else {
                throw source.error("the header of \(what) has the key \(key) twice")
            }
            guard scanner.take(",") else {
                try scanner.expect("}")
                break
            }
        }
        scanner.skipSpace()
        guard scanner.isAtEnd else { throw scanner.unexpected("the end of the header") }
        guard let type, let fortran, let shape else {
            throw source.error("the header of \(what) lacks descr, fortran_order or shape")
        }
        return (type, fortran, shape)
    }

    private static func scanType(
        _ scanner: inout HeaderScanner, _ source: ByteSource, _ what: String
    ) throws(InputError) -> ScalarType {
        guard !scanner.take("[") else {
            throw source.error(
                "\(what) is a structured array; save each of its fields as an array of its own")
        }
        let text = try scanner.quoted()
        if let known = scalarTypes[text] { return known }
        let advice =
            text.hasPrefix(">")
            ? "it is big endian: convert it with astype('<\(text.dropFirst())')"
            : "expected a float, an integer or a boolean type"
        throw source.error("\(what) has the element type '\(text)'; \(advice)")
    }

    private static func scanShape(_ scanner: inout HeaderScanner) throws(InputError) -> [Int] {
        var shape: [Int] = []
        try scanner.expect("(")
        while !scanner.take(")") {
            guard shape.count < largestRank else {
                throw scanner.unexpected("at most \(largestRank) axes")
            }
            shape.append(try scanner.integer())
            guard scanner.take(",") else {
                try scanner.expect(")")
                break
            }
        }
        return shape
    }

    private static func header(_ type: String, _ shape: [Int]) -> Data {
        let axes = shape.map(String.init).joined(separator: ", ")
        let tuple = shape.count == 1 ? "(\(axes),)" : "(\(axes))"
        var text = "{'descr': '\(type)', 'fortran_order': False, 'shape': \(tuple), }"
        // The data begin at a multiple of 64, and the header ends in a line feed.
        let padding = (64 - (10 + text.utf8.count + 1) % 64) % 64
        text += String(repeating: " ", count: padding) + "\n"
        let length = UInt16(text.utf8.count)
        return Data(magic + [1, 0, UInt8(length & 0xFF), UInt8(length >> 8)] + Array(text.utf8))
    }

    private static let scalarTypes: [String: ScalarType] = [
        "<f2": .float16, "<f4": .float32, "<f8": .float64, "|b1": .bool, "|i1": .int8,
        "|u1": .uint8, "<i2": .int16, "<u2": .uint16, "<i4": .int32, "<u4": .uint32,
        "<i8": .int64, "<u8": .uint64,
    ]
}
