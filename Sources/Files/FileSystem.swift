// SPDX-License-Identifier: Apache-2.0
import Foundation

/// Operations on files and folders, with errors of one line.
package enum FileSystem {
    /// The size of a regular file (links followed), in bytes; none for anything else.
    package static func size(of path: String) -> Int? {
        var status = stat()
        guard unsafe stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            return nil
        }
        return Int(status.st_size)
    }

    /// Whether a path is a folder (links followed).
    package static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// The last component of a path.
    package static func name(of path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? path
    }

    /// The path without its last component.
    package static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
        return String(path[..<slash])
    }

    /// The names in a folder, sorted; none when it cannot be read.
    package static func names(in folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
    }

    /// Makes a folder and those above it.
    package static func makeFolder(_ path: String) throws(InputError) {
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true)
        } catch {
            throw InputError(
                "cannot create the folder \(path): "
                    + "\(blocker(of: path)); choose another folder with --to or DR2NET_DATA",
                isStorage: true)
        }
    }

    /// Why a folder cannot be made: looks at the lowest part of its path that exists.
    private static func blocker(of path: String) -> String {
        var part = path
        while unsafe part != "/" && access(part, F_OK) != 0 { part = folder(of: part) }
        if !isFolder(part) { return "\(part) is not a folder" }
        return unsafe access(part, W_OK) == 0 ? "the system refused" : "\(part) is not writable"
    }

    /// Removes a file or a folder with all it holds; nothing when it is not there.
    package static func remove(_ path: String) { try? FileManager.default.removeItem(atPath: path) }

    /// Flushes a file to the disk and renames it, which readers see as one step.
    package static func move(_ path: String, to destination: String) throws(InputError) {
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0, fsync(file) == 0, unsafe rename(path, destination) == 0 else {
            let words = unsafe String(cString: strerror(errno))
            if file >= 0 { close(file) }
            throw InputError(
                "cannot put \(destination) in place: \(words); "
                    + "check the folder and fetch again")
        }
        close(file)
        let parent = unsafe open(folder(of: destination), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if parent >= 0 {
            fsync(parent)
            close(parent)
        }
    }

    /// Bytes that an ordinary user can still write there; none when the system does not say.
    package static func freeBytes(at path: String) -> Int? {
        let attributes = try? FileManager.default.attributesOfFileSystem(forPath: path)
        return (attributes?[.systemFreeSize] as? NSNumber)?.intValue
    }

    /// An absolute path without `.` and `..` parts.
    package static func absolute(_ path: String) -> String {
        URL(fileURLWithPath: path).standardizedFileURL.path
    }
}
