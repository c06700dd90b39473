// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import PointCloudAnalysis
import Testing

@Suite("Scores of labels") struct PointEvaluationTests {
    @Test func scoresAreThoseOfTheProtocol() throws {
        let result = try PointEvaluation.evaluate(
            truth: [0, 0, 0, 1, 1, 2, -1, 9], predictions: [0, 0, 1, 1, 2, 2, 0, 77],
            classes: EvaluatedClasses(count: 4, ignored: [-1, 9]))
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
            ([7, 7], [0, 0], "truth: no point is left to score: 2 of 2"),
            ([], [], "truth: no point is left"),
        ] as [([Int64], [Int64], String)])
    func trueLabelsOutsideTheClassesAreOneLine(
        truth: [Int64], predictions: [Int64], text: String
    ) {
        #expect {
            _ = try PointEvaluation.evaluate(
                truth: truth, predictions: predictions,
                classes: EvaluatedClasses(count: 3, ignored: [7]))
        } throws: {
            "\($0)".hasPrefix(text)
        }
    }

    @Test func predictionsOutsideTheClassesAreCountedAndWrong() throws {
        let result = try PointEvaluation.evaluate(
            truth: [0, 0, 0, 1, 1, 9], predictions: [0, 7, -1, 1, 7, 7],
            classes: EvaluatedClasses(count: 2, ignored: [9]), without: [1])
        #expect(result.outside == ["7": 2, "-1": 1])
        #expect(result.points == 5 && result.ignored == 1)
        // IoU 1/3 and 1/2: what is taken for nothing is no class's false positive.
        #expect(abs(result.mIoU - (1.0 / 3 + 1.0 / 2) / 2) < 1e-15)
        #expect(abs(result.mAcc - (1.0 / 3 + 1.0 / 2) / 2) < 1e-15)
        #expect(abs(result.overallAccuracy - 2.0 / 5) < 1e-15)
        #expect(result.mIoUWithout == 1.0 / 3)
        #expect(result.table.contains("counted as wrong: 2 as 7, 1 as -1"))
        #expect(result.chart.names == ["0", "1", "none of them"])
        #expect(result.chart.counts == [[1, 0, 2], [0, 1, 1], [0, 0, 0]])
    }

    /// The same points as LAS, as PLY and as an array of their classes.
    private func files(_ block: PointBlock, _ folder: String, _ name: String) throws -> [String] {
        let paths = ["las", "ply", "npy"].map { "\(folder)/\(name).\($0)" }
        try DataFixture.writeLAS(block, to: paths[0])
        try PLYWriter.write(to: paths[1], contents: .labels) { try $0.append(block) }
        let codes = (block.labels ?? []).map { Int64($0) }
        try Npy.write(IntegerArray(codes, shape: [codes.count]), to: paths[2])
        return paths
    }

    @Test func cloudsAndArraysAreComparedAndGroupsCountAsOne() throws {
        try withFolder { folder in
            let block = DataFixture.cloud(300)
            var truth = block, found = block
            // Both groups have several numbers; 1 is ignored.
            truth.labels = block.labels?.enumerated().map { $1 == 2 && $0 % 2 == 0 ? 3 : $1 }
            found.labels = block.labels?.enumerated().map { $0 % 10 == 3 ? 6 : $1 == 1 ? 2 : $1 }
            let classes = EvaluatedClasses(
                PointClasses(names: ["low", "high"], codes: [[2, 3, 4], [6]], ignoredCodes: [1]))
            let expected = try PointEvaluation.evaluate(
                truth: (truth.labels ?? []).map { Int64($0) },
                predictions: (found.labels ?? []).map { Int64($0) }, classes: classes)
            let ignored = (block.labels ?? []).count { $0 == 1 }
            #expect(expected.ignored == ignored && expected.points == 300 - ignored)
            #expect(expected.outside.isEmpty && expected.overallAccuracy > 0.9)
            #expect(expected.perClass.keys.sorted() == ["high", "low"])
            for path in try files(truth, folder, "truth") {
                for other in try files(found, folder, "found") {
                    let result = try PointEvaluation.evaluate(
                        groundTruth: path, predictions: other, classes: classes)
                    #expect(result.confusion == expected.confusion, "\(path) \(other)")
                }
            }
        }
    }

    @Test func cloudsOfOtherPointsAreOneLine() throws {
        try withFolder { folder in
            let block = DataFixture.cloud(300)
            let classes = EvaluatedClasses(count: 7)
            var turned = PointBlock(positions: block.positions.reversed())
            turned.labels = block.labels?.reversed()
            let short = PointBlock(
                positions: Array(block.positions.dropLast()), labels: block.labels?.dropLast())
            let bare = "\(folder)/bare.ply"
            try PLYWriter.write(to: bare, contents: []) { try $0.append(block) }
            let truth = try files(block, folder, "truth")
            for (path, text) in [
                (try files(turned, folder, "turned")[1], "the same points in the same order"),
                (try files(short, folder, "short")[1], "expected 300"),
                (try files(short, folder, "short")[2], "expected 300"),
                (bare, "the points have no class"),
            ] {
                expectLine(text) {
                    try PointEvaluation.evaluate(
                        groundTruth: truth[0], predictions: path, classes: classes)
                }
            }
        }
    }
}
