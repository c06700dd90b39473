// SPDX-License-Identifier: Apache-2.0
import Checkpoints
package import Files
import Foundation

/// The metrics of a run: `metrics.jsonl`, the source of truth, and TensorBoard's copy of it.
extension RunFolder {
    /// Appends one line, and the same numbers for TensorBoard; whole lines only, as one write.
    package func append(_ line: MetricsLine) throws(InputError) {
        let bytes = Array((line.json + "\n").utf8)
        let file = unsafe Foundation.open(
            metricsPath, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
        guard file >= 0 else { throw cannotAppend(errno) }
        defer { close(file) }
        if let code = WholeWrite.append(bytes, to: file) { throw cannotAppend(code) }
        let events: EventFile
        if let own = self.events {
            events = own
        } else {
            events = try EventFile(folder: path, firstStep: line.step)
        }
        self.events = events
        try events.append(line)
    }

    private func cannotAppend(_ code: Int32) -> InputError {
        InputError(
            unsafe "\(metricsPath): can't be written: \(String(cString: strerror(code))); make room or "
                + "check its permissions, then go on with --resume \(path)")
    }

    /// The lines written so far; an incomplete last line is left out.
    package func metrics() throws(InputError) -> [MetricsLine] {
        try RunFolder.metrics(of: path)
    }

    /// The metrics of a run folder that need not be locked.
    package static func metrics(of path: String) throws(InputError) -> [MetricsLine] {
        try rawLines(path + "/metrics.jsonl").map(\.line)
    }

    private static func rawLines(
        _ path: String
    ) throws(InputError) -> [(line: MetricsLine, bytes: Data)] {
        guard let data = FileManager.default.contents(atPath: path) else { return [] }
        // What follows the last line feed was cut off by a crash.
        let pieces = data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .dropLast()
        var lines: [(line: MetricsLine, bytes: Data)] = []
        for (index, piece) in pieces.enumerated() where !piece.isEmpty {
            guard let line = MetricsLine(json: piece) else {
                throw InputError(
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
}
