// SPDX-License-Identifier: Apache-2.0

/// A part of a cloud along an axis, measured from the cloud's lower corner.
package struct CloudRegion: Sendable, Equatable {
    /// 0 for x, 1 for y, 2 for z.
    package var axis = 0
    /// From this on.
    package var from = -Double.infinity
    /// Below this.
    package var to = Double.infinity

    /// All of a cloud.
    package static let all = CloudRegion()

    /// A part of a cloud.
    package init(axis: Int = 0, from: Double = -.infinity, to: Double = .infinity) {
        self.axis = axis
        self.from = from
        self.to = to
    }

    /// Whether a place lies inside.
    @inline(__always)
    func contains(_ position: SIMD3<Double>, lower: SIMD3<Double>) -> Bool {
        let distance = position[axis] - lower[axis]
        return distance >= from && distance < to
    }
}
