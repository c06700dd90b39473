// SPDX-License-Identifier: Apache-2.0
package import Files
import Foundation
package import Recipes

/// The section `data` of a recipe: which points, how they are prepared and how they are sampled.
package struct PointDataRecipe: Sendable {
    /// What the source is.
    package enum Kind: String, CaseIterable, Sendable {
        /// A file or folder of labelled LAS, PLY or `.npy` clouds.
        case scenes
        /// S3DIS: `Area_N/ROOM/Annotations`.
        case s3dis
        /// ModelNet: `CLASS/train/*.off` and `CLASS/test/*.off`.
        case modelnet
        /// The data set `furniture`: collections of Sweet Home 3D.
        case furniture
        /// ScanObjectNN, converted to `.npy`.
        case scanobjectnn

        /// Whether every point has a class, or the whole shape.
        package var isSegmentation: Bool { self == .scenes || self == .s3dis }
    }

    /// A split of each cloud across an axis.
    package struct AreaSplit: Sendable, Equatable {
        /// 0 for x, 1 for y, 2 for z.
        package var axis: Int
        /// Where it is cut, in the file's units from the cloud's lower corner.
        package var place: Double
        /// Width of the strip that belongs to neither part, in the file's units.
        package var gap: Double
        /// Whether the part above is for training.
        package var trainsAbove: Bool
    }

    /// What the source is.
    package var kind: Kind
    /// The file or folder.
    package var source: String
    /// Where the folders of prepared points lie, one for each `settings`.
    package var preparedParent: String
    /// Files, relative to the source, that are for training and for validation.
    package var training, validation: [String]
    /// Areas of S3DIS that are for validation.
    package var validationAreas: [Int]
    /// A split of each cloud.
    package var split: AreaSplit?
    /// Classes and their numbers in the files; nil where the source names its classes itself.
    package var classes: PointClasses?
    /// Categories of `furniture` in the order of the classes.
    package var categories: [String]
    /// The collection of `furniture` that is for validation; every fifth model where nil.
    package var heldOut: String?
    /// What the files call their fields, and the range of their colors.
    package var reading = PointReading.all
    /// The side of a voxel in the file's units; 1, without effect, for shapes.
    package var grid: Double
    /// Points drawn on the surface of a mesh, or kept of each shape; 0 for scenes.
    package var surfacePoints: Int
    /// What training and prediction see.
    package var sampling: PointSampling
    /// Changes of training samples.
    package var augmentation: PointAugmentation
    /// Classes without which scores are given, too.
    package var scoreWithout: [String]
    /// Whether `prepare` leaves out what can't be used instead of refusing it.
    package var keepGoing = false

    /// Reads and checks the section.
    ///
    /// - Parameter section: The reader of `data`.
    package init(_ section: RecipeReader) throws(InputError) {
        kind = try section.value("kind", default: Kind.scenes)
        source = try section.requiredPath("source", expected: "the file or folder of the points")
        // A key that the kind has no use for isn't read, and so refused as unknown.
        let segments = kind.isSegmentation, hasFiles = kind == .scenes
        training = hasFiles ? try section.value("training", default: []) : []
        validation = hasFiles ? try section.value("validation", default: []) : []
        split = hasFiles ? try AreaSplit(section) : nil
        classes =
            hasFiles || kind == .scanobjectnn ? try PointDataRecipe.classes(section) : nil
        validationAreas =
            kind == .s3dis
            ? try section.value("validationAreas", default: [5], in: 1...6).map { Int($0) } : []
        if hasFiles { reading = try PointReading(section) }
        categories = []
        if kind == .furniture {
            categories = try section.value(
                "categories",
                default: ["Characters", "Doors and windows", "Lights", "Vehicles"])
            heldOut = try section.optionalText("heldOut")
        }
        grid = segments ? try section.value("grid", default: 0.04, in: 1e-6...1e6) : 1
        surfacePoints =
            segments ? 0 : try section.value("surfacePoints", default: 8192, in: 16...1_000_000)
        let name = segments ? "grid-\(grid)" : "shapes-\(surfacePoints)"
        preparedParent =
            try section.optionalPath("prepared")
            ?? PointDataRecipe.folder(of: source) + "/prepared-" + name
        sampling = try PointSampling(section, isSegmentation: segments)
        augmentation = try PointAugmentation(
            try section.section("augmentation"), isSegmentation: segments)
        // Noted only where it is written: runs of before keep their fingerprint.
        if section.has("keepGoing") { keepGoing = try section.value("keepGoing", default: false) }
        scoreWithout = segments ? try section.value("scoreWithout", default: []) : []
        try check(section)
    }

    /// The folder that `prepare` writes: recipes that differ in `settings` have folders of their
    /// own, so that none of them finds the points of another.
    package var prepared: String { "\(preparedParent)/\(ContentDigest.of([settings]))" }

    /// Everything of the recipe that the prepared files depend on, as one line: the sources, what
    /// each is for, the classes with their numbers, and the grid or the points of a surface.
    var settings: String {
        let path = URL(fileURLWithPath: source).standardizedFileURL.path
        var parts = ["version 2", kind.rawValue, "source \(path)"]
        if reading != .all { parts.append(reading.settings) }
        if let classes {
            parts.append("classes \(classes.names) \(classes.codes) \(classes.ignoredCodes)")
        }
        switch kind {
        case .scenes:
            parts.append("training \(training), validation \(validation)")
            if let split {
                parts.append(
                    "split \(split.axis) \(split.place) \(split.gap) \(split.trainsAbove)")
            }
        case .s3dis: parts.append("validation \(validationAreas)")
        case .furniture:
            parts.append("categories \(categories), held out \(heldOut ?? "none")")
        case .modelnet, .scanobjectnn: break
        }
        parts.append(kind.isSegmentation ? "grid \(grid)" : "points \(surfacePoints)")
        return parts.joined(separator: ", ")
    }

    private func check(_ section: RecipeReader) throws(InputError) {
        if kind == .scenes, classes == nil {
            throw section.error(
                "classes",
                "is missing; expected a name and the file's numbers of each class, such as "
                    + "{ground: [2], building: [6]}")
        }
        if kind == .scenes, split == nil, training.isEmpty || validation.isEmpty {
            throw section.error(
                "split",
                "is missing; expected data.split (axis and at), or data.training and "
                    + "data.validation with names of files")
        }
        if let both = training.first(where: { validation.contains($0) }), split == nil {
            throw section.error(
                "validation", "has \(both), which data.training has too; keep it in one of them")
        }
        if kind.isSegmentation, let spheres = sampling.spheres, spheres.radius < grid {
            throw section.error(
                "radius",
                "is \(spheres.radius), less than data.grid \(grid); expected several of "
                    + "its steps")
        }
        let names = classes?.names ?? (kind == .s3dis ? S3DISRoom.classes : nil)
        if let names, let unknown = scoreWithout.first(where: { !names.contains($0) }) {
            throw section.error(
                "scoreWithout",
                "has \"\(unknown)\"; expected some of \(names.joined(separator: ", "))")
        }
    }

    private static func classes(_ section: RecipeReader) throws(InputError) -> PointClasses? {
        let whole = -2147483648.0...2147483647.0
        let ignored = try section.value("ignore", default: [-1], in: whole)
        let reader = try section.section("classes")
        var names: [String] = [], codes: [[Int32]] = []
        var used = Set(ignored)
        for name in section.keys(of: "classes") {
            guard !name.contains(".") else {
                throw section.error("classes", "has \"\(name)\"; expected names without dots")
            }
            let numbers = try reader.value(name, default: [], in: whole)
            for number in numbers {
                guard number == number.rounded(), used.insert(number).inserted else {
                    throw reader.error(
                        name,
                        "has the number \(number); expected whole numbers, each for one class only "
                            + "and not in data.ignore")
                }
            }
            guard !numbers.isEmpty else {
                throw reader.error(name, "has no number; expected the file's numbers of the class")
            }
            names.append(name)
            codes.append(numbers.map { Int32($0) })
        }
        guard !names.isEmpty else { return nil }
        guard names.count <= 4096 else {
            throw section.error("classes", "are \(names.count); expected at most 4096")
        }
        return PointClasses(names: names, codes: codes, ignoredCodes: ignored.map { Int32($0) })
    }

    /// The folder that a path lies in, itself where it has no ending.
    private static func folder(of source: String) -> String {
        guard let slash = source.lastIndex(of: "/"),
            source[slash...].contains(".")
        else { return source }
        return String(source[..<slash])
    }
}

extension PointReading {
    /// Reads `data.fields` and `data.colorRange`.
    fileprivate init(_ section: RecipeReader) throws(InputError) {
        self.init()
        colorRange = try section.optionalNumber("colorRange", in: 1e-6...1e9)
        guard section.has("fields") else { return }
        let names = try section.section("fields")
        label = try names.optionalText("label")
        intensity = try names.optionalText("intensity")
        guard names.has("color") else { return }
        let channels = try names.value("color", default: [String]())
        guard channels.count == 3 else {
            throw names.error(
                "color", "has \(channels.count) names; expected those of red, green and blue")
        }
        color = channels
    }

    /// What prepared files depend on, as text.
    fileprivate var settings: String {
        "label \(label ?? ""), intensity \(intensity ?? ""), color \(color ?? []), "
            + "range \(colorRange.map { "\($0)" } ?? "")"
    }
}

extension PointDataRecipe.AreaSplit {
    /// Reads `data.split`; nil where it is absent.
    fileprivate init?(_ section: RecipeReader) throws(InputError) {
        // Nothing is read, and so nothing written out, of what isn't there.
        guard section.has("split") else { return nil }
        let split = try section.section("split")
        let axis = try split.choice("axis", default: "x", among: ["x", "y", "z"])
        let place = try split.optionalNumber("at", in: 0...1e9)
        gap = try split.value("gap", default: 0.0, in: 0...1e9)
        trainsAbove =
            try split.choice(
                "training", default: "below", among: ["below", "above"]) == "above"
        guard let place else {
            throw section.error(
                "split.at", "is missing; expected a distance from the cloud's lower corner")
        }
        self.place = place
        self.axis = axis == "x" ? 0 : axis == "y" ? 1 : 2
    }

    /// The part of a cloud that is for a subset.
    func region(_ subset: PointIndex.Subset) -> CloudRegion {
        (subset == .training) == trainsAbove
            ? CloudRegion(axis: axis, from: place + gap / 2)
            : CloudRegion(axis: axis, to: place - gap / 2)
    }
}
