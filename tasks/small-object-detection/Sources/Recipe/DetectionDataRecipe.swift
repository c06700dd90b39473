// SPDX-License-Identifier: Apache-2.0
import Files
import Recipes

/// The recipe's `data` section: which images, and how training cuts them.
package struct DetectionDataRecipe: Sendable {
    /// How an image becomes inputs of one size.
    package enum Cut: String, CaseIterable, Sendable {
        /// Overlapping tiles at the image's own resolution times `scale`.
        case tiles
        /// The whole image, scaled to fit.
        case whole
    }

    /// One set of annotated images.
    package struct Source: Sendable, Equatable {
        /// A file or folder of annotations.
        package var annotations: String
        /// The folder of the images.
        package var images: String
        /// How often an epoch shows each of its inputs.
        package var repeats = 1
        /// The part of a YOLO `data.yaml`, where that says which images.
        package var split: YOLODataset.Split?
    }

    /// The format of the annotations.
    package var format: AnnotationFormat
    /// The images to train on, set by set.
    package var training: [Source]
    /// The images to evaluate on.
    package var validation: Source
    /// Names of the classes in order; nil takes the annotations' own.
    package var classes: [String]?
    /// Classes whose boxes are regions in which nothing counts.
    package var ignoredClasses: [String]
    /// Side of the square inputs in pixels.
    package var size: Int
    /// How images become inputs.
    package var cut: Cut
    /// Pixels of an input for one of the image, where it is cut into tiles.
    package var scale: Double
    /// Tiles of training images, in the image's pixels.
    package var tiling: Tiling
    /// Tiles without an object, for each one with some, at most.
    package var emptyTiles: Double
    /// Bytes of decoded images that are kept.
    package var cacheBytes: Int
    /// Whether faulty images and boxes are left out instead of refused.
    package var keepGoing: Bool
    /// How pictures are read.
    package var pictures: PictureRecipe

    /// Reads and checks the keys.
    init(_ section: RecipeReader) throws(InputError) {
        format = try section.value("format", default: AnnotationFormat.coco)
        let isYOLO = format == .yolo
        training = try DetectionDataRecipe.trainingSources(section, isYOLO: isYOLO)
        validation = try DetectionDataRecipe.validationSource(section, isYOLO: isYOLO)
        let names = try section.value("classes", default: [String]())
        guard Set(names).count == names.count, names.allSatisfy({ !$0.isEmpty }) else {
            throw section.error("classes", "has a name twice or an empty one")
        }
        if format == .visDrone, !names.isEmpty {
            throw section.error("classes", "is given; VisDrone's classes are fixed, leave it out")
        }
        classes = names.isEmpty ? nil : names
        ignoredClasses = try section.value(
            "ignoredClasses",
            default: format == .visDrone ? ["ignored regions", "others"] : [String]())
        size = try section.value("size", default: 392, in: 32...8192)
        cut = try section.value("cut", default: Cut.tiles)
        scale = try section.value("scale", default: 1.0, in: 0.05...8)
        let side = max(1, Int((Double(size) / scale).rounded()))
        let overlap = try section.value("tileOverlap", default: side / 4, in: 0...8191)
        guard overlap < side else {
            throw section.error(
                "tileOverlap", "is \(overlap); expected less than a tile's \(side) pixels")
        }
        tiling = Tiling(
            size: side, overlap: overlap,
            keptArea: try section.value("keptArea", default: 0.5, in: 0.01...1))
        emptyTiles = try section.value("emptyTiles", default: 0.25, in: 0...1000)
        cacheBytes = try section.optionalBytes("cache") ?? (1 << 30)
        keepGoing = try section.value("keepGoing", default: false)
        pictures = try PictureRecipe(section)
    }

    /// The sets to train on: each annotations with the folder of their images, or all with one.
    private static func trainingSources(
        _ section: RecipeReader, isYOLO: Bool
    ) throws(InputError) -> [Source] {
        let annotations = try section.requiredPaths(
            "trainingAnnotations", expected: "a file or folder of annotations, or a list of them")
        let isNamed =
            isYOLO && !section.has("trainingImages") && annotations.allSatisfy(YOLODataset.isOne)
        var images: [String] = []
        if isNamed {
            _ = try section.optionalPath("trainingImages")
            for path in annotations {
                images.append(try folder(of: .train, path, section, "trainingImages"))
            }
        } else {
            images = try section.requiredPaths(
                "trainingImages",
                expected: "the folder of the images, or one for each of trainingAnnotations")
        }
        if images.count == 1 { images = Array(repeating: images[0], count: annotations.count) }
        guard images.count == annotations.count else {
            throw section.error(
                "trainingImages",
                "has \(images.count) folders; expected one, or one for each of the "
                    + "\(annotations.count) trainingAnnotations")
        }
        let repeats = try section.value(
            "trainingRepeats", default: annotations.map { _ in 1 }, in: 1...1000)
        guard repeats.count == annotations.count, repeats.allSatisfy({ $0 == $0.rounded() }) else {
            throw section.error(
                "trainingRepeats",
                "is \(repeats); expected a whole number for each of the \(annotations.count) "
                    + "trainingAnnotations")
        }
        return annotations.indices.map {
            Source(
                annotations: annotations[$0], images: images[$0], repeats: Int(repeats[$0]),
                split: isNamed ? .train : nil)
        }
    }

    private static func validationSource(
        _ section: RecipeReader, isYOLO: Bool
    ) throws(InputError) -> Source {
        let annotations = try section.requiredPath(
            "validationAnnotations", expected: "a file or folder of annotations")
        if isYOLO, !section.has("validationImages"), YOLODataset.isOne(annotations) {
            _ = try section.optionalPath("validationImages")
            return Source(
                annotations: annotations,
                images: try folder(of: .val, annotations, section, "validationImages"), split: .val)
        }
        return Source(
            annotations: annotations,
            images: try section.requiredPath(
                "validationImages", expected: "the folder of the images"))
    }

    /// The folder of the images that a `data.yaml` names.
    private static func folder(
        of split: YOLODataset.Split, _ path: String, _ section: RecipeReader, _ key: String
    ) throws(InputError) -> String {
        do {
            return try YOLODataset(path).pictures(split).folder
        } catch {
            throw section.error(key, "is missing, and \(error)")
        }
    }
}
