// SPDX-License-Identifier: Apache-2.0

/// A k-d tree over points (Bentley, 1975) with the box of each node.
///
/// Distances are float32, ((x - x')² + (y - y')²) + (z - z')², and a tie goes to the point with the
/// lower number, so that a search gives exactly what a comparison of all points gives, however
/// many points coincide. A box bounds the distances of its points in float32 too: rounding keeps
/// the order of differences, squares and sums.
package struct PointTree: Sendable {
    /// A node; its left child is the next node.
    struct Node: Sendable {
        var lower, upper: SIMD3<Float>
        /// The range of points, in the tree's order.
        var first, end: Int32
        /// The right child, 0 for a leaf.
        var right: Int32
        /// The lowest number of its points.
        var lowest: Int32
    }

    /// Points of a leaf at most.
    private static let leafSize = 16

    /// Coordinates in the tree's order.
    let x, y, z: [Float]
    /// The numbers of the points, in the tree's order.
    let numbers: [Int32]
    /// The root is the first.
    let nodes: [Node]

    /// The number of points.
    package var count: Int { numbers.count }

    /// Builds the tree, in O(n log n) for any points.
    ///
    /// - Precondition: At least one point and fewer than 2^31; coordinates are finite.
    package init(_ points: [SIMD3<Float>]) {
        precondition(
            !points.isEmpty && points.count < Int(Int32.max), "a tree of \(points.count) points")
        var builder = Builder(points: points)
        builder.build(0..<points.count)
        numbers = builder.keys.map { Int32(truncatingIfNeeded: $0 & 0xFFFF_FFFF) }
        x = numbers.map { points[Int($0)].x }
        y = numbers.map { points[Int($0)].y }
        z = numbers.map { points[Int($0)].z }
        nodes = builder.nodes
    }

    /// The tree's arrays, read without a check of bounds in a release build.
    @safe struct Memory {
        let nodes: UnsafeBufferPointer<Node>
        let x, y, z: UnsafeBufferPointer<Float>
        let numbers: UnsafeBufferPointer<Int32>
    }

    /// Runs `body` with the tree's arrays.
    func withMemory(_ body: (Memory) -> Void) {
        unsafe nodes.withUnsafeBufferPointer { nodes in
            unsafe numbers.withUnsafeBufferPointer { numbers in
                unsafe x.withUnsafeBufferPointer { x in
                    unsafe y.withUnsafeBufferPointer { y in
                        unsafe z.withUnsafeBufferPointer { z in
                            unsafe body(Memory(nodes: nodes, x: x, y: y, z: z, numbers: numbers))
                        }
                    }
                }
            }
        }
    }

    /// The squared distance that orders neighbours.
    @inline(__always)
    static func squaredDistance(_ dx: Float, _ dy: Float, _ dz: Float) -> Float {
        dx * dx + dy * dy + dz * dz
    }

    /// A lower bound of the squared distances from a place to the points of a node.
    @inline(__always)
    static func squaredDistance(from place: SIMD3<Float>, to node: Node) -> Float {
        // Lane by lane: the library's pointwise maximum is a loop that calls.
        squaredDistance(
            outside(place.x, node.lower.x, node.upper.x),
            outside(place.y, node.lower.y, node.upper.y),
            outside(place.z, node.lower.z, node.upper.z))
    }

    @inline(__always)
    private static func outside(_ value: Float, _ lower: Float, _ upper: Float) -> Float {
        let below = lower - value, above = value - upper
        let distance = below > above ? below : above
        return distance > 0 ? distance : 0
    }

    /// A number that orders candidates by distance, then by their number.
    @inline(__always)
    static func key(_ squaredDistance: Float, _ number: Int32) -> UInt64 {
        UInt64(squaredDistance.bitPattern) << 32 | UInt64(UInt32(bitPattern: number))
    }

    private struct Builder {
        let points: [SIMD3<Float>]
        /// In the lower half a point's number, in the upper one a coordinate's order.
        var keys: [UInt64]
        var nodes: [Node] = []

        init(points: [SIMD3<Float>]) {
            self.points = points
            keys = points.indices.map { UInt64($0) }
        }

        mutating func build(_ range: Range<Int>) {
            let number = Int(keys[range.lowerBound] & 0xFFFF_FFFF)
            var lower = points[number], upper = lower
            var lowest = number
            for place in range {
                let number = Int(keys[place] & 0xFFFF_FFFF)
                lower = pointwiseMin(lower, points[number])
                upper = pointwiseMax(upper, points[number])
                lowest = min(lowest, number)
            }
            let own = nodes.count
            nodes.append(
                Node(
                    lower: lower, upper: upper, first: Int32(range.lowerBound),
                    end: Int32(range.upperBound), right: 0, lowest: Int32(lowest)))
            guard range.count > PointTree.leafSize else { return }
            let size = upper - lower
            let axis = size.x >= size.y ? (size.x >= size.z ? 0 : 2) : (size.y >= size.z ? 1 : 2)
            for place in range {
                let number = keys[place] & 0xFFFF_FFFF
                // Ties are ordered by number: coinciding points part into halves all the same.
                keys[place] = Builder.order(points[Int(number)][axis]) << 32 | number
            }
            let middle = range.lowerBound + range.count / 2
            unsafe keys.withUnsafeMutableBufferPointer {
                unsafe Builder.partition($0, range, at: middle)
            }
            build(range.lowerBound..<middle)
            nodes[own].right = Int32(nodes.count)
            build(middle..<range.upperBound)
        }

        /// The bits of a number, rising with it; both zeros are one.
        private static func order(_ value: Float) -> UInt64 {
            let bits = (value + 0).bitPattern
            return UInt64(bits & 0x8000_0000 != 0 ? ~bits : bits | 0x8000_0000)
        }

        /// Moves the smaller keys before `middle` and the larger ones behind it (Hoare's find).
        ///
        /// Keys differ. After many rounds, which hostile orders alone need, it sorts instead.
        private static func partition(
            _ keys: UnsafeMutableBufferPointer<UInt64>, _ range: Range<Int>, at middle: Int
        ) {
            var low = range.lowerBound, high = range.upperBound - 1
            var rounds = 0
            while low < high {
                rounds += 1
                if rounds > 64 {
                    var rest = unsafe UnsafeMutableBufferPointer(rebasing: keys[low...high])
                    unsafe rest.sort()
                    return
                }
                let a = unsafe keys[low], b = unsafe keys[(low + high) / 2], c = unsafe keys[high]
                let pivot = max(min(a, b), min(max(a, b), c))
                var i = low, j = high
                while i <= j {
                    while unsafe keys[i] < pivot { i += 1 }
                    while unsafe keys[j] > pivot { j -= 1 }
                    if i <= j {
                        unsafe (keys[i], keys[j]) = unsafe (keys[j], keys[i])
                        i += 1
                        j -= 1
                    }
                }
                if middle <= j {
                    high = j
                } else if middle >= i {
                    low = i
                } else {
                    return
                }
            }
        }
    }
}
