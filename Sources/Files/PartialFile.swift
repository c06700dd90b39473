// SPDX-License-Identifier: Apache-2.0
import Foundation

/// What a long work has found so far, in a file beside that of its result.
///
/// The file is whole after every ``append(_:)``: its tail is written again behind each part, so
/// that what a kill leaves can be read like the result itself. It goes when the result is there.
package final class PartialFile {
    /// Where the file is: the result's path with `.partial`.
    package let path: String
    /// Parts so far.
    package private(set) var count = 0
    private var isEmpty = true
    private let separator, tail: [UInt8]
    private let handle: FileHandle
    private var end: UInt64

    /// Begins the file, over one that an earlier work left.
    ///
    /// - Parameters:
    ///   - result: Where the result will be written.
    ///   - head: What the file begins with, and `tail` what it ends with.
    ///   - separator: What is between two parts.
    /// - Returns: Nil where the result is a device or pipe, beside which nothing can lie.
    /// - Throws: One line for a full disk, an unwritable or a missing folder.
    package init?(
        of result: String, head: String = "", separator: String = "", tail: String = ""
    ) throws(InputError) {
        var status = stat()
        if unsafe stat(result, &status) == 0, status.st_mode & S_IFMT != S_IFREG { return nil }
        path = result + ".partial"
        self.separator = Array(separator.utf8)
        self.tail = Array(tail.utf8)
        end = UInt64(head.utf8.count)
        try AtomicFile.write(head + tail, to: path)
        guard let handle = FileHandle(forUpdatingAtPath: path) else {
            throw .system("open", path: path, code: errno, isStorage: true)
        }
        self.handle = handle
    }

    /// Adds a part; an empty one counts and leaves the file as it is.
    ///
    /// - Throws: One line for a full disk.
    package func append(_ part: String) throws(InputError) {
        count += 1
        guard !part.isEmpty else { return }
        let text = (isEmpty ? [] : separator) + Array(part.utf8)
        do {
            try handle.seek(toOffset: end)
            try handle.write(contentsOf: Data(text + tail))
        } catch {
            throw .wrapping(error, action: "write", path: path, isStorage: true)
        }
        end += UInt64(text.count)
        isEmpty = false
    }

    /// Takes the file away where it has no part.
    package func removeIfUnused() { if count == 0 { remove() } }

    /// Takes the file away.
    package func remove() {
        try? handle.close()
        unsafe unlink(path)
    }
}
