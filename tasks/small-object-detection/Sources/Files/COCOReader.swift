// SPDX-License-Identifier: Apache-2.0
package import Files
import Regions
import TextFormats

/// Reads COCO's annotation files: objects "images", "categories" and "annotations" in any order.
package enum COCOReader {
    private static let expected = "a COCO JSON file"

    /// An annotation whose image and class may still be to come.
    private struct Pending {
        var entry: Int
        var imageID: COCOID
        var categoryID: Int
        var box: AnnotatedBox
    }

    /// What has been read so far.
    private struct Parts {
        var images: [DetectionIndex.Image]?
        var categories: [DetectionIndex.Category]?
        var annotations: [Pending]?
    }

    /// Reads a file.
    ///
    /// Every entry is checked: types, missing members, ids that occur twice, annotated classes of
    /// one name, boxes that are no finite numbers or negative, images and classes that are not
    /// there. Ids of images may be texts or numbers of any size; see ``DetectionIndex/Image/idText``.
    /// Of classes of one name the one that has annotations is kept.
    ///
    /// - Parameter faults: Where faulty annotations are noted. Faulty images and classes always end
    ///   the reading, since what refers to them could not be told from what is wrong itself.
    /// - Throws: One line for a file that cannot be read or is no COCO file, and for the first
    ///   faulty entry.
    package static func read(
        _ path: String, faults: inout DetectionFaults
    ) throws(InputError) -> DetectionIndex {
        var scanner = try JSONScanner(path: path, expected: expected)
        return try read(&scanner, name: path, faults: &faults)
    }

    /// Reads the images and the classes of a file alone.
    ///
    /// Annotations are passed over and need not be there, nor need classes.
    ///
    /// - Throws: One line for a file that cannot be read, has no images, or a faulty entry.
    package static func readNames(_ path: String) throws(InputError) -> DetectionIndex {
        var scanner = try JSONScanner(path: path, expected: expected)
        var faults = DetectionFaults(keepGoing: false)
        return try read(&scanner, name: path, namesAlone: true, faults: &faults)
    }

    /// Parses `text`; `name` stands for the file in messages.
    package static func parse(
        _ text: [UInt8], name: String, faults: inout DetectionFaults
    ) throws(InputError) -> DetectionIndex {
        var scanner = JSONScanner(terminated: text + [0], name: name)
        return try read(&scanner, name: name, faults: &faults)
    }

    private static func read(
        _ scanner: inout JSONScanner, name: String, namesAlone: Bool = false,
        faults: inout DetectionFaults
    ) throws(InputError) -> DetectionIndex {
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
        if namesAlone, let images = parts.images {
            return DetectionIndex(images: images, categories: parts.categories ?? [], boxes: [])
        }
        guard let images = parts.images, let categories = parts.categories,
            let annotations = parts.annotations
        else {
            let missing =
                parts.images == nil
                ? "images" : parts.categories == nil ? "categories" : "annotations"
            throw InputError(
                "\(name): has no list \"\(missing)\"; expected images, categories and annotations")
        }
        return try resolve(images, categories, annotations, name, &faults)
    }

    private static func images(
        _ scanner: inout JSONScanner, _ name: String
    ) throws(InputError) -> [DetectionIndex.Image] {
        var result: [(id: COCOID, image: DetectionIndex.Image)] = []
        var ids = Set<COCOID>()
        try scanner.open("[")
        while try scanner.nextItem() {
            var entry = try COCOEntry(&scanner)
            for side in [entry.width, entry.height] {
                if let side, !(1...1_000_000_000).contains(side) {
                    entry.blame("has a side of \(side) pixels; expected at least 1")
                }
            }
            if entry.id == nil { entry.blame("has no id; expected a whole number or a text") }
            let id = entry.id ?? .number(0)
            if !ids.insert(id).inserted { entry.blame("has the id \(id) again; expected another") }
            if let fault = entry.fault {
                throw InputError("\(name): images[\(result.count)] \(fault)")
            }
            result.append(
                (
                    id,
                    .init(
                        id: 0, file: entry.fileName ?? "", width: entry.width ?? 0,
                        height: entry.height ?? 0)
                ))
        }
        return numbered(result)
    }

    /// The images by rising number; behind them those of other ids, numbered on in their order.
    private static func numbered(
        _ images: [(id: COCOID, image: DetectionIndex.Image)]
    ) -> [DetectionIndex.Image] {
        var plain: [DetectionIndex.Image] = []
        var others: [DetectionIndex.Image] = []
        for (id, image) in images {
            var image = image
            switch id {
            case .number(let number):
                image.id = number
                plain.append(image)
            case .json(let text):
                image.idText = text
                others.append(image)
            }
        }
        plain.sort { $0.id < $1.id }
        // As Python orders texts, so that images of equal scores follow in the official order.
        others.sort {
            ($0.idText ?? "").unicodeScalars.lexicographicallyPrecedes(
                ($1.idText ?? "").unicodeScalars)
        }
        let first = max(0, plain.last?.id ?? 0) + 1
        for number in others.indices { others[number].id = first + number }
        return plain + others
    }

    private static func categories(
        _ scanner: inout JSONScanner, _ name: String
    ) throws(InputError) -> [DetectionIndex.Category] {
        var result: [DetectionIndex.Category] = []
        var ids = Set<Int>()
        try scanner.open("[")
        while try scanner.nextItem() {
            var entry = try COCOEntry(&scanner)
            if case .json(let text)? = entry.id {
                entry.blame("has \(text) as id; expected a whole number")
            }
            if entry.id == nil { entry.blame("has no id; expected a whole number") }
            if entry.name?.isEmpty ?? true { entry.blame("has no name; expected a text") }
            var one = DetectionIndex.Category(id: 0, name: entry.name ?? "")
            if case .number(let number)? = entry.id { one.id = number }
            if !ids.insert(one.id).inserted {
                entry.blame("has the id \(one.id) again; expected another")
            }
            if let fault = entry.fault {
                throw InputError("\(name): categories[\(result.count)] \(fault)")
            }
            result.append(one)
        }
        return result.sorted { $0.id < $1.id }
    }

    private static func annotations(
        _ scanner: inout JSONScanner, _ name: String, _ faults: inout DetectionFaults
    ) throws(InputError) -> [Pending] {
        var result: [Pending] = []
        var ids = Set<COCOID>()
        var position = -1
        try scanner.open("[")
        while try scanner.nextItem() {
            position += 1
            var entry = try COCOEntry(&scanner)
            if let area = entry.area, area < 0 {
                entry.blame(
                    "has the area \(MessageText.number(area)); expected one that is not negative")
            }
            if entry.id == nil { entry.blame("has no id; expected a whole number or a text") }
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
                    box: AnnotatedBox(
                        Item(box, label: 0), area: entry.area, isCrowd: entry.isCrowd,
                        isIgnored: entry.isIgnored)))
        }
        return result
    }

    /// Finds each annotation's image and class.
    private static func resolve(
        _ images: [DetectionIndex.Image], _ categories: [DetectionIndex.Category],
        _ annotations: [Pending], _ name: String, _ faults: inout DetectionFaults
    ) throws(InputError) -> DetectionIndex {
        let numbers = COCONumbers(images, categories)
        var boxes: [AnnotatedBox] = []
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
            box.item.source = image
            box.item.label = category
            boxes.append(box)
        }
        return try onePerName(
            DetectionIndex(images: images, categories: categories, boxes: boxes), name)
    }

    /// The index with one class of each name: the one that has annotations.
    private static func onePerName(
        _ index: DetectionIndex, _ name: String
    ) throws(InputError) -> DetectionIndex {
        let groups = Dictionary(grouping: index.categories.indices) { index.categories[$0].name }
        guard groups.count < index.categories.count else { return index }
        let used = Set(index.boxes.map(\.item.label))
        var kept: [Int] = []
        for place in index.categories.indices {
            let own = index.categories[place]
            let group = groups[own.name] ?? []
            let annotated = group.filter(used.contains)
            guard annotated.count < 2 else {
                let ids = annotated.map { "\(index.categories[$0].id)" }.joined(separator: " and ")
                throw InputError(
                    "\(name): the categories \(ids) both have the name "
                        + "\(MessageText.quoted(own.name)) and annotations; expected one name "
                        + "each, rename or join them")
            }
            if place == annotated.first ?? group.first { kept.append(place) }
        }
        let places = Dictionary(
            kept.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        var result = index
        result.categories = kept.map { index.categories[$0] }
        for number in result.boxes.indices {
            let label = result.boxes[number].item.label
            result.boxes[number].item.label = places[label] ?? 0
        }
        return result
    }
}

/// Positions of images and classes by their ids.
struct COCONumbers {
    let images: [COCOID: Int]
    let categories: [Int: Int]

    /// The ids must be different.
    init(_ images: [DetectionIndex.Image], _ categories: [DetectionIndex.Category]) {
        self.images = Dictionary(
            images.enumerated().map { ($1.idText.map(COCOID.json) ?? .number($1.id), $0) },
            uniquingKeysWith: { first, _ in first })
        self.categories = Dictionary(
            categories.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
    }
}
