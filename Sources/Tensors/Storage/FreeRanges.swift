// SPDX-License-Identifier: Apache-2.0

/// Free ranges of addresses: the best fit is taken, neighbours are merged when one is given back.
package struct FreeRanges {
    /// By rising address; no two touch.
    package private(set) var ranges: [Range<UInt>] = []
    /// Addresses in all ranges together.
    package private(set) var byteCount = 0

    /// None free.
    package init() {}

    /// The first address of `size` free ones, out of the smallest range that holds them, the
    /// lowest among equals; nil where none does.
    package mutating func take(_ size: Int) -> UInt? {
        let size = UInt(size)
        var best: Int?, smallest = UInt.max
        for (index, range) in ranges.enumerated() {
            let length = range.upperBound - range.lowerBound
            if length >= size, length < smallest {
                best = index
                smallest = length
                if length == size { break }
            }
        }
        guard let best else { return nil }
        let range = ranges[best]
        if smallest == size {
            ranges.remove(at: best)
        } else {
            ranges[best] = range.lowerBound + size..<range.upperBound
        }
        byteCount -= Int(size)
        return range.lowerBound
    }

    /// Adds addresses, none of which may be free already.
    package mutating func give(_ address: UInt, _ size: Int) {
        let end = address + UInt(size)
        var low = 0, high = ranges.count
        while low < high {
            let middle = (low + high) / 2
            if ranges[middle].lowerBound < address { low = middle + 1 } else { high = middle }
        }
        precondition(
            (low == 0 || ranges[low - 1].upperBound <= address)
                && (low == ranges.count || end <= ranges[low].lowerBound),
            "addresses given back twice")
        let joinsBefore = low > 0 && ranges[low - 1].upperBound == address
        let joinsAfter = low < ranges.count && ranges[low].lowerBound == end
        switch (joinsBefore, joinsAfter) {
        case (true, true):
            ranges[low - 1] = ranges[low - 1].lowerBound..<ranges[low].upperBound
            ranges.remove(at: low)
        case (true, false): ranges[low - 1] = ranges[low - 1].lowerBound..<end
        case (false, true): ranges[low] = address..<ranges[low].upperBound
        case (false, false): ranges.insert(address..<end, at: low)
        }
        byteCount += size
    }
}
