// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Foundation

/// A run on disk: `recipe.yaml`, `metrics.jsonl` and `checkpoint-NNNNNN.safetensors`.
///
/// Locked for as long as this object lives, so that no second process writes to it.
package final class RunFolder {
    /// The folder.
    package let path: String
    private let lock: FolderLock

    private init(path: String, lock: FolderLock) {
        self.path = path
        self.lock = lock
    }

    /// The resolved recipe's file.
    package var recipePath: String { path + "/recipe.yaml" }
    /// The metrics' file.
    package var metricsPath: String { path + "/metrics.jsonl" }

    /// Starts a run: makes the folder, locks it and writes the resolved recipe.
    ///
    /// - Throws: where the folder can't be written, is in use, or holds a run already.
    package static func create(_ path: String, recipe: ResolvedRecipe) throws -> RunFolder {
        let path = normalized(path)
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true)
        } catch {
            throw TrainingError(
                "\(path): can't make the run folder (\(reason(error))); check the permissions of "
                    + "the folder above it, or choose another with --run")
        }
        let folder = RunFolder(path: path, lock: try FolderLock(folder: path))
        guard !FileManager.default.fileExists(atPath: folder.recipePath),
            try folder.checkpoints().isEmpty
        else {
            throw TrainingError(
                "\(path): holds a run already; go on with it by --resume \(path), or choose "
                    + "another folder with --run")
        }
        try AtomicFile.write(recipe.yaml, to: folder.recipePath)
        try AtomicFile.write("", to: folder.metricsPath)
        return folder
    }

    /// Opens a run to go on with it: locks the folder and clears what a crash left half written.
    ///
    /// - Throws: where there is no run, or another process uses it.
    package static func open(_ path: String) throws -> RunFolder {
        let path = normalized(path)
        guard FileManager.default.fileExists(atPath: path + "/recipe.yaml") else {
            throw TrainingError(
                "\(path): no run to resume: it has no recipe.yaml; expected a folder that train "
                    + "has written")
        }
        let folder = RunFolder(path: path, lock: try FolderLock(folder: path))
        for name in try names(path) where isLeftover(name) {
            unlink("\(path)/\(name)")
        }
        return folder
    }

    /// Takes a run away that has neither metrics nor checkpoints: one whose data were at fault.
    ///
    /// - Parameter names: Files that the task wrote beside the recipe. Other files stay, and then
    ///   the folder does.
    package func removeIfUnused(also names: [String]) {
        guard (try? metrics().isEmpty) ?? false, (try? checkpoints().isEmpty) ?? false else {
            return
        }
        for name in ["recipe.yaml", "metrics.jsonl", ".lock"] + names { unlink("\(path)/\(name)") }
        rmdir(path)
    }

    // MARK: Metrics

    /// Appends one line; whole lines only, as one write.
    package func append(_ line: MetricsLine) throws(TrainingError) {
        let bytes = Array((line.json + "\n").utf8)
        let file = Foundation.open(metricsPath, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
        guard file >= 0 else { throw cannotAppend() }
        defer { close(file) }
        guard write(file, bytes, bytes.count) == bytes.count else { throw cannotAppend() }
    }

    private func cannotAppend() -> TrainingError {
        TrainingError(
            "\(metricsPath): can't be written: \(String(cString: strerror(errno))); make room or "
                + "check its permissions, then go on with --resume \(path)")
    }

    /// The lines written so far; an incomplete last line is left out.
    package func metrics() throws(TrainingError) -> [MetricsLine] {
        try RunFolder.metrics(of: path)
    }

    /// The metrics of a run folder that need not be locked.
    package static func metrics(of path: String) throws(TrainingError) -> [MetricsLine] {
        try rawLines(path + "/metrics.jsonl").map(\.line)
    }

    private static func rawLines(
        _ path: String
    ) throws(TrainingError) -> [(line: MetricsLine, bytes: Data)] {
        guard let data = FileManager.default.contents(atPath: path) else { return [] }
        // What follows the last line feed was cut off by a crash.
        let pieces = data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .dropLast()
        var lines: [(line: MetricsLine, bytes: Data)] = []
        for (index, piece) in pieces.enumerated() where !piece.isEmpty {
            guard let line = MetricsLine(json: piece) else {
                throw TrainingError(
                    "\(path):\(index + 1): not a line of metrics; remove the line")
            }
            lines.append((line, Data(piece)))
        }
        return lines
    }

    /// Cuts, atomically, every line after a step.
    package func cutMetrics(after step: Int) throws {
        var kept = Data()
        for (line, bytes) in try RunFolder.rawLines(metricsPath) where line.step <= step {
            kept += bytes
            kept.append(UInt8(ascii: "\n"))
        }
        guard kept != FileManager.default.contents(atPath: metricsPath) else { return }
        try AtomicFile.write(kept, to: metricsPath)
    }

    // MARK: Checkpoints

    /// The checkpoints, oldest first.
    package func checkpoints() throws(TrainingError) -> [(step: Int, path: String)] {
        try RunFolder.checkpoints(of: path)
    }

    private static func checkpoints(
        of path: String
    ) throws(TrainingError) -> [(step: Int, path: String)] {
        try names(path).compactMap { name in
            step(of: name).map { (step: $0, path: "\(path)/\(name)") }
        }.sorted { $0.step < $1.step }
    }

    /// Writes a checkpoint whole or not at all, then removes the oldest beyond `keep`.
    ///
    /// The metrics are flushed to the disk first, so that they reach at least as far.
    package func save(_ checkpoint: TrainingCheckpoint, keep: Int) throws {
        let metrics = Foundation.open(metricsPath, O_WRONLY | O_CLOEXEC)
        if metrics >= 0 {
            fsync(metrics)
            close(metrics)
        }
        let digits = String(checkpoint.step)
        let number = String(repeating: "0", count: max(0, 6 - digits.count)) + digits
        try Safetensors.write(
            checkpoint.stateDict, to: "\(path)/checkpoint-\(number).safetensors")
        for old in try checkpoints().dropLast(max(1, keep)) { unlink(old.path) }
    }

    /// The newest checkpoint that can be read; nil where there is none.
    ///
    /// - Parameter warn: Told about each damaged newer one, in one line.
    /// - Throws: where there are checkpoints but none can be read.
    package func latestCheckpoint(warn: (String) -> Void) throws -> TrainingCheckpoint? {
        try RunFolder.latestCheckpoint(of: path, warn: warn)
    }

    /// The newest checkpoint of a run folder that need not be locked: for prediction and export.
    package static func latestCheckpoint(
        of path: String, warn: (String) -> Void
    ) throws -> TrainingCheckpoint? {
        let all = try checkpoints(of: path)
        var last: (any Error)?
        for (_, path) in all.reversed() {
            do {
                return try TrainingCheckpoint(path: path)
            } catch {
                last = error
                warn("skipped a damaged checkpoint: \(error)")
            }
        }
        if let last { throw last }
        return nil
    }

    // MARK: Names

    private static func names(_ path: String) throws(TrainingError) -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: path).sorted()
        } catch {
            throw TrainingError("\(path): can't be listed (\(reason(error)))")
        }
    }

    private static func step(of name: String) -> Int? {
        guard name.hasPrefix("checkpoint-"), name.hasSuffix(".safetensors") else { return nil }
        let digits = name.dropFirst("checkpoint-".count).dropLast(".safetensors".count)
        return digits.allSatisfy(\.isNumber) ? Int(digits) : nil
    }

    /// A file that `AtomicFile` had not renamed yet when its process died.
    private static func isLeftover(_ name: String) -> Bool {
        let stems = [".checkpoint-", ".metrics.jsonl.", ".recipe.yaml."]
        return name.hasSuffix(".tmp") && stems.contains { name.hasPrefix($0) }
    }

    private static func normalized(_ path: String) -> String {
        path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    }

    private static func reason(_ error: any Error) -> String {
        let inner = (error as NSError).userInfo[NSUnderlyingErrorKey] as? NSError
        if let code = inner?.code, inner?.domain == NSPOSIXErrorDomain {
            return String(cString: strerror(Int32(truncatingIfNeeded: code)))
        }
        return error.localizedDescription
    }
}
