// SPDX-License-Identifier: Apache-2.0
package import Files
import Foundation

/// Where a command will write, checked before its work begins.
package struct OutputPlan {
    private let inputs: [FileIdentity: String]
    private var outputs: [FileIdentity: String] = [:]
    private var folders: [String] = []

    /// A plan of a command that reads these files.
    package init(inputs: [String] = []) {
        self.inputs = Dictionary(
            inputs.map { (FileIdentity($0), $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// Checks a path's ending alone.
    package static func checkEnding(
        _ path: String, _ endings: [String], option: String
    ) throws(InputError) {
        let ending = URL(fileURLWithPath: path).pathExtension.lowercased()
        guard !endings.contains(ending), !path.hasPrefix("/dev/") else { return }
        let list = endings.map { ".\($0)" }.joined(separator: " or ")
        throw InputError(
            "\(option) \(path): ends in \(ending.isEmpty ? "nothing" : ".\(ending)"); expected "
                + "\(list), which is what will be written")
    }

    /// Checks one file that a command writes; see ``file(_:option:endings:)``.
    package static func check(
        _ path: String?, option: String = "--output", endings: [String] = [], inputs: [String] = []
    ) throws(InputError) {
        guard let path else { return }
        var plan = OutputPlan(inputs: inputs)
        try plan.file(path, option: option, endings: endings)
    }

    /// Plans a file.
    ///
    /// - Parameters:
    ///   - option: The option that names it, such as "--output".
    ///   - endings: What its name may end in, in lower case; empty for anything.
    /// - Throws: One line where its ending is another, its folder is missing or can't be written
    ///   to, or it is one of the inputs or another output.
    package mutating func file(
        _ path: String, option: String, endings: [String] = []
    ) throws(InputError) {
        if !endings.isEmpty { try Self.checkEnding(path, endings, option: option) }
        guard !path.hasSuffix("/"), !Self.isFolder(path) else {
            throw InputError("\(option) \(path): is a folder; expected a file's name")
        }
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        guard Self.isFolder(folder) else {
            throw InputError(
                "\(option) \(path): there is no folder \(folder); make it, or choose another place")
        }
        let isThere = FileManager.default.fileExists(atPath: path)
        // Files are written aside and renamed; only a device is written to itself.
        let isDevice = isThere && !Self.isRegular(path)
        guard unsafe access(isDevice ? path : folder, W_OK) == 0 else {
            throw InputError(
                "\(option) \(path): \(isDevice ? "it" : "its folder") can't be written to; choose "
                    + "another place")
        }
        if !isDevice { try claim(path, option) }
    }

    /// Plans a folder of files, one for each input or so.
    ///
    /// - Parameters:
    ///   - files: What will be written into it, and the input that each comes from.
    /// - Throws: One line where it can't be made or written to, where two files have one name, or
    ///   one is an input.
    package mutating func folder(
        _ path: String, option: String, files: [(input: String, path: String)]
    ) throws(InputError) {
        try Self.checkFolder(path, option)
        folders.append(path)
        try self.files(files, option: option)
    }

    /// Checks that a folder can be written to, or made.
    private static func checkFolder(_ path: String, _ option: String) throws(InputError) {
        var place = URL(fileURLWithPath: path).standardizedFileURL
        while !FileManager.default.fileExists(atPath: place.path), place.path != "/" {
            place.deleteLastPathComponent()
        }
        guard isFolder(place.path) else {
            throw InputError(
                "\(option) \(path): \(place.path) is a file; expected a folder, or a name for one")
        }
        guard unsafe access(place.path, W_OK | X_OK) == 0 else {
            throw InputError(
                "\(option) \(path): \(place.path) can't be written to; choose another place")
        }
    }

    /// Plans files that come from an input each.
    ///
    /// - Throws: One line where two have one name, one is an input, or its folder can't be written to.
    package mutating func files(
        _ files: [(input: String, path: String)], option: String
    ) throws(InputError) {
        var sources: [FileIdentity: String] = [:]
        for folder in Set(files.map { URL(fileURLWithPath: $0.path).deletingLastPathComponent() }) {
            try Self.checkFolder(folder.path, option)
        }
        for (input, path) in files {
            let identity = FileIdentity(path)
            if let other = sources.updateValue(input, forKey: identity) {
                throw InputError(
                    "\(other) and \(input) would both be written to \(path) (\(option)); name "
                        + "them in separate calls, or rename one")
            }
            try claim(path, option)
        }
    }

    /// Makes the folders that were planned.
    package func makeFolders() throws(InputError) {
        for folder in folders {
            do {
                try FileManager.default.createDirectory(
                    atPath: folder, withIntermediateDirectories: true)
            } catch {
                throw InputError("\(folder): can't make the folder; choose another place")
            }
        }
    }

    private mutating func claim(_ path: String, _ option: String) throws(InputError) {
        let identity = FileIdentity(path)
        if let input = inputs[identity] {
            throw InputError(
                "\(option) \(path): is the input \(input) itself, which would be lost; choose "
                    + "another place")
        }
        if let other = outputs.updateValue(option, forKey: identity) {
            throw InputError(
                "\(path): is written by \(other) and by \(option); choose another name for one")
        }
    }

    private static func isFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
            && isFolder.boolValue
    }

    private static func isRegular(_ path: String) -> Bool {
        var status = stat()
        return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }
}
