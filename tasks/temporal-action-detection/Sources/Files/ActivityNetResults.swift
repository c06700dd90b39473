// SPDX-License-Identifier: Apache-2.0
import Checkpoints
package import Files
import Foundation
package import Regions
import TextFormats

/// Predictions of temporal action detection, as in ActivityNet's submission files.
///
/// `{"version": …, "results": {id: [{"segment": [start, end], "label": …, "score": …}]},
/// "external_data": {…}}`, times in seconds from the video's start.
package struct ActivityNetResults: Sendable, Equatable {
    /// One predicted action.
    package struct Detection: Sendable, Equatable {
        /// Seconds from the video's start.
        package var segment: Segment

        /// Name of the class.
        package var label: String

        /// Confidence, higher is surer.
        package var score: Double

        /// A prediction of class `label`.
        package init(segment: Segment, label: String, score: Double) {
            self.segment = segment
            self.label = label
            self.score = score
        }
    }

    /// The predictions for one video.
    package struct Video: Sendable, Equatable {
        /// The id in the annotation file.
        package var id: String

        /// The predictions, in any order.
        package var detections: [Detection]

        /// Predictions for the video `id`.
        package init(id: String, detections: [Detection]) {
            self.id = id
            self.detections = detections
        }
    }

    /// Free text that names format or model.
    package var version: String

    /// The videos; as read, in file order.
    package var videos: [Video]

    /// What other data the model has seen, or nil.
    package var externalData: String?

    /// What was dropped while reading, one line each; empty for a strict reading.
    package private(set) var dropped: [String] = []

    /// Predictions for `videos`.
    package init(version: String, videos: [Video], externalData: String? = nil) {
        self.version = version
        self.videos = videos
        self.externalData = externalData
    }

    /// Number of predictions.
    package var count: Int { videos.reduce(0) { $0 + $1.detections.count } }

    // MARK: Reading

    /// Reads the file at `path`.
    ///
    /// A prediction whose end equals its start is legal and hits nothing. Missing or non-finite
    /// numbers, reversed segments and wrong types are faults.
    ///
    /// - Parameters:
    ///   - keepGoing: drops faulty predictions into ``dropped`` instead of failing.
    ///   - needsLabels: whether a prediction must have a label; proposals need none.
    /// - Throws: one line for the first fault and for a file that is not JSON or has no
    ///   `results`.
    package static func read(
        _ path: String, keepGoing: Bool = false, needsLabels: Bool = true
    ) throws(InputError) -> ActivityNetResults {
        try decode(
            JSONValue.read(path, expected: "an ActivityNet JSON file"), file: path,
            keepGoing: keepGoing, needsLabels: needsLabels)
    }

    /// Reads predictions from JSON text; `file` stands for it in messages.
    ///
    /// - Throws: as `read`.
    package static func parse(
        _ text: String, file: String, keepGoing: Bool = false, needsLabels: Bool = true
    ) throws(InputError) -> ActivityNetResults {
        try decode(
            JSONValue.parse(Array(text.utf8), name: file), file: file, keepGoing: keepGoing,
            needsLabels: needsLabels)
    }

    private static func decode(
        _ root: JSONValue, file: String, keepGoing: Bool, needsLabels: Bool
    ) throws(InputError) -> ActivityNetResults {
        guard let results = root.member("results"), case .object(let members) = results.kind
        else {
            throw InputError(
                "\(file): has no object \"results\"; expected ActivityNet predictions"
                    + (root.member("database") == nil ? "" : ", but these are annotations"))
        }
        var dropped: [String] = []
        func fault(
            _ value: JSONValue, _ id: String, _ text: String
        ) throws(InputError) {
            let place = "\(file): line \(value.line): \(MessageText.quoted(id)): \(text)"
            guard keepGoing else {
                throw InputError(
                    "\(place); correct the file, or keep going without the faulty entries")
            }
            dropped.append("\(place); dropped")
        }
        var videos: [Video] = []
        videos.reserveCapacity(members.count)
        for (id, value) in members {
            guard case .array(let entries) = value.kind else {
                try fault(value, id, "found \(value.summary); expected a list of predictions")
                continue
            }
            var detections: [Detection] = []
            detections.reserveCapacity(entries.count)
            for (index, entry) in entries.enumerated() {
                switch detection(entry, needsLabel: needsLabels) {
                case .success(let detection): detections.append(detection)
                case .failure(let error): try fault(entry, id, "prediction \(index): \(error)")
                }
            }
            videos.append(Video(id: id, detections: detections))
        }
        var result = ActivityNetResults(
            version: root.member("version")?.string ?? "", videos: videos,
            externalData: root.member("external_data")?.member("details")?.string)
        result.dropped = dropped
        return result
    }

    private static func detection(
        _ entry: JSONValue, needsLabel: Bool
    ) -> Result<Detection, InputError> {
        func failure(_ name: String, expected: String) -> Result<Detection, InputError> {
            let found = entry.member(name).map { "\(name) \($0.summary)" } ?? "no \(name)"
            return .failure(InputError("found \(found); expected \(expected)"))
        }
        guard let member = entry.member("segment"), case .array(let ends) = member.kind,
            ends.count == 2, let start = ends[0].number, let end = ends[1].number,
            start.isFinite, end.isFinite
        else { return failure("segment", expected: "[start, end] in seconds, finite") }
        guard end >= start else { return failure("segment", expected: "start <= end") }
        let label = entry.member("label")?.string ?? (needsLabel ? nil : "")
        guard let label else {
            return failure(
                "label", expected: "a text, or proposals without a class (--proposals)")
        }
        guard let score = entry.member("score")?.number, score.isFinite else {
            return failure("score", expected: "a finite number")
        }
        return .success(
            Detection(
                segment: Segment(start: start, end: end), label: label, score: score))
    }

    // MARK: Writing

    /// The file's text.
    ///
    /// Videos by id, predictions best first, times to 1 ms, scores to six significant digits:
    /// the same predictions give the same bytes, whatever their order.
    ///
    /// - Throws: one line for two videos of one id and for a number that is not finite.
    package func encoded() throws(InputError) -> String {
        var text = head
        let ordered = ordered
        for (position, video) in ordered.enumerated() {
            if position > 0, ordered[position - 1].id == video.id {
                throw InputError(
                    "predictions name video \(MessageText.quoted(video.id)) twice; "
                        + "expected each video once")
            }
            text += (position == 0 ? "\n" : ",\n") + (try Self.entry(video))
        }
        return text + tail
    }

    /// What comes before the first video.
    var head: String { "{\n\"version\": \(JSONText.string(version)),\n\"results\": {" }

    /// What comes behind the last video.
    var tail: String {
        let used = externalData.map {
            "\"used\": true, \"details\": \(JSONText.string($0))"
        }
        return "\n},\n\"external_data\": {\(used ?? "")}\n}\n"
    }

    /// A video's name and its predictions in their order.
    ///
    /// - Throws: one line for a number that is not finite.
    static func entry(_ video: Video) throws(InputError) -> String {
        var text = JSONText.string(video.id) + ": ["
        for (index, detection) in video.detections.enumerated() {
            let numbers = [detection.segment.start, detection.segment.end, detection.score]
            guard numbers.allSatisfy(\.isFinite) else {
                throw InputError(
                    "a prediction for \(MessageText.quoted(video.id)) has the numbers "
                        + "\(numbers); expected finite times and score")
            }
            text += index == 0 ? "\n" : ",\n"
            text += " {\"segment\": [\(milliseconds(numbers[0])), "
            text += "\(milliseconds(numbers[1]))], \"label\": "
            text += JSONText.string(detection.label)
            text += ", \"score\": \(sixDigits(detection.score))}"
        }
        return text + (video.detections.isEmpty ? "]" : "\n]")
    }

    /// Writes the file to `path`, completely or not at all.
    ///
    /// - Throws: one line, as ``encoded()`` and for a path that cannot be written.
    package func write(to path: String) throws(InputError) {
        let text = try encoded()
        try AtomicFile.write(Data(text.utf8), to: path)
    }

    /// The videos by id, the predictions of each best first.
    var ordered: [Video] {
        videos.map { Video(id: $0.id, detections: $0.detections.sorted(by: Self.isBetter)) }
            .sorted { $0.id < $1.id }
    }

    private static func isBetter(_ a: Detection, _ b: Detection) -> Bool {
        if a.score != b.score { return a.score > b.score }
        if a.segment.start != b.segment.start { return a.segment.start < b.segment.start }
        if a.segment.end != b.segment.end { return a.segment.end < b.segment.end }
        return a.label < b.label
    }

    /// `value` rounded to 0.001, in the fewest digits.
    static func milliseconds(_ value: Double) -> String {
        let scaled = (value * 1000).rounded()
        return MessageText.number(scaled.isFinite ? scaled / 1000 : value)
    }

    /// `value` to six significant digits, in the fewest digits.
    static func sixDigits(_ value: Double) -> String {
        guard abs(value) >= 1e-15, abs(value) < 1e6 else { return MessageText.number(value) }
        let scale = pow(10, 5 - floor(log10(abs(value))))
        return MessageText.number((value * scale).rounded() / scale)
    }
}
