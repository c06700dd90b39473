// SPDX-License-Identifier: Apache-2.0
package import Tensors

/// Cuts a sequence of vectors that comes bit by bit into the windows of the whole sequence.
///
/// Holds the vectors of one window and of what came last, however long the sequence is.
package struct FeatureWindows {
    private let count: Int
    private let length: Int
    private let step: Int
    /// The vectors from ``first`` on, `[n, D]` each; joined where a window is complete.
    private var held: [Tensor] = []
    private var first = 0
    /// The start of the next window; nil after the last.
    private var next: Int?

    /// The windows of a sequence, those of ``TemporalInference/windows(frames:length:overlap:)``.
    ///
    /// - Parameters:
    ///   - count: Vectors in all.
    ///   - length: Vectors of a window.
    ///   - overlap: The part of a window that the next one shares.
    package init(count: Int, length: Int, overlap: Double) {
        self.count = count
        self.length = length
        step = max(1, Int(Double(length) * (1 - overlap)))
        next = count > 0 ? 0 : nil
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
        guard let waiting = next else {
            (held, first) = ([], end)
            return
        }
        let length = min(length, count)
        guard waiting + length <= end else { return }
        let sequence = Tensor.joiningRows(held)
        while let start = next, start + length <= end {
            let window = start..<start + length
            try body(window, sequence.rows(window.lowerBound - first..<window.upperBound - first))
            next = following(start)
        }
        let keepFrom = next ?? end
        held = keepFrom < end ? [sequence.rows(keepFrom - first..<end - first)] : []
        first = keepFrom
    }

    /// The start of the window behind the one at `start`: the last is shifted back inside.
    private func following(_ start: Int) -> Int? {
        let last = count - min(length, count)
        return start < last ? min(start + step, last) : nil
    }
}
