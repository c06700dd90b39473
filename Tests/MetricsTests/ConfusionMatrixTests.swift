// SPDX-License-Identifier: Apache-2.0
import Metrics
import Testing

@Suite("Confusion matrix") struct ConfusionMatrixTests {
    private func matrix(_ pairs: [(Int, Int)], classes: Int) -> ConfusionMatrix {
        var matrix = ConfusionMatrix(classes: classes)
        for (truth, prediction) in pairs { matrix.add(truth: truth, prediction: prediction) }
        return matrix
    }

    @Test func scoresFollowFromTheCounts() {
        let pairs = [(0, 0), (0, 0), (0, 1), (1, 1), (1, 2), (2, 2)]
        let matrix = matrix(pairs, classes: 3)
        #expect(matrix.counts == [2, 1, 0, 0, 1, 1, 0, 0, 1])
        #expect(matrix.points(of: 0) == 3 && matrix.predictions(of: 1) == 2)
        #expect(matrix.intersectionOverUnion(of: 0) == 2.0 / 3)
        #expect(matrix.intersectionOverUnion(of: 1) == 1.0 / 3)
        #expect(matrix.accuracy(of: 1) == 0.5)
        #expect(matrix.overallAccuracy == 4.0 / 6)
        #expect(matrix.total == 6)
    }

    @Test func classesThatOccurNowhereDoNotCount() {
        let matrix = matrix([(0, 0), (0, 2)], classes: 4)
        #expect(matrix.intersectionOverUnion(of: 1) == nil)
        // Predicted but never true: an IoU of 0 and no accuracy.
        #expect(matrix.intersectionOverUnion(of: 2) == 0 && matrix.accuracy(of: 2) == nil)
        #expect(matrix.meanIntersectionOverUnion == 0.25)
        #expect(matrix.meanAccuracy == 0.5)
    }

    @Test func scenesAddUp() {
        var first = matrix([(0, 0), (1, 0)], classes: 2)
        first.add(matrix([(1, 1), (0, 0)], classes: 2))
        #expect(first == matrix([(0, 0), (1, 0), (1, 1), (0, 0)], classes: 2))
    }

    @Test func classesCanBeLeftOutWithTheirPoints() throws {
        let pairs = [(0, 0), (0, 1), (0, 2), (1, 1), (2, 0), (2, 2)]
        let without = matrix(pairs, classes: 3).meanIntersectionOverUnion(without: [2])
        // Points of class 2 are gone; a point of class 0 predicted as it is still wrong.
        #expect(without == (1.0 / 3 + 1.0 / 2) / 2)
        let all = matrix(pairs, classes: 3)
        #expect(all.meanIntersectionOverUnion(without: []) == all.meanIntersectionOverUnion)
        #expect(all.meanIntersectionOverUnion(without: [0, 1, 2]) == nil)
    }

    @Test func anEmptyMatrixHasNoScores() {
        let empty = ConfusionMatrix(classes: 2)
        #expect(empty.meanIntersectionOverUnion == nil && empty.overallAccuracy == nil)
        #expect(empty.meanAccuracy == nil)
    }
}
