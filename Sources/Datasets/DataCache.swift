// SPDX-License-Identifier: Apache-2.0
package import Files
import Foundation

/// The folder that holds fetched datasets, each in a folder of its own name.
///
/// `--to`/`--in` names it; else `DR2NET_DATA`; else `dr2net` in `XDG_DATA_HOME`; else
/// `~/.local/share/dr2net`. It is data and no cache in the sense of XDG: a cleaner that empties
/// `~/.cache` should not cost 150 MB of downloads. What is under way lies in `.staging`.
package struct DataCache: Sendable {
    /// The folder, absolute; it need not exist.
    package let root: String
    let runner: any CommandRunner

    /// - Parameters:
    ///   - folder: what the user named; none for the default.
    ///   - runner: runs the package clients and system tools; a test puts its own here.
    package init(
        folder: String? = nil,
        environment: [String: String] = ProcessInfo.processInfo.environment,
        runner: any CommandRunner = SystemCommandRunner()
    ) {
        self.runner = runner
        let home = environment["HOME"] ?? NSHomeDirectory()
        let shared = environment["XDG_DATA_HOME"]
        if let folder, !folder.isEmpty {
            root = FileSystem.absolute(folder)
        } else if let own = environment["DR2NET_DATA"], !own.isEmpty {
            root = FileSystem.absolute(own)
        } else if let shared, shared.hasPrefix("/") {
            // The XDG specification tells us to ignore a relative path here.
            root = FileSystem.absolute("\(shared)/dr2net")
        } else {
            root = FileSystem.absolute("\(home)/.local/share/dr2net")
        }
    }

    /// The folder of one dataset.
    package func folder(of dataset: String) -> String { "\(root)/\(dataset)" }

    /// The path of a file of a dataset, whether or not it is there.
    package func path(of file: String, in dataset: String) -> String {
        "\(root)/\(dataset)/\(file)"
    }

    /// The path of a cached file when it is there with the right size; none otherwise.
    ///
    /// Quick (nothing is hashed): for tests that skip when the data is not cached, and for
    /// commands that then say `dr2net data fetch`.
    package func cached(_ file: String, of manifest: Manifest) -> String? {
        guard let expected = manifest.files.first(where: { $0.path == file }) else { return nil }
        let path = path(of: file, in: manifest.name)
        return FileSystem.size(of: path) == expected.bytes ? path : nil
    }

    /// Checks every file of a dataset against its manifest: size, then SHA-256.
    ///
    /// - Throws: `InputError` for a set that is fetched by hand, which ``SetCheck`` looks through.
    package func verify(_ manifest: Manifest) throws(InputError) -> Verification {
        guard !manifest.isByHand else { throw InputError(manifest.byHandRemedy) }
        var files: [FileStatus] = []
        for file in manifest.files { files.append(try status(of: file, in: manifest.name)) }
        return Verification(dataset: manifest.name, folder: folder(of: manifest.name), files: files)
    }

    /// Checks one file.
    func status(of file: Manifest.File, in dataset: String) throws(InputError) -> FileStatus {
        let path = path(of: file.path, in: dataset)
        let mismatch = try mismatch(of: path, bytes: file.bytes, sha256: file.sha256)
        return FileStatus(file: file, mismatch: mismatch)
    }

    /// How a file differs from what is expected; none when it does not.
    func mismatch(
        of path: String, bytes: Int, sha256: String
    ) throws(InputError) -> FileMismatch? {
        guard let size = FileSystem.size(of: path) else { return .missing }
        if size != bytes { return .size(size) }
        let found = try Checksum.sha256(of: path, by: runner)
        return found == sha256 ? nil : .hash(found)
    }
}

/// How a file differs from what its manifest states.
enum FileMismatch: Equatable {
    case missing
    /// The size found, in bytes.
    case size(Int)
    /// The SHA-256 found.
    case hash(String)
}
