// SPDX-License-Identifier: Apache-2.0
import Files
import Foundation
import Regions
import TextFormats

/// Turns the JSON of videos into values and collects what is wrong with them.
struct ActivityNetAnnotationReader {
    typealias Video = ActivityNetAnnotations.Video
    typealias Annotation = ActivityNetAnnotations.Annotation

    /// Two annotations whose ends differ by no more are the same one, in seconds.
    static let duplicateTolerance = 1e-3

    let file: String
    let options: AnnotationOptions
    private(set) var issues: [AnnotationIssue] = []
    private let labels: Set<String>?
    /// The video or annotation that is being read.
    private var place = JSONValue(kind: .null, line: 1)

    init(file: String, options: AnnotationOptions) {
        self.file = file
        self.options = options
        labels = options.labels.map(Set.init)
    }

    /// The video `id`, or nil where it has a fault of its own, or is left out for its unknown length.
    mutating func video(
        _ id: String, _ value: JSONValue,
        measured: (_ id: String, _ source: String?) -> Double?
    ) -> Video? {
        place = value
        guard case .object(let members) = value.kind else {
            fault(.wrongType, id, found: value.summary, expected: "an object")
            return nil
        }
        let before = faultCount
        for wanted in ["annotations", "duration", "subset"] where value.member(wanted) == nil {
            let near = members.first { $0.name != wanted && Self.isMistyped($0.name, wanted) }
            guard let near else { continue }
            fault(
                .wrongType, id, found: "the name \(MessageText.quoted(near.name))",
                expected: "\"\(wanted)\"")
        }
        var duration = duration(id, value)
        let part = part(id, value, duration: duration)
        let fps = number("fps", id, value)
        let texts = ["subset", "source", "resolution"].map { text($0, id, value) }
        let frames = ["start_frame", "end_frame"].map { wholeNumber($0, id, value) }
        var entries: [JSONValue] = []
        if let list = value.member("annotations") {
            if case .array(let items) = list.kind {
                entries = items
            } else {
                fault(
                    .wrongType, id, found: "\"annotations\" as \(list.summary)",
                    expected: "a list")
            }
        }
        guard faultCount == before else { return nil }
        if duration == nil, options.requiresDuration, options.asksForDurations {
            guard let length = part?.length ?? measured(id, texts[1]) else { return nil }
            duration = length
        }
        if entries.isEmpty {
            note(.noAnnotations, id, found: "no annotations", expected: "at least one")
        }
        return Video(
            id: id, subset: texts[0], duration: duration, source: texts[1], start: part?.start,
            end: part?.end, startFrame: frames[0], endFrame: frames[1], fps: fps,
            resolution: texts[2], annotations: annotations(entries, id, duration: duration))
    }

    // MARK: Fields of a video

    private mutating func duration(_ id: String, _ value: JSONValue) -> Double? {
        guard let member = value.member("duration") else {
            let expected = "\"duration\" in seconds"
            if options.requiresDuration, !options.asksForDurations {
                fault(.missingDuration, id, found: "no duration", expected: expected)
            }
            return nil
        }
        guard let duration = member.number, duration.isFinite, duration > 0 else {
            fault(
                .badDuration, id, found: "duration \(member.summary)",
                expected: "a positive number of seconds")
            return nil
        }
        return duration
    }

    /// Where the video lies in its source; nil for the whole file.
    private mutating func part(
        _ id: String, _ value: JSONValue, duration: Double?
    ) -> Segment? {
        guard let start = value.member("start"), let end = value.member("end") else {
            if value.member("start") != nil || value.member("end") != nil {
                fault(
                    .badPart, id, found: "only one of \"start\" and \"end\"",
                    expected: "both or neither")
            }
            return nil
        }
        guard let from = start.number, let to = end.number, from >= 0, to > from, to.isFinite
        else {
            fault(
                .badPart, id, found: "the part \(start.summary) to \(end.summary)",
                expected: "0 <= start < end in seconds")
            return nil
        }
        if let duration, abs(to - from - duration) > options.endTolerance {
            fault(
                .badPart, id,
                found: "a part of \(Self.seconds(to - from)) and duration "
                    + Self.seconds(duration),
                expected: "the same length within \(Self.seconds(options.endTolerance))")
        }
        return Segment(start: from, end: to)
    }

    private mutating func text(_ name: String, _ id: String, _ value: JSONValue) -> String? {
        guard let member = value.member(name) else { return nil }
        if let text = member.string { return text }
        fault(.wrongType, id, found: "\"\(name)\" as \(member.summary)", expected: "a text")
        return nil
    }

    private mutating func number(
        _ name: String, _ id: String, _ value: JSONValue
    ) -> Double? {
        guard let member = value.member(name) else { return nil }
        if let number = member.number, number.isFinite, number > 0 { return number }
        fault(
            .wrongType, id, found: "\"\(name)\" as \(member.summary)",
            expected: "a positive number")
        return nil
    }

    private mutating func wholeNumber(
        _ name: String, _ id: String, _ value: JSONValue
    ) -> Int? {
        guard let member = value.member(name) else { return nil }
        if let number = member.number, let whole = Int(exactly: number), whole >= 0 {
            return whole
        }
        fault(
            .wrongType, id, found: "\"\(name)\" as \(member.summary)",
            expected: "a frame number from 0")
        return nil
    }

    /// Whether a name that nobody knows is a known one but for two letters or their case.
    private static func isMistyped(_ name: String, _ wanted: String) -> Bool {
        NearestName.editDistance(name.lowercased(), wanted) <= 2
    }

    // MARK: Annotations

    private mutating func annotations(
        _ entries: [JSONValue], _ id: String, duration: Double?
    ) -> [Annotation] {
        var result: [Annotation] = []
        var seen = DuplicateFinder()
        for (index, entry) in entries.enumerated() {
            place = entry
            guard let label = label(entry, id, index),
                let segment = segment(entry, id, index, duration: duration)
            else { continue }
            if let earlier = seen.insert(segment, label: label, index: index) {
                let found = "the segment and label of annotation \(earlier) again"
                let expected = "each annotation once"
                guard options.keepsDegenerate else {
                    fault(.duplicate, id, index, found: found, expected: expected)
                    continue
                }
                note(.duplicate, id, index, found: found, expected: expected)
            }
            result.append(Annotation(segment: segment, label: label, index: index))
        }
        return result
    }

    private mutating func label(
        _ entry: JSONValue, _ id: String, _ index: Int
    ) -> String? {
        guard let label = entry.member("label")?.string, !label.isEmpty else {
            let found = entry.member("label").map { "label \($0.summary)" } ?? "no label"
            fault(.wrongType, id, index, found: found, expected: "\"label\" as a text")
            return nil
        }
        guard labels?.contains(label) ?? true else {
            fault(
                .unknownLabel, id, index, found: "label \(MessageText.quoted(label))",
                expected: "one of the \(labels?.count ?? 0) known labels")
            return nil
        }
        return label
    }

    private mutating func segment(
        _ entry: JSONValue, _ id: String, _ index: Int, duration: Double?
    ) -> Segment? {
        guard let member = entry.member("segment"), case .array(let ends) = member.kind,
            ends.count == 2, let start = ends[0].number, let end = ends[1].number
        else {
            let found = entry.member("segment").map { "segment \($0.summary)" } ?? "no segment"
            fault(.wrongType, id, index, found: found, expected: "[start, end] in seconds")
            return nil
        }
        let found = "segment \(member.summary)"
        guard start.isFinite, end.isFinite else {
            fault(.notFinite, id, index, found: found, expected: "finite times")
            return nil
        }
        let isEmpty = end == start
        guard end > start || isEmpty && options.keepsDegenerate else {
            fault(
                isEmpty ? .empty : .reversed, id, index, found: found,
                expected: "the end after the start")
            return nil
        }
        if isEmpty { note(.empty, id, index, found: found, expected: "the end after the start") }
        let segment = Segment(start: start, end: end)
        guard start < 0 || end > duration ?? .infinity else { return segment }
        return fit(segment, id, index, found: found, limit: duration ?? .infinity)
    }

    /// What is left of a segment that leaves the video.
    private mutating func fit(
        _ segment: Segment, _ id: String, _ index: Int, found: String, limit: Double
    ) -> Segment? {
        let kind: AnnotationIssue.Kind = segment.end > limit ? .beyondEnd : .beforeStart
        let expected = "times within 0 and the video's \(Self.seconds(limit))"
        guard options.clipsToDuration else {
            note(kind, id, index, found: found, expected: expected)
            return segment
        }
        let overrun = max(-segment.start, segment.end - limit)
        let inside = segment.clipped(to: limit)
        guard overrun <= options.endTolerance || options.keepGoing, inside.isValid else {
            fault(kind, id, index, found: found, expected: expected)
            return nil
        }
        add(kind, id, index, found: found, expected: expected, action: .clipped)
        return inside
    }

    // MARK: Issues

    private var faultCount = 0

    /// Notes a fault that stops reading, or with `keepGoing` drops its entry.
    private mutating func fault(
        _ kind: AnnotationIssue.Kind, _ video: String, _ index: Int? = nil, found: String,
        expected: String
    ) {
        faultCount += 1
        add(
            kind, video, index, found: found, expected: expected,
            action: options.keepGoing ? .dropped : .rejected)
    }

    private mutating func note(
        _ kind: AnnotationIssue.Kind, _ video: String, _ index: Int? = nil, found: String,
        expected: String
    ) {
        add(kind, video, index, found: found, expected: expected, action: .kept)
    }

    private mutating func add(
        _ kind: AnnotationIssue.Kind, _ video: String, _ index: Int?, found: String,
        expected: String, action: AnnotationIssue.Action
    ) {
        issues.append(
            AnnotationIssue(
                kind: kind, file: place.file ?? file, line: place.line, video: video, index: index,
                found: found,
                expected: expected, action: action))
    }

    private static func seconds(_ value: Double) -> String {
        MessageText.number((value * 1000).rounded() / 1000) + " s"
    }
}

/// Finds repeats in constant time each: annotations in a grid of cells one tolerance wide.
private struct DuplicateFinder {
    private struct Cell: Hashable {
        let label: String
        let start: Double
        let end: Double
    }

    private var cells: [Cell: [(segment: Segment, index: Int)]] = [:]

    /// The index of an earlier annotation that `segment` repeats; without one, remembers it.
    mutating func insert(_ segment: Segment, label: String, index: Int) -> Int? {
        let width = ActivityNetAnnotationReader.duplicateTolerance
        let start = (segment.start / width).rounded(.down)
        let end = (segment.end / width).rounded(.down)
        for startOffset in [-1.0, 0, 1] {
            for endOffset in [-1.0, 0, 1] {
                let cell = Cell(label: label, start: start + startOffset, end: end + endOffset)
                for (other, earlier) in cells[cell] ?? []
                where abs(other.start - segment.start) <= width
                    && abs(other.end - segment.end) <= width
                {
                    return earlier
                }
            }
        }
        cells[Cell(label: label, start: start, end: end), default: []].append((segment, index))
        return nil
    }
}
