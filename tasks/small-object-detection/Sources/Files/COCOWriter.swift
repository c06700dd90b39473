// SPDX-License-Identifier: Apache-2.0
import Checkpoints
package import Files
import Foundation
import Regions
import TextFormats

/// Writes an index as COCO's JSON, which this and every other program of the field reads.
package enum COCOWriter {
    /// Entries a write.
    private static let chunk = 10_000

    /// Writes the file, complete or not at all.
    ///
    /// - Throws: One line for a full disk, an unwritable or a missing folder.
    package static func write(_ index: DetectionIndex, to path: String) throws(InputError) {
        try AtomicFile.write(to: path) { file in
            func list(_ name: String, _ count: Int, _ entry: (Int) -> String) throws {
                try file.write(contentsOf: Data("\"\(name)\": [".utf8))
                for start in stride(from: 0, to: count, by: chunk) {
                    var text = ""
                    for position in start..<min(count, start + chunk) {
                        text += (position == 0 ? "\n  " : ",\n  ") + entry(position)
                    }
                    try file.write(contentsOf: Data(text.utf8))
                }
                try file.write(contentsOf: Data("]".utf8))
            }
            try file.write(contentsOf: Data("{".utf8))
            try list("images", index.images.count) { entry(index.images[$0]) }
            try file.write(contentsOf: Data(",\n ".utf8))
            try list("categories", index.categories.count) { position in
                let one = index.categories[position]
                return "{\"id\": \(one.id), \"name\": \(JSONText.string(one.name))}"
            }
            try file.write(contentsOf: Data(",\n ".utf8))
            try list("annotations", index.boxes.count) { position in
                entry(index.boxes[position], number: position + 1, index)
            }
            try file.write(contentsOf: Data("}\n".utf8))
        }
    }

    private static func entry(_ image: DetectionIndex.Image) -> String {
        let size =
            image.width > 0 && image.height > 0
            ? ", \"width\": \(image.width), \"height\": \(image.height)" : ""
        return "{\"id\": \(image.idJSON), \"file_name\": \(JSONText.string(image.file))\(size)}"
    }

    private static func entry(
        _ box: AnnotatedBox, number: Int, _ index: DetectionIndex
    ) -> String {
        let place = box.item.place
        let corners = [place.x, place.y, place.width, place.height].map(MessageText.number)
            .joined(separator: ", ")
        return "{\"id\": \(number), \"image_id\": \(index.images[box.item.source].idJSON), "
            + "\"category_id\": \(index.categories[box.item.label].id), \"bbox\": [\(corners)], "
            + "\"area\": \(MessageText.number(box.area)), \"iscrowd\": \(box.isCrowd ? 1 : 0)"
            + (box.isIgnored ? ", \"ignore\": 1}" : "}")
    }
}
