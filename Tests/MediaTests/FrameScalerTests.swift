// SPDX-License-Identifier: Apache-2.0
import Foundation
import Media
import Tensors
import TestSupport
import Testing

@Suite("FrameScaler")
struct FrameScalerTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var width, height, shiftX, shiftY: Int
        var scaledWidth, scaledHeight: Int
        var columns, rows: Range<Int>
        var isFullRange = false
        var filter = ResizeFilter.bilinear

        init(
            _ width: Int, _ height: Int, shift: (Int, Int), to scaled: (Int, Int),
            columns: Range<Int>? = nil, rows: Range<Int>? = nil, isFullRange: Bool = false,
            filter: ResizeFilter = .bilinear
        ) {
            (self.width, self.height) = (width, height)
            (shiftX, shiftY) = shift
            (scaledWidth, scaledHeight) = scaled
            self.columns = columns ?? 0..<scaled.0
            self.rows = rows ?? 0..<scaled.1
            self.isFullRange = isFullRange
            self.filter = filter
        }

        var testDescription: String {
            "\(width)x\(height) shifted \(shiftX),\(shiftY) to \(scaledWidth)x\(scaledHeight), "
                + "\(columns) x \(rows), \(filter)\(isFullRange ? ", full range" : "")"
        }
    }

    static let cases = [
        Case(128, 72, shift: (1, 1), to: (56, 56)),
        Case(128, 72, shift: (1, 1), to: (56, 56), isFullRange: true, filter: .area),
        Case(131, 77, shift: (1, 1), to: (40, 35), columns: 7..<31, rows: 3..<34),
        Case(61, 45, shift: (1, 0), to: (61, 45)),
        Case(61, 45, shift: (0, 0), to: (90, 133), filter: .area),
        Case(90, 40, shift: (2, 2), to: (33, 17), columns: 32..<33, rows: 16..<17),
        Case(90, 41, shift: (2, 0), to: (200, 7), isFullRange: true),
        Case(1, 1, shift: (1, 1), to: (5, 3)),
        Case(700, 3, shift: (1, 1), to: (1, 1)),
        Case(3, 900, shift: (1, 1), to: (2, 1), filter: .area),
    ]

    @Test(arguments: cases)
    func isTheWeightedMeanInFloat64(of example: Case) {
        let source = Source(example)
        let got = source.scaled()
        let expected = source.reference()
        #expect(got.count == expected.count)
        let worst = zip(got, expected).map { abs(Double($0) - $1) }.max() ?? .infinity
        // Rounding to a level, and the weights' steps.
        #expect(worst <= 0.75, "off by \(worst) levels")
    }

    @Test(arguments: cases)
    func givesTheSameBytesAtEveryInstructionLevel(of example: Case) {
        let source = Source(example)
        let results = InstructionLevel.available.map { level in
            Kernels.withLevel(level) { source.scaled() }
        }
        #expect(results.allSatisfy { $0 == results[0] })
    }

    @Test func aWindowIsThePartOfTheWhole() {
        let whole = Source(Case(131, 77, shift: (1, 1), to: (48, 40))).scaled()
        let part = Source(Case(131, 77, shift: (1, 1), to: (48, 40), columns: 5..<38, rows: 9..<29))
            .scaled()
        for y in 0..<20 {
            let from = ((y + 9) * 48 + 5) * 3
            #expect(part[y * 99..<(y + 1) * 99] == whole[from..<from + 99])
        }
    }

    @Test func readsRowsFromTheLastUpwards() {
        let example = Case(70, 50, shift: (1, 1), to: (30, 20))
        let upright = Source(example), reversed = Source(example, bottomUp: true)
        #expect(upright.scaled() == reversed.scaled())
    }

    @Test(
        "frames of a film are swscale's within one level, but for one sample in a hundred",
        .enabled(if: MediaFixtures.canMakeClips),
        arguments: [
            ("yuv420p", "224x126", 112, 56), ("yuvj420p", "180x120", 64, 64),
            ("yuv422p", "150x100", 200, 130), ("yuv444p", "120x90", 60, 90),
        ])
    func agreesWithSwscale(format: String, size: String, width: Int, height: Int) throws {
        let film = try MediaFixtures.make(
            "scaled.\(format).mkv",
            ["-f", "lavfi", "-i", "testsrc2=s=\(size):r=5:d=1", "-c:v", "ffv1"]
                + ["-pix_fmt", format == "yuvj420p" ? "yuv420p" : format]
                + (format == "yuvj420p" ? ["-color_range", "pc"] : []))
        let flags = "accurate_rnd+full_chroma_int+full_chroma_inp+bitexact"
        for (filter, name) in [(ResizeFilter.bilinear, "bilinear"), (.area, "area")] {
            let raw = try MediaFixtures.make(
                "scaled.\(format).\(name).rgb",
                ["-i", film, "-vf", "scale=\(width):\(height):flags=\(name)+\(flags)"]
                    + ["-pix_fmt", "rgb24", "-f", "rawvideo"])
            let peer = [UInt8](try Data(contentsOf: URL(fileURLWithPath: raw)))
            let clip = try VideoReader(
                path: film, resize: .exact(width: width, height: height), filter: filter
            ).frames(at: [0, 0.2, 0.4, 0.6, 0.8])
            try #require(clip.pixels.count == peer.count)
            let off = zip(clip.pixels, peer).map { abs(Int($0) - Int($1)) }
            let farther = off.count { $0 > 1 }
            // swscale leaves out weights below 0.2 %.
            #expect(off.allSatisfy { $0 <= 4 })
            #expect(
                farther * 100 <= off.count,
                "\(name): \(farther) of \(off.count), \(off.max() ?? 0) at most")
        }
    }
}

@Suite("ScalingFilter")
struct ScalingFilterTests {
    @Test(
        arguments: [ResizeFilter.bilinear, .area],
        [(1, 1), (1, 9), (9, 1), (7, 7), (100, 33), (33, 100), (30_000, 3)])
    func weighsSamplesOfTheAxisOnlyAndSumsToTheUnit(filter: ResizeFilter, sizes: (Int, Int)) {
        let (count, scaled) = sizes
        let made = ScalingFilter(
            count: count, extent: Double(count), scaled: scaled, range: 0..<scaled, filter: filter)
        #expect(made.first.count == scaled && made.weights.count == scaled * made.taps)
        for output in 0..<scaled {
            let weights = made.weights[output * made.taps..<(output + 1) * made.taps]
            #expect(weights.reduce(0) { $0 + Int($1) } == ScalingFilter.unit)
            #expect(weights.allSatisfy { $0 >= 0 })
            #expect(made.first[output] >= 0 && Int(made.first[output]) + made.taps <= count)
        }
    }

    @Test func copiesWhereTheSizeStays() {
        for filter in [ResizeFilter.bilinear, .area] {
            let made = ScalingFilter(
                count: 11, extent: 11, scaled: 11, range: 2..<9, filter: filter)
            #expect(made.taps == 1 && made.first == Array(2..<9))
        }
    }
}

/// Planes of noise for a case, kept at one place.
private struct Source {
    let example: FrameScalerTests.Case
    let bottomUp: Bool
    /// Each plane's samples without gaps, [rows, columns].
    var planes: [[UInt8]] = []
    let sizes: [(width: Int, height: Int)]
    let colours: PlanarPicture.Colours

    init(_ example: FrameScalerTests.Case, bottomUp: Bool = false) {
        self.example = example
        self.bottomUp = bottomUp
        func chroma(_ pixels: Int, _ shift: Int) -> Int { (pixels + (1 << shift) - 1) >> shift }
        let small = (chroma(example.width, example.shiftX), chroma(example.height, example.shiftY))
        sizes = [(example.width, example.height), small, small]
        var state = UInt64(example.width * 1_000 + example.height)
        for size in sizes {
            planes.append(
                (0..<size.width * size.height).map { _ in
                    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                    return UInt8(truncatingIfNeeded: state >> 40)
                })
        }
        // ITU-R BT.601.
        colours = .differences(
            gains: [104_597, 132_201, 25_675, 53_279], isFullRange: example.isFullRange)
    }

    func scaled() -> [UInt8] {
        var rgb = [UInt8](
            repeating: 0, count: example.columns.count * example.rows.count * 3)
        let buffers = unsafe zip(planes, sizes).map { plane, size -> UnsafeMutablePointer<UInt8> in
            let copy = UnsafeMutablePointer<UInt8>.allocate(capacity: plane.count)
            for row in 0..<size.height {
                let target = bottomUp ? size.height - 1 - row : row
                for x in 0..<size.width {
                    unsafe copy[target * size.width + x] = plane[row * size.width + x]
                }
            }
            return unsafe copy
        }
        defer { unsafe buffers.forEach { unsafe $0.deallocate() } }
        let picture = unsafe PlanarPicture(
            width: example.width, height: example.height,
            chromaShift: (example.shiftX, example.shiftY),
            planes: zip(buffers, sizes).map { buffer, size in
                let last = (size.height - 1) * size.width
                return unsafe PlanarPicture.Plane(
                    samples: UnsafePointer(buffer + (bottomUp ? last : 0)),
                    stride: bottomUp ? -size.width : size.width)
            }, colours: colours)
        let window = ScaledWindow(
            width: example.scaledWidth, height: example.scaledHeight, columns: example.columns,
            rows: example.rows)
        unsafe FrameScaler().scale(picture, to: window, filter: example.filter, into: &rgb)
        return rgb
    }

    /// The definition: a triangle as wide as two output pixels (or two samples), or the output pixel's own box.
    func reference() -> [Double] {
        func weights(_ output: Int, _ extent: Double, _ scaled: Int, _ count: Int) -> [Double] {
            let step = extent / Double(scaled)
            let centre = (Double(output) + 0.5) * step
            var made = [Double](repeating: 0, count: count)
            for sample in -count - 2...2 * count + 2 {
                let (low, high) = (Double(sample), Double(sample) + 1)
                let weight =
                    if example.filter == .area && step > 1 {
                        max(0, min(high, centre + step / 2) - max(low, centre - step / 2))
                    } else {
                        max(0, 1 - abs(low + 0.5 - centre) / max(1, step))
                    }
                made[min(max(sample, 0), count - 1)] += weight
            }
            let total = made.reduce(0, +)
            return made.map { $0 / total }
        }
        var levels: [[Double]] = []
        for (index, size) in sizes.enumerated() {
            let x = Double(example.width) / (index == 0 ? 1 : Double(1 << example.shiftX))
            let y = Double(example.height) / (index == 0 ? 1 : Double(1 << example.shiftY))
            var plane: [Double] = []
            for row in example.rows {
                let down = weights(row, y, example.scaledHeight, size.height)
                let blended = (0..<size.width).map { column in
                    (0..<size.height).reduce(0.0) {
                        $0 + down[$1] * Double(planes[index][$1 * size.width + column])
                    }
                }
                for column in example.columns {
                    let across = weights(column, x, example.scaledWidth, size.width)
                    plane.append(zip(across, blended).map(*).reduce(0, +))
                }
            }
            levels.append(plane)
        }
        let full = example.isFullRange
        return levels[0].indices.flatMap { index -> [Double] in
            let luma = full ? levels[0][index] : (levels[0][index] - 16) * 255 / 219
            let scale = full ? 1 : 255.0 / 224
            let blue = (levels[1][index] - 128) * scale, red = (levels[2][index] - 128) * scale
            let green = luma - 0.344_136 * blue - 0.714_136 * red
            return [luma + 1.402 * red, green, luma + 1.772 * blue].map { min(255, max(0, $0)) }
        }
    }
}
