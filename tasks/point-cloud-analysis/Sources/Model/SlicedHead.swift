// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Layers
import Reversible
import Tensors

/// The last norm of the decoder and the head in training: keeps the map before the norm alone; the
/// backward pass needs the hidden layer's gradient beside it and puts the map's in its place.
struct SlicedHead {
    private let head: SegmentationHead
    private let norm: BatchNorm

    /// - Parameter norm: Of the decoder's last layer; ReLU follows.
    init(_ head: SegmentationHead, _ norm: BatchNorm?) {
        guard let norm else { preconditionFailure("a decoder without stages or batch norm") }
        self.head = head
        self.norm = norm
    }

    /// What the backward pass needs.
    private final class Kept {
        /// The map; the backward pass puts its gradient in its place.
        var map: Tensor?
        let rows: NormalizedRows
        let parts: [HeadPart]
        /// The maximum over each sample's points, `[B, C]`, and the first part that has it.
        let largest: Tensor
        let winners: [Int]
        /// The samples' shares of the hidden layer, `[B, hidden]`.
        let shared: Tensor

        init(
            _ map: Tensor, _ rows: NormalizedRows, _ parts: [HeadPart],
            maxima: (values: Tensor, winners: [Int]), shared: Tensor
        ) {
            self.map = map
            self.rows = rows
            self.parts = parts
            largest = maxima.values
            winners = maxima.winners
            self.shared = shared
        }
    }

    /// Logits `[B * N, classes]`.
    ///
    /// - Parameters:
    ///   - maps: `[B * N, C]`, before the norm.
    ///   - classToken: `[B, C]`.
    ///   - context: Its tile has the points of a part.
    func callAsFunction(
        _ maps: Variable, classToken: Variable, _ context: Context
    ) -> Variable {
        let samples = classToken.shape[0], map = maps.tensor
        let (weight, bias) = (context.use(norm.weight), context.use(norm.bias))
        let ofClass = head.share(ofClassToken: classToken, context)
        let parts = HeadPart.all(samples: samples, count: map.shape[0] / samples, context)
        return .rerunning([maps, ofClass, weight, bias], context) { first, _ in
            var rows = norm.rows(weight: weight, bias: bias)
            for part in parts { rows.count(map.rows(part.rows)) }
            rows.finish()
            norm.follow(rows.statistics, rows: map.shape[0], first)
            let maxima = maxima(map, rows, parts, samples: samples)
            let shared = ofClass.detached + head.share(ofLargest: Variable(maxima.values), first)
            var output = Tensor(zeros: [map.shape[0], head.outputs.classes], dtype: map.dtype)
            for part in parts {
                let points = Variable(rows(map.rows(part.rows)))
                let sum = head.share(ofPoints: points, first) + part.gathering(shared)
                output.replaceRows(
                    .run(part.rows), with: head.logits(ofSum: sum, part, first).tensor)
            }
            let kept = Kept(map, rows, parts, maxima: maxima, shared: shared.tensor)
            return (output, { gradients($0, kept, context.repeated) })
        }
    }

    /// The maxima over each sample's points, and the first part of each with that value.
    private func maxima(
        _ map: Tensor, _ rows: NormalizedRows, _ parts: [HeadPart], samples: Int
    ) -> (values: Tensor, winners: [Int]) {
        let channels = map.shape[1]
        var values = Array(repeating: -Double.infinity, count: samples * channels)
        var winners = Array(repeating: 0, count: samples * channels)
        for (number, part) in parts.enumerated() {
            let count = part.rows.count
            let own = rows(map.rows(part.rows)).reshaped(to: [1, count, channels])
                .maxPooled1D(kernel: count, stride: count).doubles
            let at = part.sample * channels
            for channel in 0..<channels where own[channel] > values[at + channel] {
                values[at + channel] = own[channel]
                winners[at + channel] = number
            }
        }
        return (Tensor(values, shape: [samples, channels], dtype: map.dtype), winners)
    }

    /// The gradients by the map, the class tokens' shares, and the norm's weight and bias.
    private func gradients(_ gradient: Tensor, _ kept: Kept, _ context: Context) -> [Tensor?] {
        guard var map = kept.map.take() else { preconditionFailure("a second backward pass") }
        let width = head.outputs.hidden
        var slopes = Tensor(zeros: [map.shape[0], width], dtype: map.dtype)
        var byShared = Tensor(zeros: kept.shared.shape, dtype: map.dtype)
        for part in kept.parts {
            let share = Rerun.Pass(
                kept.rows(map.rows(part.rows)), isNeeded: false, context, head.share(ofPoints:_:))
            let logits = Rerun.Pass([(share.value, true), (kept.shared, true)], context) {
                head.logits(ofSum: $0[0] + part.gathering($0[1]), part, $1)
            }
            let found = logits.pullbacks(gradient.rows(part.rows))
            if let slope = found[1] { byShared.add(slope) }
            guard let slope = found[0] else { continue }
            slopes.replaceRows(.run(part.rows), with: slope)
            // Nobody asks for more where the head is frozen.
            _ = share.pullback(slope)
        }
        let byLargest = Rerun.Pass(kept.largest, context, head.share(ofLargest:_:))
            .pullback(byShared)
        func slope(_ number: Int, _ made: Tensor) -> Tensor {
            let part = kept.parts[number]
            let own = head.pullback(ofShare: slopes.rows(part.rows), points: made)
            let share = byLargest.flatMap { self.share(of: $0, number, made, kept) }
            return share.map { own + $0 } ?? own
        }
        var backward = kept.rows.backward
        for (number, part) in kept.parts.enumerated() {
            let made = map.rows(part.rows)
            backward.count(made, slope(number, made))
        }
        let (byWeight, byBias) = backward.finish()
        for (number, part) in kept.parts.enumerated() {
            func gradient() -> Tensor {
                let made = map.rows(part.rows)
                return backward.gradient(made, slope(number, made))
            }
            map.replaceRows(.run(part.rows), with: gradient())
        }
        return [map, byShared, byWeight, byBias]
    }

    /// The part's share of the gradient by the maxima; nil where none of them is in it.
    private func share(of byLargest: Tensor, _ number: Int, _ made: Tensor, _ kept: Kept)
        -> Tensor?
    {
        let part = kept.parts[number]
        let channels = made.shape[1], count = part.rows.count, at = part.sample * channels
        let isWinner = (0..<channels).map { kept.winners[at + $0] == number }
        guard isWinner.contains(true) else { return nil }
        let all = byLargest.doubles
        let own = Tensor(
            (0..<channels).map { isWinner[$0] ? all[at + $0] : 0 }, shape: [1, 1, channels],
            dtype: made.dtype)
        return kept.rows(made).reshaped(to: [1, count, channels])
            .maxPool1DGradient(own, kernel: count, stride: count).reshaped(to: made.shape)
    }
}
