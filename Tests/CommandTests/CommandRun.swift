// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// One run of the built program, to its end.
struct CommandRun: Sendable {
    /// The exit code.
    let code: Int32
    /// Standard output.
    let output: String
    /// Standard error.
    let complaint: String

    /// Runs `dr2net` with arguments, its data in a folder that doesn't exist.
    init(_ arguments: [String], sourceLocation: SourceLocation = #_sourceLocation) throws {
        let program = try #require(
            CommandRun.program, "no dr2net beside the tests; build it with swift build",
            sourceLocation: sourceLocation)
        let folder = try TemporaryFolder()
        let outputPath = folder.path("output"), errorPath = folder.path("error")
        for path in [outputPath, errorPath] {
            _ = FileManager.default.createFile(atPath: path, contents: nil)
        }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(
            ["DR2NET_DATA": folder.path("data")]
        ) { $1 }
        // Files, not pipes: nothing can fill up.
        process.standardOutput = FileHandle(forWritingAtPath: outputPath)
        process.standardError = FileHandle(forWritingAtPath: errorPath)
        process.standardInput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        code = process.terminationReason == .exit ? process.terminationStatus : -1
        output = try String(contentsOfFile: outputPath, encoding: .utf8)
        complaint = try String(contentsOfFile: errorPath, encoding: .utf8)
    }

    /// Runs any program to its end: its exit code, -1 after a signal, and standard error.
    static func runProgram(
        _ path: String, _ arguments: [String], environment: [String: String] = [:]
    ) throws -> (code: Int32, complaint: String) {
        let process = Process(), pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardOutput = FileHandle.nullDevice
        process.standardError = pipe
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let complaint = String(
            decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationReason == .exit ? process.terminationStatus : -1, complaint)
    }

    /// The lines of standard error.
    var complaintLines: [Substring] { complaint.split(separator: "\n") }

    /// Standard output as JSON and nothing else.
    func json() throws -> Any {
        try JSONSerialization.jsonObject(with: Data(output.utf8))
    }

    /// Standard output as one JSON object.
    func object() throws -> [String: Any] { try #require(try json() as? [String: Any]) }

    /// The program, which lies beside the tests' own executable.
    static let program: String? = {
        guard
            let own = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        else { return nil }
        let folder = URL(fileURLWithPath: own).deletingLastPathComponent()
        let path = folder.appendingPathComponent("dr2net").path
        return FileManager.default.isExecutableFile(atPath: path) ? path : nil
    }()
}

/// A folder that goes away with this object.
final class TemporaryFolder: Sendable {
    /// The folder's path.
    let path: String

    /// A new, empty folder.
    init() throws {
        path =
            FileManager.default.temporaryDirectory
            .appendingPathComponent("dr2net-command-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { remove() }

    /// Removes it with all that is in it.
    func remove() { try? FileManager.default.removeItem(atPath: path) }

    /// The path of a file in it.
    func path(_ name: String) -> String { "\(path)/\(name)" }

    /// Writes a file and gives its path.
    func write(_ data: Data, as name: String) throws -> String {
        try data.write(to: URL(fileURLWithPath: path(name)))
        return path(name)
    }

    /// Writes text and gives the file's path.
    func write(_ text: String, as name: String) throws -> String {
        try write(Data(text.utf8), as: name)
    }

    /// The names of the files in it.
    func names() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path).sorted()
    }
}
