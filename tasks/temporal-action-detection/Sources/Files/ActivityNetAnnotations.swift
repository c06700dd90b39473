// SPDX-License-Identifier: Apache-2.0
package import Files
package import Regions
import TextFormats

/// The ground truth of a temporal-detection data set, as in ActivityNet's JSON files.
///
/// `{"version": …, "taxonomy": [{"nodeName": …}], "database": {id: {"subset": …, "duration": …,
/// "annotations": [{"segment": [start, end], "label": …}]}}}`, times in seconds, as numbers or
/// as strings (VSGN's THUMOS-14 file). Videos may be parts of a longer file: `source`, `start`,
/// `end` (seconds) and `start_frame` then say where they lie in it, and segment times count from
/// the part's start.
package struct ActivityNetAnnotations: Sendable, Equatable {
    /// One annotated action.
    package struct Annotation: Sendable, Equatable {
        /// Seconds from the video's start.
        package let segment: Segment

        /// Name of the class.
        package let label: String

        /// Position in the file's list of the video, from 0.
        package let index: Int
    }

    /// One video and its actions.
    package struct Video: Sendable, Equatable {
        /// The id, unique in the file.
        package let id: String

        /// "training", "validation", "testing"; in some files "train", "test".
        package let subset: String?

        /// Length in seconds, positive.
        package let duration: Double?

        /// Name of the file that holds the video, where it is not the id's own.
        package let source: String?

        /// Seconds from the source's start to the video's; nil where the whole file is meant.
        package let start: Double?

        /// Seconds from the source's start to the video's end.
        package let end: Double?

        /// Frame of the source at ``start``.
        package let startFrame: Int?

        /// One past the last frame of the source.
        package let endFrame: Int?

        /// Frames a second.
        package let fps: Double?

        /// "1280x720", as in the file.
        package let resolution: String?

        /// The usable annotations, in file order.
        package let annotations: [Annotation]
    }

    /// The file's own name for its edition; empty where it has none.
    package let version: String

    /// Names of the taxonomy's nodes in file order, "Root" and inner nodes included.
    package let taxonomy: [String]

    /// The videos, in file order.
    package let videos: [Video]

    /// What was dropped, cut or is worth mentioning, in file order.
    package let issues: [AnnotationIssue]

    /// The labels that occur: those of the taxonomy in its order, then others by name.
    package var labels: [String] {
        var present = Set(videos.flatMap { $0.annotations.map(\.label) })
        let known = taxonomy.filter { present.remove($0) != nil }
        return known + present.sorted()
    }

    /// The subsets that occur, in order of first appearance.
    package var subsets: [String] {
        var seen = Set<String>()
        return videos.compactMap(\.subset).filter { seen.insert($0).inserted }
    }

    /// How often each kind of issue occurs with an action other than `kept`.
    package var issueCounts: [AnnotationIssue.Kind: Int] {
        issues.filter { $0.action != .kept }.reduce(into: [:]) { $0[$1.kind, default: 0] += 1 }
    }

    /// The same annotations with some of the videos; issues of the reading are not repeated.
    package func only(_ isKept: (Video) -> Bool) -> ActivityNetAnnotations {
        ActivityNetAnnotations(
            version: version, taxonomy: taxonomy, videos: videos.filter(isKept), issues: [])
    }

    /// Reads the file at `path`.
    ///
    /// - Throws: a line for each fault that `options` do not forgive, 20 at most, with the number
    ///   of them; for a file that is not JSON or has no `database`; for a subset that
    ///   no video belongs to.
    package static func read(
        _ path: String, options: AnnotationOptions = AnnotationOptions()
    ) throws(InputError) -> ActivityNetAnnotations {
        try decode(
            JSONValue.read(path, expected: "an ActivityNet JSON file"), file: path, options: options
        )
    }

    /// Reads annotations from JSON text; `file` stands for it in messages.
    ///
    /// - Throws: as ``read(_:options:)``.
    package static func parse(
        _ text: String, file: String, options: AnnotationOptions = AnnotationOptions()
    ) throws(InputError) -> ActivityNetAnnotations {
        try decode(
            JSONValue.parse(Array(text.utf8), name: file), file: file, options: options)
    }

    /// - Parameter duration: Asked for the length of a video, or of the source that is all of it,
    ///   as `options` say.
    static func decode(
        _ root: JSONValue, file: String, options: AnnotationOptions,
        duration: (_ id: String, _ source: String?) -> Double? = { _, _ in nil }
    ) throws(InputError) -> ActivityNetAnnotations {
        guard let database = root.member("database"), case .object(let members) = database.kind
        else {
            throw InputError(
                "\(file): has no object \"database\"; expected ActivityNet annotations"
                    + (root.member("results") == nil ? "" : ", but these are predictions"))
        }
        var reader = ActivityNetAnnotationReader(file: file, options: options)
        var subsets = Set<String>()
        var videos: [Video] = []
        for (id, value) in members where !options.excludedVideos.contains(id) {
            if let subset = value.member("subset")?.string { subsets.insert(subset) }
            if let wanted = options.subset, value.member("subset")?.string != wanted { continue }
            if let video = reader.video(id, value, measured: duration) { videos.append(video) }
        }
        if let wanted = options.subset, !subsets.contains(wanted) {
            let known = subsets.sorted().map(MessageText.quoted).joined(separator: ", ")
            throw InputError(
                "\(file): no video is in subset \(MessageText.quoted(wanted)); "
                    + "expected one of: \(known.isEmpty ? "(the file names none)" : known)")
        }
        let rejected = reader.issues.filter { $0.action == .rejected }
        if !rejected.isEmpty {
            throw InputError(
                faults: rejected.map(\.description), of: file,
                remedy: "correct the file, or keep going without the faulty entries")
        }
        return ActivityNetAnnotations(
            version: root.member("version")?.string ?? "", taxonomy: taxonomy(root),
            videos: videos, issues: reader.issues)
    }

    private static func taxonomy(_ root: JSONValue) -> [String] {
        guard case .array(let nodes) = root.member("taxonomy")?.kind else { return [] }
        return nodes.compactMap { $0.member("nodeName")?.string }
    }
}

extension ActivityNetAnnotations {
    /// Several data sets as one, video behind video; a single one stays as it is.
    init(joining parts: [ActivityNetAnnotations]) {
        var seen = Set<String>()
        self.init(
            version: parts.first?.version ?? "",
            taxonomy: parts.flatMap(\.taxonomy).filter {
                parts.count == 1 || seen.insert($0).inserted
            },
            videos: parts.flatMap(\.videos), issues: parts.flatMap(\.issues))
    }
}
