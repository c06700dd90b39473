// SPDX-License-Identifier: Apache-2.0
import Files

/// The bytes of a file of points, each read checked against the file's length.
struct PointSource: Sendable {
    private let bytes: ByteSource

    /// The file's length in bytes.
    var count: Int { bytes.count }
    /// The file's name for messages.
    var path: String { bytes.path }

    init(path: String) throws(InputError) {
        bytes = try ByteSource(path: path)
    }

    init(bytes: [UInt8], path: String) { self.bytes = ByteSource(bytes: bytes, path: path) }

    /// A copy of `count` bytes from `offset`; nothing is allocated before the check.
    func read(_ offset: Int, _ count: Int, of what: String) throws(InputError) -> [UInt8] {
        return try bytes.read(offset, count, of: what)
    }

    /// The first bytes, as many as there are up to `count`.
    func prefix(_ count: Int) throws(InputError) -> [UInt8] {
        try read(0, min(count, self.count), of: "the beginning")
    }

    /// Checks that `count` records of `size` bytes lie behind `offset`, whatever the numbers are.
    func checkRecords(
        _ count: Int, of size: Int, from offset: Int, _ what: String
    ) throws(InputError) {
        let (bytes, overflow) = count.multipliedReportingOverflow(by: size)
        guard count >= 0, size > 0, !overflow, offset >= 0, offset <= self.count,
            bytes <= self.count - offset
        else {
            throw error(
                "\(count) \(what) of \(size) bytes from byte \(offset), but the file has "
                    + "\(self.count) bytes; it is cut short or its header is wrong: fetch it again")
        }
    }

    /// An error about this file.
    func error(_ message: String) -> InputError { InputError(message, path: path) }
}

/// A place in bytes already read, from which numbers of either byte order are taken.
///
/// The caller has checked that the numbers lie inside; the array traps otherwise.
struct ByteNumbers {
    let bytes: [UInt8]
    var isBigEndian = false

    /// The integer at `offset`.
    @inline(__always)
    func integer<T: FixedWidthInteger>(_ offset: Int, as type: T.Type = T.self) -> T {
        precondition(offset >= 0 && offset + MemoryLayout<T>.size <= bytes.count)
        let raw = unsafe bytes.withUnsafeBytes {
            unsafe $0.loadUnaligned(fromByteOffset: offset, as: T.self)
        }
        return isBigEndian ? T(bigEndian: raw) : T(littleEndian: raw)
    }

    /// The float64 at `offset`.
    @inline(__always)
    func double(_ offset: Int) -> Double { Double(bitPattern: integer(offset)) }

    /// The float32 at `offset`.
    @inline(__always)
    func float(_ offset: Int) -> Float { Float(bitPattern: integer(offset)) }
}
