// SPDX-License-Identifier: Apache-2.0
package import Metrics

/// Which public protocol scores detections.
package enum DetectionProtocol: String, Sendable, CaseIterable {
    /// COCO's twelve numbers, those of pycocotools.
    case coco
    /// AI-TOD's sizes and up to 1,500 detections an image.
    case aiTOD = "ai-tod"
    /// VisDrone's: ignored regions, areas by every point, detections counted an image.
    case visDrone = "visdrone"

    /// The rules of scoring.
    package var rules: BoxProtocol {
        switch self {
        case .coco: .coco
        case .aiTOD: .aiTOD
        case .visDrone: .visDrone
        }
    }
}

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
    ) throws(DetectionError) -> DetectionEvaluation {
        var truthFaults = DetectionFaults(keepGoing: keepGoing)
        let index = try COCOReader.read(groundTruth, faults: &truthFaults)
        var resultFaults = DetectionFaults(keepGoing: keepGoing)
        let reading = try COCOResults.read(predictions, for: index, faults: &resultFaults)
        guard !index.boxes.isEmpty else {
            throw DetectionError(
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
        _ index: DetectionIndex, _ results: [DetectionResult], by standard: DetectionProtocol,
        ignoring: [String] = [], maximumDetections: [Int]? = nil, breaksDownErrors: Bool = false,
        outside: [Int: Int] = [:], annotationFaults: DetectionFaults? = nil,
        predictionFaults: DetectionFaults? = nil, name: String = "ground truth"
    ) throws(DetectionError) -> DetectionEvaluation {
        let isVisDrone = standard == .visDrone
        let labels = ScoredLabels(
            index.categories, isVisDrone: isVisDrone, ignoring: Set(ignoring))
        var truths: [GroundTruthBox] = []
        truths.reserveCapacity(index.boxes.count)
        for box in index.boxes where labels[box.category] >= 0 {
            truths.append(
                GroundTruthBox(
                    image: box.image, label: labels[box.category], x: box.x, y: box.y,
                    width: box.width, height: box.height, area: box.area,
                    // pycocotools overwrites "ignore" by "iscrowd"; VisDrone's program gives what
                    // is ignored the overlap of a crowd.
                    isCrowd: box.isCrowd || isVisDrone && box.isIgnored))
        }
        var guesses = results.map {
            PredictedBox(
                image: $0.image, label: labels[$0.category], x: $0.x, y: $0.y, width: $0.width,
                height: $0.height, score: $0.score)
        }
        var inRegions = (annotations: 0, predictions: 0)
        if isVisDrone, let regions = try ignoredRegions(index, labels, name) {
            let before = (truths.count, guesses.count)
            truths.removeAll {
                regions[$0.image]?.contains(x: $0.x, y: $0.y, width: $0.width, height: $0.height)
                    ?? false
            }
            guesses.removeAll {
                regions[$0.image]?.contains(x: $0.x, y: $0.y, width: $0.width, height: $0.height)
                    ?? false
            }
            inRegions = (before.0 - truths.count, before.1 - guesses.count)
        }
        var rules = standard.rules
        if let maximumDetections { rules = rules.with(maximumDetections: maximumDetections) }
        let crowding = BoxCrowding(truths, guesses, rules)
        let spoken = Set(results.map(\.image))
        let scores = BoxAveragePrecision(rules).evaluate(
            groundTruth: truths, predictions: guesses, labels: labels.scored.count)
        return DetectionEvaluation(
            protocol: standard, scores: scores,
            errors: breaksDownErrors
                ? BoxErrorBreakdown(
                    groundTruth: truths, predictions: guesses, labels: labels.scored.count,
                    maximumDetections: rules.maximumDetections.last ?? 0) : nil,
            classNames: labels.scored,
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
            annotationsInRegions: inRegions.annotations, predictionsInRegions: inRegions.predictions
        )
    }

    /// The ignored regions of each image that has some; nil where none has.
    private static func ignoredRegions(
        _ index: DetectionIndex, _ labels: ScoredLabels, _ name: String
    ) throws(DetectionError) -> [Int: BoxIgnoredRegions]? {
        var boxes: [Int: [(x: Double, y: Double, width: Double, height: Double)]] = [:]
        for box in index.boxes where labels.isRegion(box.category) {
            boxes[box.image, default: []].append((box.x, box.y, box.width, box.height))
        }
        var regions: [Int: BoxIgnoredRegions] = [:]
        for (position, list) in boxes.sorted(by: { $0.key < $1.key }) {
            let image = index.images[position]
            guard image.width > 0, image.height > 0 else {
                throw DetectionError(
                    "\(name): image \(image.id) has ignored regions but no width and height; "
                        + "expected its size in pixels, add it")
            }
            regions[position] = BoxIgnoredRegions(
                width: image.width, height: image.height, regions: list)
        }
        return regions.isEmpty ? nil : regions
    }
}

/// Which classes are scored, and under which labels.
private struct ScoredLabels {
    /// Names of the scored classes, by label.
    private(set) var scored: [String] = []
    private var labels: [Int] = []
    private var regions: Set<Int> = []

    init(_ categories: [DetectionIndex.Category], isVisDrone: Bool, ignoring: Set<String>) {
        for (position, category) in categories.enumerated() {
            let name = category.name.lowercased().replacing("-", with: " ")
                .replacing("_", with: " ")
            let isRegion = ["ignored regions", "ignored region", "ignored"].contains(name)
            if isVisDrone, isRegion { regions.insert(position) }
            if isVisDrone && (isRegion || name == "others") || ignoring.contains(category.name) {
                labels.append(-1)
            } else {
                labels.append(scored.count)
                scored.append(category.name)
            }
        }
    }

    /// The label of a class by its position; -1 where it is not scored.
    subscript(category: Int) -> Int { category < 0 ? -1 : labels[category] }

    func isRegion(_ category: Int) -> Bool { regions.contains(category) }
}
