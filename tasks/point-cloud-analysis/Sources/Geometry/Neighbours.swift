// SPDX-License-Identifier: Apache-2.0
import Tensors

/// The nearest points of each query.
package struct Neighbours: Sendable, Equatable {
    /// Neighbours a query, k.
    package let width: Int
    /// Numbers of points, `[queries, k]`, nearest first.
    ///
    /// Where fewer than k were found the nearest is repeated, which changes no maximum over them;
    /// where none was found -1 stands.
    package let indices: [Int32]
    /// Squared distances, `[queries, k]`; infinite where none was found.
    package let squaredDistances: [Float]
    /// How many were found, `[queries]`.
    package let found: [Int32]
}

extension PointTree {
    private static let chunk = 512

    /// The k nearest points of each query, those within a radius alone.
    ///
    /// Nearest first; of points at the same distance the one with the lower number first. The
    /// result does not depend on the number of threads.
    ///
    /// - Parameters:
    ///   - queries: Places, finite.
    ///   - k: Neighbours a query, 1 or more; may exceed the number of points.
    ///   - radius: The largest distance, 0 or more.
    package func nearest(
        to queries: [SIMD3<Float>], k: Int, within radius: Float = .infinity
    ) -> Neighbours {
        precondition(k > 0 && radius >= 0, "\(k) neighbours within \(radius)")
        let parts = Parallel.map(queries.count, chunk: PointTree.chunk) { range in
            search(queries, range, k: k, radius: radius)
        }
        var indices: [Int32] = [], distances: [Float] = [], found: [Int32] = []
        indices.reserveCapacity(queries.count * k)
        distances.reserveCapacity(queries.count * k)
        found.reserveCapacity(queries.count)
        for part in parts {
            indices += part.indices
            distances += part.squaredDistances
            found += part.found
        }
        return Neighbours(
            width: k, indices: indices, squaredDistances: distances, found: found)
    }

    /// The numbers of all points within a radius of a place, rising.
    package func points(within radius: Float, of centre: SIMD3<Float>) -> [Int32] {
        precondition(radius >= 0, "points within \(radius)")
        let limit = radius * radius
        var inside: [Int32] = []
        var open: [Int32] = [0]
        while let next = open.popLast() {
            let node = nodes[Int(next)]
            guard PointTree.squaredDistance(from: centre, to: node) <= limit else { continue }
            if node.right > 0 {
                open.append(node.right)
                open.append(next + 1)
                continue
            }
            for place in Int(node.first)..<Int(node.end) {
                let distance = PointTree.squaredDistance(
                    x[place] - centre.x, y[place] - centre.y, z[place] - centre.z)
                if distance <= limit { inside.append(numbers[place]) }
            }
        }
        return inside.sorted()
    }

    private func search(
        _ queries: [SIMD3<Float>], _ range: Range<Int>, k: Int, radius: Float
    ) -> Neighbours {
        var indices = [Int32](repeating: -1, count: range.count * k)
        var distances = [Float](repeating: .infinity, count: range.count * k)
        var found = [Int32](repeating: 0, count: range.count)
        // The largest number belongs to no point: all points at the radius itself are inside.
        let bound = PointTree.key(radius * radius, -1)
        withSearch(k: k) { search in
            for query in range {
                let count = search.run(queries[query], bound: bound)
                let row = (query - range.lowerBound) * k
                found[query - range.lowerBound] = Int32(count)
                guard count > 0 else { continue }
                for slot in 0..<k {
                    let key = unsafe search.keys[slot < count ? slot : 0]
                    indices[row + slot] = Int32(truncatingIfNeeded: key & 0xFFFF_FFFF)
                    distances[row + slot] = Float(bitPattern: UInt32(key >> 32))
                }
            }
        }
        return Neighbours(width: k, indices: indices, squaredDistances: distances, found: found)
    }

    /// Runs `body` with room for one search.
    private func withSearch(k: Int, _ body: (Search) -> Void) {
        withMemory { memory in
            unsafe withUnsafeTemporaryAllocation(of: UInt64.self, capacity: k + 64) { keys in
                unsafe withUnsafeTemporaryAllocation(of: Int32.self, capacity: 64) { open in
                    unsafe body(Search(tree: memory, keys: keys, open: open, k: k))
                }
            }
        }
    }

    /// One search after the other, with the nearest so far in order.
    @safe private struct Search {
        let tree: Memory
        /// The k nearest so far; behind them the bounds of the nodes in `open`.
        let keys: UnsafeMutableBufferPointer<UInt64>
        /// Nodes to visit.
        ///
        /// Halving leaves at most 31 levels, each with one node waiting.
        let open: UnsafeMutableBufferPointer<Int32>
        let k: Int

        /// Finds the nearest points below a bound; gives their number.
        @inline(__always)
        func run(_ place: SIMD3<Float>, bound: UInt64) -> Int {
            var count = 0
            var worst = bound
            var waiting = 1
            unsafe open[0] = 0
            unsafe keys[k] = unsafe PointTree.key(
                PointTree.squaredDistance(from: place, to: tree.nodes[0]), tree.nodes[0].lowest)
            while waiting > 0 {
                waiting -= 1
                var current = unsafe open[waiting]
                var least = unsafe keys[k &+ waiting]
                while least <= worst {
                    let node = unsafe tree.nodes[Int(current)]
                    if node.right == 0 {
                        scan(node, place, &count, &worst)
                        break
                    }
                    var near = current &+ 1, far = node.right
                    var nearKey = self.least(of: near, place), farKey = self.least(of: far, place)
                    if farKey < nearKey {
                        swap(&near, &far)
                        swap(&nearKey, &farKey)
                    }
                    if farKey <= worst {
                        unsafe open[waiting] = far
                        unsafe keys[k &+ waiting] = farKey
                        waiting &+= 1
                    }
                    current = near
                    least = nearKey
                }
            }
            return count
        }

        @inline(__always)
        private func least(of node: Int32, _ place: SIMD3<Float>) -> UInt64 {
            let node = unsafe tree.nodes[Int(node)]
            return PointTree.key(PointTree.squaredDistance(from: place, to: node), node.lowest)
        }

        @inline(__always)
        private func scan(
            _ leaf: Node, _ place: SIMD3<Float>, _ count: inout Int, _ worst: inout UInt64
        ) {
            for point in Int(leaf.first)..<Int(leaf.end) {
                let key = unsafe PointTree.key(
                    PointTree.squaredDistance(
                        tree.x[point] - place.x, tree.y[point] - place.y, tree.z[point] - place.z),
                    tree.numbers[point])
                guard key < worst else { continue }
                if count < k { count &+= 1 }
                var slot = count &- 1
                while slot > 0, unsafe keys[slot &- 1] > key {
                    unsafe keys[slot] = unsafe keys[slot &- 1]
                    slot &-= 1
                }
                unsafe keys[slot] = key
                if count == k { worst = unsafe keys[k &- 1] }
            }
        }
    }
}
