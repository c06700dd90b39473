// SPDX-License-Identifier: Apache-2.0

/// Some points of a cloud, in the file's order.
package struct PointBlock: Sendable, Equatable {
    /// Places in the file's units, all finite.
    package var positions: [SIMD3<Double>]
    /// Strength of the return as the file has it, one a point; nil where the file has none.
    package var intensities: [Float]?
    /// Red, green, blue in 0...65535 whatever the file's range is, one a point; nil where the file has none.
    package var colors: [SIMD3<UInt16>]?
    /// Classes, one a point; nil where the file has none.
    package var labels: [Int32]?
    /// Probabilities to be written, a row a point; empty where there are none.
    package var probabilities: [Float] = []

    /// A block of points.
    ///
    /// - Precondition: What is given has one value a point.
    package init(
        positions: [SIMD3<Double>], intensities: [Float]? = nil, colors: [SIMD3<UInt16>]? = nil,
        labels: [Int32]? = nil
    ) {
        for (name, count) in [
            ("intensities", intensities?.count), ("colors", colors?.count),
            ("labels", labels?.count),
        ] {
            precondition(
                count == nil || count == positions.count,
                "\(count ?? 0) \(name) for \(positions.count) points")
        }
        self.positions = positions
        self.intensities = intensities
        self.colors = colors
        self.labels = labels
    }

    /// The number of points.
    package var count: Int { positions.count }

    /// Adds the points of another block; a value that one of both lacks is dropped.
    package mutating func append(_ other: PointBlock) {
        positions += other.positions
        probabilities += other.probabilities
        PointBlock.append(other.intensities, to: &intensities)
        PointBlock.append(other.colors, to: &colors)
        PointBlock.append(other.labels, to: &labels)
    }

    private static func append<T>(_ more: [T]?, to values: inout [T]?) {
        guard let more else {
            values = nil
            return
        }
        values?.append(contentsOf: more)
    }
}
