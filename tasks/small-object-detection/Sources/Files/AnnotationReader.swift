// SPDX-License-Identifier: Apache-2.0
package import Files
import Foundation
import Regions

/// The formats in which annotated boxes come.
package enum AnnotationFormat: String, Sendable, CaseIterable {
    /// One JSON file of images, categories and annotations; AI-TOD's too.
    case coco
    /// A folder of Pascal VOC XML files, or one of them.
    case voc
    /// A folder of VisDrone's text files: x, y, width, height, score, class, truncation, occlusion.
    case visDrone = "visdrone"
    /// A folder of text files: class, centre and size, or a polygon, as shares of the image; or a
    /// `data.yaml`.
    case yolo
}

/// Reads annotations of any format into an index.
package struct AnnotationReader {
    /// The format.
    package let format: AnnotationFormat
    /// The folder of the images; needed to find files and, for YOLO, sizes.
    package let imageFolder: String
    /// The classes in order; nil for those that the annotation has, or a file beside YOLO's.
    package let classes: [String]?
    /// The pixels that boxes refer to; YOLO's are shares of them.
    package let pixels: AnnotatedPixels

    /// The part of a YOLO `data.yaml` that is read; nil for all images in their folder.
    package let split: YOLODataset.Split?

    /// VisDrone's classes by number.
    static let visDroneClasses = [
        "ignored regions", "pedestrian", "people", "bicycle", "car", "van", "truck", "tricycle",
        "awning-tricycle", "bus", "motor", "others",
    ]

    /// A reader.
    package init(
        format: AnnotationFormat, imageFolder: String, classes: [String]? = nil,
        pixels: AnnotatedPixels = .unsaid, split: YOLODataset.Split? = nil
    ) {
        self.split = split
        self.pixels = pixels
        self.format = format
        self.imageFolder = imageFolder
        self.classes = classes
    }

    /// Reads a file or folder.
    ///
    /// - Parameter faults: Where faulty boxes, and images that can't be used, are noted.
    /// - Throws: One line for what cannot be read, and for the first fault unless they are dropped.
    package func read(
        _ path: String, faults: inout DetectionFaults
    ) throws(InputError) -> DetectionIndex {
        switch format {
        case .coco:
            let index = try COCOReader.read(path, faults: &faults)
            guard let classes else { return index }
            return try keep(classes, of: index, path, &faults)
        case .voc: return try readVOC(path, &faults)
        case .visDrone: return try readVisDrone(path, &faults)
        case .yolo:
            return try YOLOReader(
                path: path, imageFolder: imageFolder, split: split, pixels: pixels
            ).read(classes: classes, &faults)
        }
    }

    /// The classes asked for, in their order and with the file's numbers; boxes of others are
    /// faults.
    private func keep(
        _ names: [String], of index: DetectionIndex, _ path: String, _ faults: inout DetectionFaults
    ) throws(InputError) -> DetectionIndex {
        let positions = index.categories.map { names.firstIndex(of: $0.name) }
        var boxes: [AnnotatedBox] = []
        for (number, var box) in index.boxes.enumerated() {
            guard let position = positions[box.item.label] else {
                try faults.note(
                    "\(path): box \(number) is of class "
                        + "\(MessageText.quoted(index.categories[box.item.label].name)), which is "
                        + "not among the \(names.count) asked for; expected one of them")
                continue
            }
            box.item.label = position
            boxes.append(box)
        }
        let numbers = Dictionary(
            index.categories.map { ($0.name, $0.id) }, uniquingKeysWith: { first, _ in first })
        var last = index.categories.map(\.id).max() ?? 0
        let categories = names.map { name in
            if let id = numbers[name] { return DetectionIndex.Category(id: id, name: name) }
            last += 1
            return DetectionIndex.Category(id: last, name: name)
        }
        return DetectionIndex(images: index.images, categories: categories, boxes: boxes)
    }

    // MARK: Pascal VOC

    private func readVOC(
        _ path: String, _ faults: inout DetectionFaults
    ) throws(InputError) -> DetectionIndex {
        var images: [DetectionIndex.Image] = []
        var objects: [(image: Int, name: String, box: AnnotatedBox)] = []
        let pictures = PictureFolder(imageFolder)
        var byName: [String] = [], stale: [String] = []
        for file in try files(path, ending: ".xml") {
            let annotation: VOCAnnotation
            let picture: (file: String, isNamed: Bool)
            do throws(InputError) {
                annotation = try VOCAnnotation.read(file)
                if let fault = annotation.fault { throw InputError("\(file): \(fault)") }
                picture = try imageFile(named: annotation.file, for: file, pictures)
            } catch {
                try faults.note(error.description)
                continue
            }
            let image = images.count
            let own = (annotation.file ?? picture.file).split { "/\\".contains($0) }.last ?? ""
            if picture.isNamed {
                byName.append("\(file): \(picture.file)")
            } else if own != picture.file {
                stale.append("\(file): \(own)")
            }
            images.append(
                .init(
                    id: image + 1, file: picture.file,
                    width: annotation.width ?? 0, height: annotation.height ?? 0))
            for (number, object) in annotation.objects.enumerated() {
                guard object.fault == nil, let name = object.name, let xmin = object.xmin,
                    let ymin = object.ymin, let xmax = object.xmax, let ymax = object.ymax
                else {
                    try faults.note("\(file): object \(number) \(object.fault ?? "is faulty")")
                    continue
                }
                if let classes, !classes.contains(name) {
                    try faults.note(
                        "\(file): object \(number) is of class \(MessageText.quoted(name)), "
                            + "which is not among the \(classes.count) asked for; expected one of "
                            + "them")
                    continue
                }
                let box = AnnotatedBox(
                    Item(
                        Rectangle(x: xmin, y: ymin, width: xmax - xmin, height: ymax - ymin),
                        label: 0, in: image), isIgnored: object.isDifficult)
                objects.append((image, name, box))
            }
        }
        if let first = byName.first {
            faults.remark(
                "no picture has the name of \(Self.count(byName, "annotation")): taken is the one in "
                    + "<filename> (\(first))")
        }
        if let first = stale.first {
            faults.remark(
                "another picture is in <filename> of \(Self.count(stale, "annotation")): taken is "
                    + "the one of the annotation's own name (\(first))")
        }
        let names = classes ?? Set(objects.map(\.name)).sorted()
        let positions = Dictionary(
            names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        return DetectionIndex(
            images: images, categories: names.enumerated().map { .init(id: $0 + 1, name: $1) },
            boxes: objects.map { object in
                var box = object.box
                box.item.label = positions[object.name] ?? 0
                return box
            })
    }

    private static func count(_ list: [String], _ word: String) -> String {
        "\(list.count) \(word)\(list.count == 1 ? "" : "s")"
    }

    // MARK: VisDrone

    private func readVisDrone(
        _ path: String, _ faults: inout DetectionFaults
    ) throws(InputError) -> DetectionIndex {
        let names = Self.visDroneClasses
        let pictures = PictureFolder(imageFolder)
        var images: [DetectionIndex.Image] = []
        var boxes: [AnnotatedBox] = []
        for file in try files(path, ending: ".txt") {
            let lines: [[Double]], picture: String
            do throws(InputError) {
                picture = try imageFile(named: nil, for: file, pictures).file
                lines = try BoxLines.read(file)
            } catch {
                try faults.note(error.description)
                continue
            }
            for (number, values) in lines.enumerated() where !values.isEmpty {
                do throws(InputError) {
                    boxes.append(
                        try BoxLines.box(
                            values, .visDrone, image: (images.count, 0, 0), classes: names.count))
                } catch {
                    try faults.note("\(file): line \(number + 1): \(error.description)")
                }
            }
            images.append(.init(id: images.count + 1, file: picture, width: 0, height: 0))
        }
        return DetectionIndex(
            images: images, categories: names.enumerated().map { .init(id: $0, name: $1) },
            boxes: boxes)
    }

    // MARK: Files

    /// The annotation files of a folder, or the file itself.
    private func files(_ path: String, ending: String) throws(InputError) -> [String] {
        if path.lowercased().hasSuffix(ending), FileSystem.size(of: path) != nil { return [path] }
        let names = try TextFile.names(in: path, endings: [ending])
        guard !names.isEmpty else {
            throw InputError(
                "\(path): holds no file *\(ending); expected \(format.rawValue) annotations, "
                    + "check the path and the format")
        }
        return names.map { "\(path)/\($0)" }
    }

    /// The image of an annotation file: the picture of its own name, else the one that it names;
    /// where neither is there, what was looked for.
    ///
    /// Pictures are renamed with their annotation, which then still has the old name inside.
    ///
    /// - Throws: Where two pictures have the annotation's name and it names neither.
    private func imageFile(
        named name: String?, for file: String, _ pictures: PictureFolder
    ) throws(InputError) -> (file: String, isNamed: Bool) {
        let stem = URL(fileURLWithPath: file).deletingPathExtension().lastPathComponent
        // A path in an annotation must not lead out of the folder.
        let named = name.flatMap { $0.split { "/\\".contains($0) }.last.map(String.init) }
        if let named, pictures.pictures(stem).contains(named) { return (named, false) }
        if let found = try pictures.picture(stem) { return (found, false) }
        if let named, pictures.has(named) { return (named, true) }
        return (named ?? "\(stem).png", false)
    }
}
