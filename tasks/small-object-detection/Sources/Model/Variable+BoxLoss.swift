// SPDX-License-Identifier: Apache-2.0
package import Autodiff
import Foundation
package import Tensors

/// Overlap losses of boxes (x1, y1, x2, y2) as nodes.
///
/// Only matched boxes come here, so these loops are plain Swift in float64.
extension Variable {
    /// Σ weight · loss over `[N, 4]` predictions.
    ///
    /// - Parameters:
    ///   - loss: The measure.
    ///   - targets: `[N, 4]`, boxes with an area.
    ///   - weights: One a box.
    package func boxLoss(_ loss: BoxLoss, targets: Tensor, weights: [Double]) -> Variable {
        precondition(
            tensor.rank == 2 && shape[1] == 4 && targets.shape == shape
                && weights.count == shape[0],
            "boxLoss: \(shape), targets \(targets.shape), \(weights.count) weights")
        let predicted = tensor.doubles, wanted = targets.doubles
        var slopes: [Double] = []
        var total = 0.0
        for (row, weight) in weights.enumerated() {
            func box(_ values: [Double]) -> SIMD4<Double> {
                SIMD4(values[4 * row..<4 * row + 4])
            }
            let (value, slope) = BoxOverlap(box(predicted), box(wanted)).loss(loss)
            total += weight * value
            slopes += (0..<4).map { weight * slope[$0] }
        }
        let slope = Tensor(slopes, shape: shape, dtype: tensor.dtype)
        let value = Tensor([total], shape: [1], dtype: tensor.dtype)
        return Variable.operation(value, inputs: [self]) { [slope.scaled(by: $0.item)] }
    }
}

/// A number and its slopes by a box's four sides.
private struct Slope {
    var value: Double
    var by: SIMD4<Double>

    static func + (a: Slope, b: Slope) -> Slope { Slope(value: a.value + b.value, by: a.by + b.by) }
    static func - (a: Slope, b: Slope) -> Slope { Slope(value: a.value - b.value, by: a.by - b.by) }
    static func + (a: Slope, b: Double) -> Slope { Slope(value: a.value + b, by: a.by) }
    static func - (a: Slope, b: Double) -> Slope { Slope(value: a.value - b, by: a.by) }
    static func * (a: Slope, b: Slope) -> Slope {
        Slope(value: a.value * b.value, by: a.by * b.value + b.by * a.value)
    }
    static func * (a: Double, b: Slope) -> Slope { Slope(value: a * b.value, by: a * b.by) }
    static func / (a: Slope, b: Slope) -> Slope {
        let ratio = a.value / b.value
        return Slope(value: ratio, by: (a.by - ratio * b.by) / b.value)
    }

    /// The larger of this and a constant; the constant has no slope.
    func atLeast(_ bound: Double) -> Slope {
        value > bound ? self : Slope(value: bound, by: .zero)
    }

    /// The smaller of this and a constant.
    func atMost(_ bound: Double) -> Slope {
        value < bound ? self : Slope(value: bound, by: .zero)
    }
}

/// A predicted box against its target.
private struct BoxOverlap {
    private static let epsilon = 1e-7
    private let left, top, right, bottom: Slope
    private let target: SIMD4<Double>

    init(_ box: SIMD4<Double>, _ target: SIMD4<Double>) {
        func side(_ index: Int) -> Slope {
            var by = SIMD4<Double>.zero
            by[index] = 1
            return Slope(value: box[index], by: by)
        }
        left = side(0)
        top = side(1)
        right = side(2)
        bottom = side(3)
        self.target = target
    }

    private var width: Slope { (right - left).atLeast(0) }
    private var height: Slope { (bottom - top).atLeast(0) }
    private var targetWidth: Double { target[2] - target[0] }
    private var targetHeight: Double { target[3] - target[1] }

    private var intersection: Slope {
        (right.atMost(target[2]) - left.atLeast(target[0])).atLeast(0)
            * (bottom.atMost(target[3]) - top.atLeast(target[1])).atLeast(0)
    }
    private var union: Slope {
        width * height - intersection + (targetWidth * targetHeight + BoxOverlap.epsilon)
    }
    private var hullWidth: Slope { right.atLeast(target[2]) - left.atMost(target[0]) }
    private var hullHeight: Slope { bottom.atLeast(target[3]) - top.atMost(target[1]) }

    /// The squared distance of the centres.
    private var distance: Slope {
        let across = left + right, down = top + bottom
        let x = across - (target[0] + target[2]), y = down - (target[1] + target[3])
        return 0.25 * (x * x + y * y)
    }

    /// The loss and its slopes by the predicted sides.
    func loss(_ loss: BoxLoss) -> (value: Double, by: SIMD4<Double>) {
        let similarity: Slope
        switch loss {
        case .iou: similarity = intersection / union
        case .giou:
            let hull = hullWidth * hullHeight + BoxOverlap.epsilon
            similarity = intersection / union + union / hull - 1
        case .diou:
            let diagonal = hullWidth * hullWidth + hullHeight * hullHeight + BoxOverlap.epsilon
            similarity = intersection / union - distance / diagonal
        case .nwd(let constant):
            let (w, h) = (width - targetWidth, height - targetHeight)
            let square = distance + 0.25 * (w * w + h * h)
            // The root has no slope at 0, where the boxes agree.
            let root = (square.value + BoxOverlap.epsilon).squareRoot()
            let value = exp(-root / constant)
            similarity = Slope(value: value, by: (-value / (2 * constant * root)) * square.by)
        }
        return (1 - similarity.value, -similarity.by)
    }
}
