// SPDX-License-Identifier: Apache-2.0
package import Files
import Foundation
import TextFormats

/// The forms in which data sets write their annotations down.
package enum AnnotationSource: Sendable, Equatable {
    /// One JSON file with a `database`, as ActivityNet has it.
    case activityNet(String)
    /// Tables with a line a segment, fields between commas, semicolons or tabs.
    case tables([String])
    /// THUMOS14's text files, a class each.
    case thumos14([String])

    /// The form of a file or folder.
    ///
    /// A folder holds THUMOS14's files (`<class>_val.txt`, `<class>_test.txt`, at any depth) or
    /// tables (`*.csv`, `*.tsv`). A file is a table by its ending, else JSON.
    ///
    /// - Throws: One line for a folder with neither.
    package init(_ path: String) throws(InputError) {
        var isFolder: ObjCBool = false
        guard unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder),
            isFolder.boolValue
        else {
            self = Self.isTable(path) ? .tables([path]) : .activityNet(path)
            return
        }
        let names =
            (FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? [])
            .sorted()
        let classes = names.filter { THUMOS14.subset(ofFile: $0) != nil }
        let tables = names.filter { !$0.contains("/") && Self.isTable($0) }
        if !classes.isEmpty {
            self = .thumos14(classes.map { "\(path)/\($0)" })
        } else if !tables.isEmpty {
            self = .tables(tables.map { "\(path)/\($0)" })
        } else {
            throw InputError(
                "\(path): a folder without annotations; expected THUMOS14's <class>_val.txt and "
                    + "<class>_test.txt or tables (*.csv, *.tsv), or name a JSON file")
        }
    }

    private static func isTable(_ path: String) -> Bool {
        [".csv", ".tsv"].contains { path.lowercased().hasSuffix($0) }
    }

    /// Videos that the field leaves out of every result, for their wrong annotations.
    package var excludedVideos: [String] {
        if case .thumos14 = self { THUMOS14.wrongVideos } else { [] }
    }

    /// Reads the annotations.
    ///
    /// - Parameters:
    ///   - options: How strictly.
    ///   - duration: Seconds of a video where they aren't stated, or of the source that is all of
    ///     it; nil leaves the video out where `options` require one.
    /// - Throws: The faults, as `ActivityNetAnnotations.read`.
    package func read(
        options: AnnotationOptions, duration: (_ id: String, _ source: String?) -> Double?
    ) throws(InputError) -> ActivityNetAnnotations {
        let draft: AnnotationDraft
        switch self {
        case .activityNet(let path):
            var options = options
            options.asksForDurations = true
            return try ActivityNetAnnotations.decode(
                JSONValue.read(path, expected: "an ActivityNet JSON file"), file: path,
                options: options, duration: duration)
        case .tables(let paths): draft = try AnnotationDraft(tables: paths)
        case .thumos14(let paths): draft = try AnnotationDraft(thumos14: paths)
        }
        return try ActivityNetAnnotations.decode(
            draft.json(needsDuration: options.requiresDuration) { duration($0, nil) },
            file: draft.name, options: options)
    }
}

/// What is particular to THUMOS14.
package enum THUMOS14 {
    /// The two videos of the test subset whose annotations are wrong, which results leave out.
    package static let wrongVideos = ["video_test_0000270", "video_test_0001496"]

    /// The class of segments that annotators could not tell: neither trained on nor scored.
    static let ambiguous = "Ambiguous"

    /// The subset that a file of a class belongs to; nil for any other file.
    static func subset(ofFile path: String) -> String? {
        path.hasSuffix("_val.txt") ? "validation" : path.hasSuffix("_test.txt") ? "test" : nil
    }

    /// The class of a file.
    static func label(ofFile path: String) -> String {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        return name.lastIndex(of: "_").map { String(name[..<$0]) } ?? name
    }
}
