// SPDX-License-Identifier: Apache-2.0
import Files
import TextFormats

/// Annotations of a form without lengths of videos, as they stand in their files.
struct AnnotationDraft {
    /// A segment; times are texts, checked where the rest is.
    private struct Entry {
        var path: String
        var line: Int
        var start: String
        var end: String
        var label: String
    }

    /// A video with its segments.
    private struct Video {
        var subset: String
        var path: String
        var line: Int
        var entries: [Entry] = []
    }

    /// What messages call the files.
    let name: String
    private var videos: [String: Video] = [:]
    private var order: [String] = []
    /// What is wrong with lines, told together at the end.
    private var faults: [String] = []

    /// The ids in order of first appearance.
    var ids: [String] { order }

    /// Finds a video, or adds it.
    private mutating func add(_ id: String, subset: String, line: Int, path: String) {
        if let known = videos[id] {
            guard known.subset != subset else { return }
            faults.append(
                "\(path): line \(line): \(MessageText.quoted(id)) is in subset "
                    + "\(MessageText.quoted(subset)), and before in "
                    + "\(MessageText.quoted(known.subset)); expected one subset a video")
        } else {
            videos[id] = Video(subset: subset, path: path, line: line)
            order.append(id)
        }
    }

    private func finish() throws(InputError) {
        guard !faults.isEmpty else { return }
        throw InputError(faults: faults, of: name, remedy: "correct the file")
    }

    // MARK: Tables

    /// Reads tables with the columns video, start, end and label, or other usual names of them.
    ///
    /// Where one file holds several subsets it has a column subset; else its name is the subset's.
    /// A line without start, end and label names a video in which nothing happens. Times are
    /// seconds or HH:MM:SS.
    ///
    /// - Throws: A line for each faulty one, 20 at most.
    init(tables paths: [String]) throws(InputError) {
        name = paths.count == 1 ? paths[0] : "\(paths.count) tables"
        for path in paths {
            let (rows, separator) = try CSVText.read(path, expected: "a CSV file of segments")
            try read(rows, separator, path: path, isAlone: paths.count == 1)
        }
        try finish()
    }

    private mutating func read(
        _ rows: [CSVText.Row], _ separator: Unicode.Scalar, path: String, isAlone: Bool
    ) throws(InputError) {
        let header = (rows.first?.fields ?? []).map(\.trimmingBlanks)
        let columns = AnnotationColumns(header)
        guard let video = columns[.video], let start = columns[.start], let end = columns[.end],
            let label = columns[.label]
        else {
            throw InputError(
                "\(path): line 1: found the columns \(header.joined(separator: ", ")); expected "
                    + "video, start, end (in seconds), label and, unless the file's name is the "
                    + "subset's, subset")
        }
        let subset = columns[.subset]
        guard subset != nil || !isAlone else {
            throw InputError(
                "\(path): has no column subset; add one, or name a folder with a table for each "
                    + "subset, such as training.csv and validation.csv")
        }
        let fileName = path.split(separator: "/").last.map { String($0.dropLast(4)) } ?? path
        for row in rows.dropFirst() {
            guard row.fields.count == header.count else {
                faults.append(
                    "\(path): line \(row.line): has \(row.fields.count) fields; expected "
                        + "\(header.count) as in line 1")
                continue
            }
            let fields = row.fields.map(\.trimmingBlanks)
            let id = fields[video], own = subset.map { fields[$0] } ?? fileName
            guard !id.isEmpty, !own.isEmpty else {
                faults.append(
                    "\(path): line \(row.line): has no \(id.isEmpty ? "video" : "subset"); "
                        + "expected a name")
                continue
            }
            add(id, subset: own, line: row.line, path: path)
            if [start, end, label].allSatisfy({ fields[$0].isEmpty }) { continue }
            let times = [start, end].map {
                AnnotationColumns.seconds(fields[$0], hasDecimalCommas: separator != ",")
            }
            videos[id]?.entries.append(
                Entry(
                    path: path, line: row.line, start: times[0], end: times[1],
                    label: fields[label]))
        }
    }

    // MARK: THUMOS14

    /// Reads THUMOS14's files: a class each, lines of video, start and end.
    ///
    /// Segments of the class "Ambiguous" are left out, and videos that have no other.
    init(thumos14 paths: [String]) throws(InputError) {
        name = "THUMOS14"
        for path in paths {
            let label = THUMOS14.label(ofFile: path)
            guard let subset = THUMOS14.subset(ofFile: path), label != THUMOS14.ambiguous else {
                continue
            }
            let text: String
            let bytes = try TextFile.read(
                path, expected: "THUMOS14's segments of a class", limit: 1 << 26)
            text = String(decoding: bytes, as: UTF8.self)
            let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
            for (number, line) in lines.enumerated() {
                let fields = line.split(whereSeparator: \.isWhitespace).map(String.init)
                if fields.isEmpty { continue }
                guard fields.count == 3 else {
                    faults.append(
                        "\(path): line \(number + 1): found \(fields.count) fields; expected a "
                            + "video, its start and its end")
                    continue
                }
                add(fields[0], subset: subset, line: number + 1, path: path)
                videos[fields[0]]?.entries.append(
                    Entry(
                        path: path, line: number + 1, start: fields[1], end: fields[2],
                        label: label))
            }
        }
        try finish()
    }

    // MARK: As ActivityNet has it

    /// The annotations of the videos whose length is known, or of all where none is needed.
    func json(
        needsDuration: Bool = true, duration: (_ id: String) -> Double?
    ) -> JSONValue {
        func value(
            _ kind: JSONValue.Kind, _ line: Int, _ file: String? = nil
        ) -> JSONValue {
            JSONValue(kind: kind, line: line, file: file)
        }
        var database: [(name: String, value: JSONValue)] = []
        for id in order {
            guard let video = videos[id] else { continue }
            let seconds = duration(id)
            if seconds == nil, needsDuration { continue }
            let annotations = video.entries.map { entry in
                let line = entry.line
                let ends = [entry.start, entry.end].map { value(.string($0), line) }
                return value(
                    .object([
                        ("segment", value(.array(ends), line)),
                        ("label", value(.string(entry.label), line)),
                    ]), line, entry.path)
            }
            let line = video.line
            let fields: [(name: String, value: JSONValue)] = [
                ("subset", value(.string(video.subset), line)),
                ("duration", value(seconds.map { .number($0) } ?? .null, line)),
                ("annotations", value(.array(annotations), line)),
            ]
            database.append((id, value(.object(fields), line, video.path)))
        }
        return value(.object([("database", value(.object(database), 1))]), 1)
    }
}

extension String {
    /// The text without blanks at its ends.
    fileprivate var trimmingBlanks: String {
        let start = firstIndex { !$0.isWhitespace } ?? endIndex
        let end = lastIndex { !$0.isWhitespace }.map(index(after:)) ?? start
        return String(self[start..<end])
    }
}
