// SPDX-License-Identifier: Apache-2.0
package import Foundation

/// Files that are either complete or not there.
///
/// The bytes go to a unique temporary file in the destination's folder, which is flushed to the
/// disk and renamed over the destination; then the folder is flushed. A reader therefore never
/// sees half a file, and a crash or a full disk leaves the old file as it was.
package enum AtomicFile {
    /// Writes `data` to `path`, replacing a file of that name.
    ///
    /// - Throws: one line for a full disk, an unwritable or a missing folder.
    package static func write(_ data: Data, to path: String) throws(InputError) {
        try write(to: path) { handle in try handle.write(contentsOf: data) }
    }

    /// Writes `text` as UTF-8 to `path`, replacing a file of that name.
    package static func write(_ text: String, to path: String) throws(InputError) {
        try write(Data(text.utf8), to: path)
    }

    /// Writes what `body` writes to the handle, replacing a file of that name at the end.
    ///
    /// A symbolic link is followed: its target is replaced. Devices and pipes
    /// (`/dev/stdout`) are written directly.
    ///
    /// - Throws: whatever `body` throws, as one line naming `path`; the destination is then
    ///   unchanged and the temporary file removed.
    package static func write(
        to path: String, body: (FileHandle) throws -> Void
    ) throws(InputError) {
        guard !path.isEmpty else { throw InputError("cannot write: the path is empty") }
        var destination = path
        var status = stat()
        var mode: mode_t?
        if unsafe stat(path, &status) == 0 {
            switch status.st_mode & S_IFMT {
            case S_IFREG: mode = status.st_mode & 0o7777
            case S_IFDIR: throw .system("write", path: path, code: EISDIR, isStorage: true)
            default: return try writeInPlace(path, body)
            }
            if let resolved = unsafe realpath(path, nil) {
                destination = unsafe String(cString: resolved)
                unsafe free(resolved)
            }
        }
        try replace(destination, shownAs: path, mode: mode, body)
    }

    private static func replace(
        _ destination: String, shownAs path: String, mode: mode_t?,
        _ body: (FileHandle) throws -> Void
    ) throws(InputError) {
        let (folder, name) = split(destination)
        let (temporary, descriptor) = try openTemporary(in: folder, for: name, shownAs: path)
        var keep = false
        defer { if !keep { unsafe unlink(temporary) } }
        do {
            defer { close(descriptor) }
            try run(body, on: descriptor, path: path)
            if let mode { fchmod(descriptor, mode) }
            guard fsync(descriptor) == 0 else {
                throw .system("flush", path: path, code: errno, isStorage: true)
            }
        }
        guard unsafe rename(temporary, destination) == 0 else {
            throw .system("rename the temporary file", path: path, code: errno, isStorage: true)
        }
        keep = true
        // Some file systems cannot flush a folder; the file itself is complete all the same.
        let handle = unsafe open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if handle >= 0 {
            fsync(handle)
            close(handle)
        }
    }

    private static func writeInPlace(
        _ path: String, _ body: (FileHandle) throws -> Void
    ) throws(InputError) {
        let descriptor = unsafe open(path, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw .system("open", path: path, code: errno, isStorage: true)
        }
        defer { close(descriptor) }
        try run(body, on: descriptor, path: path)
    }

    private static func run(
        _ body: (FileHandle) throws -> Void, on descriptor: Int32, path: String
    ) throws(InputError) {
        do {
            try body(FileHandle(fileDescriptor: descriptor, closeOnDealloc: false))
        } catch {
            throw .wrapping(error, action: "write", path: path, isStorage: true)
        }
    }

    private static func openTemporary(
        in folder: String, for name: String, shownAs path: String
    ) throws(InputError) -> (path: String, descriptor: Int32) {
        // File names end at 255 bytes; the suffix needs about 40 of them.
        let stem = String(decoding: name.utf8.prefix(180), as: UTF8.self)
        for _ in 0..<16 {
            let unique = String(UInt64.random(in: .min ... .max), radix: 36)
            let temporary = "\(folder)/.\(stem).\(getpid())-\(unique).tmp"
            let descriptor = unsafe open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
            if descriptor >= 0 { return (temporary, descriptor) }
            let code = errno
            if code == EEXIST || code == EINTR { continue }
            throw .system("create a file in \(folder)", path: path, code: code, isStorage: true)
        }
        throw .system("create a file in \(folder)", path: path, code: EEXIST, isStorage: true)
    }

    private static func split(_ path: String) -> (folder: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        let folder = path[..<slash]
        return (folder.isEmpty ? "/" : String(folder), String(path[path.index(after: slash)...]))
    }
}
