// SPDX-License-Identifier: Apache-2.0
import Checkpoints
package import Files
import Foundation

/// The checkpoints of a run: whole or not there, the last few and the best.
extension RunFolder {
    /// The checkpoints, oldest first.
    package func checkpoints() throws(InputError) -> [(step: Int, path: String)] {
        try RunFolder.checkpoints(of: path)
    }

    static func checkpoints(
        of path: String
    ) throws(InputError) -> [(step: Int, path: String)] {
        try names(path).compactMap { name in
            step(of: name).map { (step: $0, path: "\(path)/\(name)") }
        }.sorted { $0.step < $1.step }
    }

    /// Writes a checkpoint whole or not at all, then removes old ones as ``prune(keep:best:)``.
    ///
    /// The metrics are flushed to the disk first, so that they reach at least as far.
    ///
    /// - Throws: one line that says what is left to go on from.
    package func save(_ checkpoint: TrainingCheckpoint, keep: Int, best: Int? = nil) throws {
        let metrics = unsafe Foundation.open(metricsPath, O_WRONLY | O_CLOEXEC)
        if metrics >= 0 {
            fsync(metrics)
            close(metrics)
        }
        do {
            try Safetensors.write(checkpoint.stateDict, to: checkpointPath(checkpoint.step))
        } catch {
            let former = try? checkpoints().last?.step
            throw InputError(
                "\(error); "
                    + (former.map { "the checkpoint of step \($0) is whole" }
                        ?? "there is no checkpoint before it")
                    + "; then go on with --resume \(path)")
        }
        try prune(keep: keep, best: best)
    }

    private func checkpointPath(_ step: Int) -> String {
        let digits = String(step)
        let number = String(repeating: "0", count: max(0, 6 - digits.count)) + digits
        return "\(path)/checkpoint-\(number).safetensors"
    }

    /// Removes the oldest checkpoints beyond `keep`, but for that of step `best`.
    package func prune(keep: Int, best: Int?) throws {
        for old in try checkpoints().dropLast(max(1, keep)) where old.step != best {
            unsafe unlink(old.path)
        }
    }

    /// Renames the checkpoints after a step to `NAME.damaged`: they could not be read, and must
    /// not be taken for the newest.
    func setAside(after step: Int) throws {
        for damaged in try checkpoints() where damaged.step > step {
            unsafe rename(damaged.path, damaged.path + ".damaged")
        }
    }

    /// The newest checkpoint that can be read; nil where there is none.
    ///
    /// - Parameter warn: Told about each damaged newer one, in one line.
    /// - Throws: where there are checkpoints but none can be read, unless `startsOver`.
    package func latestCheckpoint(warn: (String) -> Void) throws -> TrainingCheckpoint? {
        do {
            return try RunFolder.latestCheckpoint(of: path, warn: warn)
        } catch let error where startsOver {
            warn("no checkpoint can be read, starting over: \(error)")
            return nil
        }
    }

    /// The newest checkpoint of a run folder that need not be locked.
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
}
