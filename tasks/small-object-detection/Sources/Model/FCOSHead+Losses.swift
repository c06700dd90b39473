// SPDX-License-Identifier: Apache-2.0
package import Autodiff
import Foundation
package import Optimizers
package import Regions
import Tensors

extension FCOSHead {
    /// The losses of a batch: focal classification of all locations, the box loss and the
    /// centre-ness's cross-entropy of those that have a box.
    ///
    /// Classification and centre-ness are divided by the number of positives of the batch, box
    /// losses are weighted by the centre-ness and divided by its sum, as published; where there are
    /// fewer than ``FCOSConfiguration/leastPositives``, all of them shrink in proportion.
    ///
    /// - Parameters:
    ///   - output: Of the batch's images.
    ///   - targets: Each image's objects.
    ///   - ignored: Regions of each image, or none: locations in them that have no box are
    ///     neither positive nor negative.
    ///   - assigner: Which location has which box.
    ///   - context: Where operations are recorded.
    package func losses(
        _ output: Output, targets: [[Item<Box>]], ignored: [[Box]]? = nil,
        assigner: any BoxAssigner, _ context: Context
    ) -> StepLosses {
        let (samples, locations) = (output.logits.shape[0], output.grid.count)
        precondition(
            targets.count == samples && (ignored?.count ?? samples) == samples
                && targets.joined().allSatisfy {
                    $0.place.isValid && $0.label >= 0 && $0.label < configuration.classCount
                },
            "FCOS: targets of \(targets.count) images for \(samples), "
                + "\(configuration.classCount) classes")
        var positives: [Positive] = []
        var weights = [Double](repeating: 1, count: samples * locations)
        for (sample, objects) in targets.enumerated() {
            let found = assigner.assignments(of: objects.map(\.place), to: output.grid)
            for (level, cells) in output.grid.levels.enumerated() {
                for index in cells.indices {
                    let row = sample * locations + index
                    let point = output.grid.point(index, level: level)
                    if found[index] >= 0 {
                        let object = objects[Int(found[index])]
                        positives.append(
                            Positive(
                                row: row, level: level, point: point, stride: cells.stride,
                                object: object))
                    } else if found[index] < -1
                        || ignored?[sample].contains(where: { $0.contains(x: point.x, y: point.y) })
                            ?? false
                    {
                        weights[row] = 0
                    }
                }
            }
        }
        let parts: [(String, Double, Variable)] = [
            (
                "classification", configuration.lossWeights.classification,
                classificationLoss(output, positives, weights)
            ),
            ("box", configuration.lossWeights.box, boxLoss(output, positives, context)),
            (
                "centreness", configuration.lossWeights.centreness,
                centrenessLoss(output, positives)
            ),
        ]
        let zero = Variable(Tensor(zeros: [1], dtype: output.logits.tensor.dtype))
        return StepLosses(
            total: parts.map { $0.2.scaled(by: $0.1) }.reduce(zero, +),
            named: parts.map { ($0.0, $0.2.tensor.item) })
    }

    private func classificationLoss(
        _ output: Output, _ positives: [Positive], _ weights: [Double]
    ) -> Variable {
        let count = configuration.classCount, rows = weights.count
        func fill<T: BinaryFloatingPoint>(_ labels: UnsafeMutableBufferPointer<T>) {
            unsafe labels.initialize(repeating: 0)
            for positive in positives {
                unsafe labels[positive.row * count + positive.object.label] = 1
            }
        }
        let shape = [rows, count]
        let labels =
            unsafe output.logits.tensor.dtype == .float32
            ? Tensor(shape: shape, filling: { unsafe fill($0) })
            : unsafe Tensor(shape: shape, fillingDoubles: { unsafe fill($0) })
        let scale = 1 / Double(max(configuration.leastPositives, positives.count))
        return output.logits.reshaped(to: shape).sigmoidFocalLoss(
            targets: labels, weights: weights.map { $0 * scale },
            alpha: configuration.focal.alpha, gamma: configuration.focal.gamma)
    }

    private func boxLoss(
        _ output: Output, _ positives: [Positive], _ context: Context
    ) -> Variable {
        let dtype = output.logits.tensor.dtype
        guard !positives.isEmpty else { return Variable(Tensor(zeros: [1], dtype: dtype)) }
        let codes = output.codes.reshaped(to: [-1, 5])
            .gatherRows(positives.map { Int32($0.row) }).slice(0..<4, axis: 1)
        let column = Variable.concatenated(
            scales.map { context.use($0).reshaped(to: [1, 1]) }, axis: 0)
        let scaled =
            codes
            * Variable.concatenated([column, column, column, column], axis: 1)
            .gatherRows(positives.map { Int32($0.level) })
        let decoder = DistanceCoder(distance: configuration.distance)
        let share = Double(max(configuration.leastPositives, positives.count))
        let sum =
            positives.reduce(0) { $0 + $1.centreness } * share / Double(positives.count)
        let wanted = positives.flatMap { positive -> [Double] in
            let box = positive.object.place
            return [box.x1, box.y1, box.x2, box.y2]
        }
        return decoder.decode(scaled, from: positives.map { ($0.point, $0.stride) }).boxLoss(
            configuration.boxLoss,
            targets: Tensor(wanted, shape: [positives.count, 4], dtype: dtype),
            weights: positives.map { $0.centreness / sum })
    }

    private func centrenessLoss(_ output: Output, _ positives: [Positive]) -> Variable {
        let dtype = output.logits.tensor.dtype, shape = [positives.count, 1]
        guard !positives.isEmpty else { return Variable(Tensor(zeros: [1], dtype: dtype)) }
        return output.codes.reshaped(to: [-1, 5]).gatherRows(positives.map { Int32($0.row) })
            .slice(4..<5, axis: 1)
            .binaryCrossEntropy(
                targets: Tensor(positives.map(\.centreness), shape: shape, dtype: dtype),
                weights: Tensor(
                    repeating: 1 / Double(max(configuration.leastPositives, positives.count)),
                    shape: shape, dtype: dtype))
    }
}

/// A location that has a box.
private struct Positive {
    /// Its row among all images' locations.
    let row: Int
    let level: Int
    let point: (x: Double, y: Double)
    let stride: Double
    let object: Item<Box>

    /// √(min(l, r) / max(l, r) · min(t, b) / max(t, b)), from FCOS's equation 3.
    ///
    /// Ranking assigners choose locations outside of small boxes too: a hundredth of a stride is
    /// the least distance there, as in RFLA's code.
    var centreness: Double {
        func ratio(_ a: Double, _ b: Double) -> Double {
            min(1, max(min(a, b), 0.01 * stride) / max(a, b))
        }
        let box = object.place
        return
            (ratio(point.x - box.x1, box.x2 - point.x)
            * ratio(point.y - box.y1, box.y2 - point.y)).squareRoot()
    }
}
