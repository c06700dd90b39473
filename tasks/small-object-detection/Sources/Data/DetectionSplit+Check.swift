// SPDX-License-Identifier: Apache-2.0
package import Files
import Regions

extension DetectionSplit {
    /// Looks for what a run would otherwise meet at its end: nothing to learn, nothing to score.
    ///
    /// - Parameter note: Told of classes that one side lacks.
    /// - Throws: One line where no training box teaches, or no validation box scores, any class.
    package static func check(
        training: DetectionSplit, validation: DetectionSplit, classes: Classes,
        _ recipe: DetectionDataRecipe, note: (String) -> Void
    ) throws(InputError) {
        let taught = Set(training.objects.joined().map(\.label))
        guard !taught.isEmpty else {
            throw InputError(
                "\(recipe.training.map(\.annotations).joined(separator: ", ")): has no box to learn "
                    + "from; expected at least one that is no crowd, not ignored and of a class "
                    + "that is not in data.ignoredClasses")
        }
        let scored = Set(validation.objects.joined().map(\.label))
        guard !scored.isEmpty else {
            throw InputError(
                "\(recipe.validation.annotations): has no box to score against; expected at least "
                    + "one that is no crowd, not ignored and of a class that is learned")
        }
        func names(_ labels: [Int]) -> String {
            let shown = labels.prefix(5).map { MessageText.quoted(classes.names[$0]) }
            return shown.joined(separator: ", ") + (labels.count > 5 ? " …" : "")
        }
        let unscored = classes.names.indices.filter { taught.contains($0) && !scored.contains($0) }
        if !unscored.isEmpty {
            note("without a validation box, so without a score: \(names(unscored))")
        }
        let untaught = classes.names.indices.filter { !taught.contains($0) }
        if !untaught.isEmpty {
            note("without a training box, so not learned: \(names(untaught))")
        }
    }
}

extension DetectionIndex {
    /// Adds the classes that are missing, so that what is found of them can be written down; each
    /// keeps its number where that is free.
    mutating func add(_ classes: DetectionSplit.Classes) {
        var taken = Set(categories.map(\.id))
        let known = Set(categories.map(\.name))
        for (name, id) in zip(classes.names, classes.ids) where !known.contains(name) {
            let free = taken.contains(id) ? (taken.max() ?? 0) + 1 : id
            taken.insert(free)
            categories.append(.init(id: free, name: name))
        }
    }
    /// Leaves out the classes that a run doesn't learn, with their boxes.
    ///
    /// - Returns: One line for each class that had boxes.
    mutating func leaveOut(
        allBut classes: DetectionSplit.Classes, ignoring: [String]
    ) -> [String] {
        let known = Set(classes.names + ignoring)
        let kept = categories.indices.filter { known.contains(categories[$0].name) }
        guard kept.count < categories.count else { return [] }
        let places = Dictionary(
            kept.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        var counts: [String: Int] = [:]
        boxes = boxes.compactMap { box in
            guard let place = places[box.item.label] else {
                counts[categories[box.item.label].name, default: 0] += 1
                return nil
            }
            var box = box
            box.item.label = place
            return box
        }
        categories = kept.map { categories[$0] }
        return counts.sorted { $0.key < $1.key }.map {
            "\($0.value) boxes of class \(MessageText.quoted($0.key)), which no training image has"
        }
    }
}
