// SPDX-License-Identifier: Apache-2.0
import Files
import Foundation
import Media
import Synchronization

/// The films of a data set in its folders, found by the ids of videos.
///
/// A film is `ID` or `v_ID` (as ActivityNet has it) with the ending of any container that FFmpeg
/// reads, in any case. Names whose letters are composed differently (NFC, NFD) are the same.
package final class TemporalVideos: Sendable {
    /// Usual endings, of which an earlier one is taken where an id has several files; files with
    /// others are opened to see whether they are films.
    static let extensions = [
        "mp4", "mkv", "webm", "avi", "mov", "m4v", "mpg", "ts", "mpeg", "wmv", "flv", "mts", "m2ts",
        "3gp", "ogv", "vob", "y4m",
    ]

    private let folders: [String]
    /// Of folders looked at: the names of files by their names without ending.
    private let listings = Mutex<[String: [String: [String]]]>([:])

    /// The films in some folders, looked through in this order.
    package init(_ folders: [String]) { self.folders = folders }

    /// The file of a video: the annotation's source, else that of the id.
    ///
    /// - Throws: One line where there is none.
    func path(of video: ActivityNetAnnotations.Video) throws(InputError) -> String {
        try path(of: video.id, source: video.source)
    }

    /// The file of an id, or of the source that its annotation names.
    func path(of id: String, source: String? = nil) throws(InputError) -> String {
        let names = source.map { [$0] } ?? [id, TemporalVideos.prefixed(id)]
        for folder in folders {
            for name in names {
                if let path = find(name, in: folder) { return path }
            }
        }
        let wanted = source ?? "\(id).\(TemporalVideos.extensions[0]) or the like"
        throw InputError(
            "video \(id): no file \(wanted) in \(folders.joined(separator: ", ")); put it there "
                + "or correct data.videos")
    }

    /// Measures the film of a video that is all of it.
    ///
    /// - Throws: One line for a film that is missing, can't be read or was cut off.
    func duration(of id: String, source: String? = nil) throws(InputError) -> Double {
        let path = try path(of: id, source: source)
        let length = try TemporalVideos.length(path)
        guard length.missing == nil else { throw InputError(VideoExtent.cutOff(path, length)) }
        return length.pictures
    }

    /// Measures a film.
    static func length(_ path: String) throws(InputError) -> VideoLength {
        try VideoLength.measure(path)
    }

    /// What tells the prepared frames, or features, of a video from others: the film's contents and
    /// all settings that shaped them.
    static func stamp(
        _ path: String, _ video: ActivityNetAnnotations.Video, rate: Double, size: Int,
        settings: [String] = []
    ) throws(InputError) -> String {
        return try SourceStamp.of(
            [path],
            settings: [
                decoding, "\(rate)", "\(size)", "\(video.start ?? 0)",
                "\(video.duration ?? 0)",
            ] + settings)
    }

    /// The way from film to frames: changes where other pixels come out of one film.
    private static let decoding = "frames 3"

    /// The frames of a video at a rate, the first at 0 s.
    ///
    /// - Throws: one line for a length that no real video has.
    static func frames(
        path: String, duration: Double, rate: Double
    ) throws(InputError) -> Int {
        guard duration * rate <= 1e8 else {
            throw InputError(
                "\(path): \(duration) s at \(rate) frames a second; expected at most 100 million "
                    + "frames; correct the duration or remux the file")
        }
        return max(1, Int((duration * rate - 1e-6).rounded(.up)))
    }
}

// MARK: - Names

extension TemporalVideos {
    /// A name, or a path below a folder, without its ending.
    static func stem(_ name: String) -> String { split(name).stem }

    /// Whether a name has a usual ending of films.
    static func isFilmName(_ name: String) -> Bool { extensions.contains(split(name).ending) }

    private static func split(_ name: String) -> (stem: String, ending: String) {
        let last = name.lastIndex(of: "/").map(name.index(after:)) ?? name.startIndex
        guard let point = name[last...].lastIndex(of: "."), point > last else { return (name, "") }
        return (String(name[..<point]), name[name.index(after: point)...].lowercased())
    }

    private static func prefixed(_ id: String) -> String {
        let last = id.lastIndex(of: "/").map(id.index(after:)) ?? id.startIndex
        return "\(id[..<last])v_\(id[last...])"
    }

    /// A file with this name, as it is or with an ending.
    private func find(_ name: String, in folder: String) -> String? {
        let place = name.lastIndex(of: "/")
        let folder = place.map { "\(folder)/\(name[..<$0])" } ?? folder
        let name = place.map { String(name[name.index(after: $0)...]) } ?? name
        let (stem, ending) = TemporalVideos.split(name)
        let files = listing(folder)
        // Strings are equal however their letters are composed.
        if let same = files[stem]?.first(where: { TemporalVideos.split($0).ending == ending }) {
            return "\(folder)/\(same)"
        }
        var candidates = files[name] ?? []
        if TemporalVideos.extensions.contains(ending) { candidates += files[stem] ?? [] }
        let ranked = candidates.map { name in
            let ending = TemporalVideos.split(name).ending
            return (TemporalVideos.extensions.firstIndex(of: ending) ?? .max, "\(folder)/\(name)")
        }.sorted { $0 < $1 }
        return ranked.first { $0.0 < .max || TemporalVideos.isFilm($0.1) }?.1
    }

    /// Whether a file of an unusual ending is a film: no picture, table or art of letters.
    private static func isFilm(_ path: String) -> Bool {
        guard let info = try? VideoInfo.probe(path) else { return false }
        return !info.isStill && info.container != "tty"
    }

    private func listing(_ folder: String) -> [String: [String]] {
        listings.withLock { listings in
            if let known = listings[folder] { return known }
            let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
            let found = Dictionary(grouping: names.sorted(), by: TemporalVideos.stem)
            listings[folder] = found
            return found
        }
    }
}
