// SPDX-License-Identifier: Apache-2.0
import TextFormats

/// Annotations of a form without lengths of videos, as they stand in their files.
struct AnnotationDraft {
    /// A video with its segments; times are texts, checked where the rest is.
    private struct Video {
        var subset: String
        var line: Int
        var entries: [(line: Int, start: String, end: String, label: String)] = []
    }

    /// What messages call the files.
    let name: String
    private var videos: [String: Video] = [:]
    private var order: [String] = []

    /// The ids in order of first appearance.
    var ids: [String] { order }

    /// Finds a video, or adds it.
    private mutating func add(
        _ id: String, subset: String, line: Int, path: String
    ) throws(ActivityNetError) {
        if let known = videos[id] {
            guard known.subset == subset else {
                throw ActivityNetError(
                    "\(path): line \(line): \(ActivityNetJSON.quoted(id)) is in subset "
                        + "\(ActivityNetJSON.quoted(subset)), and before in "
                        + "\(ActivityNetJSON.quoted(known.subset)); expected one subset a video")
            }
        } else {
            videos[id] = Video(subset: subset, line: line)
            order.append(id)
        }
    }

    // MARK: Tables

    /// Reads tables with the columns video, start, end and label.
    ///
    /// Where one file holds several subsets it has a column subset; else its name is the subset's.
    /// A line without start, end and label names a video in which nothing happens.
    init(tables paths: [String]) throws(ActivityNetError) {
        name = paths.count == 1 ? paths[0] : "\(paths.count) tables"
        for path in paths {
            let rows: [CSVText.Row]
            do {
                rows = try CSVText.read(path, expected: "a CSV file of segments")
            } catch {
                throw ActivityNetError("\(error)")
            }
            try read(rows, path: path, isAlone: paths.count == 1)
        }
    }

    private mutating func read(
        _ rows: [CSVText.Row], path: String, isAlone: Bool
    ) throws(ActivityNetError) {
        let header = (rows.first?.fields ?? []).map { $0.trimmingBlanks.lowercased() }
        let columns = ["video", "start", "end", "label"].map { header.firstIndex(of: $0) }
        guard let video = columns[0], let start = columns[1], let end = columns[2],
            let label = columns[3]
        else {
            throw ActivityNetError(
                "\(path): line 1: found the columns \(header.joined(separator: ", ")); expected "
                    + "video, start, end, label and, unless the file's name is the subset's, subset"
            )
        }
        let subset = header.firstIndex(of: "subset")
        guard subset != nil || !isAlone else {
            throw ActivityNetError(
                "\(path): has no column subset; add one, or name a folder with a table for each "
                    + "subset, such as training.csv and validation.csv")
        }
        let fileName = path.split(separator: "/").last.map { String($0.dropLast(4)) } ?? path
        for row in rows.dropFirst() {
            guard row.fields.count == header.count else {
                throw ActivityNetError(
                    "\(path): line \(row.line): has \(row.fields.count) fields; expected "
                        + "\(header.count) as in line 1")
            }
            let fields = row.fields.map(\.trimmingBlanks)
            let id = fields[video], own = subset.map { fields[$0] } ?? fileName
            guard !id.isEmpty, !own.isEmpty else {
                throw ActivityNetError(
                    "\(path): line \(row.line): has no \(id.isEmpty ? "video" : "subset"); "
                        + "expected a name")
            }
            try add(id, subset: own, line: row.line, path: path)
            if [start, end, label].allSatisfy({ fields[$0].isEmpty }) { continue }
            videos[id]?.entries.append((row.line, fields[start], fields[end], fields[label]))
        }
    }

    // MARK: THUMOS14

    /// Reads THUMOS14's files: a class each, lines of video, start and end.
    ///
    /// Segments of the class "Ambiguous" are left out, and videos that have no other.
    init(thumos14 paths: [String]) throws(ActivityNetError) {
        name = "THUMOS14"
        for path in paths {
            let label = THUMOS14.label(ofFile: path)
            guard let subset = THUMOS14.subset(ofFile: path), label != THUMOS14.ambiguous else {
                continue
            }
            let text: String
            do {
                let bytes = try TextFile.read(
                    path, expected: "THUMOS14's segments of a class", limit: 1 << 26)
                text = String(decoding: bytes, as: UTF8.self)
            } catch {
                throw ActivityNetError("\(error)")
            }
            let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
            for (number, line) in lines.enumerated() {
                let fields = line.split(whereSeparator: \.isWhitespace).map(String.init)
                if fields.isEmpty { continue }
                guard fields.count == 3 else {
                    throw ActivityNetError(
                        "\(path): line \(number + 1): found \(fields.count) fields; expected a "
                            + "video, its start and its end")
                }
                try add(fields[0], subset: subset, line: number + 1, path: path)
                videos[fields[0]]?.entries.append((number + 1, fields[1], fields[2], label))
            }
        }
    }

    // MARK: As ActivityNet has it

    /// The annotations of the videos whose length is known, or of all where none is needed.
    func json(
        needsDuration: Bool = true, duration: (_ id: String) -> Double?
    ) -> ActivityNetJSON {
        func value(_ kind: ActivityNetJSON.Kind, _ line: Int) -> ActivityNetJSON {
            ActivityNetJSON(kind: kind, line: line)
        }
        var database: [(name: String, value: ActivityNetJSON)] = []
        for id in order {
            guard let video = videos[id] else { continue }
            let seconds = duration(id)
            if seconds == nil, needsDuration { continue }
            let annotations = video.entries.map { entry in
                value(
                    .object([
                        (
                            "segment",
                            value(
                                .array([
                                    value(.string(entry.start), entry.line),
                                    value(.string(entry.end), entry.line),
                                ]), entry.line)
                        ), ("label", value(.string(entry.label), entry.line)),
                    ]), entry.line)
            }
            database.append(
                (
                    id,
                    value(
                        .object([
                            ("subset", value(.string(video.subset), video.line)),
                            ("duration", value(seconds.map { .number($0) } ?? .null, video.line)),
                            ("annotations", value(.array(annotations), video.line)),
                        ]), video.line)
                ))
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
