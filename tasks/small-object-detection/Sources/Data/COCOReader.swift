// SPDX-License-Identifier: Apache-2.0
import TextFormats

/// Reads COCO's annotation files: objects "images", "categories" and "annotations" in any order.
package enum COCOReader {
    private static let expected = "a COCO JSON file"

    /// An annotation whose image and class may still be to come.
    private struct Pending {
        var entry: Int
        var imageID, categoryID: Int
        var box: DetectionIndex.Box
    }

    /// What has been read so far.
    private struct Parts {
        var images: [DetectionIndex.Image]?
        var categories: [DetectionIndex.Category]?
        var annotations: [Pending]?
    }

    /// Reads a file.
    ///
    /// Every entry is checked: types, missing members, ids that occur twice, names of classes that
    /// do, boxes that are no finite numbers or negative, images and classes that are not there.
    ///
    /// - Parameter faults: Where faulty annotations are noted. Faulty images and classes always end
    ///   the reading, since what refers to them could not be told from what is wrong itself.
    /// - Throws: One line for a file that cannot be read or is no COCO file, and for the first
    ///   faulty entry.
    package static func read(
        _ path: String, faults: inout DetectionFaults
    ) throws(DetectionError) -> DetectionIndex {
        try DetectionError.wrapping {
            var scanner = try JSONScanner(path: path, expected: expected)
            return try read(&scanner, name: path, faults: &faults)
        }
    }

    /// Reads the images and the classes of a file alone.
    ///
    /// Annotations are passed over and need not be there, nor need classes.
    ///
    /// - Throws: One line for a file that cannot be read, has no images, or a faulty entry.
    package static func readNames(_ path: String) throws(DetectionError) -> DetectionIndex {
        try DetectionError.wrapping {
            var scanner = try JSONScanner(path: path, expected: expected)
            var faults = DetectionFaults(keepGoing: false)
            return try read(&scanner, name: path, namesAlone: true, faults: &faults)
        }
    }

    /// Parses `text`; `name` stands for the file in messages.
    package static func parse(
        _ text: [UInt8], name: String, faults: inout DetectionFaults
    ) throws(DetectionError) -> DetectionIndex {
        try DetectionError.wrapping {
            var scanner = JSONScanner(terminated: text + [0], name: name)
            return try read(&scanner, name: name, faults: &faults)
        }
    }

    private static func read(
        _ scanner: inout JSONScanner, name: String, namesAlone: Bool = false,
        faults: inout DetectionFaults
    ) throws -> DetectionIndex {
        guard scanner.kind == .object else {
            throw scanner.failure(
                scanner.kind == .array
                    ? "found a list, as results are; expected an object with images, categories "
                        + "and annotations"
                    : "found \(scanner.kind.rawValue); expected a COCO object")
        }
        var parts = Parts()
        try scanner.open("{")
        while let member = try scanner.nextName() {
            let isKnown =
                member == "images" || member == "categories"
                || member == "annotations" && !namesAlone
            guard isKnown, scanner.kind == .array else {
                if isKnown {
                    throw scanner.failure(
                        "found \(scanner.kind.rawValue) as \(member); expected a list")
                }
                try scanner.skipValue()
                continue
            }
            let isRepeated =
                switch member {
                case "images": parts.images != nil
                case "categories": parts.categories != nil
                default: parts.annotations != nil
                }
            guard !isRepeated else {
                throw scanner.failure("\(member) occurs twice; expected it once, remove one")
            }
            switch member {
            case "images": parts.images = try images(&scanner, name)
            case "categories": parts.categories = try categories(&scanner, name)
            default: parts.annotations = try annotations(&scanner, name, &faults)
            }
        }
        try scanner.end()
        if namesAlone {
            parts.categories = parts.categories ?? []
            parts.annotations = []
        }
        guard let images = parts.images, let categories = parts.categories,
            let annotations = parts.annotations
        else {
            let missing =
                parts.images == nil
                ? "images" : parts.categories == nil ? "categories" : "annotations"
            throw DetectionError(
                "\(name): has no list \"\(missing)\"; expected images, categories and annotations")
        }
        return try resolve(images, categories, annotations, name, &faults)
    }

    private static func images(
        _ scanner: inout JSONScanner, _ name: String
    ) throws -> [DetectionIndex.Image] {
        var result: [DetectionIndex.Image] = []
        var ids = Set<Int>()
        try scanner.open("[")
        while try scanner.nextItem() {
            var entry = try COCOEntry(&scanner)
            for side in [entry.width, entry.height] {
                if let side, !(1...1_000_000_000).contains(side) {
                    entry.blame("has a side of \(side) pixels; expected at least 1")
                }
            }
            if entry.id == nil { entry.blame("has no id; expected a whole number") }
            let id = entry.id ?? 0
            if !ids.insert(id).inserted { entry.blame("has the id \(id) again; expected another") }
            if let fault = entry.fault {
                throw DetectionError("\(name): images[\(result.count)] \(fault)")
            }
            result.append(
                .init(
                    id: id, file: entry.fileName ?? "", width: entry.width ?? 0,
                    height: entry.height ?? 0))
        }
        return result.sorted { $0.id < $1.id }
    }

    private static func categories(
        _ scanner: inout JSONScanner, _ name: String
    ) throws -> [DetectionIndex.Category] {
        var result: [DetectionIndex.Category] = []
        var ids = Set<Int>(), names = Set<String>()
        try scanner.open("[")
        while try scanner.nextItem() {
            var entry = try COCOEntry(&scanner)
            if entry.id == nil { entry.blame("has no id; expected a whole number") }
            if entry.name?.isEmpty ?? true { entry.blame("has no name; expected a text") }
            let one = DetectionIndex.Category(id: entry.id ?? 0, name: entry.name ?? "")
            if !ids.insert(one.id).inserted {
                entry.blame("has the id \(one.id) again; expected another")
            }
            if !names.insert(one.name).inserted {
                entry.blame(
                    "has the name \(DetectionError.quoted(one.name)) again; expected another")
            }
            if let fault = entry.fault {
                throw DetectionError("\(name): categories[\(result.count)] \(fault)")
            }
            result.append(one)
        }
        return result.sorted { $0.id < $1.id }
    }

    private static func annotations(
        _ scanner: inout JSONScanner, _ name: String, _ faults: inout DetectionFaults
    ) throws -> [Pending] {
        var result: [Pending] = []
        var ids = Set<Int>()
        var position = -1
        try scanner.open("[")
        while try scanner.nextItem() {
            position += 1
            var entry = try COCOEntry(&scanner)
            if let area = entry.area, area < 0 {
                entry.blame(
                    "has the area \(DetectionError.text(area)); expected one that is not negative")
            }
            if entry.id == nil { entry.blame("has no id; expected a whole number") }
            if let id = entry.id, !ids.insert(id).inserted {
                entry.blame("has the id \(id) again; expected another")
            }
            guard entry.fault == nil, let imageID = entry.imageID,
                let categoryID = entry.categoryID, let box = entry.box
            else {
                entry.blameMissing([
                    ("image_id", entry.imageID == nil), ("category_id", entry.categoryID == nil),
                    ("bbox", entry.box == nil),
                ])
                let line = "\(name): annotations[\(position)] \(entry.fault ?? "is faulty")"
                try faults.note(line)
                continue
            }
            result.append(
                Pending(
                    entry: position, imageID: imageID, categoryID: categoryID,
                    box: .init(
                        image: 0, category: 0, x: box.x, y: box.y, width: box.width,
                        height: box.height, area: entry.area, isCrowd: entry.isCrowd,
                        isIgnored: entry.isIgnored)))
        }
        return result
    }

    /// Finds each annotation's image and class.
    private static func resolve(
        _ images: [DetectionIndex.Image], _ categories: [DetectionIndex.Category],
        _ annotations: [Pending], _ name: String, _ faults: inout DetectionFaults
    ) throws -> DetectionIndex {
        let numbers = COCONumbers(images, categories)
        var boxes: [DetectionIndex.Box] = []
        boxes.reserveCapacity(annotations.count)
        for one in annotations {
            guard let image = numbers.images[one.imageID] else {
                try faults.note(
                    "\(name): annotations[\(one.entry)] is of image \(one.imageID), which is not "
                        + "among the \(images.count) images; expected one of them")
                continue
            }
            guard let category = numbers.categories[one.categoryID] else {
                try faults.note(
                    "\(name): annotations[\(one.entry)] is of class \(one.categoryID), which is "
                        + "not among the \(categories.count) categories; expected one of them")
                continue
            }
            var box = one.box
            box.image = image
            box.category = category
            boxes.append(box)
        }
        return DetectionIndex(images: images, categories: categories, boxes: boxes)
    }
}

/// Positions of images and classes by their ids.
struct COCONumbers {
    let images: [Int: Int]
    let categories: [Int: Int]

    /// The ids must be different.
    init(_ images: [DetectionIndex.Image], _ categories: [DetectionIndex.Category]) {
        self.images = Dictionary(
            images.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
        self.categories = Dictionary(
            categories.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
    }
}
