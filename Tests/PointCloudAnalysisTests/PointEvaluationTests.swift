// SPDX-License-Identifier: Apache-2.0
import PointCloudAnalysis
import Testing

@Suite("Scores of labels") struct PointEvaluationTests {
    @Test func scoresAreThoseOfTheProtocol() throws {
        let result = try PointEvaluation.evaluate(
            truth: [0, 0, 0, 1, 1, 2, -1, 9], predictions: [0, 0, 1, 1, 2, 2, 0, 77], classes: 4,
            ignored: [-1, 9])
        // IoU 2/3, 1/3, 1/2; class 3 occurs nowhere.
        #expect(abs(result.mIoU - (2.0 / 3 + 1.0 / 3 + 1.0 / 2) / 3) < 1e-15)
        #expect(abs(result.mAcc - (2.0 / 3 + 1.0 / 2 + 1) / 3) < 1e-15)
        #expect(abs(result.overallAccuracy - 4.0 / 6) < 1e-15)
        #expect(result.points == 6 && result.ignored == 2)
        #expect(result.confusion == [[2, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 0], [0, 0, 0, 0]])
        #expect(result.table.contains("mIoU 0.5000") && result.table.contains("2 ignored"))
    }

    @Test(
        arguments: [
            ([0, 3], [0, 0], "truth: point 1 has the label 3, expected 0 to 2"),
            ([0, -1], [0, 0], "truth: point 1 has the label -1"),
            ([0, 1], [0, 1 << 40], "predictions: point 1 has the label 1099511627776"),
            ([7, 7], [0, 0], "truth: no point is left to score: 2 of 2"),
            ([], [], "truth: no point is left"),
        ] as [([Int64], [Int64], String)])
    func labelsOutsideTheClassesAreOneLine(
        truth: [Int64], predictions: [Int64], text: String
    ) {
        #expect {
            _ = try PointEvaluation.evaluate(
                truth: truth, predictions: predictions, classes: 3, ignored: [7])
        } throws: {
            "\($0)".hasPrefix(text)
        }
    }
}
