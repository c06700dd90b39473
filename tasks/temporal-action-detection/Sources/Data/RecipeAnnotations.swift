// SPDX-License-Identifier: Apache-2.0
package import Files

/// The annotations of a recipe, of any form, without the videos that it leaves out.
package struct RecipeAnnotations {
    private let sources: [(name: String, form: AnnotationSource)]
    private let keepGoing: Bool
    /// What is left out, with reasons, by id.
    package let excluded: [(id: String, reason: String)]

    /// Finds the form and the videos that are left out.
    ///
    /// - Throws: One line for a folder without annotations and a list that can't be read.
    package init(_ data: TemporalRecipe.Data) throws(InputError) {
        var sources: [(String, AnnotationSource)] = []
        for path in data.annotations { sources.append((path, try AnnotationSource(path))) }
        self.sources = sources
        keepGoing = data.keepGoing
        var reasons: [String: String] = [:]
        for id in data.excludedVideos {
            reasons[id] =
                THUMOS14.wrongVideos.contains(id)
                ? "its annotations are wrong (data.excludedVideos)" : "in data.excludedVideos"
        }
        if let list = data.blockedVideos {
            for id in try BlockedVideos.read(list) {
                reasons[id] = "blocked by \(list)"
            }
        }
        excluded = reasons.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// Reads them before any video is prepared; nil where the videos' lengths are needed.
    package func readWithoutVideos() throws(InputError) -> ActivityNetAnnotations? {
        var isComplete = true
        let annotations = try read { _, _ in
            isComplete = false
            return nil
        }
        return isComplete ? annotations : nil
    }

    /// Reads them.
    ///
    /// - Parameter duration: Seconds of a video, asked for where the form doesn't state them; nil
    ///   leaves it out.
    package func read(
        duration: (_ id: String, _ source: String?) -> Double?
    ) throws(InputError) -> ActivityNetAnnotations {
        var options = AnnotationOptions()
        options.keepGoing = keepGoing
        options.excludedVideos = Set(excluded.map(\.id))
        var parts: [ActivityNetAnnotations] = []
        var owners: [String: String] = [:]
        for (name, form) in sources {
            let part = try form.read(options: options) { id, source in
                options.excludedVideos.contains(id) ? nil : duration(id, source)
            }
            for video in part.videos {
                if let other = owners.updateValue(name, forKey: video.id), other != name {
                    throw InputError(
                        "video \(MessageText.quoted(video.id)) is in \(other) and in \(name); "
                            + "expected each video in one of data.annotations")
                }
            }
            parts.append(part)
        }
        return ActivityNetAnnotations(joining: parts)
    }

    /// Reads them with the lengths of prepared videos.
    package func read(
        prepared: PreparedFrames
    ) throws(InputError) -> ActivityNetAnnotations {
        let durations = Dictionary(
            prepared.index.videos.map { ($0.id, $0.duration) }, uniquingKeysWith: { $1 })
        return try read { id, _ in durations[id] }
    }
}
