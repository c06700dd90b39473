// SPDX-License-Identifier: Apache-2.0
import PointCloudAnalysis
import Tensors
import TestSupport
import Testing

/// Searches compared with all distances, bit for bit.
@Suite("Nearest points") struct PointTreeTests {
    private func squaredDistance(_ a: SIMD3<Float>, _ b: SIMD3<Float>) -> Float {
        let d = a - b
        return d.x * d.x + d.y * d.y + d.z * d.z
    }

    /// The points nearest to a place, by comparing all.
    private func bruteForce(
        _ points: [SIMD3<Float>], _ place: SIMD3<Float>, k: Int, radius: Float
    ) -> [(number: Int32, distance: Float)] {
        var all: [(number: Int32, distance: Float)] = []
        for (number, point) in points.enumerated() {
            let distance = squaredDistance(point, place)
            if distance <= radius * radius { all.append((Int32(number), distance)) }
        }
        all.sort { $0.distance != $1.distance ? $0.distance < $1.distance : $0.number < $1.number }
        return Array(all.prefix(k))
    }

    private func queries(_ points: [SIMD3<Float>]) -> [SIMD3<Float>] {
        let key = RandomKey(seed: 5)
        let others = (0..<20).map { index in
            SIMD3<Float>(
                Float(key.normal(3 * index)), Float(key.normal(3 * index + 1)),
                Float(key.normal(3 * index + 2)))
        }
        return Array(points.prefix(60)) + others + [SIMD3(1e7, 0, -1e7), SIMD3(-0.0, 0, 0)]
    }

    @Test(arguments: TestCloud.allCases, [1, 3, 16, 1000])
    func nearestAreThoseOfAllDistances(cloud: TestCloud, k: Int) {
        let points = cloud.points(300)
        let places = queries(points)
        let found = PointTree(points).nearest(to: places, k: k)
        for (row, place) in places.enumerated() {
            let expected = bruteForce(points, place, k: k, radius: .infinity)
            let range = row * k..<row * k + expected.count
            #expect(Int(found.found[row]) == expected.count)
            #expect(Array(found.indices[range]) == expected.map { $0.number })
            #expect(Array(found.squaredDistances[range]) == expected.map { $0.distance })
            // The nearest fills what is left.
            let rest = range.upperBound..<(row + 1) * k
            #expect(found.indices[rest].allSatisfy { $0 == expected[0].number })
        }
    }

    @Test(arguments: TestCloud.allCases, [0, 0.25, 1, 3])
    func ballsHoldThePointsAtTheirRadiusToo(cloud: TestCloud, radius: Float) {
        let points = cloud.points(300)
        let places = queries(points)
        let tree = PointTree(points)
        let found = tree.nearest(to: places, k: 8, within: radius)
        for (row, place) in places.enumerated() {
            let all = bruteForce(points, place, k: points.count, radius: radius)
            #expect(tree.points(within: radius, of: place) == all.map { $0.number }.sorted())
            let expected = all.prefix(8).map { $0.number }
            #expect(Int(found.found[row]) == expected.count)
            let row = Array(found.indices[row * 8..<(row + 1) * 8])
            #expect(Array(row.prefix(expected.count)) == expected)
            #expect(row[expected.count...].allSatisfy { $0 == expected.first ?? -1 })
        }
    }

    @Test func threadsChangeNothing() {
        exclusively {
            let points = TestCloud.random.points(3000)
            var results: [Neighbours] = []
            for threads in [1, 2, 3] {
                Parallel.setThreadCount(threads)
                results.append(PointTree(points).nearest(to: points, k: 9))
            }
            Parallel.setThreadCount(0)
            #expect(results[0] == results[1] && results[0] == results[2])
        }
    }

    /// Without the lowest number of each node, coinciding points would all be compared.
    @Test func coincidingPointsAreFoundQuickly() {
        let points = TestCloud.equal.points(20_000)
        let found = PointTree(points).nearest(to: points, k: 4)
        #expect(found.indices[0..<8] == [0, 1, 2, 3, 0, 1, 2, 3])
        #expect(found.indices.max() == 3)
    }

    @Test func distancesThatOverflowAreInfinite() {
        let far: [SIMD3<Float>] = [SIMD3(3e38, 0, 0), SIMD3(-3e38, 0, 0), SIMD3(0, 0, 0)]
        let found = PointTree(far).nearest(to: [SIMD3(0, 0, 0)], k: 3)
        #expect(found.indices == [2, 0, 1])
        #expect(found.squaredDistances == [0, .infinity, .infinity])
    }
}
