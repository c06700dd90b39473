// SPDX-License-Identifier: Apache-2.0

/// Windows of one length that overlap: at a constant step, the last one shifted back inside.
package struct Windows: Sendable, Equatable {
    /// Positions of a window.
    package let length: Int
    /// Positions from one window to the next.
    package let step: Int

    /// Windows that share so many positions at least.
    package init(length: Int, overlap: Int) {
        precondition(length > 0, "windows of \(length) positions")
        precondition((0..<length).contains(overlap), "overlap \(overlap) of windows of \(length)")
        self.length = length
        step = length - overlap
    }

    /// Windows that share a part of their positions.
    package init(length: Int, overlap: Double) {
        self.length = length
        step = max(1, Int(Double(length) * (1 - overlap)))
    }

    /// The windows of `count` positions; a single shorter one where there are fewer than a window.
    package func callAsFunction(of count: Int) -> [Range<Int>] {
        guard count > length else { return [0..<count] }
        let starts = Array(stride(from: 0, to: count - length, by: step)) + [count - length]
        return starts.map { $0..<$0 + length }
    }
}
