// SPDX-License-Identifier: Apache-2.0
package import Datasets
import Media

/// Opens pictures and annotated boxes for `dr2net data verify`.
package struct DetectionPartReader: PartReader {
    /// A reader.
    package init() {}

    /// The kinds of parts that this reads.
    package var kinds: Set<Manifest.PartKind> { [.image, .coco, .visDrone] }

    /// Endings of a kind's files; nil for any.
    package func endings(of kind: Manifest.PartKind) -> Set<String>? {
        switch kind {
        case .image: PictureFolder.endings
        case .visDrone: ["txt"]
        default: nil
        }
    }

    /// Whether files of a kind list others, or say how many there are.
    package func lists(_ kind: Manifest.PartKind) -> Bool { kind == .coco }

    /// Opens a file to see that it can be used.
    package func open(_ path: String, as kind: Manifest.PartKind) throws {
        if kind == .visDrone {
            _ = try BoxLines.read(path)
        } else {
            _ = try ImageInfo.probe(path)
        }
    }

    /// What a file lists.
    package func contents(
        of path: String, as kind: Manifest.PartKind
    ) throws -> PartContents {
        var faults = DetectionFaults(keepGoing: true)
        let index = try COCOReader.read(path, faults: &faults)
        return PartContents(
            names: [nil: index.images.map(\.file)],
            counts: [
                nil: [
                    "images": index.images.count, "boxes": index.boxes.count + faults.count,
                    "classes": index.categories.count,
                ]
            ], isExact: true)
    }
}
