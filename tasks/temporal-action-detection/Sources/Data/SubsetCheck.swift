// SPDX-License-Identifier: Apache-2.0
import Files

/// Whether a run's subsets can be trained on and scored: asked before anything takes long.
enum SubsetCheck {
    /// Looks for what a run would otherwise meet at its end: nothing to learn, nothing to score.
    ///
    /// - Parameter note: Told of classes that one side lacks.
    /// - Throws: One line where either subset has no video or no segment.
    static func run(
        _ annotations: ActivityNetAnnotations, _ data: TemporalRecipe.Data,
        note: (String) -> Void = { _ in }
    ) throws(InputError) {
        func labels(
            _ subset: String, key: String, purpose: String
        ) throws(InputError) -> Set<String> {
            let videos = annotations.videos.filter { $0.subset == subset }
            let name = MessageText.quoted(subset)
            guard !videos.isEmpty else {
                let known = annotations.subsets.map(MessageText.quoted).joined(separator: ", ")
                throw InputError(
                    "no usable video is in subset \(name); expected one of "
                        + "\(known.isEmpty ? "(the annotations name none)" : known): correct "
                        + "data.\(key) or prepare again")
            }
            let found = Set(videos.flatMap { $0.annotations.map(\.label) })
            guard !found.isEmpty else {
                throw InputError(
                    (annotations.labels.isEmpty ? "the annotations have no labels: " : "")
                        + "none of the \(videos.count) usable videos of subset \(name) has a segment to "
                        + "\(purpose); expected at least one: correct the annotations or "
                        + "data.\(key)")
            }
            return found
        }
        let taught = try labels(data.trainingSubset, key: "trainingSubset", purpose: "learn from")
        let scored = try labels(
            data.validationSubset, key: "validationSubset", purpose: "score against")
        func list(_ names: Set<String>) -> String {
            names.sorted().prefix(5).map(MessageText.quoted).joined(separator: ", ")
                + (names.count > 5 ? " …" : "")
        }
        let unscored = taught.subtracting(scored), untaught = scored.subtracting(taught)
        if !unscored.isEmpty {
            note("without a validation segment, so without a score: \(list(unscored))")
        }
        if !untaught.isEmpty {
            note("without a training segment, so not learned: \(list(untaught))")
        }
    }
}
