// SPDX-License-Identifier: Apache-2.0
import Metrics
import Regions
import Testing

@Suite("Ignored regions") struct BoxIgnoredRegionsTests {
    private func contains(
        _ regions: [Rectangle],
        _ x: Double, _ y: Double, _ width: Double, _ height: Double
    ) -> Bool {
        BoxIgnoredRegions(width: 100, height: 80, regions: regions)
            .contains(Rectangle(x: x, y: y, width: width, height: height))
    }

    @Test func halfTheBoxInsideIsEnough() {
        let region = [Rectangle(x: 10, y: 10, width: 20, height: 20)]
        #expect(contains(region, 12, 12, 10, 10))
        // Columns 26...35, of which the region ends at 30: five of ten.
        #expect(contains(region, 25, 12, 10, 10))
        #expect(!contains(region, 26, 12, 10, 10))
        #expect(!contains([], 12, 12, 10, 10))
    }

    @Test func overlappingRegionsCountOnce() {
        let regions = [
            Rectangle(x: 10, y: 10, width: 4, height: 20),
            Rectangle(x: 10, y: 10, width: 4, height: 5),
        ]
        // Columns 11...20, of which 11...14 are covered: four of ten.
        #expect(!contains(regions, 10, 10, 10, 10))
        #expect(contains(regions + [Rectangle(x: 15, y: 0, width: 1, height: 80)], 10, 10, 10, 10))
    }

    @Test func agreesWithAMapOfPixels() {
        var state: UInt64 = 7
        func next(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        for _ in 0..<300 {
            let regions = (0..<1 + next(4)).map { _ in
                Rectangle(
                    x: Double(next(110)), y: Double(next(90)), width: Double(next(60)),
                    height: Double(next(60)))
            }
            let x = next(110), y = next(90), w = next(40), h = next(40)
            var map = Set<[Int]>()
            for region in regions {
                let left = max(1, Int(region.x)), top = max(1, Int(region.y))
                let right = min(100, left + max(1, Int(region.width)))
                let bottom = min(80, top + max(1, Int(region.height)))
                for column in left...max(left, right) where column <= right {
                    for row in top...max(top, bottom) where row <= bottom {
                        map.insert([column, row])
                    }
                }
            }
            let left = min(100, max(1, x)), top = min(80, max(1, y))
            let width = max(1, w), height = max(1, h)
            let covered = map.filter {
                $0[0] > left && $0[0] <= min(100, left + width) && $0[1] > top
                    && $0[1] <= min(80, top + height)
            }.count
            #expect(
                contains(regions, Double(x), Double(y), Double(w), Double(h))
                    == (Double(covered) / Double(width * height) >= 0.5))
        }
    }
}
