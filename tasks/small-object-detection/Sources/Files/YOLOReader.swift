// SPDX-License-Identifier: Apache-2.0
import Files
import Foundation
import Media
import Regions

/// Reads YOLO's layout: a text file of boxes for each picture that has some.
struct YOLOReader {
    /// What is read: a folder of texts, one of them, or a `data.yaml`.
    let path: String
    /// The folder of the images.
    let imageFolder: String
    /// The part of a `data.yaml` that the images are; nil for all in their folder.
    let split: YOLODataset.Split?
    /// The pixels that boxes refer to.
    let pixels: AnnotatedPixels

    /// Texts beside labels that hold none: lists of classes, of pictures, and read-me files.
    private static let otherTexts: Set<String> = [
        "classes", "_classes", "labels", "predefined_classes", "train", "val", "valid", "test",
    ]

    /// All images and boxes.
    ///
    /// A picture without a text is background.
    func read(
        classes: [String]?, _ faults: inout DetectionFaults
    ) throws(InputError) -> DetectionIndex {
        let dataset = YOLODataset.isOne(path) ? try YOLODataset(path) : nil
        let isOneText =
            dataset == nil && path.lowercased().hasSuffix(".txt")
            && FileSystem.size(of: path) != nil
        let folder =
            dataset != nil
            ? labelFolder
            : isOneText ? URL(fileURLWithPath: path).deletingLastPathComponent().path : path
        let names: [String]
        if let known = classes ?? dataset?.names {
            names = known
        } else {
            names = try self.names(near: folder, &faults)
        }
        var within: [String]?
        if let dataset, let split { within = try dataset.pictures(split).within }
        let pictures = PictureFolder(imageFolder, isDeep: true, within: within)
        var texts = isOneText ? [URL(fileURLWithPath: path).lastPathComponent] : labels(in: folder)
        texts.removeAll { isOther($0, pictures) }
        guard !texts.isEmpty else {
            throw InputError(
                "\(folder): holds no file *.txt; expected yolo annotations, check the path and the "
                    + "format")
        }
        var labels = Dictionary(
            texts.map { (PictureFolder.stem($0), $0) }, uniquingKeysWith: { first, _ in first })
        if isOneText { within = [] }
        var images: [DetectionIndex.Image] = [], boxes: [AnnotatedBox] = []
        var background = 0
        for stem in pictures.stems {
            let text =
                labels.removeValue(forKey: stem)
                ?? Self.labelPath(stem).flatMap { labels.removeValue(forKey: $0) }
            if text == nil, isOneText { continue }
            do throws(InputError) {
                guard let file = try pictures.picture(stem) else { continue }
                let size = pixels.size(of: try ImageInfo.usable("\(imageFolder)/\(file)"))
                let lines =
                    try text.map { name throws(InputError) in
                        try BoxLines.read("\(folder)/\(name)", longest: 65_536)
                    } ?? []
                let image = (images.count, size.width, size.height)
                images.append(
                    .init(id: images.count + 1, file: file, width: size.width, height: size.height))
                if text == nil { background += 1 }
                for (number, values) in lines.enumerated() where !values.isEmpty {
                    do throws(InputError) {
                        boxes.append(
                            try BoxLines.box(values, .yolo, image: image, classes: names.count))
                    } catch {
                        try faults.note(
                            "\(folder)/\(text ?? ""): line \(number + 1): \(error.description)")
                    }
                }
            } catch {
                try faults.note(error.description)
            }
        }
        // Texts of pictures that a part leaves out belong to another part.
        if within == nil || isOneText {
            for text in labels.values.sorted() {
                try faults.note(
                    "\(folder)/\(text): has no picture \(PictureFolder.stem(text)).* in "
                        + "\(imageFolder); expected one, such as \(PictureFolder.stem(text)).jpg")
            }
        }
        if background > 0 {
            faults.remark(
                "\(background) \(background == 1 ? "image has" : "images have") no label file: "
                    + "background")
        }
        return DetectionIndex(
            images: images,
            categories: names.enumerated().map { .init(id: $0 + 1, name: $1) }, boxes: boxes)
    }

    /// The texts of a folder and those below it.
    private func labels(in folder: String) -> [String] {
        PictureFolder.names(in: folder).filter { $0.lowercased().hasSuffix(".txt") }
    }

    /// Whether a text holds no boxes; one named as a picture does, but for `classes.txt`.
    private func isOther(_ text: String, _ pictures: PictureFolder) -> Bool {
        let stem = PictureFolder.stem(text)
        let name = (stem as NSString).lastPathComponent.lowercased()
        if name == "classes" { return true }
        let isNamedSo =
            Self.otherTexts.contains(name) || name.hasPrefix("readme")
            || name.hasPrefix("autosplit_")
        return isNamedSo && pictures.pictures(stem).isEmpty
    }

    /// Where a picture's text lies in the usual layout: `images` in its path becomes `labels`.
    private static func labelPath(_ stem: String) -> String? {
        var parts = stem.split(separator: "/", omittingEmptySubsequences: false)
        guard let place = parts.lastIndex(of: "images") else { return nil }
        parts[place] = "labels"
        return parts.joined(separator: "/")
    }

    /// The folder of the texts of the images' folder, where a `data.yaml` is named.
    private var labelFolder: String {
        let whole = URL(fileURLWithPath: imageFolder).standardizedFileURL.path
        guard let found = Self.labelPath(whole), FileManager.default.fileExists(atPath: found)
        else { return imageFolder }
        return found
    }

    /// The names of the classes as a file in the folder of the texts, or above it, has them.
    private func names(
        near folder: String, _ faults: inout DetectionFaults
    ) throws(InputError) -> [String] {
        let above = (folder as NSString).deletingLastPathComponent
        let top = (above as NSString).deletingLastPathComponent
        var candidates: [String] = []
        for place in [folder, above] { candidates.append("\(place)/classes.txt") }
        for place in [folder, above, top] {
            candidates += ["data.yaml", "data.yml", "dataset.yaml"].map { "\(place)/\($0)" }
        }
        guard let found = candidates.first(where: { FileSystem.size(of: $0) != nil }) else {
            throw InputError(
                "\(path): YOLO files number their classes; expected their names: give --classes (or "
                    + "data.classes in a recipe), name a data.yaml, or lay classes.txt beside them")
        }
        let names =
            try YOLODataset.isOne(found)
            ? YOLODataset(found).names : YOLODataset.lines(of: found)
        guard names.allSatisfy({ !$0.isEmpty }), Set(names).count == names.count else {
            throw InputError(
                "\(found): has an empty line or a name twice; expected different names, one a line")
        }
        faults.remark("classes from \(found): \(names.prefix(20).joined(separator: ", "))")
        return names
    }
}
