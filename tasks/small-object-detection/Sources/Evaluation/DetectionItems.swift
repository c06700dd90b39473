// SPDX-License-Identifier: Apache-2.0
import Files
import Metrics
import Regions

/// Annotated and detected boxes as a protocol counts them.
struct DetectionItems {
    /// Names of the scored classes, by label.
    let labels: [String]
    /// The annotated boxes that are scored.
    private(set) var truths: [AnnotatedBox] = []
    /// The detections, with a negative label where their class is not scored.
    private(set) var guesses: [Item<Rectangle>] = []
    /// Annotations and predictions left out because they lie in ignored regions.
    private(set) var inRegions = (annotations: 0, predictions: 0)

    /// Sorts out what counts.
    ///
    /// - Parameters:
    ///   - ignoring: Names of further classes that are not scored.
    ///   - name: Stands for the annotations in messages.
    /// - Throws: One line where VisDrone's protocol finds no sizes of images.
    init(
        _ index: DetectionIndex, _ results: [Item<Rectangle>], by standard: DetectionProtocol,
        ignoring: [String], name: String
    ) throws(InputError) {
        let isVisDrone = standard == .visDrone
        let scored = ScoredLabels(
            index.categories, isVisDrone: isVisDrone, ignoring: Set(ignoring))
        labels = scored.names
        let regions = isVisDrone ? try Self.ignoredRegions(index, scored, name) : nil
        func isIgnored(_ item: Item<Rectangle>) -> Bool {
            regions?[item.source]?.contains(item.place) ?? false
        }
        truths.reserveCapacity(index.boxes.count)
        for box in index.boxes where scored[box.item.label] >= 0 {
            guard !isIgnored(box.item) else {
                inRegions.annotations += 1
                continue
            }
            var truth = box
            truth.item.label = scored[box.item.label]
            // pycocotools overwrites "ignore" by "iscrowd"; VisDrone's program gives what is ignored
            // the overlap of a crowd.
            truth.isCrowd = box.isCrowd || isVisDrone && box.isIgnored
            truth.isIgnored = false
            truths.append(truth)
        }
        guesses.reserveCapacity(results.count)
        for var result in results {
            guard !isIgnored(result) else {
                inRegions.predictions += 1
                continue
            }
            result.label = scored[result.label]
            guesses.append(result)
        }
    }

    /// The ignored regions of each image that has some; nil where none has.
    private static func ignoredRegions(
        _ index: DetectionIndex, _ labels: ScoredLabels, _ name: String
    ) throws(InputError) -> [Int: BoxIgnoredRegions]? {
        var boxes: [Int: [Rectangle]] = [:]
        for box in index.boxes where labels.isRegion(box.item.label) {
            boxes[box.item.source, default: []].append(box.item.place)
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
