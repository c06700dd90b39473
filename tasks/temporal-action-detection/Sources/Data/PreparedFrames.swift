// SPDX-License-Identifier: Apache-2.0
package import Files
import Foundation
package import Media
package import Preparation
package import Tensors

/// The videos of a data set decoded once: one file of RGB bytes a video and an index.
///
/// `frames/<id>.rgb` holds `[T, size, size, 3]` bytes, frame k at k / rate seconds from the
/// video's start; `index.json` names what is there and what was left out.
package struct PreparedFrames: Sendable {
    /// The index.
    package struct Index: Codable, Sendable, Equatable {
        /// One prepared video.
        package struct Video: Codable, Sendable, Equatable {
            /// The video's id.
            package var id: String
            /// The subset.
            package var subset: String?
            /// The file of the video, where the annotation names one.
            package var source: String?
            /// Seconds from the file's start to the video's.
            package var start: Double?
            /// Seconds.
            package var duration: Double
            /// Frames in the file.
            package var frames: Int
            /// Damaged or missing frames met while decoding.
            package var warnings: Int
            /// Seconds by which the file is longer than annotated, where that is much.
            package var surplus: Double?
            /// What the film and the settings were; nil in indices of before there were stamps.
            package var stamp: String?
        }
        /// Frames a second.
        package var rate: Double
        /// Side in pixels.
        package var size: Int
        /// The videos in the annotation's order.
        package var videos: [Video]
        /// What was left out, with reasons.
        package var skipped: [SkippedInput]
    }

    /// The folder.
    package let folder: String
    /// The index.
    package let index: Index

    static func framesPath(_ folder: String, _ id: String) -> String {
        "\(folder)/frames/\(fileName(id)).rgb"
    }

    /// A file name for any id.
    static func fileName(_ id: String) -> String {
        id.utf8.map { byte -> String in
            let scalar = Unicode.Scalar(byte)
            let isPlain = scalar.properties.isAlphabetic || scalar.properties.numericType != nil
            return byte < 128 && (isPlain || byte == 0x2D || byte == 0x5F)
                ? String(Character(scalar)) : "%" + String(byte, radix: 16)
        }.joined()
    }

    /// Opens a prepared folder.
    ///
    /// - Throws: one line where it is missing, damaged or of another rate or size.
    package init(folder: String, rate: Double, size: Int) throws(InputError) {
        let files = PreparedFolder<Index>(folder), path = files.indexPath
        guard
            let index = try files.index(
                orElse: "not an index of prepared frames; prepare again")
        else {
            throw InputError(
                "\(path): no prepared frames; run dr2net tad prepare with this recipe first")
        }
        guard index.rate == rate, index.size == size else {
            throw InputError(
                "\(path): prepared at \(index.rate) frames a second and \(index.size) pixels, the "
                    + "recipe wants \(rate) and \(size); prepare again or change the recipe")
        }
        self = try PreparedFrames(folder: folder, index: index).checked()
    }

    init(folder: String, index: Index) {
        self.folder = folder
        self.index = index
    }

    /// These frames, if every file is as long as the index says.
    func checked() throws(InputError) -> PreparedFrames {
        guard let video = index.videos.first(where: { !isWhole($0) }) else { return self }
        throw InputError(
            "\(PreparedFrames.framesPath(folder, video.id)): missing or not \(video.frames) frames "
                + "long; prepare again")
    }

    /// Refuses frames of films that have been replaced since, or that are not known to be of them.
    ///
    /// Films that are not there any more can't be compared: their frames are taken.
    package func checkFilms(
        _ annotations: ActivityNetAnnotations, _ data: TemporalRecipe.Data
    ) throws(InputError) {
        let entries = Dictionary(index.videos.map { ($0.id, $0) }, uniquingKeysWith: { $1 })
        let films = TemporalVideos(data.videos)
        var changed: [String] = []
        for video in annotations.videos {
            guard let entry = entries[video.id], let path = try? films.path(of: video) else {
                continue
            }
            let stamp = try TemporalVideos.stamp(
                path, video, rate: index.rate, size: index.size)
            if entry.stamp != stamp { changed.append(path) }
        }
        guard let first = changed.first else { return }
        let isOld = index.videos.allSatisfy { $0.stamp == nil }
        throw InputError(
            "\(folder): the frames of \(changed.count) of \(index.videos.count) videos "
                + (isOld
                    ? "were prepared before films were stamped"
                    : "are not of the film or the annotation that is there now (first: \(first))")
                + "; run dr2net tad prepare with this recipe again")
    }

    /// Whether the file of a video is as long as the index says.
    private func isWhole(_ video: Index.Video) -> Bool {
        PreparedFiles.isLong(
            PreparedFrames.framesPath(folder, video.id), video.frames,
            index.size * index.size * 3)
    }

    /// The videos whose files are whole, of a finished and of an unfinished preparation; none where
    /// there is no index of this rate and size.
    static func known(_ folder: String, rate: Double, size: Int) -> [Index.Video] {
        PreparedFolder<Index>(folder).indices.filter { $0.rate == rate && $0.size == size }
            .flatMap { index in
                index.videos.filter(PreparedFrames(folder: folder, index: index).isWhole)
            }
    }

    /// The annotations of the videos that are here.
    package func usable(_ annotations: ActivityNetAnnotations) -> ActivityNetAnnotations {
        let ids = Set(index.videos.map(\.id))
        return annotations.only { ids.contains($0.id) }
    }

    /// The position of a video in the index.
    package func position(of id: String) -> Int? { index.videos.firstIndex { $0.id == id } }

    /// Frames of a video, normalised.
    ///
    /// - Parameters:
    ///   - video: Position in the index.
    ///   - frames: Which frames, rising; must lie in the video.
    ///   - isFlipped: Whether left and right are exchanged.
    ///   - tables: From bytes to values.
    ///   - layout: Of the result.
    /// - Returns: `[frames.count, 3, size, size]` or `[3, frames.count, size, size]`.
    package func tensor(
        video: Int, frames: some Collection<Int>, isFlipped: Bool, tables: PixelTables,
        layout: ClipLayout = .framesFirst
    ) throws(InputError) -> Tensor {
        let size = index.size, frameBytes = size * size * 3
        if DryRun.isActive {
            let isFramesFirst = layout == .framesFirst
            return Tensor(
                placeholder: (isFramesFirst ? [frames.count, 3] : [3, frames.count])
                    + [size, size])
        }
        guard let first = frames.min(), let last = frames.max() else {
            preconditionFailure("no frames of video \(video) asked for")
        }
        let bytes = try PreparedFrames.read(
            PreparedFrames.framesPath(folder, index.videos[video].id), offset: first * frameBytes,
            count: (last - first + 1) * frameBytes)
        return tables.tensor(
            bytes, frames: frames.map { $0 - first }, height: size, width: size,
            layout: layout, isFlipped: isFlipped)
    }

    private static func read(_ path: String, offset: Int, count: Int) throws(InputError) -> Data {
        let data: Data?
        do {
            let file = try FileHandle(forReadingFrom: URL(fileURLWithPath: path))
            defer { try? file.close() }
            try file.seek(toOffset: UInt64(offset))
            data = try file.read(upToCount: count)
        } catch { data = nil }
        guard let data, data.count == count else {
            throw InputError("\(path): can't read \(count) bytes at \(offset); prepare again")
        }
        return data
    }
}
