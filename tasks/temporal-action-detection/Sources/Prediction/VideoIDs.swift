// SPDX-License-Identifier: Apache-2.0
import Foundation

/// The ids of a run's videos by the names of their files, so that predictions go by the ids that
/// annotations have.
package struct VideoIDs {
    /// By name, or path below a folder, of the file without ending.
    private var ids: [String: String] = [:]

    /// The ids of a recipe's annotations; none where these are not there any more.
    package init(_ data: TemporalRecipe.Data) {
        var data = data
        data.keepGoing = true
        guard
            let annotations = try? RecipeAnnotations(data).read(duration: { _, _ in 1e9 })
        else { return }
        // Parts of a film are several videos: the film itself is none of them.
        for video in annotations.videos where video.start == nil {
            for name in [video.source ?? video.id, video.source.map(TemporalVideos.stem)] {
                if let name { ids[name] = video.id }
            }
            if video.source == nil, TemporalVideos.isFilmName(video.id) {
                ids[TemporalVideos.stem(video.id)] = video.id
            }
        }
    }

    /// The id of a file: the longest end of its path that is known, with ending or without, with
    /// ActivityNet's `v_` or without; else its name without ending.
    package func id(of path: String) -> String {
        let parts = path.split(separator: "/").map(String.init)
        for first in parts.indices {
            let name = parts[first...].joined(separator: "/")
            let folder = parts[first..<parts.count - 1].map { $0 + "/" }.joined()
            let file = parts[parts.count - 1]
            let bare = file.hasPrefix("v_") ? folder + file.dropFirst(2) : name
            for candidate in [
                name, TemporalVideos.stem(name), bare, TemporalVideos.stem(bare),
            ] {
                if let known = ids[candidate] { return known }
            }
        }
        return URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
    }
}
