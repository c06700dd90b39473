// SPDX-License-Identifier: Apache-2.0
import CZlib

/// Raw deflate streams of a known length; the one place that calls zlib's inflate.
enum Inflater {
    /// Inflates the whole source.
    ///
    /// - Parameter size: the length declared beside the stream, already checked to be possible.
    /// - Throws: when the stream is damaged, ends early, or holds another number of bytes.
    static func inflate(
        _ packed: ByteSource, size: Int, what: String
    ) throws(CheckpointError) -> [UInt8] {
        var stream = z_stream()
        let started = inflateInit2_(
            &stream, -MAX_WBITS, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        guard started == Z_OK else { throw packed.error("zlib cannot start: code \(started)") }
        defer { inflateEnd(&stream) }
        var failure: CheckpointError?
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { target, count in
            do throws(CheckpointError) {
                try run(&stream, packed, into: target, what)
                count = size
            } catch { failure = error }
        }
        if let failure { throw failure }
        return bytes
    }

    private static func run(
        _ stream: inout z_stream, _ packed: ByteSource,
        into target: UnsafeMutableBufferPointer<UInt8>, _ what: String
    ) throws(CheckpointError) {
        let chunk = 1 << 18
        var read = 0
        var written = 0
        // One byte beyond the end, so that a stream that is too long shows itself.
        var spare: UInt8 = 0
        while true {
            var input = try packed.read(read, min(chunk, packed.count - read), of: what)
            let offered = input.count
            let room = min(target.count - written, 1 << 30)
            let status = input.withUnsafeMutableBufferPointer { input in
                withUnsafeMutablePointer(to: &spare) { spare in
                    stream.next_in = input.baseAddress
                    stream.avail_in = uInt(offered)
                    stream.next_out = room > 0 ? target.baseAddress.map { $0 + written } : spare
                    stream.avail_out = room > 0 ? uInt(room) : 1
                    return CZlib.inflate(&stream, Z_NO_FLUSH)
                }
            }
            let taken = offered - Int(stream.avail_in)
            let made = (room > 0 ? room : 1) - Int(stream.avail_out)
            read += taken
            written += made
            guard written <= target.count else {
                throw packed.error("\(what) unfolds to more than its \(target.count) bytes")
            }
            switch status {
            case Z_STREAM_END:
                guard written == target.count, read == packed.count else {
                    throw packed.error(
                        "\(what) unfolds to \(written) bytes, expected \(target.count); damaged")
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
