// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Foundation
import SmallObjectDetection
import Tensors
import TestSupport
import Testing

@Suite("Box losses") struct BoxLossesTests {
    private static let kinds: [BoxLoss] = [.iou, .giou, .diou, .nwd(constant: 12.8)]

    /// Inside, across two sides, apart, around, and across one side of the target [0, 0, 4, 2].
    private let predictions = Tensor(
        [
            1, 0.5, 3, 1.5, -1, -1, 2, 1, 6, 3, 7, 5, -2, -1, 5, 3, 0.5, 0.25, 6, 1.75,
        ], shape: [5, 4], dtype: .float64)
    private let targets = Tensor(
        (0..<5).flatMap { _ in [0.0, 0, 4, 2] }, shape: [5, 4], dtype: .float64)
    private let weights = [1, 2, 0.5, 1.5, 1]

    private func values(_ loss: BoxLoss) -> [Double] {
        (0..<5).map { row in
            Variable(predictions.rows(row..<row + 1)).boxLoss(
                loss, targets: targets.rows(row..<row + 1), weights: [1]
            ).tensor.item
        }
    }

    @Test func matchHandWorkedCases() {
        let shared: [Double] = [2, 2, 0, 8, 5.25], unions: [Double] = [8, 12, 10, 28, 11]
        let hulls: [Double] = [8, 15, 35, 28, 12], diagonals: [Double] = [20, 34, 74, 65, 40]
        // Squared distances of the centres, and of the sizes.
        let distances: [Double] = [0, 3.25, 29.25, 0.25, 1.5625]
        let sizes: [Double] = [5, 1, 9, 13, 2.5]
        var expected = [[Double]](repeating: [], count: 4)
        for row in 0..<5 {
            let miss = 1 - shared[row] / unions[row]
            expected[0].append(miss)
            expected[1].append(miss + 1 - unions[row] / hulls[row])
            expected[2].append(miss + distances[row] / diagonals[row])
            let distance = (distances[row] + sizes[row] / 4).squareRoot()
            expected[3].append(1 - exp(-distance / 12.8))
        }
        for (loss, numbers) in zip(Self.kinds, expected) {
            for (found, number) in zip(values(loss), numbers) {
                #expect(abs(found - number) < 1e-6, "\(loss)")
            }
        }
    }

    @Test func equalBoxesCostNothing() {
        for loss in Self.kinds {
            let result = Variable(targets).boxLoss(loss, targets: targets, weights: weights)
            #expect(abs(result.tensor.item) < 3e-4, "\(loss)")
        }
    }

    /// A prediction without an area has finite slopes.
    @Test func emptyPredictionsStayFinite() {
        let tape = Tape()
        let x = tape.input(Tensor([1, 1, 1, 1, 3, 1, 2, 0], shape: [2, 4], dtype: .float64))
        var total = Variable(Tensor(zeros: [1], dtype: .float64))
        for loss in Self.kinds {
            total = total + x.boxLoss(loss, targets: targets.rows(0..<2), weights: [1, 1])
        }
        tape.backward(from: total)
        #expect(total.tensor.item.isFinite)
        #expect(tape.gradient(of: x)?.doubles.allSatisfy { $0.isFinite } == true)
    }

    @Test(arguments: kinds) func haveTheirGradients(_ loss: BoxLoss) {
        let error = GradientCheck.worstError([predictions], step: 1e-4) {
            $0[0].boxLoss(loss, targets: targets, weights: weights)
        }
        #expect(error < 1e-7)
    }
}
