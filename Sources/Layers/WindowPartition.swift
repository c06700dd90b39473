// SPDX-License-Identifier: Apache-2.0

/// How a grid of tokens falls into shifted windows (Liu and others, ICCV 2021 and CVPR 2022).
///
/// The grid is padded at the end of each axis to a multiple of the window, rolled back by the
/// shift, and cut into windows in row order. Padding takes part in the attention, as in the
/// published networks; tokens that only the roll made neighbours don't see each other.
package struct WindowPartition: Sendable {
    /// What happens where the grid is smaller than the window.
    package enum Rule: Sendable, Hashable {
        /// Images: the window stays and the grid is padded up to it; an axis of one window isn't
        /// shifted.
        case padding
        /// Clips: an axis no longer than the window is one window of its own size, unshifted.
        case shrinking
    }

    /// Tokens along each axis.
    package let grid: [Int]
    /// Tokens of a window along each axis, after the rule.
    package let window: [Int]
    /// The shift along each axis, after the rule.
    package let shift: [Int]
    /// Windows of a sample.
    package let count: Int
    /// Tokens of a window, padding included.
    package let capacity: Int
    /// The token of each place of each window, -1 for padding: `[count * capacity]`.
    package let tokens: [Int32]
    /// Labels of the regions that the roll left apart, `[count * capacity]`; nil without a shift.
    package let regions: [Int32]?

    /// A partition.
    ///
    /// - Parameters:
    ///   - grid: Tokens along each axis, the slowest first; one at least.
    ///   - window: The network's window.
    ///   - shift: The block's shift, smaller than the window.
    package init(grid: [Int], window: [Int], shift: [Int], rule: Rule) {
        precondition(
            grid.count == window.count && grid.count == shift.count
                && grid.allSatisfy { $0 > 0 }
                && zip(window, shift).allSatisfy { $0 > 0 && (0..<$0).contains($1) },
            "windows of \(window) shifted by \(shift) on a grid \(grid)")
        var window = window, shift = shift, padded = grid
        for axis in grid.indices {
            if rule == .shrinking && grid[axis] <= window[axis] {
                window[axis] = grid[axis]
                shift[axis] = 0
            }
            padded[axis] = (grid[axis] + window[axis] - 1) / window[axis] * window[axis]
            if rule == .padding && window[axis] >= padded[axis] { shift[axis] = 0 }
        }
        self.grid = grid
        self.window = window
        self.shift = shift
        let axes = grid.indices.map { axis in
            Axis(
                size: grid[axis], padded: padded[axis], window: window[axis], shift: shift[axis])
        }
        count = axes.reduce(1) { $0 * $1.places.count }
        capacity = window.reduce(1, *)
        let isShifted = shift.contains { $0 > 0 }
        // Windows and places as nested axes: the outer product of each axis's own lists.
        var windows: [[Place]] = [[Place(token: 0, region: 0)]]
        for axis in axes {
            windows = windows.flatMap { outer in
                axis.places.map { inner in
                    outer.flatMap { a in
                        inner.map { b in
                            Place(
                                token: a.token < 0 || b.token < 0
                                    ? -1 : a.token * Int32(axis.size) + b.token,
                                region: a.region * 3 + b.region)
                        }
                    }
                }
            }
        }
        tokens = windows.flatMap { $0.map(\.token) }
        regions = isShifted ? windows.flatMap { $0.map(\.region) } : nil
    }

    private struct Place {
        var token: Int32
        var region: Int32
    }

    /// One axis: the places of each window.
    private struct Axis {
        let size: Int
        let places: [[Place]]

        init(size: Int, padded: Int, window: Int, shift: Int) {
            self.size = size
            places = stride(from: 0, to: padded, by: window).map { first in
                (first..<first + window).map { place in
                    let token = (place + shift) % padded
                    let region =
                        shift == 0
                        ? 0 : place < padded - window ? 0 : place < padded - shift ? 1 : 2
                    return Place(
                        token: token < size ? Int32(token) : -1, region: Int32(region))
                }
            }
        }
    }

    /// Where the rows of an attention's input stand among the places of windows.
    package struct Slots: Sendable {
        /// Windows.
        package let windows: Int
        /// The input row of each place, -1 for padding; nil where rows are places in order.
        package let rows: [Int32]?
        /// The place of each input row, with ``rows``.
        package let places: [Int32]
        /// Labels of regions of these windows, or of the first ones, which all others repeat.
        package let regions: [Int32]?
    }

    /// The slots of all windows of a batch, rows being the batch's tokens in their own order.
    package func slots(samples: Int) -> Slots {
        let size = grid.reduce(1, *)
        var rows: [Int32] = [], places = [Int32](repeating: 0, count: samples * size)
        rows.reserveCapacity(samples * tokens.count)
        for sample in 0..<samples {
            for token in tokens {
                if token >= 0 {
                    let row = sample * size + Int(token)
                    places[row] = Int32(rows.count)
                    rows.append(Int32(row))
                } else {
                    rows.append(-1)
                }
            }
        }
        return Slots(
            windows: samples * count, rows: rows, places: places, regions: regions)
    }

    /// The slots of some of a batch's windows, rows being those windows' tokens in their order.
    ///
    /// - Parameter windows: Numbered through all samples.
    package func slots(_ windows: Range<Int>) -> Slots {
        var rows: [Int32] = [], places: [Int32] = [], labels: [Int32] = []
        for window in windows {
            let first = window % count * capacity
            for place in first..<first + capacity {
                if tokens[place] >= 0 {
                    places.append(Int32(rows.count))
                    rows.append(Int32(places.count - 1))
                } else {
                    rows.append(-1)
                }
            }
            if let regions { labels += regions[first..<first + capacity] }
        }
        return Slots(
            windows: windows.count, rows: places.count == rows.count ? nil : rows,
            places: places, regions: regions == nil ? nil : labels)
    }

    /// For each pair of tokens of a window the row of the table of relative positions, which
    /// belongs to the network's own window; a smaller window takes the first rows and columns.
    ///
    /// - Parameters:
    ///   - window: The network's window.
    ///   - tokens: Tokens of the window in use.
    /// - Returns: `[tokens * tokens]`, rows of a table of Π(2·w - 1) rows.
    package static func relativeIndex(window: [Int], tokens: Int) -> [Int32] {
        let total = window.reduce(1, *)
        precondition(tokens <= total, "\(tokens) tokens in a window of \(window)")
        // The place of a token times the strides of the table: differences are then row numbers.
        var table = 0, centre = 0
        var codes = [Int](repeating: 0, count: total)
        var stride = 1, inner = 1
        for size in window.reversed() {
            for token in 0..<total { codes[token] += token / inner % size * stride }
            centre += (size - 1) * stride
            inner *= size
            stride *= 2 * size - 1
        }
        table = stride
        precondition(table <= Int(Int32.max), "a table of \(table) relative positions")
        var index: [Int32] = []
        index.reserveCapacity(tokens * tokens)
        for a in 0..<tokens {
            for b in 0..<tokens { index.append(Int32(codes[a] - codes[b] + centre)) }
        }
        return index
    }
}
