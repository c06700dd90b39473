// SPDX-License-Identifier: Apache-2.0
package import Datasets
import Media

/// Opens pictures and annotated boxes for `dr2net data verify`.
package struct DetectionPartReader: PartReader {
    /// A reader.
    package init() {}

    package var kinds: Set<Manifest.PartKind> { [.image, .coco, .visDrone] }

    package func endings(of kind: Manifest.PartKind) -> Set<String>? {
        switch kind {
        case .image: PictureFolder.endings
        case .visDrone: ["txt"]
        default: nil
        }
    }

    package func lists(_ kind: Manifest.PartKind) -> Bool { kind == .coco }

    package func open(_ path: String, as kind: Manifest.PartKind) throws {
        if kind == .visDrone {
            _ = try BoxLines.read(path)
        } else {
            _ = try ImageInfo.probe(path)
        }
    }

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
