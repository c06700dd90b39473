// SPDX-License-Identifier: Apache-2.0
import Files
import Foundation

/// A folder that comes with the program, and where to look for it.
struct ShippedFolder: Sendable {
    /// The name that it has in a checkout, and below `share/dr2net` of an installation.
    let name: String
    /// The environment variable that names it where it lies elsewhere.
    let variable: String
    /// What makes a folder one, for messages: "with .yaml files".
    let content: String
    /// Whether a folder holds that.
    let isOne: @Sendable (String) -> Bool

    /// Finds the folder, whatever the working directory: by its environment variable; then, going
    /// up from the executable, the first `NAME` or `share/dr2net/NAME` (the package's root, or the
    /// prefix of an installation); then the same going up from the current directory.
    ///
    /// - Returns: Its absolute path.
    /// - Throws: `InputError` that lists where it looked.
    func find(
        environment: [String: String], executable: String?, currentFolder: String
    ) throws(InputError) -> String {
        if let given = environment[variable], !given.isEmpty {
            if isOne(given) { return FileSystem.absolute(given) }
            throw InputError(
                "\(variable) is \(given), which is no folder \(content); "
                    + "set it to the folder \(name) of the project, or unset it")
        }
        let starts = [executable.map(FileSystem.folder(of:)), currentFolder].compactMap(\.self)
        for start in starts {
            var folder = FileSystem.absolute(start)
            while true {
                for place in [name, "share/dr2net/\(name)"] {
                    let candidate = folder == "/" ? "/\(place)" : "\(folder)/\(place)"
                    if isOne(candidate) { return candidate }
                }
                if folder == "/" { break }
                folder = FileSystem.folder(of: folder)
            }
        }
        throw InputError(
            "no folder \(name) \(content): looked in and above "
                + starts.joined(separator: " and ") + "; set \(variable) to it")
    }

    /// The names of a folder's `.yaml` files without that ending, sorted.
    static func documents(in folder: String) -> [String] {
        FileSystem.names(in: folder).filter { $0.hasSuffix(".yaml") && !$0.hasPrefix(".") }
            .map { String($0.dropLast(".yaml".count)) }.sorted()
    }
}

/// The program that runs.
package enum RunningProgram {
    /// The path of the executable, links resolved.
    package static var executable: String? {
        try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    }
}
