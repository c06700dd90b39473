// SPDX-License-Identifier: Apache-2.0
import Foundation

/// A range of bytes in a file or in memory, read a piece at a time.
///
/// Every read is checked against the range. Files are read with `pread`, not mapped: a file
/// that shrinks while it is read is then an error and not a signal.
package struct ByteSource: Sendable {
    private enum Storage: Sendable {
        case file(OpenFile)
        case memory([UInt8])
    }

    private let storage: Storage
    private let base: Int
    /// The length of the range in bytes.
    package let count: Int
    /// The file's name for messages.
    package let path: String

    /// Opens a regular file.
    package init(path: String) throws(InputError) {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw .system("open", path: path, code: errno) }
        let file = OpenFile(descriptor)
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0 else {
            throw .system("inspect", path: path, code: errno)
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw InputError("not a regular file; give the path of a file", path: path)
        }
        storage = .file(file)
        base = 0
        count = Int(status.st_size)
        self.path = path
    }

    /// Bytes in memory, `path` their name for messages.
    package init(bytes: [UInt8], path: String) {
        storage = .memory(bytes)
        base = 0
        count = bytes.count
        self.path = path
    }

    private init(_ storage: Storage, base: Int, count: Int, path: String) {
        self.storage = storage
        self.base = base
        self.count = count
        self.path = path
    }

    /// Whether `count` bytes from `offset` lie inside, whatever the two numbers are.
    package func contains(offset: Int, count: Int) -> Bool {
        offset >= 0 && count >= 0 && offset <= self.count && count <= self.count - offset
    }

    /// The part of `count` bytes from `offset`.
    package func slice(_ offset: Int, _ count: Int, of what: String) throws(InputError)
        -> ByteSource
    {
        try check(offset, count, what)
        return ByteSource(storage, base: base + offset, count: count, path: path)
    }

    /// A copy of `count` bytes from `offset`; nothing is allocated before the check.
    package func read(
        _ offset: Int, _ count: Int, of what: String
    ) throws(InputError) -> [UInt8] {
        try check(offset, count, what)
        var failure: InputError?
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            do throws(InputError) {
                try unsafe fill(UnsafeMutableRawBufferPointer(buffer), from: offset, of: what)
                initialized = count
            } catch { failure = error }
        }
        if let failure { throw failure }
        return bytes
    }

    /// Fills the whole buffer with the bytes from `offset`.
    package func fill(
        _ buffer: UnsafeMutableRawBufferPointer, from offset: Int, of what: String
    ) throws(InputError) {
        try check(offset, buffer.count, what)
        switch storage {
        case .memory(let bytes):
            unsafe bytes.withUnsafeBytes {
                unsafe buffer.copyMemory(
                    from: .init(rebasing: $0[(base + offset)...].prefix(buffer.count)))
            }
        case .file(let file):
            var done = 0
            while done < buffer.count {
                let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
                let got = unsafe pread(
                    file.descriptor, rest.baseAddress, min(rest.count, 1 << 30),
                    off_t(base + offset + done))
                if got < 0 && errno == EINTR { continue }
                guard got >= 0 else { throw .system("read", path: path, code: errno) }
                guard got > 0 else { throw error("the file became shorter while it was read") }
                done += got
            }
        }
    }

    /// An error about this file.
    package func error(_ message: String) -> InputError { InputError(message, path: path) }

    private func check(_ offset: Int, _ count: Int, _ what: String) throws(InputError) {
        guard contains(offset: offset, count: count) else {
            throw error(
                "\(what) needs \(count) bytes from byte \(offset), but only \(self.count) are "
                    + "there; the file is cut short or damaged: fetch it again")
        }
    }
}

/// Closes its descriptor when the last source that uses it is gone.
private final class OpenFile: Sendable {
    let descriptor: Int32
    init(_ descriptor: Int32) { self.descriptor = descriptor }
    deinit { close(descriptor) }
}

/// Little-endian numbers at an offset of bytes already read; the caller checks the range.
extension Array<UInt8> {
    /// The number at `offset`.
    package func littleEndian<T: FixedWidthInteger>(_ offset: Int, as type: T.Type = T.self) -> T {
        precondition(offset >= 0 && offset + MemoryLayout<T>.size <= count)
        return unsafe withUnsafeBytes {
            unsafe T(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: T.self))
        }
    }
}
