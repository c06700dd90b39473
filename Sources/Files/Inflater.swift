// SPDX-License-Identifier: Apache-2.0
import CZlib

/// Raw deflate streams of a known length; the one place that calls zlib's inflate.
package enum Inflater {
    /// Inflates the whole source.
    ///
    /// - Parameter size: the length declared beside the stream, already checked to be possible.
    /// - Throws: when the stream is damaged, ends early, or holds another number of bytes.
    package static func inflate(
        _ packed: ByteSource, size: Int, what: String
    ) throws(InputError) -> [UInt8] {
        var stream = unsafe z_stream()
        let started = unsafe inflateInit2_(
            &stream, -MAX_WBITS, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard started == Z_OK else { throw packed.error("zlib cannot start: code \(started)") }
        defer { unsafe inflateEnd(&stream) }
        // The array grows with what really unfolds: the declared size may be a lie.
        var bytes: [UInt8] = []
        bytes.reserveCapacity(min(size, 4 * packed.count))
        try unsafe run(&stream, packed, into: &bytes, size, what)
        return bytes
    }

    private static func run(
        _ stream: inout z_stream, _ packed: ByteSource, into bytes: inout [UInt8], _ size: Int,
        _ what: String
    ) throws(InputError) {
        let chunk = 1 << 18
        var piece = [UInt8](repeating: 0, count: chunk)
        var read = 0
        while true {
            var input = try packed.read(read, min(chunk, packed.count - read), of: what)
            let offered = input.count
            let status = unsafe input.withUnsafeMutableBufferPointer { input in
                unsafe piece.withUnsafeMutableBufferPointer { piece in
                    unsafe stream.next_in = input.baseAddress
                    unsafe stream.avail_in = uInt(offered)
                    unsafe stream.next_out = piece.baseAddress
                    unsafe stream.avail_out = uInt(chunk)
                    return unsafe CZlib.inflate(&stream, Z_NO_FLUSH)
                }
            }
            let taken = unsafe offered - Int(stream.avail_in)
            let made = unsafe chunk - Int(stream.avail_out)
            read += taken
            guard made <= size - bytes.count else {
                throw packed.error("\(what) unfolds to more than its \(size) bytes")
            }
            bytes.append(contentsOf: piece[..<made])
            switch status {
            case Z_STREAM_END:
                guard bytes.count == size, read == packed.count else {
                    throw packed.error(
                        "\(what) unfolds to \(bytes.count) bytes, expected \(size); damaged")
                }
                return
            case Z_OK where taken > 0 || made > 0: continue
            case Z_OK, Z_BUF_ERROR:
                throw packed.error("\(what): its compressed data end early; the file is cut short")
            default: throw packed.error("\(what): its compressed data are damaged (zlib \(status))")
            }
        }
    }
}
