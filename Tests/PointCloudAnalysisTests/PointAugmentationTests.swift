// SPDX-License-Identifier: Apache-2.0
import PointCloudAnalysis
import Tensors
import Testing

@Suite("Point augmentation") struct PointAugmentationTests {
    private let points = TestCloud.random.points(200)
    private let key = RandomKey(seed: 11)

    private func changed(_ augmentation: PointAugmentation, _ key: RandomKey) -> [SIMD3<Float>] {
        var result = points
        augmentation.apply(to: &result, key: key)
        return result
    }

    @Test func nothingChangesUnlessAskedFor() {
        #expect(changed(.none, key) == points)
        var colors = points
        PointAugmentation.none.apply(toColors: &colors, key: key)
        #expect(colors == points)
    }

    @Test func rotationsKeepLengthsAndTheAxis() {
        for axis in [PointAugmentation.Axis.y, .z] {
            var augmentation = PointAugmentation.none
            augmentation.rotation = axis
            let turned = changed(augmentation, key)
            #expect(turned == changed(augmentation, key))
            #expect(turned != changed(augmentation, key.child(1)))
            for (a, b) in zip(points, turned) {
                #expect(abs((a * a).sum() - (b * b).sum()) < 1e-5)
                #expect(axis == .y ? a.y == b.y : a.z == b.z)
            }
            // The orientation stays: x to y round z, z to x round y.
            let u = points[0], v = points[1]
            func area(_ a: SIMD3<Float>, _ b: SIMD3<Float>) -> Float {
                axis == .z ? a.x * b.y - a.y * b.x : a.z * b.x - a.x * b.z
            }
            #expect(abs(area(u, v) - area(turned[0], turned[1])) < 1e-5)
        }
    }

    @Test func angleCoversTheCircle() {
        var augmentation = PointAugmentation.none
        augmentation.rotation = .z
        var quadrants: Set<Int> = []
        for draw in 0..<64 {
            var places: [SIMD3<Float>] = [SIMD3(1, 0, 0)]
            augmentation.apply(to: &places, key: key.child(draw))
            quadrants.insert((places[0].x < 0 ? 1 : 0) + (places[0].y < 0 ? 2 : 0))
        }
        #expect(quadrants.count == 4)
    }

    @Test func factorsDifferByAxisAndStayInRange() {
        var augmentation = PointAugmentation.none
        augmentation.scale = 0.9...1.1
        let scaled = changed(augmentation, key)
        let factors = scaled[0] / points[0]
        #expect(factors.x != factors.y && factors.y != factors.z)
        for (a, b) in zip(points, scaled) {
            let difference = b - a * factors
            #expect((difference * difference).sum() < 1e-10)
        }
        for draw in 0..<50 {
            let factors = changed(augmentation, key.child(draw))[0] / points[0]
            #expect(factors.min() > 0.8999 && factors.max() < 1.1001)
        }
    }

    @Test func jitterIsNormalAndClipped() {
        var augmentation = PointAugmentation.none
        augmentation.jitter = 0.01
        augmentation.jitterClip = 0.02
        let noise = zip(points, changed(augmentation, key)).flatMap { a, b in
            (0..<3).map { Double(b[$0] - a[$0]) }
        }
        let largest = noise.map { abs($0) }.max() ?? 0
        #expect(largest > 0.015 && largest < 0.020001)
        let square = noise.reduce(0) { $0 + $1 * $1 } / Double(noise.count)
        #expect(abs(square.squareRoot() - 0.01) < 0.002)
    }

    @Test func contrastStretchesEachChannelAndDropIsBlack() {
        var augmentation = PointAugmentation.none
        augmentation.autoContrast = 1
        let dull = points.map { $0 * SIMD3(0.2, 0.5, 0.1) + 0.3 }
        var colors = dull
        augmentation.apply(toColors: &colors, key: key)
        for channel in 0..<3 {
            let before = dull.map { $0[channel] }, after = colors.map { $0[channel] }
            #expect((after.min() ?? 9) < (before.min() ?? 0))
            #expect((after.max() ?? 0) > (before.max() ?? 9))
            #expect((after.min() ?? -1) >= 0 && (after.max() ?? 2) <= 1)
        }
        augmentation.colorDrop = 1
        augmentation.apply(toColors: &colors, key: key)
        #expect(colors.allSatisfy { $0 == SIMD3(0, 0, 0) })
    }

    @Test func probabilitiesAreKept() {
        var augmentation = PointAugmentation.none
        augmentation.colorDrop = 0.2
        let drops = (0..<1000).count { draw in
            var colors: [SIMD3<Float>] = [SIMD3(1, 1, 1)]
            augmentation.apply(toColors: &colors, key: key.child(draw))
            return colors[0].x == 0
        }
        #expect((150..<250).contains(drops), "\(drops)")
    }
}
