// SPDX-License-Identifier: Apache-2.0
import Foundation

/// Keeps a folder to one process: a run folder with two writers would be lost to both.
///
/// An advisory `flock` on `<folder>/.lock`, released when this object or its process ends, a
/// crash included. The file stays behind; its being there means nothing.
package final class FolderLock: Sendable {
    private let descriptor: Int32
    /// The folder that is locked.
    package let folder: String

    /// Takes the lock, or says at once who has it.
    ///
    /// - Throws: one line when the folder is missing or unwritable, or when another process (or
    ///   another `FolderLock` of this one) holds it.
    package init(folder: String) throws(InputError) {
        let path = folder + "/.lock"
        let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else {
            throw .system("lock the folder", path: folder, code: errno, isStorage: true)
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            let holder = FolderLock.holder(descriptor)
            close(descriptor)
            guard code == EWOULDBLOCK else {
                throw .system("lock the folder", path: folder, code: code, isStorage: true)
            }
            throw InputError(
                "in use by \(holder); wait for it to end or choose another folder", path: folder,
                isStorage: true)
        }
        // The number is for the message above only: a failure to write it does no harm.
        let text = Array("\(getpid())\n".utf8)
        if ftruncate(descriptor, 0) == 0 { _ = unsafe pwrite(descriptor, text, text.count, 0) }
        self.descriptor = descriptor
        self.folder = folder
    }

    deinit { close(descriptor) }

    private static func holder(_ descriptor: Int32) -> String {
        var bytes = [UInt8](repeating: 0, count: 20)
        let count = unsafe pread(descriptor, &bytes, bytes.count, 0)
        let digits = bytes.prefix(max(0, count)).prefix { (48...57).contains($0) }
        return digits.isEmpty
            ? "another process" : "process \(String(decoding: digits, as: UTF8.self))"
    }
}
