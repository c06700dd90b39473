// SPDX-License-Identifier: Apache-2.0
import Foundation

/// What is wrong with something from outside: a file, an option, a recipe, a network's weights.
///
/// The description is one line: where, what was found, what was expected, what to do. A programmer's
/// mistake traps instead.
public struct InputError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The line without the file's name.
    public let message: String
    /// The file concerned, where the message doesn't name it already.
    public let path: String?
    /// Whether the system refused to write, such as on a full disk: a loop that leaves faulty inputs
    /// out must not go on.
    package let isStorage: Bool

    /// An error of one line; control characters become spaces.
    package init(_ message: String, path: String? = nil, isStorage: Bool = false) {
        self.init(line: message.singleLine, path: path, isStorage: isStorage)
    }

    /// An error in the usual order.
    package init(path: String, found: String, expected: String, remedy: String) {
        self.init("found \(found), expected \(expected); \(remedy)", path: path)
    }

    /// Several faults of a file, a line each; of more than 20 the first ones.
    package init(faults: [String], of file: String, remedy: String) {
        let lines = faults.map(\.singleLine)
        guard lines.count > 1 else {
            self.init("\(lines.first ?? file); \(remedy)")
            return
        }
        let more = lines.count > 20 ? ["and \(lines.count - 20) more"] : []
        let head = "\(file): \(lines.count) faults; \(remedy):"
        self.init(line: ([head] + lines.prefix(20) + more).joined(separator: "\n  "))
    }

    private init(line: String, path: String? = nil, isStorage: Bool = false) {
        message = line
        self.path = path
        self.isStorage = isStorage
    }

    /// One line, or one for each of several faults.
    public var description: String {
        guard let path else { return message }
        return "\(path.singleLine): \(message)"
    }

    /// The same error, naming `path` unless it names a file already.
    package func at(_ path: String) -> InputError {
        guard self.path == nil else { return self }
        return InputError(line: message, path: path, isStorage: isStorage)
    }

    /// A failed system call as one line that says what to do about it.
    ///
    /// - Parameters:
    ///   - action: What was attempted, as a phrase after "cannot": "open", "write".
    ///   - code: The value of `errno`.
    ///   - isStorage: Whether it was to write.
    package static func system(
        _ action: String, path: String, code: Int32, isStorage: Bool = false
    ) -> InputError {
        InputError(line: "cannot \(action): \(reason(code))", path: path, isStorage: isStorage)
    }

    /// Turns whatever a closure or Foundation threw into one line; an `InputError` stays what it is.
    package static func wrapping(
        _ error: any Error, action: String, path: String, isStorage: Bool = false
    ) -> InputError {
        if let known = error as? InputError { return known.at(path) }
        if let code = posixCode(of: error as NSError, depth: 0) {
            return system(action, path: path, code: code, isStorage: isStorage)
        }
        return InputError("cannot \(action): \(error)", path: path)
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
        default: unsafe "\(String(cString: strerror(code))) (errno \(code))"
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
    /// Control characters and line breaks as spaces, so that a hostile name cannot break a line.
    package var singleLine: String {
        func breaks(_ scalar: Unicode.Scalar) -> Bool {
            scalar.properties.generalCategory == .control
                || scalar.properties.generalCategory == .lineSeparator
                || scalar.properties.generalCategory == .paragraphSeparator
        }
        guard unicodeScalars.contains(where: breaks) else { return self }
        return String(String.UnicodeScalarView(unicodeScalars.map { breaks($0) ? " " : $0 }))
    }
}
