// SPDX-License-Identifier: Apache-2.0
import Checkpoints
package import Files
package import Metrics
package import Regions
package import Reports

/// Which annotated boxes the detections find and miss, and which boxes they invent.
package struct BoxOutcomes {
    /// A box on a picture.
    package struct Mark: Sendable, Hashable {
        /// Position of the image in the index.
        package let image: Int
        /// Where, in the image's pixels.
        package let box: Box
        /// Its class.
        package let name: String
        /// What became of it; of what was found, the detection is drawn.
        package let outcome: Outcome
    }

    /// The counts.
    package private(set) var report: OutcomeReport
    /// What there is to draw.
    package let marks: [Mark]
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
        _ index: DetectionIndex, _ results: [DetectionResult], by standard: DetectionProtocol,
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
        var marks: [Mark] = []
        for (truth, outcome) in zip(items.truths, outcomes.truths) where outcome == .missed {
            marks.append(
                Mark(
                    image: truth.image,
                    box: Box(
                        x1: truth.x, y1: truth.y, x2: truth.x + truth.width,
                        y2: truth.y + truth.height), name: items.labels[truth.label],
                    outcome: .missed))
        }
        for (guess, outcome) in zip(items.guesses, outcomes.detections) {
            guard let outcome else { continue }
            marks.append(
                Mark(
                    image: guess.image,
                    box: Box(
                        x1: guess.x, y1: guess.y, x2: guess.x + guess.width,
                        y2: guess.y + guess.height), name: items.labels[guess.label],
                    outcome: outcome))
        }
        self.index = index
        self.marks = marks
        report = OutcomeReport(
            outcomes, unit: "objects", overlap: "IoU", items: "images", names: items.labels)
    }

    /// The detections without those that repeat a surer one of their class and image.
    private static func merged(_ results: [DetectionResult]) -> [DetectionResult] {
        let suppression = BoxSuppression(threshold: DetectionOutcomes.overlap)
        return Dictionary(grouping: results, by: \.image).sorted { $0.key < $1.key }.flatMap {
            image, own in
            suppression(
                own.map {
                    BoxDetection(
                        box: Box(
                            x1: $0.x, y1: $0.y, x2: $0.x + $0.width, y2: $0.y + $0.height),
                        label: $0.category, score: $0.score)
                }
            ).map {
                DetectionResult(
                    image: image, category: $0.label, x: $0.box.x1, y: $0.box.y1,
                    width: $0.box.width, height: $0.box.height, score: $0.score)
            }
        }
    }

    // MARK: Pictures

    /// The images that are drawn: those with the most boxes found or missed, of equal ones the
    /// first.
    package var drawnImages: [Int] {
        var counts = [Int](repeating: 0, count: index.images.count)
        for mark in marks where mark.outcome != .invented { counts[mark.image] += 1 }
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
            let own = marks.filter { $0.image == image }
            let counts = OutcomeCounts(
                found: own.count { $0.outcome == .found },
                missed: own.count { $0.outcome == .missed },
                invented: own.count { $0.outcome == .invented })
            let name = index.images[image].file
            try BoxDrawing.write(
                path(image), own, counts, titles: titles(name, counts),
                namesClasses: report.classes.count > 1, to: "\(folder)/\(file)")
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
