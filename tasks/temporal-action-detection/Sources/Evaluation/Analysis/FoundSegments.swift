// SPDX-License-Identifier: Apache-2.0
import Metrics
import Regions

/// The annotated segments that were found at each threshold, at a least normalised precision.
struct FoundSegments {
    /// At how many thresholds each segment was found.
    private let counts: [Int]
    private let thresholdCount: Int

    init(_ matches: DiagnosisMatches, minimumPrecision: Double) {
        var counts = [Int](repeating: 0, count: matches.truthCount)
        for (_, matching) in matches.classes {
            let scale = matches.meanCount / Double(max(1, matching.truths.count))
            for threshold in matches.thresholds.indices {
                var truePositives = 0
                for place in matching.ranked.indices {
                    guard let truth = matching.match(threshold: threshold, place: place) else {
                        continue
                    }
                    truePositives += 1
                    let found = Double(truePositives) * scale
                    let precision = found / (found + Double(place + 1 - truePositives))
                    if precision > minimumPrecision { counts[matching.truths[truth]] += 1 }
                }
            }
        }
        self.counts = counts
        thresholdCount = matches.thresholds.count
    }

    /// The part of some segments that was found, mean over thresholds; nil for no segments.
    func recall(_ positions: [Int]) -> Double? {
        guard !positions.isEmpty else { return nil }
        let sum = positions.reduce(0) { $0 + counts[$1] }
        return Double(sum) / Double(positions.count * thresholdCount)
    }
}

extension TemporalDiagnosis.Characteristic {
    /// Nil for coverage where a video with segments states no length.
    init?(
        _ kind: SegmentCharacteristic, _ matches: DiagnosisMatches, _ items: EvaluationItems,
        _ found: FoundSegments, _ scheme: BucketScheme
    ) {
        var values: [Double] = []
        for truth in items.truths {
            let video = items.videos[truth.source]
            switch kind {
            case .length: values.append(truth.place.length)
            case .instances: values.append(Double(video.annotations.count))
            case .coverage:
                guard let duration = video.duration else { return nil }
                values.append(truth.place.length / duration)
            }
        }
        let buckets = scheme.buckets(kind, values)
        let numbers = values.map(buckets.bucket)
        self.kind = kind
        self.buckets = buckets.names.enumerated().map { number, name in
            let members = numbers.indices.filter { numbers[$0] == number }
            return TemporalDiagnosis.Bucket(
                name: name, above: number > 0 ? buckets.bounds[number - 1] : nil,
                upTo: number < buckets.bounds.count ? buckets.bounds[number] : nil,
                segments: members.count, recall: found.recall(members),
                normalizedMAP: matches.normalizedMAP(onlyWhere: { numbers[$0] == number }))
        }
    }
}

extension DiagnosisMatches {
    /// Normalised mAP on some segments, over the classes that have any; nil where none has.
    ///
    /// A prediction that finds another segment at any of the thresholds is left out at all of them.
    fileprivate func normalizedMAP(onlyWhere isMember: (_ truth: Int) -> Bool) -> Double? {
        var values: [Double] = []
        for (_, matching) in classes {
            let isOwn = matching.truths.map(isMember)
            let positives = isOwn.count { $0 }
            guard positives > 0 else { continue }
            let isCounted = matching.ranked.indices.map { place in
                thresholds.indices.allSatisfy { threshold in
                    matching.match(threshold: threshold, place: place).map { isOwn[$0] } ?? true
                }
            }
            values.append(
                normalizedAP(matching, positives: positives) { _, place in isCounted[place] })
        }
        return values.isEmpty ? nil : values.mean
    }
}
