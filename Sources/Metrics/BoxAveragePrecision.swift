// SPDX-License-Identifier: Apache-2.0
package import Regions

/// Average precision and recall of detected boxes by the protocols of COCO, AI-TOD and VisDrone.
///
/// Per class, predictions are taken in order of falling score over all images, equal ones by image
/// and then in input order, and matched image by image (`BoxMatching`). Of each image only the
/// best ``BoxProtocol/maximumDetections`` count. With COCO's rules the results are those of
/// pycocotools, where absent classes and ranges are -1 too.
package struct BoxAveragePrecision: Sendable {
    /// Recalls at which COCO reads the precision.
    package static let recalls: [Double] = (0...100).map { Double($0) * 0.01 }

    /// The rules.
    package let rules: BoxProtocol

    /// An evaluation by `rules`.
    package init(_ rules: BoxProtocol) {
        precondition(
            (1...32).contains(rules.allThresholds.count), "\(rules.allThresholds.count) thresholds")
        precondition(
            rules.allThresholds.allSatisfy { $0 > 0 && $0 <= 1 },
            "IoU thresholds \(rules.allThresholds) outside (0, 1]")
        precondition(
            rules.maximumDetections.first ?? 0 > 0
                && rules.maximumDetections == rules.maximumDetections.sorted(),
            "numbers of predictions \(rules.maximumDetections) don't rise from 1")
        precondition(!rules.areaRanges.isEmpty, "no area range")
        self.rules = rules
    }

    /// Scores `predictions` against `groundTruth`.
    ///
    /// - Parameters:
    ///   - labels: The number of classes; those without objects score -1.
    /// - Precondition: Labels of objects are below `labels`; scores are not NaN.
    package func evaluate(
        groundTruth: [AnnotatedBox], predictions: [Item<Rectangle>], labels: Int
    ) -> BoxScores {
        var classes: [BoxScores.ClassScore] = []
        forEachClass(groundTruth: groundTruth, predictions: predictions, labels: labels) {
            classes.append(classScore($0))
        }
        return BoxScores(rules: rules, classes: classes)
    }

    /// What the predictions of one class match.
    struct ClassMatches {
        /// Positions of the objects, by image.
        let truths: [Int]
        /// The predictions that count.
        let ranked: RankedPredictions
        /// The number of all predictions.
        let predictions: Int
        /// For each area range the outcomes of the ranked predictions.
        var outcomes: [[BoxOutcome]]
        /// For each area range the objects that count.
        var positives: [Int]
    }

    /// Gives the matches of each class to `body`, by rising label.
    func forEachClass(
        groundTruth: [AnnotatedBox], predictions: [Item<Rectangle>], labels: Int,
        _ body: (ClassMatches) -> Void
    ) {
        let truths = Grouping(groundTruth.map(\.item.label), labels: labels)
        let guesses = Grouping(predictions.map(\.label), labels: labels)
        let ranks = rules.limit == .perImage ? Self.ranks(predictions) : nil
        var matching = BoxMatching(rules)
        for label in 0..<labels {
            let positions = truths.positions(of: label).sorted { a, b in
                let left = groundTruth[a].item.source, right = groundTruth[b].item.source
                return left != right ? left < right : a < b
            }
            var ranked = RankedPredictions(
                Array(guesses.positions(of: label)), of: predictions, ranks: ranks)
            ranked.keep(upTo: rules.maximumDetections.last ?? 0)
            var matches = ClassMatches(
                truths: positions, ranked: ranked,
                predictions: guesses.positions(of: label).count,
                outcomes: [[BoxOutcome]](repeating: [], count: rules.areaRanges.count),
                positives: [Int](repeating: 0, count: rules.areaRanges.count))
            match(positions.map { groundTruth[$0] }, &matches, &matching)
            body(matches)
        }
    }

    /// The place of each prediction among those of its image, best first.
    private static func ranks(_ predictions: [Item<Rectangle>]) -> [Int] {
        let order = predictions.indices.sorted { a, b in
            let left = predictions[a], right = predictions[b]
            if left.source != right.source { return left.source < right.source }
            return left.score != right.score ? left.score > right.score : a < b
        }
        var ranks = [Int](repeating: 0, count: predictions.count)
        var start = 0
        for (place, position) in order.enumerated() {
            if predictions[order[start]].source != predictions[position].source { start = place }
            ranks[position] = place - start
        }
        return ranks
    }

    /// Matches image by image.
    private func match(
        _ truths: [AnnotatedBox], _ matches: inout ClassMatches, _ matching: inout BoxMatching
    ) {
        let boxes = matches.ranked.boxes
        // Both lists go up by image: walk them together.
        var truth = 0, guess = 0
        while truth < truths.count || guess < boxes.count {
            let image = min(
                truth < truths.count ? truths[truth].item.source : .max,
                guess < boxes.count ? boxes[guess].source : .max)
            let truthStart = truth, guessStart = guess
            while truth < truths.count, truths[truth].item.source == image { truth += 1 }
            while guess < boxes.count, boxes[guess].source == image { guess += 1 }
            matching.match(
                truths[truthStart..<truth], Array(boxes[guessStart..<guess]),
                outcomes: &matches.outcomes, positives: &matches.positives)
        }
    }

    private func classScore(_ matches: ClassMatches) -> BoxScores.ClassScore {
        let (ranked, outcomes, positives) = (matches.ranked, matches.outcomes, matches.positives)
        let order = ranked.orderByScore
        let curves = rules.areaRanges.indices.map { range in
            rules.allThresholds.indices.map { threshold in
                curve(
                    outcomes[range], ranked.ranks, order, positives: positives[range],
                    bit: 1 << UInt32(threshold))
            }
        }
        return BoxScores.ClassScore(
            boxes: matches.truths.count, predictions: matches.predictions, positives: positives,
            averagePrecision: curves.map { $0.map(\.averagePrecision) },
            recall: curves.map { $0.map(\.recall) },
            localizationRecallPrecision: localizationRecallPrecision(
                outcomes[0], ranked, order, positives: positives[0]),
            precisionCurves: curves.first?.map(\.precision) ?? [])
    }

    /// Over all areas; nil where nothing is to be found or the first threshold is another.
    private func localizationRecallPrecision(
        _ outcomes: [BoxOutcome], _ ranked: RankedPredictions, _ order: [Int], positives: Int
    ) -> LocalizationRecallPrecision? {
        guard positives > 0, rules.thresholds[0] == LocalizationRecallPrecision.threshold else {
            return nil
        }
        return LocalizationRecallPrecision(
            order.filter { outcomes[$0].isIgnored & 1 == 0 }.map {
                (ranked.boxes[$0].score, outcomes[$0].isTrue & 1 != 0, outcomes[$0].overlap)
            }, positives: positives)
    }

    private struct Curve {
        var averagePrecision = -1.0
        /// At each of the numbers of predictions.
        var recall: [Double]
        /// At each of ``recalls``.
        var precision: [Double] = []
    }

    /// The curve of one class in one area range at one threshold; -1 where nothing is to be found.
    private func curve(
        _ outcomes: [BoxOutcome], _ ranks: [Int], _ order: [Int], positives: Int, bit: UInt32
    ) -> Curve {
        let limits = rules.maximumDetections
        var result = Curve(recall: [Double](repeating: -1, count: limits.count))
        guard positives > 0 else { return result }
        var hits = [Int](repeating: 0, count: limits.count)
        // Precision at each true prediction.
        var precisions: [Double] = []
        var falseCount = 0
        for position in order {
            let outcome = outcomes[position]
            if outcome.isTrue & bit != 0 {
                for limit in limits.indices where ranks[position] < limits[limit] {
                    hits[limit] += 1
                }
                let trueCount = precisions.count + 1
                // pycocotools adds this, so that 0 / 0 is 0.
                precisions.append(
                    Double(trueCount) / (Double(falseCount + trueCount) + Double.ulpOfOne))
            } else if outcome.isIgnored & bit == 0 {
                falseCount += 1
            }
        }
        result.recall = hits.map { Double($0) / Double(positives) }
        // The envelope: the best precision at this recall or a higher one.
        for index in precisions.indices.dropLast().reversed() {
            precisions[index] = max(precisions[index], precisions[index + 1])
        }
        var found = 0
        result.precision = Self.recalls.map { recall in
            while found < precisions.count, Double(found) / Double(positives) < recall {
                found += 1
            }
            // Recall 0 is there before the first true prediction.
            let isReached = Double(found) / Double(positives) >= recall
            guard isReached, !precisions.isEmpty else { return 0 }
            return precisions[max(0, found - 1)]
        }
        switch rules.interpolation {
        case .recalls101:
            result.averagePrecision =
                result.precision.reduce(0, +) / Double(result.precision.count)
        case .everyPoint:
            result.averagePrecision = precisions.reduce(0, +) / Double(positives)
        }
        return result
    }
}

/// Predictions of one class by image, best first in each, with their places in their images.
struct RankedPredictions {
    private(set) var boxes: [Item<Rectangle>]
    /// Their positions in the input.
    private(set) var positions: [Int]
    private(set) var ranks: [Int]

    /// The predictions at some positions.
    ///
    /// - Parameter given: Places among all predictions of the images; nil to count this class alone.
    init(_ positions: [Int], of predictions: [Item<Rectangle>], ranks given: [Int]?) {
        self.positions = positions.sorted { a, b in
            let left = predictions[a], right = predictions[b]
            if left.source != right.source { return left.source < right.source }
            return left.score != right.score ? left.score > right.score : a < b
        }
        boxes = self.positions.map { predictions[$0] }
        if let given {
            ranks = self.positions.map { given[$0] }
        } else {
            ranks = []
            var start = 0
            for (place, box) in boxes.enumerated() {
                if boxes[start].source != box.source { start = place }
                ranks.append(place - start)
            }
        }
    }

    /// Drops predictions of higher places.
    mutating func keep(upTo limit: Int) {
        guard ranks.contains(where: { $0 >= limit }) else { return }
        let kept = boxes.indices.filter { ranks[$0] < limit }
        boxes = kept.map { boxes[$0] }
        positions = kept.map { positions[$0] }
        ranks = kept.map { ranks[$0] }
    }

    /// Positions by falling score; equal ones in order of the images.
    var orderByScore: [Int] {
        boxes.indices.sorted { a, b in
            boxes[a].score != boxes[b].score ? boxes[a].score > boxes[b].score : a < b
        }
    }
}

/// The positions of every label in a list, in list order.
private struct Grouping {
    private let starts: [Int]
    private let order: [Int]

    /// Labels outside `0 ..< labels` are left out.
    init(_ list: [Int], labels: Int) {
        var counts = [Int](repeating: 0, count: labels + 1)
        for label in list where label >= 0 && label < labels { counts[label + 1] += 1 }
        for label in 0..<labels { counts[label + 1] += counts[label] }
        var next = counts
        var order = [Int](repeating: 0, count: counts[labels])
        for (position, label) in list.enumerated() where label >= 0 && label < labels {
            order[next[label]] = position
            next[label] += 1
        }
        starts = counts
        self.order = order
    }

    func positions(of label: Int) -> ArraySlice<Int> { order[starts[label]..<starts[label + 1]] }
}
