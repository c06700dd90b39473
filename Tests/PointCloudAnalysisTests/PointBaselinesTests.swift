// SPDX-License-Identifier: Apache-2.0
import Foundation
import Metrics
import PointCloudAnalysis
import Tensors
import Testing

@Suite("Point baselines") struct PointBaselinesTests {
    @Test func heightsThatSeparateAreFound() {
        let heights = (0..<1000).map { Float($0) / 100 }
        let labels = heights.map { height -> Int32 in height < 2 ? 1 : height < 7 ? 0 : 2 }
        let found = HeightThresholds(heights: heights, labels: labels, classes: 3)
        #expect(found.classes == [1, 0, 2])
        #expect(abs(found.thresholds[0] - 2) < 0.05 && abs(found.thresholds[1] - 7) < 0.05)
        #expect(found.label(of: -5) == 1 && found.label(of: 5) == 0 && found.label(of: 99) == 2)
    }

    @Test func theBestSingleThresholdIsFound() {
        // Two classes in random mixture: compare with every threshold on the same steps.
        let key = RandomKey(seed: 2)
        let heights = (0..<400).map { Float(key.uniform($0)) }
        let labels = heights.enumerated().map { point, height -> Int32 in
            key.child("class").uniform(point) < Double(height) ? 1 : 0
        }
        let found = HeightThresholds(heights: heights, labels: labels, classes: 2)
        func score(_ label: (Float) -> Int32) -> Double {
            let iou = (0..<2).map { wanted -> Double in
                let pairs = zip(heights.map(label), labels)
                let hits = pairs.count { Int($0) == wanted && Int($1) == wanted }
                let union = pairs.count { Int($0) == wanted || Int($1) == wanted }
                return union > 0 ? Double(hits) / Double(union) : 1
            }
            return iou.reduce(0, +) / 2
        }
        func right(_ threshold: Float) -> Int {
            zip(heights, labels).count { ($0 < threshold ? 0 : 1) == Int($1) }
        }
        let mine = score { found.label(of: $0) }
        let low = heights.min() ?? 0, high = heights.max() ?? 1
        let step: Float = (high - low) / 256
        let thresholds: [Float] = (0...256).map { low + step * Float($0) }
        let most = thresholds.max { right($0) < right($1) } ?? 0
        #expect(mine >= score { $0 < most ? 0 : 1 } - 1e-9)
    }

    @Test func oneClassAndOneHeightAreNoTrouble() {
        let flat = HeightThresholds(heights: [3, 3, 3], labels: [1, 1, 0], classes: 4)
        #expect(flat.label(of: 3) == 1)
        let one = HeightThresholds(heights: [1, 2], labels: [0, -1], classes: 1)
        #expect(one.classes == [0] && one.thresholds.isEmpty)
    }

    @Test func bothAreScoredOverOriginalPoints() throws {
        try withFolder { folder in
            try DataFixture.writeLAS(DataFixture.cloud(), to: "\(folder)/cloud.las")
            let prepared = try PointPreparation(
                DataFixture.recipe(
                    folder, DataFixture.split.replacing("grid: 0.5", with: "grid: 0.05"))
            ).run()
            let baselines = try PointBaselines(prepared)
            let entry = try #require(prepared.scenes(.validation).first)
            // Two thirds of the height are class 1.
            #expect(baselines.majorityLabel == 1)
            #expect(baselines.majority.total == entry.originals - entry.ignored)
            #expect(baselines.majority.hits(of: 1) == entry.counts[1])
            let height = try #require(baselines.height)
            #expect(height.thresholds.classes == [0, 1])
            #expect((height.matrix.meanIntersectionOverUnion ?? 0) > 0.97)
            #expect(height.matrix.total == baselines.majority.total)
        }
    }
}
