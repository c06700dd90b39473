// SPDX-License-Identifier: Apache-2.0
package import Files
package import Media

/// Cuts parts out of images, scaled by a triangle filter that averages where it shrinks.
package enum RegionSampler {
    /// What lies outside of images: ImageNet's mean color.
    package static let padding: (UInt8, UInt8, UInt8) = (124, 116, 104)

    /// An empty input `[size, size, 3]`.
    package static func canvas(_ size: Int) -> [UInt8] {
        var pixels = [UInt8](repeating: 0, count: 3 * size * size)
        for pixel in 0..<size * size {
            (pixels[3 * pixel], pixels[3 * pixel + 1], pixels[3 * pixel + 2]) = padding
        }
        return pixels
    }

    /// Source positions and weights of a row of output pixels; none where they lie outside.
    private struct Taps {
        var first: [Int] = []
        var weights: [[Float]] = []

        init(count: Int, start: Double, scale: Double, length: Int) {
            let radius = max(1, 1 / scale)
            for index in 0..<count {
                // Positions count from the first pixel's middle.
                let centre = start + (Double(index) + 0.5) / scale - 0.5
                guard centre > -0.5 - 1e-9, centre < Double(length) - 0.5 + 1e-9 else {
                    first.append(0)
                    weights.append([])
                    continue
                }
                let low = max(0, Int((centre - radius).rounded(.down)) + 1)
                let high = min(length - 1, Int((centre + radius).rounded(.up)) - 1)
                var taps = (min(low, high)...max(low, high)).map {
                    max(0, 1 - abs(Double($0) - centre) / radius)
                }
                let sum = taps.reduce(0, +)
                if sum <= 0 { taps = taps.map { _ in 1 / Double(taps.count) } }
                first.append(min(low, high))
                weights.append(taps.map { Float(sum > 0 ? $0 / sum : $0) })
            }
        }
    }

    /// Draws a patch of an image into an input of `size` pixels a side.
    ///
    /// - Parameters:
    ///   - image: Width and height of the image.
    ///   - bandBytes: Bytes of the image's rows that are held at a time, where that is enough for
    ///     one row of the input; the pixels do not depend on it.
    ///   - rows: Gives rows of the image; asked for in rising order.
    package static func draw(
        _ patch: TrainingView.Patch, of image: (width: Int, height: Int),
        into pixels: inout [UInt8],
        size: Int, bandBytes: Int = 32 << 20,
        rows: (Range<Int>) throws(InputError) -> PixelBand
    ) throws(InputError) {
        precondition(
            patch.left >= 0 && patch.top >= 0 && patch.left + patch.width <= size
                && patch.top + patch.height <= size && pixels.count == 3 * size * size,
            "a patch of \(patch.width) x \(patch.height) at \(patch.left), \(patch.top) in an "
                + "input of \(size)")
        guard patch.width > 0, patch.height > 0 else { return }
        let across = Taps(
            count: patch.width, start: patch.x, scale: patch.scale, length: image.width)
        let down = Taps(
            count: patch.height, start: patch.y, scale: patch.scale, length: image.height)
        let shown = (0..<patch.height).filter { !down.weights[$0].isEmpty }
        guard let first = shown.first, let last = shown.last else { return }
        // So many rows of the input at a time that those of the image fit the bound.
        let lines = max(1, bandBytes / (3 * image.width))
        let step = max(1, Int(Double(lines) * patch.scale) - 2)
        for start in stride(from: first, through: last, by: step) {
            let part = start..<min(last + 1, start + step)
            let end = part.upperBound - 1
            let band = try rows(down.first[start]..<down.first[end] + down.weights[end].count)
            draw(part, of: patch, band, across, down, into: &pixels, size: size)
        }
    }

    private static func draw(
        _ part: Range<Int>, of patch: TrainingView.Patch, _ band: PixelBand, _ across: Taps,
        _ down: Taps, into pixels: inout [UInt8], size: Int
    ) {
        // Rows of the image, filtered along x, that the next output rows share.
        var filtered: [Int: [Float]] = [:]
        for row in part {
            let first = down.first[row], weights = down.weights[row]
            filtered = filtered.filter { $0.key >= first }
            var sum = [Float](repeating: 0, count: 3 * patch.width)
            for (offset, weight) in weights.enumerated() where weight != 0 {
                let source = first + offset
                let line = filtered[source] ?? Self.filtered(band, row: source, across)
                filtered[source] = line
                for index in sum.indices { sum[index] += weight * line[index] }
            }
            let start = 3 * ((patch.top + row) * size + patch.left)
            for column in 0..<patch.width where !across.weights[column].isEmpty {
                for channel in 0..<3 {
                    let value = sum[3 * column + channel].rounded()
                    pixels[start + 3 * column + channel] = UInt8(min(max(value, 0), 255))
                }
            }
        }
    }

    private static func filtered(_ band: PixelBand, row: Int, _ taps: Taps) -> [Float] {
        let base = 3 * (row - band.rows.lowerBound) * band.width
        return unsafe [Float](unsafeUninitializedCapacity: 3 * taps.first.count) { output, count in
            unsafe band.pixels.withUnsafeBufferPointer { pixels in
                for (column, weights) in taps.weights.enumerated() {
                    var (r, g, b): (Float, Float, Float) = (0, 0, 0)
                    var source = base + 3 * taps.first[column]
                    for weight in weights {
                        unsafe r += weight * Float(pixels[source])
                        unsafe g += weight * Float(pixels[source + 1])
                        unsafe b += weight * Float(pixels[source + 2])
                        source += 3
                    }
                    unsafe output.initializeElement(at: 3 * column, to: r)
                    unsafe output.initializeElement(at: 3 * column + 1, to: g)
                    unsafe output.initializeElement(at: 3 * column + 2, to: b)
                }
            }
            count = 3 * taps.first.count
        }
    }
}
