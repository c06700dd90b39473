// SPDX-License-Identifier: Apache-2.0

/// The weights by which samples along one axis become a given number of them.
///
/// Both filters are those of FFmpeg's swscale. Beyond the ends the outermost samples repeat. Weights are parts of
/// 16,384; those of each output sum to it exactly.
package struct ScalingFilter: Hashable {
    /// Weights an output.
    package private(set) var taps = 1
    /// The first sample that each output weighs, `taps` samples on being inside the axis.
    package private(set) var first: [Int32] = []
    /// [outputs, taps].
    package private(set) var weights: [Int16] = []

    /// What the weights of a pixel add up to.
    package static let unit = 16_384

    /// - Parameters:
    ///   - count: Samples along the axis, 1 or more.
    ///   - extent: How many samples long the picture is: less than `count` where the last colour
    ///     sample of an odd side is half outside.
    ///   - scaled: How many outputs the whole picture has.
    ///   - range: The outputs that are wanted.
    package init(
        count: Int, extent: Double, scaled: Int, range: Range<Int>, filter: ResizeFilter
    ) {
        precondition(
            count >= 1 && extent > Double(count - 1) && extent <= Double(count)
                && range.lowerBound >= 0
                && range.upperBound <= scaled,
            "outputs \(range) of \(scaled) from \(count) samples over \(extent)")
        let spans = range.map { output in
            Self.span(of: output, count: count, step: extent / Double(scaled), filter: filter)
        }
        taps = spans.map(\.weights.count).max() ?? 1
        for span in spans {
            let start = min(span.first, count - taps)
            first.append(Int32(start))
            let lead = span.first - start
            weights += repeatElement(0, count: lead)
            weights += span.weights
            weights += repeatElement(0, count: taps - lead - span.weights.count)
        }
    }

    /// The samples that some output weighs.
    package var span: Range<Int> {
        Int(first.min() ?? 0)..<Int(first.max() ?? 0) + taps
    }

    /// Counts samples from another one.
    package mutating func shift(by samples: Int) {
        for index in first.indices { first[index] += Int32(samples) }
    }

    /// The samples from the first to the last that weigh anything.
    private static func span(
        of output: Int, count: Int, step: Double, filter: ResizeFilter
    ) -> (first: Int, weights: [Int16]) {
        let isBox = filter == .area && step > 1
        let centre = (Double(output) + 0.5) * step - 0.5
        let reach = isBox ? step / 2 + 0.5 : max(1, step)
        let low = Int((centre - reach).rounded(.down)), high = Int((centre + reach).rounded(.up))
        var exact = [Double](repeating: 0, count: min(high, count - 1) - max(low, 0) + 1)
        for sample in low...high {
            let distance = abs(Double(sample) - centre)
            let weight = isBox ? min(1, reach - distance) : 1 - distance / reach
            if weight > 0 { exact[min(max(sample, 0), count - 1) - max(low, 0)] += weight }
        }
        // Rounding the sums so far keeps the whole exact however many samples share it.
        let total = exact.reduce(0, +)
        var sum = 0.0, given = 0
        let rounded = exact.map { weight -> Int16 in
            sum += weight
            let upToHere = Int((sum / total * Double(unit)).rounded())
            defer { given = upToHere }
            return Int16(upToHere - given)
        }
        let start = rounded.firstIndex { $0 != 0 } ?? 0
        let end = rounded.lastIndex { $0 != 0 } ?? 0
        return (max(low, 0) + start, Array(rounded[start...end]))
    }
}
