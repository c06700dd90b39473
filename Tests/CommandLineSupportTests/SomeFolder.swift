// SPDX-License-Identifier: Apache-2.0
import Foundation

/// A folder of empty files that goes away with this object.
final class SomeFolder {
    let path: String

    /// A new folder with these files and the folders above them.
    init(_ files: [String] = []) throws {
        path =
            FileManager.default.temporaryDirectory
            .appendingPathComponent("dr2net-inputs-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        for file in files { try add(file) }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func add(_ file: String) throws {
        let url = URL(fileURLWithPath: self(file))
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(file.utf8).write(to: url)
    }

    /// The path of a file in it.
    func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }

    /// Paths as they lie in it.
    func names(_ paths: [String]) -> [String] {
        paths.map { $0.hasPrefix(path + "/") ? String($0.dropFirst(path.count + 1)) : $0 }
    }

    func link(_ name: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(
            atPath: self(name), withDestinationPath: self(target))
    }
}

/// What a body throws, as text.
func complaint(_ body: () throws -> Void) -> String {
    do {
        try body()
        return "no error"
    } catch {
        return "\(error)"
    }
}
