// SPDX-License-Identifier: Apache-2.0
package import Autodiff
package import Tensors

/// Overlap losses of segments (start, end) as nodes.
///
/// Segment counts are small beside the features, so these loops are plain Swift in float64.
extension Variable {
    /// Σ weight · (1 - GIoU) over `[N, 2]` predictions (Rezatofighi et al., CVPR 2019, in 1-D).
    ///
    /// A prediction whose end lies before its start counts as the segment between the two.
    ///
    /// - Parameters:
    ///   - targets: `[N, 2]` with start <= end.
    ///   - weights: One a segment.
    package func giouLoss(targets: Tensor, weights: [Double]) -> Variable {
        segmentLoss("giouLoss", targets, weights) { segment, target in
            let overlap = Overlap(segment, target)
            let loss = 2 - overlap.iou - overlap.union / overlap.hull
            let hullSquare = overlap.hull * overlap.hull
            func slope(_ union: Double, _ iou: Double, _ hull: Double) -> Double {
                -iou - (union * overlap.hull - overlap.union * hull) / hullSquare
            }
            return (
                loss,
                slope(overlap.unionSlopes.0, overlap.iouSlopes.0, overlap.hullSlopes.0),
                slope(overlap.unionSlopes.1, overlap.iouSlopes.1, overlap.hullSlopes.1)
            )
        }
    }

    /// Σ weight · (1 - DIoU) over `[N, 2]` predictions (Zheng et al., AAAI 2020, in 1-D).
    ///
    /// - Parameters:
    ///   - targets: `[N, 2]` with start <= end.
    ///   - weights: One a segment.
    package func diouLoss(targets: Tensor, weights: [Double]) -> Variable {
        segmentLoss("diouLoss", targets, weights) { segment, target in
            let overlap = Overlap(segment, target)
            let distance = (segment.0 + segment.1 - target.0 - target.1) / 2
            let ratio = distance / overlap.hull
            func slope(_ iou: Double, _ hull: Double) -> Double {
                -iou + 2 * ratio * (0.5 * overlap.hull - distance * hull)
                    / (overlap.hull * overlap.hull)
            }
            return (
                1 - overlap.iou + ratio * ratio,
                slope(overlap.iouSlopes.0, overlap.hullSlopes.0),
                slope(overlap.iouSlopes.1, overlap.hullSlopes.1)
            )
        }
    }

    private func segmentLoss(
        _ name: String, _ targets: Tensor, _ weights: [Double],
        _ body: ((Double, Double), (Double, Double)) -> (Double, Double, Double)
    ) -> Variable {
        precondition(
            tensor.rank == 2 && shape[1] == 2 && targets.shape == shape
                && weights.count == shape[0],
            "\(name): \(shape), targets \(targets.shape), \(weights.count) weights")
        let predicted = tensor.doubles, wanted = targets.doubles
        var slopes = [Double](repeating: 0, count: predicted.count)
        var total = 0.0
        for (row, weight) in weights.enumerated() {
            let (s, e) = (predicted[2 * row], predicted[2 * row + 1])
            let isTurned = e < s
            let (loss, byStart, byEnd) = body(
                isTurned ? (e, s) : (s, e), (wanted[2 * row], wanted[2 * row + 1]))
            total += weight * loss
            slopes[2 * row] = weight * (isTurned ? byEnd : byStart)
            slopes[2 * row + 1] = weight * (isTurned ? byStart : byEnd)
        }
        let slope = Tensor(slopes, shape: shape, dtype: tensor.dtype)
        let value = Tensor([total], shape: [1], dtype: tensor.dtype)
        return Variable.operation(value, inputs: [self]) { [slope.scaled(by: $0.item)] }
    }
}

/// Overlap of two segments with its slopes by the first one's start and end.
private struct Overlap {
    private static let epsilon = 1e-7
    let union: Double, hull: Double, iou: Double
    let unionSlopes: (Double, Double), hullSlopes: (Double, Double), iouSlopes: (Double, Double)

    init(_ a: (Double, Double), _ b: (Double, Double)) {
        let low = max(a.0, b.0), high = min(a.1, b.1)
        let intersection = max(0, high - low)
        let meets = high > low
        let shared = (meets && a.0 > b.0 ? -1.0 : 0, meets && a.1 < b.1 ? 1.0 : 0)
        let union = (a.1 - a.0) + (b.1 - b.0) - intersection + Overlap.epsilon
        let unionSlopes = (-1 - shared.0, 1 - shared.1)
        self.union = union
        self.unionSlopes = unionSlopes
        hull = max(a.1, b.1) - min(a.0, b.0) + Overlap.epsilon
        hullSlopes = (a.0 < b.0 ? -1 : 0, a.1 > b.1 ? 1 : 0)
        iou = intersection / union
        iouSlopes = (
            (shared.0 * union - intersection * unionSlopes.0) / (union * union),
            (shared.1 * union - intersection * unionSlopes.1) / (union * union)
        )
    }
}
