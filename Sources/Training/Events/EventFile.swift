// SPDX-License-Identifier: Apache-2.0
import Files
import Foundation
import TextFormats

/// The metrics for TensorBoard: a file of TFRecords, each an `Event` message of tensorboard's
/// `event.proto`, one for each line of metrics.
///
/// One file for each process that trains. It begins with the mark of a restarted session, which
/// makes readers drop what former files say of steps from there on: those were lost.
final class EventFile {
    /// The file.
    let path: String
    private let descriptor: Int32

    /// Makes a file in a run folder.
    ///
    /// - Parameter firstStep: The step of the first line that follows.
    init(folder: String, firstStep: Int) throws(InputError) {
        // Readers sort by name: the time of the start, then whatever makes it unique.
        let start = Int(Date().timeIntervalSince1970 * 1000)
        let stem = "\(folder)/events.out.tfevents.\(start).dr2net.\(getpid())"
        var path = stem, number = 0
        var descriptor = unsafe open(
            path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0o666)
        while descriptor < 0, errno == EEXIST, number < 1000 {
            number += 1
            path = "\(stem).\(number)"
            descriptor = unsafe open(
                path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0o666)
        }
        guard descriptor >= 0 else { throw EventFile.error(path, errno) }
        self.path = path
        self.descriptor = descriptor
        var version = EventFile.event(step: 0)
        version.add(3, "brain.Event:2")
        try append(version)
        var session = ProtobufWriter(), restart = EventFile.event(step: firstStep)
        session.add(1, 1)
        restart.add(7, session)
        try append(restart)
    }

    deinit { close(descriptor) }

    /// Appends the numbers of a line of metrics as one event.
    func append(_ line: MetricsLine) throws(InputError) {
        var summary = ProtobufWriter()
        for (tag, value) in line.scalars {
            var scalar = ProtobufWriter()
            scalar.add(1, tag)
            scalar.add(2, Float(value))
            summary.add(1, scalar)
        }
        var event = EventFile.event(step: line.step)
        event.add(5, summary)
        try append(event)
    }

    /// An event's time and step.
    private static func event(step: Int) -> ProtobufWriter {
        var event = ProtobufWriter()
        event.add(1, Date().timeIntervalSince1970)
        event.add(2, step)
        return event
    }

    private func append(_ event: ProtobufWriter) throws(InputError) {
        if let code = WholeWrite.append(EventFile.record(event.bytes), to: descriptor) {
            throw EventFile.error(path, code)
        }
    }

    /// A TFRecord: the length, its check, the data, their check.
    private static func record(_ data: [UInt8]) -> [UInt8] {
        let length = UInt64(data.count).littleEndianBytes
        return length + CRC32C.masked(length).littleEndianBytes + data
            + CRC32C.masked(data).littleEndianBytes
    }

    private static func error(_ path: String, _ code: Int32) -> InputError {
        InputError(
            unsafe "\(path): can't be written: \(String(cString: strerror(code))); make room or check its "
                + "permissions, then go on with --resume")
    }
}

/// Appending bytes in one system call, so that a reader never sees half of them but at a crash.
enum WholeWrite {
    /// Appends bytes to an open file.
    ///
    /// - Returns: the system's error code, that of a full disk where only a part was written; nil
    ///   when all is well.
    static func append(_ bytes: [UInt8], to file: Int32) -> Int32? {
        let count = unsafe write(file, bytes, bytes.count)
        if count == bytes.count { return nil }
        return count < 0 ? errno : ENOSPC
    }
}

extension MetricsLine {
    /// The numbers of a line under TensorBoard's tags, in order.
    var scalars: [(tag: String, value: Double)] {
        func named(_ group: String, _ values: [String: Double]?) -> [(tag: String, value: Double)] {
            (values ?? [:]).sorted { $0.key < $1.key }
                .map { (tag: "\(group)/\($0.key)", value: $0.value) }
        }
        let single: [(tag: String, value: Double?)] = [
            ("loss/total", loss), ("gradient/norm", gradientNorm), ("coefficient/alpha", alpha),
            ("coefficient/beta", beta),
            (evaluation == nil ? "seconds/step" : "seconds/evaluation", seconds),
            ("seconds/loading", loadSeconds), ("bytes/live", liveBytes.map { Double($0) }),
            ("bytes/peak", peakBytes.map { Double($0) }),
            ("bytes/resident peak", residentPeakBytes.map { Double($0) }),
            ("epoch/epoch", epoch.map { Double($0) }),
        ]
        var all = single.compactMap { one in one.value.map { (tag: one.tag, value: $0) } }
        all += named("loss", losses)
        all += named("learning rate", learningRates)
        all += named("evaluation", evaluation)
        return all
    }
}

extension FixedWidthInteger {
    /// The bytes from lowest to highest.
    var littleEndianBytes: [UInt8] {
        (0..<Self.bitWidth / 8).map { UInt8(truncatingIfNeeded: self >> (8 * $0)) }
    }
}
