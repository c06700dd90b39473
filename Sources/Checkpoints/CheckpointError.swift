// SPDX-License-Identifier: Apache-2.0
import Foundation

/// What went wrong with a file of tensors, or with writing any file.
///
/// The description is one line: the file, what was found, what was expected, what to do.
package struct CheckpointError: Error, Sendable, CustomStringConvertible {
    /// One line without the file's name.
    package let message: String
    /// The file concerned, where there is one.
    package let path: String?

    package init(_ message: String, path: String? = nil) {
        self.message = message.singleLine
        self.path = path
    }

    package var description: String {
        guard let path else { return message }
        return "\(path.singleLine): \(message)"
    }

    /// The same error, naming `path` unless it names a file already.
    func at(_ path: String) -> CheckpointError {
        self.path == nil ? CheckpointError(message, path: path) : self
    }

    /// A failed system call as one line that says what to do about it.
    ///
    /// - Parameters:
    ///   - action: what was attempted, as a phrase after "cannot": "open", "write".
    ///   - code: the value of `errno`.
    static func system(_ action: String, path: String, code: Int32) -> CheckpointError {
        CheckpointError("cannot \(action): \(reason(code))", path: path)
    }

    /// Turns whatever a caller's closure or Foundation threw into one line.
    static func wrapping(_ error: any Error, action: String, path: String) -> CheckpointError {
        if let known = error as? CheckpointError { return known.at(path) }
        if let code = posixCode(of: error as NSError, depth: 0) {
            return system(action, path: path, code: code)
        }
        return CheckpointError("cannot \(action): \(error)", path: path)
    }

    private static func reason(_ code: Int32) -> String {
        switch code {
        case ENOSPC: "the disk is full; free space or choose another folder"
        case EDQUOT: "the disk quota is used up; free space or choose another folder"
        case EROFS: "the file system is read-only; choose another folder"
        case EACCES, EPERM: "permission denied; check the owner and mode of the folder and file"
        case ENOENT: "no such file or folder; check the path, and create the folder first"
        case ENOTDIR: "a part of the path is a file, not a folder; check the path"
        case EISDIR: "this is a folder; give the path of a file"
        case ENAMETOOLONG: "the name is too long; choose a shorter one"
        default: "\(String(cString: strerror(code))) (errno \(code))"
        }
    }

    /// Foundation wraps the system's code once or twice.
    private static func posixCode(of error: NSError, depth: Int) -> Int32? {
        if error.domain == NSPOSIXErrorDomain { return Int32(truncatingIfNeeded: error.code) }
        if depth < 4, let inner = error.userInfo[NSUnderlyingErrorKey] as? NSError,
            let code = posixCode(of: inner, depth: depth + 1)
        {
            return code
        }
        guard error.domain == NSCocoaErrorDomain else { return nil }
        switch error.code {
        case CocoaError.Code.fileWriteOutOfSpace.rawValue: return ENOSPC
        case CocoaError.Code.fileWriteVolumeReadOnly.rawValue: return EROFS
        case CocoaError.Code.fileWriteNoPermission.rawValue: return EACCES
        default: return nil
        }
    }
}

extension String {
    /// Control characters replaced, so that a hostile name cannot break a one-line message.
    var singleLine: String {
        guard unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
            return self
        }
        return String(
            String.UnicodeScalarView(
                unicodeScalars.map { $0.properties.generalCategory == .control ? " " : $0 }))
    }
}
