// SPDX-License-Identifier: Apache-2.0
import PointCloudAnalysis
import Testing

@Suite("Interpolation from three points") struct ThreeNearestTests {
    @Test func weightsAreInverseDistances() {
        let known: [SIMD3<Float>] = [
            SIMD3(0, 0, 0), SIMD3(3, 0, 0), SIMD3(0, 6, 0), SIMD3(9, 9, 9),
        ]
        let weights = ThreeNearest(of: [SIMD3(1, 0, 0)], in: PointTree(known))
        #expect(weights.indices == [0, 1, 2])
        let inverse = [1, 0.5, 1 / Float(37).squareRoot()]
        let sum = inverse.reduce(0, +)
        for (weight, expected) in zip(weights.weights, inverse) {
            #expect(abs(weight - expected / sum) < 1e-6)
        }
    }

    @Test(arguments: TestCloud.allCases) func weightsSumToOne(cloud: TestCloud) {
        let points = cloud.points(200)
        let result = ThreeNearest(of: points + [SIMD3(2, 2, 2)], in: PointTree(points))
        for query in 0...points.count {
            let row = result.weights[3 * query..<3 * query + 3]
            #expect(abs(row.reduce(0, +) - 1) < 1e-6 && row.allSatisfy { $0 >= 0 })
            // A known point keeps its own features, or shares them with those that coincide.
            if query < points.count {
                let nearest = points[Int(result.indices[3 * query])]
                #expect(nearest == points[query] && (row.first ?? 0) > 0.33)
            }
        }
    }

    @Test func fewerThanThreePointsGetNoWeightTwice() {
        let two = ThreeNearest(of: [SIMD3(0.25, 0, 0)], in: PointTree(TestCloud.two.points()))
        #expect(two.indices == [0, 1, 0])
        #expect(abs(two.weights[0] - 0.75) < 1e-6 && two.weights[2] == 0)
        let one = ThreeNearest(of: [SIMD3(0, 0, 0)], in: PointTree(TestCloud.one.points()))
        #expect(one.indices == [0, 0, 0] && one.weights == [1, 0, 0])
    }
}
