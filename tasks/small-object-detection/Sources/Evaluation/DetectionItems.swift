// SPDX-License-Identifier: Apache-2.0
import Files
import Metrics

/// Annotated and detected boxes as a protocol counts them.
struct DetectionItems {
    /// Names of the scored classes, by label.
    let labels: [String]
    /// The annotated boxes that are scored.
    private(set) var truths: [GroundTruthBox] = []
    /// Their positions in the index.
    private(set) var truthPositions: [Int] = []
    /// The detections, with a negative label where their class is not scored.
    private(set) var guesses: [PredictedBox] = []
    /// Their positions in the results.
    private(set) var guessPositions: [Int] = []
    /// Annotations and predictions left out because they lie in ignored regions.
    private(set) var inRegions = (annotations: 0, predictions: 0)

    /// Sorts out what counts.
    ///
    /// - Parameters:
    ///   - ignoring: Names of further classes that are not scored.
    ///   - name: Stands for the annotations in messages.
    /// - Throws: One line where VisDrone's protocol finds no sizes of images.
    init(
        _ index: DetectionIndex, _ results: [DetectionResult], by standard: DetectionProtocol,
        ignoring: [String], name: String
    ) throws(InputError) {
        let isVisDrone = standard == .visDrone
        let scored = ScoredLabels(
            index.categories, isVisDrone: isVisDrone, ignoring: Set(ignoring))
        labels = scored.names
        let regions = isVisDrone ? try Self.ignoredRegions(index, scored, name) : nil
        func isIgnored(
            _ image: Int, _ x: Double, _ y: Double, _ width: Double, _ height: Double
        ) -> Bool {
            regions?[image]?.contains(x: x, y: y, width: width, height: height) ?? false
        }
        truths.reserveCapacity(index.boxes.count)
        for (position, box) in index.boxes.enumerated() where scored[box.category] >= 0 {
            guard !isIgnored(box.image, box.x, box.y, box.width, box.height) else {
                inRegions.annotations += 1
                continue
            }
            truthPositions.append(position)
            truths.append(
                GroundTruthBox(
                    image: box.image, label: scored[box.category], x: box.x, y: box.y,
                    width: box.width, height: box.height, area: box.area,
                    // pycocotools overwrites "ignore" by "iscrowd"; VisDrone's program gives what
                    // is ignored the overlap of a crowd.
                    isCrowd: box.isCrowd || isVisDrone && box.isIgnored))
        }
        guesses.reserveCapacity(results.count)
        for (position, result) in results.enumerated() {
            guard !isIgnored(result.image, result.x, result.y, result.width, result.height) else {
                inRegions.predictions += 1
                continue
            }
            guessPositions.append(position)
            guesses.append(
                PredictedBox(
                    image: result.image, label: scored[result.category], x: result.x, y: result.y,
                    width: result.width, height: result.height, score: result.score))
        }
    }

    /// The ignored regions of each image that has some; nil where none has.
    private static func ignoredRegions(
        _ index: DetectionIndex, _ labels: ScoredLabels, _ name: String
    ) throws(InputError) -> [Int: BoxIgnoredRegions]? {
        var boxes: [Int: [(x: Double, y: Double, width: Double, height: Double)]] = [:]
        for box in index.boxes where labels.isRegion(box.category) {
            boxes[box.image, default: []].append((box.x, box.y, box.width, box.height))
        }
        var regions: [Int: BoxIgnoredRegions] = [:]
        for (position, list) in boxes.sorted(by: { $0.key < $1.key }) {
            let image = index.images[position]
            guard image.width > 0, image.height > 0 else {
                throw InputError(
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
    private(set) var names: [String] = []
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
                labels.append(names.count)
                names.append(category.name)
            }
        }
    }

    /// The label of a class by its position; -1 where it is not scored.
    subscript(category: Int) -> Int { category < 0 ? -1 : labels[category] }

    func isRegion(_ category: Int) -> Bool { regions.contains(category) }
}
