// SPDX-License-Identifier: Apache-2.0
import Foundation
import Regions
import SmallObjectDetection
import Testing

@Suite("Box assigners") struct ModelAssignerTests {
    /// Three levels of 64 by 48 pixels.
    private let grid = LocationGrid([(12, 16, 4), (6, 8, 8), (3, 4, 16)])

    private func boxes(_ count: Int, seed: UInt64) -> [Box] {
        var state = seed
        func next(_ bound: Double) -> Double {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Double(state >> 40) / Double(1 << 24) * bound
        }
        return (0..<count).map { _ in
            let (x, y) = (next(62), next(46))
            return Box(x1: x, y1: y, x2: x + 0.5 + next(30), y2: y + 0.5 + next(30))
        }
    }

    private func points() -> [(x: Double, y: Double, level: Int)] {
        (0..<grid.count).map { index in
            let level = grid.level(of: index), (x, y) = grid.point(index, level: level)
            return (x, y, level)
        }
    }

    @Test func locationsLieInTheMiddleOfTheirCells() {
        #expect(grid.count == 192 + 48 + 12)
        func point(_ grid: LocationGrid, _ index: Int) -> [Double] {
            let (x, y) = grid.point(index, level: grid.level(of: index))
            return [x, y]
        }
        #expect(point(grid, 0) == [2, 2])
        #expect(point(grid, 18) == [10, 6])
        #expect(point(grid, 192 + 9) == [12, 12])
        let fine = LocationGrid([(2, 2, 3.5)])
        #expect(point(fine, 3) == [5.25, 5.25])
    }

    @Test(arguments: [nil, 1.5, 0.6] as [Double?])
    func rangesEqualTheirDefinition(_ radius: Double?) {
        let strides = [4.0, 8, 16], points = points()
        for seed in 0..<30 {
            let boxes = boxes(6, seed: UInt64(seed))
            var expected: [Int32] = []
            for (x, y, level) in points {
                var best: Int32 = -1
                for (number, box) in boxes.enumerated() {
                    let sides = [x - box.x1, y - box.y1, box.x2 - x, box.y2 - y]
                    guard sides.allSatisfy({ $0 > 0 }), let far = sides.max() else { continue }
                    let low = level == 0 ? -1 : 8 * strides[level - 1]
                    let high = level == 2 ? .infinity : 8 * strides[level]
                    guard far > low && far <= high else { continue }
                    if let radius {
                        let reach = radius * strides[level]
                        guard abs(x - box.centre.x) < reach && abs(y - box.centre.y) < reach else {
                            continue
                        }
                    }
                    if best < 0 || box.area < boxes[Int(best)].area { best = Int32(number) }
                }
                expected.append(best)
            }
            let assigner = RangeAssigner(centreRadius: radius)
            #expect(assigner.assignments(of: boxes, to: grid) == expected)
        }
    }

    @Test func adaptiveSelectionEqualsItsDefinition() {
        let points = points()
        for seed in 0..<30 {
            let boxes = boxes(5, seed: UInt64(seed))
            var expected = [Int32](repeating: -1, count: grid.count)
            var best = [Double](repeating: 0, count: grid.count)
            for (number, box) in boxes.enumerated() {
                var candidates: [(index: Int, overlap: Double)] = []
                for (level, cells) in grid.levels.enumerated() {
                    var near: [(distance: Double, index: Int)] = []
                    for (index, point) in points.enumerated() where point.level == level {
                        let (dx, dy) = (point.x - box.centre.x, point.y - box.centre.y)
                        near.append((dx * dx + dy * dy, index))
                    }
                    near.sort { ($0.distance, $0.index) < ($1.distance, $1.index) }
                    for (_, index) in near.prefix(9) {
                        let anchor = Box(
                            centre: (points[index].x, points[index].y), width: 8 * cells.stride,
                            height: 8 * cells.stride)
                        candidates.append((index, anchor.intersectionOverUnion(box)))
                    }
                }
                let overlaps = candidates.map(\.overlap), count = Double(overlaps.count)
                let mean = overlaps.reduce(0, +) / count
                let variance =
                    overlaps.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1)
                for (index, overlap) in candidates
                where overlap >= mean + variance.squareRoot() && overlap > best[index] {
                    let (x, y, _) = points[index]
                    let sides = [x - box.x1, y - box.y1, box.x2 - x, box.y2 - y]
                    guard sides.allSatisfy({ $0 > 0.01 }) else { continue }
                    best[index] = overlap
                    expected[index] = Int32(number)
                }
            }
            #expect(AdaptiveAssigner().assignments(of: boxes, to: grid) == expected)
            #expect(expected.contains { $0 >= 0 })
        }
    }

    /// The similarity of a box and a prior, from the definitions.
    private func similarity(
        _ box: Box, _ prior: Box, _ measure: RankingAssigner.Measure
    ) -> Double {
        switch measure {
        case .wasserstein(let constant):
            return box.normalisedWasserstein(prior, constant: constant)
        case .divergence:
            // Gaussians of variances w²/4, h²/4.
            let (w, h) = (box.width * box.width / 4, box.height * box.height / 4)
            let (s, t) = (prior.width * prior.width / 4, prior.height * prior.height / 4)
            let (dx, dy) = (prior.centre.x - box.centre.x, prior.centre.y - box.centre.y)
            let trace = w / s + h / t + dx * dx / s + dy * dy / t
            return 1 / (1 + 0.5 * (trace - 2 + log(s * t / (w * h))))
        }
    }

    @Test(arguments: [RankingAssigner.receptiveField, .wasserstein()])
    func rankingEqualsItsDefinition(_ assigner: RankingAssigner) {
        let fields = [17.5, 45.5, 133.5], strides = [16.0, 32, 64], points = points()
        let sides = assigner.measure == .divergence ? fields : strides
        for seed in 0..<30 {
            let boxes = boxes(6, seed: UInt64(seed + 100))
            func table(_ scale: Double) -> [[Double]] {
                boxes.map { box in
                    points.map { point in
                        let side = scale * sides[point.level]
                        let prior = Box(centre: (point.x, point.y), width: side, height: side)
                        return similarity(box, prior, assigner.measure)
                    }
                }
            }
            var expected = [Int32](repeating: -1, count: grid.count)
            func claim(_ count: Int, _ values: [[Double]]) {
                let before = expected
                var best = [Double](repeating: -1, count: grid.count)
                for (number, row) in values.enumerated() {
                    let order = row.indices.filter { before[$0] < 0 }
                        .sorted { row[$0] != row[$1] ? row[$0] > row[$1] : $0 < $1 }
                    for index in order.prefix(count) where row[index] > best[index] {
                        best[index] = row[index]
                        expected[index] = Int32(number)
                    }
                }
            }
            let whole = table(1)
            claim(3, whole)
            if assigner.further > 0 { claim(assigner.further, table(0.9)) }
            for index in expected.indices
            where expected[index] == -1 && whole.contains(where: { $0[index] >= 0.8 }) {
                expected[index] = -2
            }
            #expect(assigner.assignments(of: boxes, to: grid) == expected)
        }
    }

    /// A box smaller than a cell, between all locations, gets its locations nevertheless.
    @Test func tinyObjectsGetLocationsByRankingAlone() {
        let tiny = [Box(x1: 31, y1: 23, x2: 33, y2: 25)]
        func positives(_ assigner: any BoxAssigner) -> Int {
            assigner.assignments(of: tiny, to: grid).count { $0 == 0 }
        }
        #expect(positives(RangeAssigner()) == 0 && positives(AdaptiveAssigner()) == 0)
        #expect(positives(RankingAssigner.wasserstein()) == 3)
        #expect(positives(RankingAssigner.receptiveField) == 4)
    }

    @Test func imagesWithoutBoxesAreBackground() {
        let assigners: [any BoxAssigner] = [
            RangeAssigner(), AdaptiveAssigner(), RankingAssigner.receptiveField,
            RankingAssigner.wasserstein(),
        ]
        for assigner in assigners {
            #expect(assigner.assignments(of: [], to: grid).allSatisfy { $0 == -1 })
        }
    }

    /// More boxes than locations: the search for free ones ends.
    @Test func moreBoxesThanLocations() {
        let small = LocationGrid([(2, 2, 4), (1, 1, 8)])
        let crowd = boxes(40, seed: 7).map {
            Box(x1: $0.x1 - 30, y1: $0.y1 - 20, x2: $0.x2 - 30, y2: $0.y2 - 20)
        }
        for assigner in [RankingAssigner.receptiveField, .wasserstein()] {
            let result = assigner.assignments(of: crowd, to: small)
            #expect(result.count == 5 && result.count { $0 >= 0 } >= 3)
        }
    }
}

extension LocationGrid {
    /// The level of a location.
    fileprivate func level(of index: Int) -> Int { levels.lastIndex { $0.first <= index } ?? 0 }
}
