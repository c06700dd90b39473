// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Foundation
import Tensors
import TestSupport
import Testing

@Suite("Losses") struct LossesTests {
    private func draw(_ shape: [Int], _ seed: UInt64, _ size: Double = 2) -> Tensor {
        Tensor(
            normal: shape, standardDeviation: size, key: RandomKey(seed: seed), dtype: .float64)
    }

    private let weights = [0.5, 0, 2, 1.25]

    @Test func softmaxCrossEntropyIsTheLogOfTheProbability() {
        let logits = draw([4, 3], 1), targets: [Int32] = [0, 2, 1, 1]
        let p = logits.classProbabilities().doubles
        var expected = 0.0
        for (row, target) in targets.enumerated() {
            expected -= weights[row] * log(p[row * 3 + Int(target)])
        }
        func loss(_ x: Variable) -> Variable {
            x.softmaxCrossEntropy(targets: targets, weights: weights)
        }
        #expect(abs(loss(Variable(logits)).tensor.item - expected) < 1e-12)
        #expect(GradientCheck.worstError([logits]) { loss($0[0]) } < 1e-7)
    }

    @Test(arguments: [(0.25, 2.0), (-1, 1.5), (0.4, 0)])
    func focalLossFollowsItsFormula(_ alpha: Double, _ gamma: Double) {
        let logits = draw([4, 3], 2)
        let targets = Tensor([0, 1, 0.3, 1, 0, 0, 1, 1, 0, 0.5, 0, 1], shape: [4, 3])
        var expected = 0.0
        for (i, (x, t)) in zip(logits.doubles, targets.doubles).enumerated() {
            let p = 1 / (1 + exp(-x)), hit = p * t + (1 - p) * (1 - t)
            let balance = alpha < 0 ? 1 : alpha * t + (1 - alpha) * (1 - t)
            let entropy = -t * log(p) - (1 - t) * log(1 - p)
            expected += weights[i / 3] * balance * pow(1 - hit, gamma) * entropy
        }
        func loss(_ x: Variable) -> Variable {
            x.sigmoidFocalLoss(targets: targets, weights: weights, alpha: alpha, gamma: gamma)
        }
        #expect(abs(loss(Variable(logits)).tensor.item - expected) < 1e-11)
        #expect(GradientCheck.worstError([logits]) { loss($0[0]) } < 1e-7)
    }

    @Test func binaryCrossEntropiesAgree() {
        let logits = draw([2, 3], 3)
        let targets = Tensor([0, 1, 0.3, 1, 0, 0], shape: [2, 3])
        let weights = Tensor([1, 2, 0, 0.5, 1, 3], shape: [2, 3])
        func fromLogits(_ x: Variable) -> Variable {
            x.binaryCrossEntropy(targets: targets, weights: weights)
        }
        func fromProbabilities(_ x: Variable) -> Variable {
            x.sigmoid().probabilityCrossEntropy(targets: targets, weights: weights, epsilon: 0)
        }
        let x = Variable(logits)
        let difference = fromLogits(x).tensor.item - fromProbabilities(x).tensor.item
        #expect(abs(difference) < 1e-12)
        #expect(GradientCheck.worstError([logits]) { fromLogits($0[0]) } < 1e-7)
        #expect(GradientCheck.worstError([logits]) { fromProbabilities($0[0]) } < 1e-7)
    }

    @Test func farLogitsStayFinite() {
        let logits = Tensor([-800, 800], shape: [1, 2])
        let targets = Tensor([1, 0], shape: [1, 2])
        let ones = Tensor([1, 1], shape: [1, 2])
        #expect(
            Variable(logits).binaryCrossEntropy(targets: targets, weights: ones).tensor.item
                == 1600)
        let focal = Variable(logits).sigmoidFocalLoss(
            targets: targets, weights: [1], alpha: -1, gamma: 2)
        #expect(focal.tensor.item == 1600)
    }

    @Test func threadsChangeNoBit() {
        let logits = draw([3000, 5], 4)
        let sums = withThreadCounts {
            Variable(logits).softmaxCrossEntropy(
                targets: [Int32](repeating: 2, count: 3000),
                weights: [Double](repeating: 0.1, count: 3000)
            ).tensor.item
        }
        #expect(sums[0] == sums[1])
    }
}
