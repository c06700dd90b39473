// SPDX-License-Identifier: Apache-2.0
import Foundation

/// Reading whole files with one line for whatever goes wrong.
package enum TextFile {
    /// The bytes of a regular file.
    ///
    /// - Parameters:
    ///   - expected: What it should be, such as "a COCO JSON file".
    ///   - limit: The most bytes that are read.
    ///   - terminator: Bytes to append, without a copy of the others.
    /// - Throws: One line for a missing, empty, unreadable, shrinking or too large file.
    package static func read(
        _ path: String, expected: String, limit: Int, terminator: [UInt8] = []
    ) throws(InputError) -> [UInt8] {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw InputError(
                unsafe "\(path): cannot be read (\(String(cString: strerror(errno)))); "
                    + "expected \(expected), check the path")
        }
        defer { close(descriptor) }
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw InputError("\(path): is a folder or a device; expected \(expected)")
        }
        let size = Int(status.st_size)
        guard size > 0, size <= limit else {
            throw InputError(
                size > 0
                    ? "\(path): has \(size) bytes; expected \(expected) of at most \(limit)"
                    : "\(path): is empty; expected \(expected)")
        }
        var done = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: size + terminator.count) {
            buffer, initialized in
            while done < size {
                let got = unsafe pread(
                    descriptor, buffer.baseAddress.map { unsafe $0 + done },
                    min(size - done, 1 << 30),
                    off_t(done))
                if got < 0, errno == EINTR { continue }
                if got <= 0 { break }
                done += got
            }
            initialized = done
            for byte in terminator where done == size {
                unsafe buffer.initializeElement(at: initialized, to: byte)
                initialized += 1
            }
        }
        guard done == size else {
            throw InputError(
                "\(path): ended after \(done) of \(size) bytes while it was read; "
                    + "expected \(expected), try again or copy it again")
        }
        return bytes
    }

    /// The names in a folder with one of the endings, sorted.
    package static func names(
        in folder: String, endings: [String]
    ) throws(InputError) -> [String] {
        guard let all = try? FileManager.default.contentsOfDirectory(atPath: folder) else {
            throw InputError(
                "\(folder): cannot be listed; expected a folder of annotations, check the path")
        }
        return all.filter { name in
            endings.contains { name.lowercased().hasSuffix($0) }
        }.sorted()
    }
}
