// SPDX-License-Identifier: Apache-2.0
package import Files
import Preparation

/// What can be said of prepared points before the first step: what would end a run late is an error
/// now, what it can't learn or score is a line.
package struct PointDataReview {
    /// Lines for people.
    package private(set) var notes: [String] = []

    /// Reviews the points that a run trains on and is scored with.
    ///
    /// Reads everything that training doesn't read at its beginning anyway.
    ///
    /// - Throws: One line for a part without points, and for a prepared file that is damaged.
    package init(
        _ prepared: PreparedPoints, weights: PointRecipe.ClassWeights
    ) throws(InputError) {
        let index = prepared.index
        let training = index.counts(.training), validation = index.counts(.validation)
        for (counts, subset) in [(training, PointIndex.Subset.training), (validation, .validation)]
        where counts.allSatisfy({ $0 == 0 }) {
            throw InputError(
                "holds nothing for \(subset) whose class counts; correct data.\(subset), "
                    + "data.split or data.ignore\(PointDataReview.reason(index.skipped))",
                path: prepared.folder)
        }
        for scene in prepared.scenes(.validation) {
            _ = try prepared.load(scene)
            try prepared.forEachOriginal(of: scene) { _, _ in }
        }
        for shape in index.shapes { _ = try prepared.load(shape) }
        let names = index.classes.names
        func named(_ isMeant: (Int) -> Bool) -> String? {
            let found = names.indices.filter(isMeant)
            return found.isEmpty ? nil : found.map { names[$0] }.joined(separator: ", ")
        }
        if let missing = named({ training[$0] == 0 }) {
            notes.append(
                "classes without anything for training: \(missing); they are never learnt"
                    + (weights == .inverseRoot ? ", and weigh nothing in the loss" : ""))
        }
        if let missing = named({ validation[$0] == 0 && training[$0] > 0 }) {
            notes.append(
                "classes without anything for validation: \(missing); they have no score of their "
                    + "own, and what is taken for them counts as wrong")
        }
        if !index.skipped.isEmpty {
            notes.append("left out by prepare: \(index.skipped.count), see above")
        }
    }

    /// What prepare left out, where something is missing because of it.
    private static func reason(_ skipped: [SkippedInput]) -> String {
        guard let first = skipped.first else { return "" }
        return "; \(skipped.count) were left out, the first of them \(first.id): \(first.reason)"
    }
}
