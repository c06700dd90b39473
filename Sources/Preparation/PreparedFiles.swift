// SPDX-License-Identifier: Apache-2.0
import Files
import Foundation

/// A file that one preparation writes and the next one reads, as JSON for people.
package struct PreparedFile<Value: Codable & Sendable>: Sendable {
    /// The file.
    package let path: String

    /// A file, which need not be there.
    package init(_ path: String) { self.path = path }

    /// What it holds; nil where it isn't there or holds something else.
    package func read() -> Value? {
        FileManager.default.contents(atPath: path).flatMap {
            try? JSONDecoder().decode(Value.self, from: $0)
        }
    }

    /// Writes it, whole or not at all.
    package func write(_ value: Value) throws { try PreparedFiles.write(value, to: path) }

    /// Removes it, if it is there.
    package func remove() { FileSystem.remove(path) }
}

/// What preparations do with folders and files, whatever their index.
package enum PreparedFiles {
    /// Makes a folder and keeps it to this process while `body` works in it.
    ///
    /// - Parameters:
    ///   - parts: Folders in it that are made, too.
    ///   - remedy: What to do where it can't be made: "choose another data.prepared".
    /// - Throws: One line where it can't be made or another process has it; what `body` throws.
    package static func locked<R>(
        _ folder: String, parts: [String] = [], remedy: String, _ body: () throws -> R
    ) throws -> R {
        do {
            for path in [folder] + parts.map({ "\(folder)/\($0)" }) {
                try FileManager.default.createDirectory(
                    atPath: path, withIntermediateDirectories: true)
            }
        } catch {
            throw InputError("can't create the folder; \(remedy)", path: folder)
        }
        let lock = try FolderLock(folder: folder)
        defer { withExtendedLifetime(lock) {} }
        return try body()
    }

    /// Writes a value as JSON for people, whole or not at all.
    package static func write(_ value: some Encodable, to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try AtomicFile.write(encoder.encode(value), to: path)
    }

    /// Whether a file holds `records` of `length` bytes and no more.
    package static func isLong(_ path: String, _ records: Int, _ length: Int) -> Bool {
        let (bytes, overflow) = records.multipliedReportingOverflow(by: length)
        return records > 0 && !overflow && FileSystem.size(of: path) == bytes
    }
}
