// SPDX-License-Identifier: Apache-2.0
package import Files
import Metrics
package import Regions

extension DetectionEvaluation {
    /// Scores a file of results against a file of annotations, both in COCO's form.
    ///
    /// Results of a class that the annotations lack find nothing and are counted: no class's
    /// precision holds them, as in pycocotools. Results of equal score keep file order. VisDrone's protocol finds the ignored regions in a
    /// class of that name, scores no class "others", leaves out boxes that lie in the regions by
    /// half, and needs the images' sizes; annotations with `ignore` need not be found.
    ///
    /// - Parameters:
    ///   - keepGoing: Whether faulty entries are dropped and counted.
    ///   - maximumDetections: Other numbers of predictions than the protocol's.
    ///   - breaksDownErrors: Whether the causes of errors are looked for too.
    /// - Throws: One line for a file that cannot be used.
    package static func evaluate(
        groundTruth: String, predictions: String, by standard: DetectionProtocol,
        maximumDetections: [Int]? = nil, breaksDownErrors: Bool = false, keepGoing: Bool = false
    ) throws(InputError) -> DetectionEvaluation {
        var truthFaults = DetectionFaults(keepGoing: keepGoing)
        let index = try COCOReader.read(groundTruth, faults: &truthFaults)
        var resultFaults = DetectionFaults(keepGoing: keepGoing)
        let reading = try COCOResults.read(predictions, for: index, faults: &resultFaults)
        guard !index.boxes.isEmpty else {
            throw InputError(
                "\(groundTruth): has no annotation to score against; expected at least one")
        }
        return try evaluate(
            index, reading.results, by: standard, maximumDetections: maximumDetections,
            breaksDownErrors: breaksDownErrors, outside: reading.outside,
            annotationFaults: truthFaults, predictionFaults: resultFaults, name: groundTruth)
    }

    /// Scores `results` against `index`; `name` stands for the annotations in messages.
    ///
    /// - Parameter ignoring: Names of further classes that are not scored; they have no part in
    ///   any mean.
    /// - Throws: One line where VisDrone's protocol finds no sizes of images.
    package static func evaluate(
        _ index: DetectionIndex, _ results: [Item<Rectangle>], by standard: DetectionProtocol,
        ignoring: [String] = [], maximumDetections: [Int]? = nil, breaksDownErrors: Bool = false,
        outside: [Int: Int] = [:], annotationFaults: DetectionFaults? = nil,
        predictionFaults: DetectionFaults? = nil, name: String = "ground truth"
    ) throws(InputError) -> DetectionEvaluation {
        let items = try DetectionItems(index, results, by: standard, ignoring: ignoring, name: name)
        let (truths, guesses) = (items.truths, items.guesses)
        var rules = standard.rules
        if let maximumDetections { rules = rules.with(maximumDetections: maximumDetections) }
        let crowding = BoxCrowding(truths, guesses, rules)
        let spoken = Set(results.map(\.source))
        let scores = BoxAveragePrecision(rules).evaluate(
            groundTruth: truths, predictions: guesses, labels: items.labels.count)
        return DetectionEvaluation(
            protocol: standard, scores: scores,
            errors: breaksDownErrors
                ? BoxErrorBreakdown(
                    groundTruth: truths, predictions: guesses, labels: items.labels.count,
                    maximumDetections: rules.maximumDetections.last ?? 0) : nil,
            classNames: items.labels,
            images: index.images.count, boxes: truths.count, predictions: guesses.count,
            unknownCategories: outside.keys.sorted(),
            unknownCategoryPredictions: outside.values.reduce(0, +),
            silentImages: index.images.indices.filter { !spoken.contains($0) }.map {
                index.images[$0].file.isEmpty ? index.images[$0].idJSON : index.images[$0].file
            }, crowding: crowding,
            droppedAnnotations: annotationFaults?.count ?? 0,
            droppedPredictions: predictionFaults?.count ?? 0,
            dropped: Array(annotationFaults?.lines.prefix(20) ?? [])
                + (predictionFaults?.lines.prefix(20) ?? []),
            annotationsInRegions: items.inRegions.annotations,
            predictionsInRegions: items.inRegions.predictions
        )
    }
}
