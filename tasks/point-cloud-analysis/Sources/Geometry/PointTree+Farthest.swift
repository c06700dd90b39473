// SPDX-License-Identifier: Apache-2.0

extension PointTree {
    /// Farthest point sampling: each point is the one farthest from all before it.
    ///
    /// Gives exactly what comparing all points gives (Eldar et al., 1997), a tie going to the lower
    /// number; once every place is taken the lowest number repeats. A node whose box is
    /// farther from the new point than its points are from the old ones is left as it is, so that
    /// most of the n × m distances are never computed.
    ///
    /// - Parameters:
    ///   - count: Points to give; may exceed the number of points.
    ///   - start: The number of the first one.
    /// - Returns: Numbers of points.
    package func farthestPoints(_ count: Int, from start: Int = 0) -> [Int32] {
        precondition(
            count >= 0 && (0..<self.count).contains(start),
            "\(count) farthest points from point \(start) of \(self.count)")
        guard count > 0 else { return [] }
        var place = [Int32](repeating: 0, count: self.count)
        for (position, number) in numbers.enumerated() { place[Int(number)] = Int32(position) }
        var distances = [Float](repeating: .infinity, count: self.count)
        var farthest = nodes.map { PointTree.farness(.infinity, $0.lowest) }
        var chosen = [Int32(start)]
        chosen.reserveCapacity(count)
        withMemory { memory in
            unsafe distances.withUnsafeMutableBufferPointer { distances in
                unsafe farthest.withUnsafeMutableBufferPointer { farthest in
                    let update = unsafe Update(
                        tree: memory, distances: distances, farthest: farthest)
                    while chosen.count < count {
                        let last = Int(place[Int(chosen[chosen.count - 1])])
                        update.visit(0, SIMD3(x[last], y[last], z[last]))
                        unsafe chosen.append(PointTree.number(farthest[0]))
                    }
                }
            }
        }
        return chosen
    }

    /// A number that orders points by distance; of those at one distance the lower number is more.
    @inline(__always)
    private static func farness(_ squaredDistance: Float, _ number: Int32) -> UInt64 {
        UInt64(squaredDistance.bitPattern) << 32 | UInt64(UInt32(bitPattern: ~number))
    }

    private static func number(_ farness: UInt64) -> Int32 {
        ~Int32(bitPattern: UInt32(truncatingIfNeeded: farness))
    }

    /// What a new point changes.
    @safe private struct Update {
        let tree: Memory
        /// From each point to the nearest chosen one, squared, in the tree's order.
        let distances: UnsafeMutableBufferPointer<Float>
        /// The farthest point of each node.
        let farthest: UnsafeMutableBufferPointer<UInt64>

        func visit(_ index: Int, _ chosen: SIMD3<Float>) {
            let node = unsafe tree.nodes[index]
            let largest = unsafe Float(bitPattern: UInt32(farthest[index] >> 32))
            guard PointTree.squaredDistance(from: chosen, to: node) < largest else { return }
            guard node.right == 0 else {
                let left = index &+ 1, right = Int(node.right)
                visit(left, chosen)
                visit(right, chosen)
                unsafe farthest[index] = unsafe max(farthest[left], farthest[right])
                return
            }
            var best: UInt64 = 0
            for place in Int(node.first)..<Int(node.end) {
                let distance = unsafe min(
                    distances[place],
                    PointTree.squaredDistance(
                        tree.x[place] - chosen.x, tree.y[place] - chosen.y,
                        tree.z[place] - chosen.z))
                unsafe distances[place] = distance
                best = unsafe max(best, PointTree.farness(distance, tree.numbers[place]))
            }
            unsafe farthest[index] = best
        }
    }
}
