// SPDX-License-Identifier: Apache-2.0
import Foundation

/// What tells that the sources of prepared work have not changed: how many files they are, their
/// bytes, the time of the newest, and a digest of each one's head, middle and tail.
///
/// A file put in another's place is noticed even where its length and its time are the same. The
/// settings that shaped the work belong beside the stamp, see ``of(_:settings:)``.
package enum SourceStamp {
    /// Bytes of each of head, middle and tail that the digest takes.
    static let part = 16384

    /// The stamp of files and folders; of a folder, of all files below it in order of their names.
    ///
    /// - Throws: where a path isn't there or a file can't be read.
    package static func of(_ paths: [String]) throws(InputError) -> String {
        var files = 0, bytes = 0, latest = 0.0
        var digest = ContentDigest()
        func add(_ path: String, as name: String) throws(InputError) {
            guard let attributes = try? FileManager.default.attributesOfItem(atPath: path),
                attributes[.type] as? FileAttributeType != .typeDirectory
            else { return }
            let resolved = URL(fileURLWithPath: path).resolvingSymlinksInPath().path
            var isFolder: ObjCBool = false
            guard unsafe FileManager.default.fileExists(atPath: resolved, isDirectory: &isFolder),
                !isFolder.boolValue
            else { return }
            let source = try ByteSource(path: resolved)
            let date =
                (try? FileManager.default.attributesOfItem(atPath: resolved))?[.modificationDate]
                as? Date
            files += 1
            bytes += source.count
            latest = max(latest, date?.timeIntervalSince1970 ?? 0)
            digest.add(name)
            let length = min(part, source.count)
            for start in Set([0, (source.count - length) / 2, source.count - length]).sorted() {
                digest.add(try source.read(start, length, of: "a part"))
            }
        }
        for path in paths {
            guard FileManager.default.fileExists(atPath: path) else {
                throw InputError("no such file; fetch it or correct its path", path: path)
            }
            try add(path, as: "")
            guard let names = FileManager.default.enumerator(atPath: path) else { continue }
            for name in names.compactMap({ $0 as? String }).sorted() {
                try add("\(path)/\(name)", as: name)
            }
        }
        return "\(files) files, \(bytes) bytes, \(Int(latest * 1000)), \(digest.text)"
    }

    /// The stamp of files and of the settings that shape what is made of them.
    package static func of(
        _ paths: [String], settings: [String]
    ) throws(InputError) -> String {
        "\(try of(paths)), \(ContentDigest.of(settings))"
    }
}
