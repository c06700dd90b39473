// SPDX-License-Identifier: Apache-2.0
package import Regions

/// Why predictions of boxes are wrong, and what each cause costs (TIDE, Bolya et al., ECCV 2020).
///
/// A prediction that finds no free object of its class at the foreground threshold has exactly one
/// error, the first that fits of: localization, classification, duplicate, background, both. An
/// object that nothing found, nor would find if a localization or classification were put right, is
/// missed. The cost is the gain in average precision at the foreground threshold when all errors of
/// one kind are put right and the others left: the best prediction for an object becomes true,
/// further ones and those of the other kinds vanish, missed objects are no longer looked for. The
/// numbers are those of tidecv 1.0.1 where nothing is ignored; here what ignored objects or crowds
/// cover is no error, whereas there it is counted among them.
package struct BoxErrorBreakdown: Sendable, Equatable {
    /// A cause.
    package enum Kind: String, Sendable, CaseIterable {
        /// On an object of another class.
        case classification
        /// Near an object of its class, but not on it.
        case localization
        /// Near an object of another class.
        case both
        /// On an object that a surer prediction has found.
        case duplicate
        /// On nothing.
        case background
        /// An object that nothing found.
        case missed
    }

    /// What one cause amounts to.
    package struct Cost: Sendable, Equatable {
        /// The cause.
        package let kind: Kind
        /// How many predictions or, for missed, objects it has.
        package let count: Int
        /// Average precision gained where it is put right, in [0, 1].
        package let averagePrecision: Double
    }

    /// Overlap from which a prediction is on an object, and below which it is on nothing.
    package static let thresholds = (foreground: 0.5, background: 0.1)

    /// Average precision at the foreground threshold, over classes with objects or predictions.
    package let averagePrecision: Double
    /// The causes in the order of ``Kind``.
    package let costs: [Cost]

    /// Breaks down the errors of `predictions`.
    ///
    /// - Parameters:
    ///   - labels: The number of classes; predictions of negative labels are left out.
    ///   - maximumDetections: The best predictions of an image that count.
    package init(
        groundTruth: [AnnotatedBox], predictions: [Item<Rectangle>], labels: Int,
        maximumDetections: Int
    ) {
        var tally = ErrorTally(labels: labels)
        let truths = Dictionary(grouping: groundTruth, by: \.item.source)
        let guesses = Dictionary(grouping: predictions.filter { $0.label >= 0 }, by: \.source)
        for image in Set(truths.keys).union(guesses.keys).sorted() {
            let list = guesses[image] ?? []
            // Best first, equal ones in input order.
            let order = list.indices.sorted { a, b in
                list[a].score != list[b].score ? list[a].score > list[b].score : a < b
            }
            tally.add(
                (truths[image] ?? []), order.prefix(maximumDetections).map { list[$0] })
        }
        let now = tally.averagePrecision(fixing: nil)
        averagePrecision = now
        costs = Kind.allCases.map { kind in
            Cost(
                kind: kind, count: tally.counts[kind] ?? 0,
                averagePrecision: max(0, tally.averagePrecision(fixing: kind) - now))
        }
    }
}

/// The predictions of all images with their errors.
private struct ErrorTally {
    private struct Guess {
        let score: Double
        let label: Int
        /// Nil for a true prediction.
        let error: BoxErrorBreakdown.Kind?
        /// The class under which it would be true with its error put right; nil where it would go.
        let fixedLabel: Int?
    }

    private let labels: Int
    private var guesses: [Guess] = []
    private var positives: [Int]
    private var missed: [Int]
    private(set) var counts: [BoxErrorBreakdown.Kind: Int] = [:]

    init(labels: Int) {
        self.labels = labels
        positives = [Int](repeating: 0, count: labels)
        missed = positives
    }

    /// Adds an image with its predictions, best first.
    mutating func add(_ truths: [AnnotatedBox], _ predictions: [Item<Rectangle>]) {
        let objects = truths.filter { !$0.isCrowd && !$0.isIgnored }
        let ignored = truths.filter { $0.isCrowd || $0.isIgnored }
        for object in objects { positives[object.item.label] += 1 }
        let overlaps = predictions.map { prediction in objects.map { $0.overlap(prediction.place) }
        }
        let limits = BoxErrorBreakdown.thresholds
        var isFound = [Bool](repeating: false, count: objects.count)
        var isTrue = [Bool](repeating: false, count: predictions.count)
        for (index, prediction) in predictions.enumerated() {
            let best = Self.best(overlaps[index]) {
                objects[$0].item.label == prediction.label && !isFound[$0]
            }
            if let best, overlaps[index][best] >= limits.foreground {
                isFound[best] = true
                isTrue[index] = true
            }
        }
        // The first, and so the surest, prediction that would find an object once put right.
        var claimant = [Int?](repeating: nil, count: objects.count)
        var errors: [(kind: BoxErrorBreakdown.Kind, object: Int?)?] = []
        for (index, prediction) in predictions.enumerated() {
            guard !isTrue[index] else {
                errors.append(nil)
                continue
            }
            let error = Self.error(
                of: prediction, objects, overlaps[index], isFound)
            if let object = error.object, !isFound[object], claimant[object] == nil,
                !Self.isCovered(prediction, ignored)
            {
                claimant[object] = index
            }
            errors.append(error)
        }
        for (index, prediction) in predictions.enumerated() {
            guard let error = errors[index] else {
                guesses.append(
                    Guess(
                        score: prediction.score, label: prediction.label, error: nil,
                        fixedLabel: nil))
                continue
            }
            guard !Self.isCovered(prediction, ignored) else { continue }
            counts[error.kind, default: 0] += 1
            let fixed = error.object.flatMap {
                claimant[$0] == index ? objects[$0].item.label : nil
            }
            guesses.append(
                Guess(
                    score: prediction.score, label: prediction.label, error: error.kind,
                    fixedLabel: fixed))
        }
        for (index, object) in objects.enumerated() where !isFound[index] && claimant[index] == nil
        {
            missed[object.item.label] += 1
            counts[.missed, default: 0] += 1
        }
    }

    /// What is wrong with a prediction, and the object that it would find otherwise.
    private static func error(
        of prediction: Item<Rectangle>, _ objects: [AnnotatedBox], _ overlaps: [Double],
        _ isFound: [Bool]
    ) -> (kind: BoxErrorBreakdown.Kind, object: Int?) {
        let limits = BoxErrorBreakdown.thresholds
        let own = best(overlaps) { objects[$0].item.label == prediction.label }
        let other = best(overlaps) { objects[$0].item.label != prediction.label }
        if let own, overlaps[own] >= limits.background, overlaps[own] <= limits.foreground {
            return (.localization, own)
        }
        if let other, overlaps[other] >= limits.foreground { return (.classification, other) }
        let found = best(overlaps) { objects[$0].item.label == prediction.label && isFound[$0] }
        if let found, overlaps[found] >= limits.foreground { return (.duplicate, nil) }
        let any = best(overlaps) { _ in true }
        return (any.map { overlaps[$0] } ?? 0) <= limits.background
            ? (.background, nil) : (.both, nil)
    }

    /// The first of the objects with the largest overlap among those that `isAllowed`.
    private static func best(_ overlaps: [Double], isAllowed: (Int) -> Bool) -> Int? {
        var best: Int?
        for index in overlaps.indices where isAllowed(index) {
            if let known = best, overlaps[index] <= overlaps[known] { continue }
            best = index
        }
        return best
    }

    /// Whether an ignored object or a crowd of its class covers the prediction.
    private static func isCovered(_ prediction: Item<Rectangle>, _ ignored: [AnnotatedBox]) -> Bool
    {
        ignored.contains { truth in
            var region = truth
            region.isCrowd = true
            return truth.item.label == prediction.label
                && region.overlap(prediction.place) > BoxErrorBreakdown.thresholds.foreground
        }
    }

    /// Average precision with the errors of one kind put right.
    func averagePrecision(fixing kind: BoxErrorBreakdown.Kind?) -> Double {
        var points = [[(score: Double, isTrue: Bool)]](repeating: [], count: labels)
        for guess in guesses {
            guard let error = guess.error, error == kind else {
                points[guess.label].append((guess.score, guess.error == nil))
                continue
            }
            if let label = guess.fixedLabel { points[label].append((guess.score, true)) }
        }
        var values: [Double] = []
        for label in 0..<labels {
            let wanted = positives[label] - (kind == .missed ? missed[label] : 0)
            guard wanted > 0 || !points[label].isEmpty else { continue }
            values.append(Self.averagePrecision(points[label], positives: wanted))
        }
        return values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
    }

    /// The mean of the envelope of precision at the recalls 0, 0.01, …, 1.
    private static func averagePrecision(
        _ points: [(score: Double, isTrue: Bool)], positives: Int
    ) -> Double {
        guard positives > 0 else { return 0 }
        let order = points.indices.sorted { a, b in
            points[a].score != points[b].score ? points[a].score > points[b].score : a < b
        }
        var found = 0
        // Precision at each true prediction.
        var precisions: [Double] = []
        for (place, index) in order.enumerated() where points[index].isTrue {
            found += 1
            precisions.append(Double(found) / Double(place + 1))
        }
        for index in precisions.indices.dropLast().reversed() {
            precisions[index] = max(precisions[index], precisions[index + 1])
        }
        var next = 0
        var sum = 0.0
        for step in 0...100 {
            let recall = Double(step) / 100
            while next < precisions.count, Double(next + 1) / Double(positives) < recall {
                next += 1
            }
            if next < precisions.count { sum += precisions[next] }
        }
        return sum / 101
    }
}
