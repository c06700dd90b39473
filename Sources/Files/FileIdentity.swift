// SPDX-License-Identifier: Apache-2.0
import Foundation

/// What makes two paths one file: device and number where it is there, else folder and name.
package enum FileIdentity: Hashable, Sendable {
    /// A file or folder that is there.
    case existing(device: UInt64, number: UInt64)
    /// One that is not there yet, by its folder, links followed, and its name.
    case missing(path: String)

    /// The identity of a path, links followed.
    package init(_ path: String) {
        var status = stat()
        if unsafe stat(path, &status) == 0 {
            self = .existing(device: UInt64(status.st_dev), number: UInt64(status.st_ino))
        } else {
            self = .missing(path: Self.place(path))
        }
    }

    /// The path with the links of its folder followed, but not its own: two links to one file are
    /// two places.
    package static func place(_ path: String) -> String {
        let url = URL(fileURLWithPath: path).standardizedFileURL
        let folder = url.deletingLastPathComponent().path
        guard let resolved = unsafe realpath(folder, nil) else { return url.path }
        defer { unsafe free(resolved) }
        return unsafe "\(String(cString: resolved))/\(url.lastPathComponent)"
    }
}
