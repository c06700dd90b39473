// SPDX-License-Identifier: Apache-2.0
import Autodiff
import TemporalActionDetection
import Tensors
import TestSupport
import Testing

@Suite("Segment losses") struct SegmentLossesTests {
    private let targets = Tensor([0, 4, 0, 4, 0, 4, 0, 4, 0, 4], shape: [5, 2])
    private let predictions = Tensor(
        [1.0, 3.5, -1.25, 2, 5, 9, 3, 7.5, 3.2, -0.7], shape: [5, 2], dtype: .float64)
    private let weights = [1, 2, 0.5, 1.5, 1]

    /// Inside, overlapping at the left, apart (hull 9), overlapping at the right, turned round.
    @Test func giouMatchesHandWorkedCases() {
        let cases: [Double] = [
            2.5 / 4, 2 / 5.25, -1.0 / 9, 1 / 7.5, 3.2 / 4.7,
        ]
        for (row, giou) in cases.enumerated() {
            let loss = Variable(predictions.rows(row..<row + 1)).giouLoss(
                targets: targets.rows(row..<row + 1), weights: [1])
            #expect(abs(loss.tensor.item - (1 - giou)) < 1e-6, "case \(row)")
        }
    }

    @Test func diouMatchesHandWorkedCases() {
        let cases: [Double] = [
            2.5 / 4 - 0.0625 / 16, 2 / 5.25 - 1.625 * 1.625 / (5.25 * 5.25), -25.0 / 81,
            1 / 7.5 - 3.25 * 3.25 / (7.5 * 7.5), 3.2 / 4.7 - 0.75 * 0.75 / (4.7 * 4.7),
        ]
        for (row, diou) in cases.enumerated() {
            let loss = Variable(predictions.rows(row..<row + 1)).diouLoss(
                targets: targets.rows(row..<row + 1), weights: [1])
            #expect(abs(loss.tensor.item - (1 - diou)) < 1e-6, "case \(row)")
        }
    }

    @Test func haveTheirGradients() {
        let giou = GradientCheck.worstError([predictions], step: 1e-4) {
            $0[0].giouLoss(targets: targets, weights: weights)
        }
        #expect(giou < 1e-7)
        let diou = GradientCheck.worstError([predictions], step: 1e-4) {
            $0[0].diouLoss(targets: targets, weights: weights)
        }
        #expect(diou < 1e-7)
    }
}
