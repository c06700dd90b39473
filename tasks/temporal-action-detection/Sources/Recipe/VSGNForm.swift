// SPDX-License-Identifier: Apache-2.0
package import Regions

/// Whose details a VSGN head has where two published codes and this one differ.
package enum VSGNForm: String, Sendable, CaseIterable {
    /// Padding behind a window is left out of losses and detections; position t of the action,
    /// start and end curves stands for t - 1/2 ... t + 1/2, as everywhere in this code.
    case dr2net
    /// The authors' THUMOS14 code (github.com/coolbay/VSGN).
    ///
    /// Padding counts as background. Position t of the start and end curves stands for
    /// t ... t + 1; an action holds the positions from its rounded start to its rounded end.
    case vsgn
    /// OpenTAD's code (github.com/sming256/OpenTAD), which has ActivityNet at 256 positions.
    ///
    /// As `vsgn`, but: levels are pooled over three positions; the towers' convolutions have no
    /// biases and class logits begin at 0; the focal loss and both losses of segments are
    /// divided by moving means of matched anchors; the curves are read from the finest level
    /// resampled to the window's length, and learn the positions t whose whole t ... t + 1 lies
    /// in an action or around a boundary.
    case opentad

    /// Whether anchors and positions behind a window's real part count.
    var countsPadding: Bool { self != .dr2net }
    /// Positions that an encoder level's pooling looks at.
    var poolWidth: Int { self == .opentad ? 3 : 2 }
    /// Whether the towers' convolutions have biases.
    var hasTowerBiases: Bool { self != .opentad }
    /// The class probability that a sigmoid head begins with.
    var priorProbability: Double { self == .opentad ? 0.5 : 0.01 }
    /// What the moving means of matched anchors begin with; nil where each batch counts its own.
    var initialNormalizer: Double? { self == .opentad ? 100 : nil }
    /// Whether curves are read at the window's length, not at the finest level's.
    var resamplesFeatures: Bool { self == .opentad }
    /// What is added to the curves' probabilities under the logarithm.
    var curveEpsilon: Double { self == .dr2net ? 1e-6 : 1e-5 }

    /// The positions that lie in a region of a curve.
    ///
    /// - Parameters:
    ///   - region: An action, or the surroundings of a boundary.
    ///   - isAction: Which of the two.
    ///   - limit: Positions of the window that count.
    package func positions(in region: Segment, isAction: Bool, limit: Int) -> [Int] {
        guard limit > 0 else { return [] }
        if self == .vsgn && isAction {
            // To the nearest, halves to the even one, as the code's language rounds.
            let first = max(0, Int(region.start.rounded(.toNearestOrEven)))
            let last = min(limit - 1, Int(region.end.rounded(.toNearestOrEven)))
            return first <= last ? Array(first...last) : []
        }
        let first = max(0, Int((region.start - 1).rounded(.down)))
        let last = min(limit - 1, Int(region.end.rounded(.up)))
        guard first <= last else { return [] }
        let shift = self == .dr2net ? 0.5 : 0
        return (first...last).filter { t in
            let cell = Segment(start: Double(t) - shift, end: Double(t) - shift + 1)
            let shared = cell.intersection(region)
            return self == .opentad ? shared >= 1 : shared > 0.5
        }
    }
}
