// SPDX-License-Identifier: Apache-2.0
package import Files
package import Media
package import Regions
import Tensors
import Training

/// Annotated images of one purpose, with labels by the run's classes.
package struct DetectionSplit: Sendable {
    /// The checked index.
    package let index: DetectionIndex
    /// The folder of each image.
    package let folders: [String]
    /// How often an epoch shows each image's inputs.
    package let repeats: [Int]
    /// What each image's detector should find.
    package let objects: [[Item<Box>]]
    /// How each image is turned from its stored pixels to those in which its annotation counts.
    package var turns: [ImageOrientation] = []
    /// Where nothing counts: crowds, boxes that need not be found, regions of ignored classes.
    package let ignored: [[Box]]

    /// The classes of a run.
    package struct Classes: Sendable, Equatable {
        /// Names, by label.
        package let names: [String]
        /// The data set's own numbers, by label.
        package let ids: [Int]

        /// The classes that are learned: all but the ignored ones.
        package init(_ index: DetectionIndex, ignoring: [String]) {
            let learned = index.categories.filter { !ignoring.contains($0.name) }
            names = learned.map(\.name)
            ids = learned.map(\.id)
        }
    }

    /// Gives the boxes of a checked index labels.
    ///
    /// - Parameters:
    ///   - folders: The folder of each image.
    ///   - repeats: How often an epoch shows each image's inputs; nil for once.
    /// - Throws: Where a box is of a class that the run doesn't learn.
    package init(
        _ index: DetectionIndex, folders: [String], repeats: [Int]? = nil, classes: Classes,
        ignoring: [String]
    ) throws(InputError) {
        let labels = Dictionary(
            uniqueKeysWithValues: classes.names.enumerated().map { ($0.element, $0.offset) })
        var objects = [[Item<Box>]](repeating: [], count: index.images.count)
        var ignored = [[Box]](repeating: [], count: index.images.count)
        for box in index.boxes {
            let place = box.item.place.box
            let name = index.categories[box.item.label].name
            if ignoring.contains(name) || box.isCrowd || box.isIgnored {
                ignored[box.item.source].append(place)
            } else if let label = labels[name] {
                objects[box.item.source].append(Item(place, label: label))
            } else {
                throw InputError(
                    "\(index.images[box.item.source].file): a box is of class "
                        + "\(MessageText.quoted(name)), which no training image has; expected "
                        + "one of \(classes.names.joined(separator: ", ")): name the classes in "
                        + "data.classes, or leave the others out by data.ignoredClasses or "
                        + "data.keepGoing")
            }
        }
        self.index = index
        self.folders = folders
        self.repeats = repeats ?? folders.map { _ in 1 }
        self.objects = objects
        self.ignored = ignored
    }

    /// Everything of the images and their boxes that training and scores depend on, a line each.
    var identity: [String] {
        func corners(_ box: Box) -> String { "\(box.x1) \(box.y1) \(box.x2) \(box.y2)" }
        return index.images.enumerated().flatMap { place, image in
            ["\(image.file) \(image.width) \(image.height) \(repeats[place])"]
                + objects[place].map { "\($0.label) \(corners($0.place))" }
                + ignored[place].map { "ignored \(corners($0))" }
        }
    }

    /// The path of an image.
    package func path(_ image: Int) -> String { "\(folders[image])/\(index.images[image].file)" }

    /// Reads and checks the training and the validation images of a recipe.
    ///
    /// - Parameters:
    ///   - decodesPixels: Whether every picture is decoded too, so that a damaged one is found now.
    ///   - report: Told of every image that is checked, of its part's.
    ///   - note: Told of what was left out.
    /// - Throws: One line for the first fault, unless `keepGoing`.
    package static func read(
        _ recipe: DetectionDataRecipe, decodesPixels: Bool = false,
        report: (_ done: Int, _ total: Int) -> Void = { _, _ in }, note: (String) -> Void
    ) throws -> (
        training: DetectionSplit, validation: DetectionSplit, classes: Classes
    ) {
        var turns: [ImageOrientation] = []
        func checked(_ source: DetectionDataRecipe.Source) throws -> DetectionIndex {
            var faults = DetectionFaults(keepGoing: recipe.keepGoing)
            let reader = AnnotationReader(
                format: recipe.format, imageFolder: source.images, classes: recipe.classes,
                pixels: recipe.pictures.orientation, split: source.split)
            let check = IndexCheck(
                imageFolder: source.images, pixels: recipe.pictures.orientation,
                decodesPixels: decodesPixels, format: recipe.format,
                reading: recipe.pictures.reading)
            let outcome = try check.run(
                try reader.read(source.annotations, faults: &faults), faults: &faults,
                threads: Parallel.threadCount, report: report)
            for line in faults.remarks { note(line) }
            for line in faults.lines.prefix(20) { note("left out: \(line)") }
            if faults.count > 20 { note("left out \(faults.count - 20) more") }
            turns = outcome.turns
            return outcome.index
        }
        var indices: [DetectionIndex] = [], folders: [String] = [], repeats: [Int] = []
        for source in recipe.training {
            let index = try checked(source)
            indices.append(index)
            folders += index.images.map { _ in source.images }
            repeats += index.images.map { _ in source.repeats }
        }
        let training = DetectionIndex(joining: indices)
        var validation = try checked(recipe.validation)
        let classes = Classes(training, ignoring: recipe.ignoredClasses)
        guard !classes.names.isEmpty else {
            throw InputError(
                "\(recipe.training[0].annotations): has no class to learn; expected at least one "
                    + "that is not in data.ignoredClasses")
        }
        if recipe.keepGoing {
            for line in validation.leaveOut(allBut: classes, ignoring: recipe.ignoredClasses) {
                note("left out: \(recipe.validation.annotations): \(line)")
            }
        }
        validation.add(classes)
        var scored = try DetectionSplit(
            validation, folders: validation.images.map { _ in recipe.validation.images },
            classes: classes, ignoring: recipe.ignoredClasses)
        // The validation images were the last to be checked.
        scored.turns = turns
        return (
            try DetectionSplit(
                training, folders: folders, repeats: repeats, classes: classes,
                ignoring: recipe.ignoredClasses), scored, classes
        )
    }
}
