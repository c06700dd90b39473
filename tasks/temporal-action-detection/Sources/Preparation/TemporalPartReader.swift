// SPDX-License-Identifier: Apache-2.0
import Checkpoints
package import Datasets
import Files
import Media

/// Opens films, features and annotated segments for `dr2net data verify`.
package struct TemporalPartReader: PartReader {
    /// A reader.
    package init() {}

    /// The kinds of parts that this reads.
    package var kinds: Set<Manifest.PartKind> { [.video, .features, .segments] }

    /// Endings of a kind's files; nil for any.
    package func endings(of kind: Manifest.PartKind) -> Set<String>? {
        switch kind {
        case .video: Set(TemporalVideos.extensions)
        case .features: ["npy"]
        default: nil
        }
    }

    /// Whether files of a kind list others, or say how many there are.
    package func lists(_ kind: Manifest.PartKind) -> Bool { kind == .segments }

    /// Opens a file to see that it can be used.
    package func open(_ path: String, as kind: Manifest.PartKind) throws {
        if kind == .features {
            let shape = try Npy.shape(path)
            guard shape.count == 2, shape.allSatisfy({ $0 > 0 }) else {
                throw InputError(
                    "\(path): an array of shape \(shape), expected [T, D]; get the file again")
            }
        } else {
            let info = try VideoInfo.probe(path)
            guard !info.isStill, info.width > 0, info.height > 0 else {
                throw InputError("\(path): no film; get the file again")
            }
        }
    }

    /// What a file lists.
    package func contents(
        of path: String, as kind: Manifest.PartKind
    ) throws -> PartContents {
        let source = try AnnotationSource(path)
        var options = AnnotationOptions.evaluation
        options.keepGoing = true
        let annotations = try source.read(options: options) { _, _ in nil }
        let excluded = Set(source.excludedVideos)
        var contents = PartContents()
        for (subset, videos) in Dictionary(grouping: annotations.videos, by: \.subset) {
            let segments = videos.flatMap(\.annotations)
            contents.names[subset] = videos.map(\.id).filter { !excluded.contains($0) }
            contents.counts[subset] = ["videos": videos.count]
            // Where labels are withheld there is nothing to compare.
            if !segments.isEmpty {
                contents.counts[subset]?["segments"] = segments.count
                contents.counts[subset]?["classes"] = Set(segments.map(\.label)).count
            }
        }
        return contents
    }
}
