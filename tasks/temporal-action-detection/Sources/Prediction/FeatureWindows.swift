// SPDX-License-Identifier: Apache-2.0
import Regions
package import Tensors

/// Cuts a sequence of vectors that comes bit by bit into the windows of the whole sequence.
///
/// Holds the vectors of one window and of what came last, however long the sequence is.
package struct FeatureWindows {
    private let count: Int
    /// The vectors from ``first`` on, `[n, D]` each; joined where a window is complete.
    private var held: [Tensor] = []
    private var first = 0
    /// The windows that are still to come.
    private var waiting: ArraySlice<Range<Int>>

    /// The windows of a sequence.
    ///
    /// - Parameters:
    ///   - count: Vectors in all.
    ///   - length: Vectors of a window.
    ///   - overlap: The part of a window that the next one shares.
    package init(count: Int, length: Int, overlap: Double) {
        self.count = count
        waiting = count > 0 ? Windows(length: length, overlap: overlap)(of: count)[...] : []
    }

    /// Adds the vectors that follow and gives the windows that are complete now.
    ///
    /// - Parameters:
    ///   - features: `[n, D]`.
    ///   - body: Gets the place of a window and its vectors, `[window.count, D]`.
    package mutating func append(
        _ features: Tensor, _ body: (_ window: Range<Int>, _ features: Tensor) throws -> Void
    ) rethrows {
        held.append(features)
        let end = first + held.reduce(0) { $0 + $1.shape[0] }
        precondition(end <= count, "\(end) vectors of a sequence of \(count)")
        guard let next = waiting.first else {
            (held, first) = ([], end)
            return
        }
        guard next.upperBound <= end else { return }
        let sequence = Tensor.joiningRows(held)
        while let window = waiting.first, window.upperBound <= end {
            try body(window, sequence.rows(window.lowerBound - first..<window.upperBound - first))
            waiting.removeFirst()
        }
        let keepFrom = waiting.first?.lowerBound ?? end
        held = keepFrom < end ? [sequence.rows(keepFrom - first..<end - first)] : []
        first = keepFrom
    }
}
