// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Layers
import Tensors
import TestSupport
import Testing

@Suite("Windows") struct WindowPartitionTests {
    private static let cases: [(grid: [Int], window: [Int], shift: [Int])] = [
        ([15, 11], [7, 7], [3, 3]), ([14, 7], [7, 7], [3, 3]), ([4, 3], [7, 7], [3, 3]),
        ([5, 9], [2, 4], [1, 0]), ([3, 10, 13], [8, 7, 7], [4, 3, 3]),
        ([8, 16, 16], [4, 5, 5], [2, 2, 2]), ([1, 1, 1], [8, 7, 7], [4, 3, 3]),
    ]

    @Test("each token has one place, and padding fills the rest", arguments: cases.indices)
    func tokensHaveOnePlace(index: Int) {
        let one = Self.cases[index]
        for rule in [WindowPartition.Rule.padding, .shrinking] {
            let windows = WindowPartition(
                grid: one.grid, window: one.window, shift: one.shift, rule: rule)
            #expect(windows.tokens.count == windows.count * windows.capacity)
            #expect(
                windows.tokens.filter { $0 >= 0 }.sorted()
                    == (0..<Int32(one.grid.reduce(1, *))).map(\.self))
            #expect(windows.capacity == windows.window.reduce(1, *))
            #expect((windows.regions == nil) == windows.shift.allSatisfy { $0 == 0 })
        }
    }

    @Test("windows shrink to a small clip and pad a small image")
    func smallGridsFollowTheRule() {
        let clip = WindowPartition(
            grid: [3, 10, 7], window: [8, 7, 7], shift: [4, 3, 3], rule: .shrinking)
        #expect(clip.window == [3, 7, 7] && clip.shift == [0, 3, 0] && clip.count == 2)
        let image = WindowPartition(
            grid: [7, 8], window: [7, 7], shift: [3, 3], rule: .padding)
        #expect(image.window == [7, 7] && image.shift == [0, 3] && image.count == 2)
        let tiny = WindowPartition(grid: [4, 3], window: [7, 7], shift: [3, 3], rule: .padding)
        #expect(tiny.window == [7, 7] && tiny.shift == [0, 0] && tiny.capacity == 49)
    }

    @Test("tokens that only the roll made neighbours have other labels", arguments: cases.indices)
    func regionsAreContiguous(index: Int) {
        let one = Self.cases[index]
        let windows = WindowPartition(
            grid: one.grid, window: one.window, shift: one.shift, rule: .shrinking)
        guard let regions = windows.regions else { return }
        func coordinates(_ token: Int32) -> [Int] {
            var rest = Int(token), result: [Int] = []
            for size in one.grid.reversed() {
                result.insert(rest % size, at: 0)
                rest /= size
            }
            return result
        }
        for window in 0..<windows.count {
            let places = window * windows.capacity..<(window + 1) * windows.capacity
            for a in places where windows.tokens[a] >= 0 {
                for b in places where windows.tokens[b] >= 0 {
                    // Neighbours without the roll lie within a window's size on each axis.
                    let near = zip(
                        zip(coordinates(windows.tokens[a]), coordinates(windows.tokens[b])),
                        windows.window
                    ).allSatisfy { abs($0.0 - $0.1) < $1 }
                    #expect((regions[a] == regions[b]) == near || near)
                    if regions[a] == regions[b] { #expect(near) }
                }
            }
        }
    }

    @Test("slots of ranges and of batches name the same rows")
    func slotsAgree() {
        let windows = WindowPartition(
            grid: [5, 6], window: [4, 4], shift: [2, 2], rule: .padding)
        let all = windows.slots(samples: 2)
        #expect(all.windows == 8 && all.rows?.count == 8 * 16 && all.places.count == 60)
        for (row, place) in all.places.enumerated() {
            #expect(all.rows?[Int(place)] == Int32(row))
        }
        for range in [0..<3, 2..<7, 7..<8] {
            let part = windows.slots(range)
            #expect(part.windows == range.count)
            #expect(part.regions?.count == range.count * 16)
            let rows = part.rows ?? []
            #expect(rows.count == range.count * 16)
            #expect(rows.filter { $0 >= 0 } == (0..<Int32(part.places.count)).map(\.self))
            let batch = Array((all.rows ?? [])[range.lowerBound * 16..<range.upperBound * 16])
            #expect(batch.map { $0 < 0 } == rows.map { $0 < 0 })
        }
        // Without padding rows are places in order.
        let exact = WindowPartition(
            grid: [4, 8], window: [4, 4], shift: [2, 2], rule: .padding)
        #expect(exact.slots(0..<1).rows == nil)
    }

    @Test("the table's rows are those of relative positions", arguments: [[3, 4], [2, 3, 3]])
    func indexCountsRelativePositions(window: [Int]) {
        let total = window.reduce(1, *)
        func coordinates(_ token: Int) -> [Int] {
            var rest = token, result: [Int] = []
            for size in window.reversed() {
                result.insert(rest % size, at: 0)
                rest /= size
            }
            return result
        }
        for tokens in [total, total - 2] {
            var expected: [Int32] = []
            for a in 0..<tokens {
                for b in 0..<tokens {
                    var row = 0
                    for (axis, size) in window.enumerated() {
                        row =
                            row * (2 * size - 1) + coordinates(a)[axis] - coordinates(b)[axis]
                            + size - 1
                    }
                    expected.append(Int32(row))
                }
            }
            #expect(WindowPartition.relativeIndex(window: window, tokens: tokens) == expected)
        }
    }

    @Test("merging halves grids, pads odd ones, and has exact gradients")
    func mergingIsRight() {
        let merging = PatchMerging(3, epsilon: 1e-5, key: RandomKey(seed: 1))
        merging.convert(to: .float64)
        #expect(
            merging.namedParameters.map(\.name) == ["reduction.weight", "norm.weight", "norm.bias"])
        #expect(PatchMerging.grid([5, 7, 8]) == [5, 4, 4])
        // Odd rows keep grids together, even ones are cut between pairs.
        for (grid, units) in [([2, 3, 5], 4), ([2, 4, 5], 8)] {
            let x = Tensor(
                normal: [2, grid.reduce(1, *), 3], key: RandomKey(seed: 2), dtype: .float64)
            let layers = merging.layers(samples: 2, grid: grid, tile: 1)
            #expect(layers.slices.count == units)
            let y = layers.recorded(Variable(x), .inference)
            #expect(y.shape == [2, 2 * 2 * 3, 6])
            let error = GradientCheck.worstError([x]) { layers.recorded($0[0], .inference) }
            #expect(error <= 1e-6)
        }
    }
}
