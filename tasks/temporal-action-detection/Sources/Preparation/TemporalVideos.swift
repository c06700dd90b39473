// SPDX-License-Identifier: Apache-2.0
import Foundation
import Media

/// Finding the file of a video.
package enum TemporalVideos {
    static let extensions = ["mp4", "mkv", "webm", "avi", "mov", "m4v", "mpg", "ts"]

    /// The file: the annotation's source, else the id with a usual extension, with or without
    /// ActivityNet's `v_`.
    static func path(
        of video: ActivityNetAnnotations.Video, in folders: [String]
    ) throws(TemporalError) -> String {
        try path(of: video.id, source: video.source, in: folders)
    }

    private static func path(
        of id: String, source: String?, in folders: [String]
    ) throws(TemporalError) -> String {
        let names =
            source.map { [$0] }
            ?? extensions.flatMap { ["\(id).\($0)", "v_\(id).\($0)"] } + [id]
        for folder in folders {
            for name in names {
                let path = "\(folder)/\(name)"
                if FileManager.default.fileExists(atPath: path) { return path }
            }
        }
        throw TemporalError(
            "video \(id): no file \(names[0])\(names.count > 1 ? " or the like" : "") in "
                + "\(folders.joined(separator: ", ")); put it there or correct data.videos")
    }

    /// Seconds of the video with an id, as its file says.
    ///
    /// - Throws: One line for a file that is missing, can't be read or does not say.
    static func duration(of id: String, in folders: [String]) throws(TemporalError) -> Double {
        let path = try path(of: id, source: nil, in: folders)
        let duration: Double?
        do {
            duration = try VideoInfo.probe(path).duration
        } catch {
            throw TemporalError("\(error)")
        }
        guard let duration, duration > 0 else {
            throw TemporalError(
                "\(path): does not say how long it is; remux it, for example to mp4")
        }
        return duration
    }

    /// The frames of a video at a rate, the first at 0 s.
    ///
    /// - Throws: one line for a length that no real video has.
    static func frames(
        path: String, duration: Double, rate: Double
    ) throws(TemporalError) -> Int {
        guard duration * rate <= 1e8 else {
            throw TemporalError(
                "\(path): \(duration) s at \(rate) frames a second; expected at most 100 million "
                    + "frames; correct the duration or remux the file")
        }
        return max(1, Int((duration * rate - 1e-6).rounded(.up)))
    }
}
