// SPDX-License-Identifier: Apache-2.0
import Checkpoints
package import Files
import Foundation
package import Regions
import TextFormats

/// Reads and writes COCO's result files: a list of objects image_id, category_id, bbox and score.
package enum COCOResults {
    private static let expected = "a COCO results file"

    /// What a file holds.
    package struct Reading: Sendable, Equatable {
        /// The results; those of classes that the annotations lack have a negative class.
        package var results: [Item<Rectangle>] = []
        /// How many results each class has that the annotations lack, by its number in the file.
        package var outside: [Int: Int] = [:]
    }

    /// Reads a file of results for the images and classes of `index`.
    ///
    /// - Parameter faults: Where faulty results are noted, those of unknown images too.
    /// - Throws: One line for a file that cannot be read or holds no results, and for the first
    ///   faulty one.
    package static func read(
        _ path: String, for index: DetectionIndex, faults: inout DetectionFaults
    ) throws(InputError) -> Reading {
        var scanner = try JSONScanner(path: path, expected: expected)
        return try read(&scanner, path, index, &faults)
    }

    /// Parses `text`; `name` stands for the file in messages.
    package static func parse(
        _ text: [UInt8], name: String, for index: DetectionIndex, faults: inout DetectionFaults
    ) throws(InputError) -> Reading {
        var scanner = JSONScanner(terminated: text + [0], name: name)
        return try read(&scanner, name, index, &faults)
    }

    private static func read(
        _ scanner: inout JSONScanner, _ name: String, _ index: DetectionIndex,
        _ faults: inout DetectionFaults
    ) throws(InputError) -> Reading {
        guard scanner.kind == .array else {
            throw scanner.failure(
                "found \(scanner.kind.rawValue)"
                    + (scanner.kind == .object ? ", as annotations are" : "")
                    + "; expected a list of results (image_id, category_id, bbox, score)")
        }
        let numbers = COCONumbers(index.images, index.categories)
        var reading = Reading()
        var position = -1
        try scanner.open("[")
        while try scanner.nextItem() {
            position += 1
            var entry = try COCOEntry(&scanner)
            guard entry.fault == nil, let imageID = entry.imageID,
                let categoryID = entry.categoryID, let box = entry.box, let score = entry.score
            else {
                entry.blameMissing([
                    ("image_id", entry.imageID == nil), ("category_id", entry.categoryID == nil),
                    ("bbox", entry.box == nil), ("score", entry.score == nil),
                ])
                let image = entry.imageID.map { " of image \($0)" } ?? ""
                let line = "\(name): result \(position)\(image) \(entry.fault ?? "is faulty")"
                try faults.note(line)
                continue
            }
            guard let image = numbers.images[imageID] else {
                try faults.note(
                    "\(name): result \(position) is of image \(imageID), which is not among the "
                        + "\(index.images.count) annotated ones; expected the same ids")
                continue
            }
            let category = numbers.categories[categoryID]
            if category == nil { reading.outside[categoryID, default: 0] += 1 }
            reading.results.append(
                Item(box, label: category ?? -1, score: score, in: image))
        }
        try scanner.end()
        return reading
    }

    /// Writes results, complete or not at all; image and class are given by the index's numbers.
    ///
    /// Beside COCO's keys each result names its file, which other programs pass over.
    ///
    /// - Throws: One line for a full disk, an unwritable or a missing folder.
    package static func write(
        _ results: [Item<Rectangle>], of index: DetectionIndex, to path: String
    ) throws(InputError) {
        try AtomicFile.write(to: path) { file in
            try file.write(contentsOf: Data("[".utf8))
            for start in stride(from: 0, to: results.count, by: 10_000) {
                var text = ""
                for position in start..<min(results.count, start + 10_000) {
                    text += (position == 0 ? "\n" : ",\n") + line(results[position], index)
                }
                try file.write(contentsOf: Data(text.utf8))
            }
            try file.write(contentsOf: Data("]\n".utf8))
        }
    }

    /// Results as one JSON text.
    package static func encoded(_ results: [Item<Rectangle>], of index: DetectionIndex) -> String {
        results.isEmpty
            ? "[]" : "[\n" + lines(results, of: index) + "]"
    }

    /// The entries of a list of results.
    static func lines(_ results: [Item<Rectangle>], of index: DetectionIndex) -> String {
        results.map { line($0, index) }.joined(separator: ",\n")
    }

    private static func line(_ result: Item<Rectangle>, _ index: DetectionIndex) -> String {
        let (image, place) = (index.images[result.source], result.place)
        let box = [place.x, place.y, place.width, place.height].map(MessageText.number)
            .joined(separator: ", ")
        return "{\"image_id\": \(image.idJSON), \"category_id\": "
            + "\(index.categories[result.label].id), \"bbox\": [\(box)], \"score\": "
            + "\(result.score), \"file_name\": \(JSONText.string(image.file))}"
    }
}
