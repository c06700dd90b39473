// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Foundation
import Tensors
import TestSupport
import Testing

@Suite("Weighted gather, batch normalisation, dropout, smoothed cross-entropy")
struct PointNodesTests {
    private func draw(_ shape: [Int], _ seed: UInt64) -> Tensor {
        Tensor(normal: shape, key: RandomKey(seed: seed), dtype: .float64)
    }

    private let indices: [Int32] = [0, 4, 2, 1, 1, 3, 4, 0, 2, 3, 3, 3]
    private let weights: [Float] = [
        0.5, 0.25, 0.25, 0.125, 0.5, 0.375, 1, 0, 0, 0.25, 0.25, 0.5,
    ]

    @Test("a weighted gather is the sum of its rows, at each level and thread count")
    func weightedGather() {
        let x = draw([5, 3], 1), values = x.doubles
        let expected = (0..<12).map { place -> Double in
            let (row, column) = (place / 3, place % 3)
            return (0..<3).reduce(0.0) {
                $0 + Double(weights[3 * row + $1]) * values[Int(indices[3 * row + $1]) * 3 + column]
            }
        }
        atEachLevel { _ in
            let y = x.gatheringWeighted(indices, weights: weights, neighbours: 3)
            #expect(relativeError(y, Tensor(expected, shape: [4, 3])) < 1e-14)
        }
        let error = GradientCheck.worstError([x]) {
            $0[0].gatherWeighted(indices, weights: weights, neighbours: 3)
        }
        #expect(error < 1e-8)
        let key = RandomKey(seed: 3)
        let many = (0..<3000).map { Int32(key.integer(below: 70, $0)) }
        let shares = (0..<3000).map { Float(key.child("w").uniform($0)) }
        let rows = Tensor(normal: [70, 70], key: key), slope = Tensor(normal: [1000, 70], key: key)
        let results = withThreadCounts {
            (
                rows.gatheringWeighted(many, weights: shares, neighbours: 3),
                slope.scatteringWeighted(many, weights: shares, neighbours: 3, rows: 70)
            )
        }
        #expect(results[0].0.isIdentical(to: results[1].0))
        #expect(results[0].1.isIdentical(to: results[1].1))
    }

    @Test("batch normalisation gives channels of mean 0 and variance 1, with right gradients")
    func batchNorm() {
        let x = draw([3, 4, 5], 4)
        let weight = draw([5], 5), bias = draw([5], 6)
        let (y, mean, variance) = Variable(x).batchNorm(
            weight: Variable(weight), bias: Variable(bias), epsilon: 1e-5)
        let values = x.doubles
        for channel in 0..<5 {
            let column = (0..<12).map { values[5 * $0 + channel] }
            let m = column.reduce(0, +) / 12
            let v = column.reduce(0.0) { $0 + ($1 - m) * ($1 - m) } / 12
            #expect(abs(mean[channel] - m) < 1e-12 && abs(variance[channel] - v) < 1e-10)
            for (row, value) in column.enumerated() {
                let expected =
                    (value - m) / (v + 1e-5).squareRoot() * weight.doubles[channel]
                    + bias.doubles[channel]
                #expect(abs(y.tensor.doubles[5 * row + channel] - expected) < 1e-10)
            }
        }
        for relu in [false, true] {
            let error = GradientCheck.worstError([x, weight, bias]) {
                $0[0].batchNorm(weight: $0[1], bias: $0[2], relu: relu).output
            }
            #expect(error < 1e-6)
        }
    }

    @Test("dropout keeps the mean, is drawn again in the backward, and does nothing in inference")
    func dropout() {
        let ones = Tensor(repeating: 1, shape: [40, 501])
        let training = Context(isTraining: true, key: RandomKey(seed: 8))
        let y = Variable(ones).dropout(rate: 0.3, training).tensor
        let zeros = y.floats.filter { $0 == 0 }.count
        #expect(abs(Double(zeros) / 20_040 - 0.3) < 0.02)
        #expect(y.floats.allSatisfy { $0 == 0 || abs($0 - 1 / 0.7) < 1e-6 })
        #expect(Variable(ones).dropout(rate: 0.3, .inference).tensor.isIdentical(to: ones))
        let other = Context(isTraining: true, key: RandomKey(seed: 9))
        #expect(!Variable(ones).dropout(rate: 0.3, other).tensor.isIdentical(to: y))
        let error = GradientCheck.worstError([draw([3, 7], 1)]) {
            $0[0].dropout(rate: 0.5, training)
        }
        #expect(error < 1e-8)
        let results = withThreadCounts { ones.droppingOut(rate: 0.3, key: RandomKey(seed: 8)) }
        #expect(results[0].isIdentical(to: results[1]) && results[0].isIdentical(to: y))
    }

    /// PyTorch 2: F.cross_entropy(x, t, weight=w, ignore_index=-1, label_smoothing=0.2) follows
    /// this formula.
    @Test("smoothed cross-entropy weights classes and leaves rows out as PyTorch does")
    func smoothedCrossEntropy() {
        let logits = draw([5, 3], 2), targets: [Int32] = [0, -1, 2, 1, 2]
        let classWeights = [0.5, 2, 1.25]
        let p = logits.classProbabilities().doubles
        func expected(_ smoothing: Double, _ w: [Double]) -> Double {
            var hard = 0.0, soft = 0.0, total = 0.0
            for (row, target) in targets.enumerated() where target >= 0 {
                hard -= w[Int(target)] * log(p[3 * row + Int(target)])
                for c in 0..<3 { soft -= w[c] * log(p[3 * row + c]) }
                total += w[Int(target)]
            }
            return ((1 - smoothing) * hard + smoothing / 3 * soft) / total
        }
        for (smoothing, weights) in [(0.2, classWeights), (0, classWeights), (0.2, nil)] {
            func loss(_ x: Variable) -> Variable {
                x.smoothCrossEntropy(
                    targets: targets, classWeights: weights, smoothing: smoothing)
            }
            atEachLevel { _ in
                let value = loss(Variable(logits)).tensor.item
                #expect(abs(value - expected(smoothing, weights ?? [1, 1, 1])) < 1e-12)
            }
            #expect(GradientCheck.worstError([logits]) { loss($0[0]) } < 1e-7)
        }
        let none = Variable(logits).smoothCrossEntropy(
            targets: [-1, -1, -1, -1, -1], smoothing: 0.2)
        #expect(none.tensor.item == 0)
    }
}
