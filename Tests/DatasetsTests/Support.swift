// SPDX-License-Identifier: Apache-2.0
import Datasets
import Files
import Foundation
import Synchronization
import Testing

/// A folder that exists as long as this object.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.path + "/dr2net-datasets-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    /// Writes a text file, its folder included, and returns its path.
    @discardableResult
    func write(_ text: String, to name: String) throws -> String {
        let file = "\(path)/\(name)"
        let folder = URL(fileURLWithPath: file).deletingLastPathComponent().path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try text.write(toFile: file, atomically: true, encoding: .utf8)
        return file
    }

    /// Every regular file below a folder, relative to it, sorted.
    func files(in folder: String = "") -> [String] {
        let base = folder.isEmpty ? path : "\(path)/\(folder)"
        let names = FileManager.default.enumerator(atPath: base)?.compactMap { $0 as? String } ?? []
        return names.filter { name in
            var isFolder: ObjCBool = false
            return unsafe FileManager.default.fileExists(
                atPath: "\(base)/\(name)", isDirectory: &isFolder)
                && !isFolder.boolValue
        }.sorted()
    }
}

/// Runs a program that must succeed; returns what it printed.
@discardableResult
func shell(_ program: String, _ arguments: [String], in folder: String? = nil) throws -> String {
    let result = try SystemCommandRunner().run(Command(program, arguments, folder: folder))
    try #require(result.status == 0, "\(program): \(result.errorOutput)")
    return result.output
}

func sha256(_ path: String) throws -> String {
    String(try shell("sha256sum", [path]).prefix(64))
}

func size(_ path: String) throws -> Int {
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    return try #require((attributes[.size] as? NSNumber)?.intValue)
}

/// The package clients replaced by a closure; every other program is the system's.
final class FakeClient: CommandRunner {
    private let calls = Mutex<[Command]>([])
    private let missing: Set<String>
    private let answer: @Sendable (Command, _ folder: String) throws -> CommandResult

    init(
        missing: Set<String> = [],
        answer: @escaping @Sendable (Command, _ folder: String) throws -> CommandResult
    ) {
        self.missing = missing
        self.answer = answer
    }

    /// The calls of clients, in order.
    var commands: [Command] { calls.withLock { $0 } }

    func hasProgram(_ name: String) -> Bool { !missing.contains(name) }

    func run(_ command: Command) throws(InputError) -> CommandResult {
        guard ["pip", "python3", "apt-get"].contains(command.executable) else {
            return try SystemCommandRunner().run(command)
        }
        calls.withLock { $0.append(command) }
        let destination = command.arguments.firstIndex(of: "--dest").map {
            command.arguments[$0 + 1]
        }
        do {
            return try answer(command, destination ?? command.folder ?? "")
        } catch {
            return CommandResult(status: 1, errorOutput: "\(error)")
        }
    }
}

/// The manifests of this repository.
let repositoryCatalog = ManifestCatalog(
    folder: URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("data-manifests").path)

/// The error that a call throws.
func error(of body: () throws -> Void) -> InputError? {
    do {
        try body()
        return nil
    } catch {
        return error as? InputError
    }
}
