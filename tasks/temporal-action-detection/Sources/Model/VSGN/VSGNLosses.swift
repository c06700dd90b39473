// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Optimizers
import Regions
import Tensors

/// The losses of one VSGN forward pass.
///
/// Regress first: anchors matched by their own overlap learn to become the action. Classify
/// next: labels come from the overlap of the regressed segments. Then adjust the boundaries
/// of regressed segments that already fit well. Where the form leaves padding out, anchors
/// behind a window's real part count neither as positives nor as negatives.
struct VSGNLosses {
    let head: VSGNHead
    let output: VSGNHead.Output
    let targets: [[Item<Segment>]]
    let layouts: [WindowLayout]

    private var configuration: VSGNConfiguration { head.configuration }
    private var dtype: DType { output.logits.tensor.dtype }

    /// Row, window and target of each positive, and the rows of negatives.
    private struct Matches {
        var positives: [(row: Int, window: Int, target: Int)] = []
        var negatives: [Int] = []
    }

    private func matches(_ segments: (Int) -> [Segment], threshold: Double) -> Matches {
        let matcher = SegmentMatcher(lengthOffset: configuration.lengthOffset)
        var result = Matches()
        for (window, layout) in layouts.enumerated() {
            let valid = output.anchors.indices.filter {
                head.isValid(output.anchors[$0], layout)
            }
            let all = segments(window)
            let found = matcher.matches(
                valid.map { all[$0] }, targets[window], threshold: threshold)
            for (index, target) in zip(valid, found) {
                let row = window * output.anchors.count + index
                if let target {
                    result.positives.append((row, window, target))
                } else {
                    result.negatives.append(row)
                }
            }
        }
        return result
    }

    private func zero() -> Variable { Variable(Tensor(zeros: [1], dtype: dtype)) }

    /// The sum of 1 - GIoU over the positives of `segments` `[N, 2]` by a divisor.
    private func overlapLoss(
        _ segments: Variable, _ positives: [(row: Int, window: Int, target: Int)],
        divisor: Double
    ) -> Variable {
        let wanted = positives.flatMap { positive -> [Double] in
            let segment = targets[positive.window][positive.target].place
            return [segment.start, segment.end]
        }
        return segments.giouLoss(
            targets: Tensor(wanted, shape: [positives.count, 2], dtype: dtype),
            weights: [Double](repeating: 1 / divisor, count: positives.count))
    }

    private func regression(_ context: Context) -> Variable {
        let positives = matches({ _ in output.anchors }, threshold: configuration.matchThreshold)
            .positives
        let divisor = head.divisor(.regression, positives: positives.count, context)
        guard !positives.isEmpty else { return zero() }
        return overlapLoss(
            output.segments.gatherRows(positives.map { Int32($0.row) }), positives,
            divisor: divisor)
    }

    private func adjustment(_ regressed: (Int) -> [Segment], _ context: Context) -> Variable {
        let positives = matches(regressed, threshold: configuration.boundaryThreshold).positives
        let divisor = head.divisor(.boundary, positives: positives.count, context)
        guard !positives.isEmpty else { return zero() }
        // Only positives enter the loss, so only they are adjusted.
        let adjusted = head.boundary(
            output.segments.gatherRows(positives.map { Int32($0.row) }),
            windows: positives.map(\.window), finest: output.finest, context)
        return overlapLoss(adjusted, positives, divisor: divisor)
    }

    private func classification(_ regressed: (Int) -> [Segment], _ context: Context) -> Variable {
        let found = matches(regressed, threshold: configuration.matchThreshold)
        let rows = output.segments.shape[0], count = configuration.logitCount
        let logits = output.logits.reshaped(to: [rows, count])
        var weights = [Double](repeating: 0, count: rows)
        switch configuration.classification {
        case .softmax:
            var labels = [Int32](repeating: 0, count: rows)
            for row in found.negatives { weights[row] = 1 / Double(found.negatives.count) }
            for (row, window, target) in found.positives {
                weights[row] = 1 / Double(found.positives.count)
                labels[row] = Int32(targets[window][target].label + 1)
            }
            return logits.softmaxCrossEntropy(targets: labels, weights: weights)
        case .sigmoid(let alpha, let gamma):
            var labels = [Double](repeating: 0, count: rows * count)
            let weight =
                1 / head.divisor(.classification, positives: found.positives.count, context)
            for row in found.negatives { weights[row] = weight }
            let matcher = SegmentMatcher(lengthOffset: configuration.lengthOffset)
            for (row, window, target) in found.positives {
                weights[row] = weight
                labels[row * count + targets[window][target].label] = 1
                // Classes may overlap: every action that the segment fits names its class.
                let segment = regressed(window)[row % output.anchors.count]
                for other in targets[window]
                where matcher.overlap(segment, other.place) >= configuration.matchThreshold {
                    labels[row * count + other.label] = 1
                }
            }
            return logits.sigmoidFocalLoss(
                targets: Tensor(labels, shape: [rows, count], dtype: dtype), weights: weights,
                alpha: alpha, gamma: gamma)
        }
    }

    /// Half the mean over positive positions plus half the mean over negative ones, for each
    /// of the action, start and end curves (the balanced cross-entropy of BSN and BMN).
    private func supplementary() -> [Variable] {
        let length = output.curves[0].shape[1], radius = configuration.boundaryRadius
        let regions: [(Segment) -> Segment] = [
            { $0 },
            { Segment(start: $0.start - radius, end: $0.start + radius) },
            { Segment(start: $0.end - radius, end: $0.end + radius) },
        ]
        let form = configuration.form
        let limits = layouts.map { head.countedLength($0, of: length) }
        return output.curves.indices.map { index in
            let curve = output.curves[index]
            var labels = [Double](repeating: 0, count: layouts.count * length)
            for (window, actions) in targets.enumerated() {
                for action in actions {
                    for t in form.positions(
                        in: regions[index](action.place), isAction: index == 0,
                        limit: limits[window])
                    {
                        labels[window * length + t] = 1
                    }
                }
            }
            let total = Double(limits.reduce(0, +)), positives = labels.reduce(0, +)
            // OpenTAD's mean where there is one kind only.
            let isEven = form == .opentad && (positives == 0 || positives == total)
            var weights = labels
            for (window, limit) in limits.enumerated() {
                for t in window * length..<window * length + limit {
                    weights[t] =
                        isEven ? 1 / total : 0.5 / (labels[t] == 1 ? positives : total - positives)
                }
            }
            let wanted = Tensor(labels, shape: curve.shape, dtype: dtype)
            let shares = Tensor(weights, shape: curve.shape, dtype: dtype)
            return form.resamplesFeatures
                ? output.curveLogits[index].binaryCrossEntropy(targets: wanted, weights: shares)
                : curve.probabilityCrossEntropy(
                    targets: wanted, weights: shares, epsilon: form.curveEpsilon)
        }
    }

    func sum(_ context: Context) -> StepLosses {
        let ends = output.segments.tensor.doubles, perWindow = output.anchors.count
        let segments = layouts.indices.map { window in
            (window * perWindow..<(window + 1) * perWindow).map {
                Segment(start: ends[2 * $0], end: ends[2 * $0 + 1])
            }
        }
        let regressed = { (window: Int) -> [Segment] in segments[window] }
        let weights = configuration.lossWeights
        let parts: [(String, Double, Variable)] =
            [
                ("classification", weights.classification, classification(regressed, context)),
                ("regression", weights.regression, regression(context)),
                ("boundary", weights.boundary, adjustment(regressed, context)),
            ]
            + zip(["action", "start", "end"], supplementary()).map {
                ($0, weights.supplementary, $1)
            }
        let total = parts.map { $0.2.scaled(by: $0.1) }.reduce(zero(), +)
        return StepLosses(total: total, named: parts.map { ($0.0, $0.2.tensor.item) })
    }
}
