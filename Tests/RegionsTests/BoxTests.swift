// SPDX-License-Identifier: Apache-2.0
import Foundation
import Regions
import Testing

/// Draws numbers in a fixed order.
struct BoxDraw {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func number(below bound: UInt64) -> Double {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Double((state >> 33) % bound)
    }

    /// A box of whole pixels in 24 by 24, at times without an area.
    mutating func box() -> Box {
        let (x, y) = (number(below: 20), number(below: 20))
        return Box(x1: x, y1: y, x2: x + number(below: 9), y2: y + number(below: 9))
    }
}

@Suite("Boxes") struct BoxTests {
    /// Whole boxes as sets of unit cells.
    private func cells(_ box: Box) -> Set<[Int]> {
        var result: Set<[Int]> = []
        for y in stride(from: Int(box.y1), to: Int(box.y2), by: 1) {
            for x in stride(from: Int(box.x1), to: Int(box.x2), by: 1) { result.insert([x, y]) }
        }
        return result
    }

    @Test func overlapsCountCells() {
        var draw = BoxDraw(seed: 1)
        for _ in 0..<2000 {
            let (a, b) = (draw.box(), draw.box())
            let (one, two) = (cells(a), cells(b))
            let shared = Double(one.intersection(two).count)
            let union = Double(one.union(two).count), smaller = Double(min(one.count, two.count))
            #expect(a.area == Double(one.count) && cells(a.hull(b)).isSuperset(of: one.union(two)))
            #expect(a.intersection(b) == shared)
            #expect(a.intersectionOverUnion(b) == (shared > 0 ? shared / union : 0))
            #expect(a.intersectionOverSmaller(b) == (shared > 0 ? shared / smaller : 0))
            guard a.isValid && b.isValid else {
                #expect(a.normalisedWasserstein(b, constant: 12.8) == 0)
                continue
            }
            let (x, y) = (a.centre.x - b.centre.x, a.centre.y - b.centre.y)
            // √Σ of the squared differences of (cx, cy, w/2, h/2).
            let halves = [x, y, (a.width - b.width) / 2, (a.height - b.height) / 2]
            let distance = halves.reduce(0) { $0 + $1 * $1 }.squareRoot()
            #expect(abs(a.normalisedWasserstein(b, constant: 7) - exp(-distance / 7)) < 1e-12)
        }
    }

    @Test func measuresAreSymmetricAndOneForEqualBoxes() {
        var draw = BoxDraw(seed: 2)
        let measures: [BoxSimilarity] = [
            .intersectionOverUnion, .intersectionOverSmaller,
            .normalisedWasserstein(constant: 12.8),
        ]
        for _ in 0..<500 {
            let (a, b) = (draw.box(), draw.box())
            for measure in measures {
                #expect(measure(a, b) == measure(b, a))
                #expect(measure(a, b) >= 0 && measure(a, b) <= 1)
                #expect(measure(a, a) == (a.isValid ? 1 : 0))
            }
        }
    }

    @Test func badBoxesAreAlikeToNothing() {
        let good = Box(x1: 0, y1: 0, x2: 4, y2: 4)
        for bad in [
            Box(x1: .nan, y1: 0, x2: 4, y2: 4), Box(x1: 4, y1: 0, x2: 0, y2: 4),
            Box(x1: 1, y1: 1, x2: 1, y2: 3), Box(x1: 0, y1: 0, x2: .infinity, y2: 1),
        ] {
            #expect(!bad.isValid)
            for measure in [
                BoxSimilarity.intersectionOverUnion, .normalisedWasserstein(constant: 1),
            ] {
                #expect(measure(good, bad) == 0 && measure(bad, good) == 0)
            }
            #expect(good.intersectionOverSmaller(bad).isFinite)
        }
    }

    @Test func clipsAndMoves() {
        let box = Box(x1: -2, y1: 3, x2: 5, y2: 30)
        #expect(box.clipped(width: 4, height: 20) == Box(x1: 0, y1: 3, x2: 4, y2: 20))
        #expect(!Box(x1: 98, y1: 3, x2: 105, y2: 30).clipped(width: 10, height: 10).isValid)
        #expect(Box(centre: (x: 3, y: 4), width: 2, height: 6) == Box(x1: 2, y1: 1, x2: 4, y2: 7))
        #expect(box.contains(x: 0, y: 10) && !box.contains(x: -2, y: 10))
    }
}
