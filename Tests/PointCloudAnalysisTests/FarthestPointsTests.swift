// SPDX-License-Identifier: Apache-2.0
import PointCloudAnalysis
import Testing

@Suite("Farthest point sampling") struct FarthestPointsTests {
    /// The same by comparing all points.
    private func bruteForce(_ points: [SIMD3<Float>], _ count: Int, from start: Int) -> [Int32] {
        var distances = [Float](repeating: .infinity, count: points.count)
        var chosen = [start]
        while chosen.count < count {
            let last = points[chosen[chosen.count - 1]]
            var best = 0
            for index in points.indices {
                let d = points[index] - last
                distances[index] = min(distances[index], d.x * d.x + d.y * d.y + d.z * d.z)
                if distances[index] > distances[best] { best = index }
            }
            chosen.append(best)
        }
        return chosen.map { Int32($0) }
    }

    @Test(arguments: TestCloud.allCases) func isThatOfAllDistances(cloud: TestCloud) {
        let points = cloud.points(250)
        let tree = PointTree(points)
        for start in [0, points.count / 2] {
            // More than there are points: the lowest number repeats.
            for count in [1, 2, 60, points.count + 5] {
                #expect(
                    tree.farthestPoints(count, from: start)
                        == bruteForce(points, count, from: start), "\(count) from \(start)")
            }
        }
    }

    @Test func noPointsAreNone() {
        #expect(PointTree([SIMD3(0, 0, 0)]).farthestPoints(0).isEmpty)
    }
}
