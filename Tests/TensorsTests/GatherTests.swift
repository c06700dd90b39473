import Tensors
// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@Suite("Rows by index and nearest rows", .serialized) struct GatherTests {
    private let table = Tensor([1, 5, 2, 4, 3, 3], shape: [3, 2])

    @Test func gathersRowsAndZeros() {
        let rows = table.gatheringRows([2, -1, 0])
        #expect(rows.shape == [3, 2])
        #expect(rows.doubles == [3, 3, 0, 0, 1, 5])
    }

    @Test func scattersInOrder() {
        let sums = table.scatteringRows([1, 1, -1], rows: 2)
        #expect(sums.doubles == [0, 0, 3, 9])
    }

    @Test func takesTheMaximumOfNeighbours() {
        let maxima = table.gatheringMaximum([0, 1, 2, 2], neighbours: 2)
        #expect(maxima.doubles == [2, 5, 3, 3])
        let gradient = table.gatherMaximumGradient(
            Tensor([10, 20, 30, 40], shape: [2, 2]), [0, 1, 2, 2], neighbours: 2)
        #expect(gradient.doubles == [0, 20, 10, 0, 30, 40])
    }

    private func distance(_ a: [Double], _ b: [Double]) -> Double {
        var sum = 0.0
        for (p, q) in zip(a, b) { sum += (p - q) * (p - q) }
        return sum
    }

    /// The k nearest by sorting all distances, itself first, ties to the lower index.
    private func naive(
        _ x: [[Double]], k: Int, split: Int? = nil, limited: Int = 0
    ) -> [Int32] {
        x.indices.flatMap { i -> [Int32] in
            let order = x.indices.filter { $0 != i }.sorted { a, b in
                let (p, q) = (distance(x[i], x[a]), distance(x[i], x[b]))
                return p == q ? a < b : p < q
            }
            guard let split else { return [Int32(i)] + order.prefix(k - 1).map(Int32.init) }
            let near = Array(order.prefix(k - limited - 1))
            let far = order.filter { !near.contains($0) && !(i >= split && $0 >= split) }
                .prefix(limited)
            let all = [i] + near + far
            return (all + [Int](repeating: i, count: k - all.count)).map(Int32.init)
        }
    }

    @Test(arguments: [1, 3, 8]) func findsTheNearestRows(_ k: Int) {
        let x = Tensor(normal: [1, 90, 4], key: RandomKey(seed: 4), dtype: .float64)
        let rows = stride(from: 0, to: 360, by: 4).map { Array(x.doubles[$0..<$0 + 4]) }
        #expect(x.nearestPositions(k: k) == naive(rows, k: k))
        let pair = Tensor.concatenated([x, x], axis: 0).nearestPositions(k: k)
        #expect(Array(pair[(90 * k)...]) == naive(rows, k: k).map { $0 + 90 })
    }

    @Test func equalDistancesGoToTheLowerIndex() {
        let x = Tensor([Double](repeating: 2, count: 5), shape: [1, 5, 1])
        #expect(
            x.nearestPositions(k: 3) == [0, 1, 2, 1, 0, 2, 2, 0, 1, 3, 0, 1, 4, 0, 1])
    }

    @Test func crossScaleEdgesHaveAnEndBeforeTheSplit() {
        let x = Tensor(normal: [1, 40, 3], key: RandomKey(seed: 6), dtype: .float64)
        let rows = stride(from: 0, to: 120, by: 3).map { Array(x.doubles[$0..<$0 + 3]) }
        let found = x.nearestPositions(k: 6, splits: [17], limited: 3)
        #expect(found == naive(rows, k: 6, split: 17, limited: 3))
        // Fewer allowed positions than edges: the position itself fills up.
        let few = x.nearestPositions(k: 6, splits: [1], limited: 3)
        #expect(few == naive(rows, k: 6, split: 1, limited: 3))
    }

    @Test func threadsChangeNoBit() {
        let x = Tensor(normal: [2, 150, 70], key: RandomKey(seed: 9))
        let flat = x.reshaped(to: [300, 70])
        let results = withThreadCounts { () -> ([Int32], [Tensor]) in
            let nearest = x.nearestPositions(k: 7)
            return (
                nearest,
                [
                    flat.gatheringMaximum(nearest, neighbours: 7),
                    flat.gatherMaximumGradient(flat, nearest, neighbours: 7),
                    flat.scatteringRows(nearest.prefix(300).map { $0 }, rows: 300),
                ]
            )
        }
        #expect(results[0].0 == results[1].0)
        for (one, two) in zip(results[0].1, results[1].1) { #expect(one.isIdentical(to: two)) }
    }
}
