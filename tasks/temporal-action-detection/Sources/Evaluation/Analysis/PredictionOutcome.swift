// SPDX-License-Identifier: Apache-2.0
import Metrics
import Regions

/// What became of a prediction (Alwassel, Caba Heilbron, Escorcia, Ghanem: Diagnosing error in
/// temporal action detectors, ECCV 2018, section 4).
package enum PredictionOutcome: String, Sendable, CaseIterable, Encodable,
    CodingKeyRepresentable
{
    /// Finds a free segment of its class.
    case truePositive
    /// On a segment of its class that a surer prediction has found.
    case doubleDetection
    /// On a segment of another class.
    case wrongLabel
    /// Near a segment of its class, but not on it.
    case localization
    /// Near a segment of another class.
    case confusion
    /// On nothing.
    case background

    /// tIoU with a segment of any class from which a prediction is near it.
    package static let nearThreshold = 0.1

    /// The outcome of a false positive by the segment that it overlaps most.
    ///
    /// - Parameters:
    ///   - overlap: The largest tIoU with a segment of its video, 0 where there is none.
    ///   - isOwnClass: Whether that segment has the prediction's class.
    ///   - threshold: tIoU from which a prediction is on a segment.
    init(ofFalsePositive overlap: Double, isOwnClass: Bool, threshold: Double) {
        if overlap >= threshold {
            self = isOwnClass ? .doubleDetection : .wrongLabel
        } else if overlap >= Self.nearThreshold {
            self = isOwnClass ? .localization : .confusion
        } else {
            self = .background
        }
    }

    /// For people.
    var name: String {
        switch self {
        case .truePositive: "true positive"
        case .doubleDetection: "double detection"
        case .wrongLabel: "wrong label"
        case .localization: "localization"
        case .confusion: "confusion"
        case .background: "background"
        }
    }
}

/// The annotated segment that a prediction overlaps most.
struct BestOverlap {
    /// The tIoU, 0 where it overlaps none.
    var overlap = 0.0
    /// The segment's class; of equal overlaps that of the first in the file.
    var label: Int?
}

/// The annotated segments by video.
struct SegmentsByVideo {
    private let truths: [Item<Segment>]
    private let videos: [Int: [Int]]

    init(_ truths: [Item<Segment>]) {
        self.truths = truths
        videos = Dictionary(grouping: truths.indices, by: { truths[$0].source })
    }

    func best(_ guess: Item<Segment>) -> BestOverlap {
        var best = BestOverlap()
        for position in videos[guess.source] ?? [] {
            let overlap = truths[position].place.intersectionOverUnion(guess.place)
            if overlap > best.overlap {
                best = BestOverlap(overlap: overlap, label: truths[position].label)
            }
        }
        return best
    }
}
