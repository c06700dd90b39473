// SPDX-License-Identifier: Apache-2.0

/// Numbers of which the least is found quickly while some of them change.
struct LeastValue: Sendable {
    private static let width = 1024

    private(set) var values: [Float]
    private var least: [Float]
    private var isStale: [Bool]

    init(_ values: [Float]) {
        precondition(!values.isEmpty, "the least of no numbers")
        self.values = values
        let pieces = (values.count + LeastValue.width - 1) / LeastValue.width
        least = [Float](repeating: 0, count: pieces)
        isStale = [Bool](repeating: true, count: pieces)
    }

    subscript(index: Int) -> Float {
        get { values[index] }
        set {
            values[index] = newValue
            isStale[index / LeastValue.width] = true
        }
    }

    /// The position of the least number, the lowest of equals.
    mutating func position() -> Int {
        var best = 0
        for piece in least.indices {
            if isStale[piece] {
                isStale[piece] = false
                least[piece] = values[range(piece)].reduce(.infinity) { $0 < $1 ? $0 : $1 }
            }
            if least[piece] < least[best] { best = piece }
        }
        let part = range(best)
        return part.first { values[$0] == least[best] } ?? part.lowerBound
    }

    private func range(_ piece: Int) -> Range<Int> {
        piece * LeastValue.width..<min(values.count, (piece + 1) * LeastValue.width)
    }
}
