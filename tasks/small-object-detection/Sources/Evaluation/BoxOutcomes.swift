// SPDX-License-Identifier: Apache-2.0
import Checkpoints
package import Files
package import Metrics
package import Regions
package import Reports

/// Which annotated boxes the detections find and miss, and which boxes they invent.
package struct BoxOutcomes {
    /// The counts.
    package private(set) var report: OutcomeReport
    /// What there is to draw.
    package let marks: [JudgedItem<Box>]
    private let index: DetectionIndex

    /// More images are not drawn.
    package static let mostPictures = 4

    /// Matches detections at IoU 0.5 as a protocol does, repeats merged.
    ///
    /// - Parameters:
    ///   - ignoring: Names of further classes that are not scored.
    ///   - maximumDetections: Other numbers of predictions than the protocol's.
    ///   - name: Stands for the annotations in messages.
    /// - Throws: One line where VisDrone's protocol finds no sizes of images.
    package init(
        _ index: DetectionIndex, _ results: [Item<Rectangle>], by standard: DetectionProtocol,
        ignoring: [String] = [], maximumDetections: [Int]? = nil, name: String = "ground truth"
    ) throws(InputError) {
        let merged = Self.merged(results)
        let items = try DetectionItems(
            index, merged, by: standard, ignoring: ignoring, name: name)
        var rules = standard.rules
        if let maximumDetections { rules = rules.with(maximumDetections: maximumDetections) }
        let outcomes = DetectionOutcomes(
            groundTruth: items.truths, predictions: items.guesses, labels: items.labels.count,
            rules: rules)
        self.index = index
        // Of what was found, the detection is drawn.
        marks =
            JudgedItem.all(
                items.truths.lazy.map { $0.item.moved(to: $0.item.place.box) },
                outcomes.truths.map { $0 == .missed ? .missed : nil })
            + JudgedItem.all(
                items.guesses.lazy.map { $0.moved(to: $0.place.box) }, outcomes.detections)
        report = OutcomeReport(
            outcomes, unit: "objects", overlap: "IoU", items: "images", names: items.labels)
    }

    /// The detections without those that repeat a surer one of their class and image.
    private static func merged(_ results: [Item<Rectangle>]) -> [Item<Rectangle>] {
        let suppression = BoxSuppression(threshold: DetectionOutcomes.overlap)
        return Dictionary(grouping: results, by: \.source).sorted { $0.key < $1.key }.flatMap {
            suppression($0.value.map { $0.moved(to: $0.place.box) }).map {
                $0.moved(to: Rectangle($0.place))
            }
        }
    }

    // MARK: Pictures

    /// The images that are drawn: those with the most boxes found or missed, of equal ones the
    /// first.
    package var drawnImages: [Int] {
        var counts = [Int](repeating: 0, count: index.images.count)
        for mark in marks where mark.outcome != .invented { counts[mark.item.source] += 1 }
        return Array(
            counts.indices.sorted { a, b in
                counts[a] != counts[b] ? counts[a] > counts[b] : a < b
            }.prefix(Self.mostPictures))
    }

    /// Draws images into `detections.png`, `detections-2.png` and so on, and names them in the
    /// report.
    ///
    /// - Parameter path: The file of an image.
    package mutating func write(to folder: String, _ path: (_ image: Int) -> String) throws {
        let images = drawnImages, all = index.images.count
        if images.count < all {
            report.notes.append(
                "Drawn are the \(images.count) of \(all) images with the most annotated objects; the "
                    + "counts hold for all.")
        }
        for (number, image) in images.enumerated() {
            let file = number == 0 ? "detections.png" : "detections-\(number + 1).png"
            let own = marks.filter { $0.item.source == image }
            let counts = OutcomeCounts(
                found: own.count { $0.outcome == .found },
                missed: own.count { $0.outcome == .missed },
                invented: own.count { $0.outcome == .invented })
            let name = index.images[image].file
            try BoxDrawing.write(
                path(image), own, counts, titles: titles(name, counts),
                names: report.classes.count > 1 ? report.classes.map(\.name) : nil,
                to: "\(folder)/\(file)")
            report.pictures.append(
                .init(
                    file: file,
                    caption: "\(name): \(counts.found) of \(counts.annotated) found, "
                        + "\(counts.invented) invented"))
        }
    }

    private func titles(_ name: String, _ counts: OutcomeCounts) -> [String] {
        let rule = report.rule.map { "at " + $0.replacing("≥", with: ">=") }
        return [
            "\(counts.found) of \(counts.annotated) objects found, \(counts.missed) missed, "
                + "\(counts.invented) invented",
            ([name] + [rule].compactMap { $0 }).joined(separator: ", "),
        ]
    }
}
