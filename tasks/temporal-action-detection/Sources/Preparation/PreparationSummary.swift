// SPDX-License-Identifier: Apache-2.0
import Console
import Preparation
import Regions

/// What a preparation found, for people and for scripts.
struct PreparationSummary: PreparationDetails {
    /// One subset.
    struct Subset: Encodable {
        let name: String
        let videos: Int
        let hours: Double
        let segments: Int
        let classes: Int
        /// Videos without a segment.
        let empty: Int
        /// Seconds of segments: the smallest, the three quartiles and the largest.
        let segmentSeconds: [Double]
        /// The mean part of a video that a segment takes.
        let coverage: Double
    }

    /// Where the frames are; nil after a check alone.
    let folder: String?
    let rate: Double
    let size: Int
    /// Bytes of the frames.
    let bytes: Int
    let videos: [PreparedFrames.Index.Video]
    let subsets: [Subset]
    /// Segments of each class in each subset.
    let classes: [String: [String: Int]]
    /// Faulty annotations that were left out or cut, by kind.
    let issues: [String: Int]

    init(
        _ index: PreparedFrames.Index, _ annotations: ActivityNetAnnotations, folder: String?
    ) {
        self.folder = folder
        rate = index.rate
        size = index.size
        videos = index.videos
        bytes = index.videos.reduce(0) { $0 + $1.frames * index.size * index.size * 3 }
        let ids = Set(index.videos.map(\.id))
        let usable = annotations.only { ids.contains($0.id) }
        let groups = Dictionary(grouping: usable.videos) { $0.subset ?? "" }
        subsets = groups.sorted { $0.key < $1.key }.map { Subset($0.key, $0.value) }
        var classes: [String: [String: Int]] = [:]
        for video in usable.videos {
            for annotation in video.annotations {
                classes[annotation.label, default: [:]][video.subset ?? "", default: 0] += 1
            }
        }
        self.classes = classes
        issues = Dictionary(
            uniqueKeysWithValues: annotations.issueCounts.map { ($0.key.rawValue, $0.value) })
    }

    var heading: String {
        let count = videos.reduce(0) { $0 + $1.frames }
        return "\(videos.count) videos, \(count) frames"
            + (folder.map { " in \($0)" } ?? " to decode")
            + ", \(NumberText.short(Double(bytes) / 1e9)) GB"
    }

    var lines: [String] {
        var lines = videos.compactMap { video in
            video.surplus.map {
                "  \(video.id): \(NumberText.decimals($0, 1)) s longer than annotated"
            }
        }
        lines += issues.sorted { $0.key < $1.key }.map { "  annotations \($0.key): \($0.value)" }
        var table = TextTable(
            ["subset", "videos", "hours", "segments", "classes", "empty", "segment s", "coverage"],
            numbers: [1, 2, 3, 4, 5, 7])
        for subset in subsets {
            let lengths = subset.segmentSeconds.map { NumberText.decimals($0, 1) }
            table.append([
                subset.name.isEmpty ? "(none)" : subset.name, "\(subset.videos)",
                NumberText.decimals(subset.hours, 2), "\(subset.segments)", "\(subset.classes)",
                "\(subset.empty)", lengths.joined(separator: " "),
                NumberText.decimals(subset.coverage, 3),
            ])
        }
        return lines + [table.text]
    }
}

extension PreparationSummary.Subset {
    fileprivate init(_ name: String, _ videos: [ActivityNetAnnotations.Video]) {
        var lengths: [Double] = []
        var parts: [Double] = []
        for video in videos {
            for annotation in video.annotations {
                lengths.append(annotation.segment.length)
                if let duration = video.duration {
                    parts.append(annotation.segment.length / duration)
                }
            }
        }
        lengths.sort()
        self.init(
            name: name, videos: videos.count,
            hours: videos.reduce(0) { $0 + ($1.duration ?? 0) } / 3600, segments: lengths.count,
            classes: Set(videos.flatMap { $0.annotations.map(\.label) }).count,
            empty: videos.count { $0.annotations.isEmpty },
            segmentSeconds: lengths.isEmpty
                ? [] : (0...4).map { lengths[($0 * (lengths.count - 1) + 2) / 4] },
            coverage: parts.mean)
    }
}
