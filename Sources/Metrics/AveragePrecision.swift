// SPDX-License-Identifier: Apache-2.0

/// Area under a precision–recall curve, as in Pascal VOC 2010 and ActivityNet.
///
/// Every point of the curve counts: the precision at a recall is the best precision at that or
/// a higher recall, and the area is the sum of the steps of recall times it.
package struct AveragePrecision: Sendable {
    /// Whether each prediction, best first, is a true positive.
    private var hits: [Bool] = []

    /// An empty curve.
    package init() {}

    /// Makes room for `count` predictions.
    package mutating func reserveCapacity(_ count: Int) {
        hits.reserveCapacity(count)
    }

    /// Adds the next prediction in order of falling score.
    @inline(__always)
    package mutating func append(isTruePositive: Bool) {
        hits.append(isTruePositive)
    }

    /// The area, in [0, 1], for `positives` annotated objects; 0 where there is none.
    package func value(positives: Int) -> Double {
        guard positives > 0 else { return 0 }
        var truePositives = hits.reduce(0) { $0 + ($1 ? 1 : 0) }
        var envelope = 0.0
        var area = 0.0
        // From the last prediction to the first, so that the envelope is a running maximum.
        for position in hits.indices.reversed() where hits[position] {
            envelope = max(envelope, Double(truePositives) / Double(position + 1))
            area += envelope
            truePositives -= 1
        }
        return area / Double(positives)
    }

    /// The area with precisions as if `count` objects were annotated, in [0, 1].
    ///
    /// The precision at recall R with F false positives is R · N / (R · N + F) with N = `count`:
    /// classes and subsets of different sizes become comparable (Hoiem, Chodpathumwan, Dai, ECCV
    /// 2012, equation 2).
    package func value(positives: Int, normalizedTo count: Double) -> Double {
        guard positives > 0 else { return 0 }
        var truePositives = hits.reduce(0) { $0 + ($1 ? 1 : 0) }
        var envelope = 0.0
        var area = 0.0
        for position in hits.indices.reversed() where hits[position] {
            let found = Double(truePositives) / Double(positives) * count
            envelope = max(envelope, found / (found + Double(position + 1 - truePositives)))
            area += envelope
            truePositives -= 1
        }
        return area / Double(positives)
    }
}
