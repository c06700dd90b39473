// SPDX-License-Identifier: Apache-2.0
import Foundation
import Media
import Testing

/// One flat picture in every way in which FFmpeg stores pixels, against what it shows by definition.
@Suite("Pixel formats", .enabled(if: MediaFixtures.canMakeClips)) struct PixelFormatTests {
    private static let width = 20, height = 12
    /// The colour of most films below.
    private static let colour = [20, 220, 20]
    /// As stored, larger, smaller and cut: every way through the scaler.
    private static let modes: [ResizeMode] = [
        .original, .exact(width: 31, height: 25), .exact(width: 7, height: 5),
        .exact(width: 3, height: 40), .shortSideThenCentreCrop(side: 9, crop: 8),
        .shortSideThenCentreCrop(side: 16, crop: 16),
    ]

    /// Pixels that are farther than `tolerance` from a colour, at every size and with both filters.
    private func strangers(
        _ path: String, _ expected: [Double], tolerance: [Double]
    ) throws -> [String] {
        var found: [String] = []
        for mode in Self.modes {
            for filter in [ResizeFilter.bilinear, .area] {
                let clip = try VideoReader(path: path, resize: mode, filter: filter)
                    .frames(at: [0])
                let off = clip.pixels.indices.first {
                    abs(Double(clip.pixels[$0]) - expected[$0 % 3]) > tolerance[$0 % 3]
                }
                if let off {
                    let pixel = off / 3 * 3
                    found.append("\(mode), \(filter): \(clip.pixels[pixel..<pixel + 3])")
                }
            }
        }
        return found
    }

    // MARK: What FFmpeg's own filter stores

    /// Formats that rawvideo in NUT can name and swscale can write.
    private static let colourFormats: [String] = {
        let depths = [
            "", "9le", "9be", "10le", "10be", "12le", "12be", "14le", "14be", "16le", "16be",
        ]
        var names = [
            "yuv410p", "yuv411p", "yuv440p", "yuyv422", "uyvy422", "yvyu422", "nv12", "nv21",
        ]
        for kind in ["yuv420p", "yuv422p", "yuv444p", "gbrp"] { names += depths.map { kind + $0 } }
        names += ["yuva420p", "yuva422p", "yuva444p", "gbrap", "yuva420p10le", "yuva444p16be"]
        names += ["rgb24", "bgr24", "argb", "rgba", "abgr", "bgra", "0rgb", "rgb0", "0bgr", "bgr0"]
        names += ["rgb48le", "rgb48be", "bgr48le", "bgr48be", "rgba64le", "rgba64be", "bgra64be"]
        return names + ["gbrap10le", "gbrap12be", "gbrap16le", "xyz12le", "xyz12be"]
    }()

    /// Bits of red, green and blue.
    private static let coarseFormats: [String: [Int]] = {
        var bits: [String: [Int]] = [
            "rgb8": [3, 3, 2], "bgr8": [3, 3, 2], "rgb4_byte": [1, 2, 1], "bgr4_byte": [1, 2, 1],
        ]
        for (name, depth) in [("444", [4, 4, 4]), ("555", [5, 5, 5]), ("565", [5, 6, 5])] {
            for order in ["rgb", "bgr"] {
                for end in ["le", "be"] { bits[order + name + end] = depth }
            }
        }
        return bits
    }()

    /// All of them by one run of the program: a folder of films named for their format.
    private static let films: Result<String, any Error> = Result {
        let folder = MediaFixtures.folder.appending(path: "formats")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let names = colourFormats + coarseFormats.keys.sorted()
        let outputs = names.flatMap { name in
            ["-map", "0:v", "-vf", "format=\(name)", "-frames:v", "1", "-c:v", "rawvideo"]
                + ["-f", "nut", folder.appending(path: "\(name).nut").path]
        }
        _ = try MediaFixtures.make(
            "formats/last.nut",
            ["-f", "lavfi", "-i", "color=c=0x14DC14:s=\(width)x\(height),format=rgb24"] + outputs
                + ["-map", "0:v", "-frames:v", "1", "-c:v", "rawvideo", "-f", "nut"])
        return folder.path
    }

    @Test("a flat colour stays within 2 of itself at every size", arguments: colourFormats)
    func keepsAFlatColour(format: String) throws {
        let path = "\(try Self.films.get())/\(format).nut"
        let found = try strangers(
            path, Self.colour.map(Double.init), tolerance: [2, 2, 2])
        #expect(found == [])
    }

    @Test(
        "formats of few bits stay within a step and the dithering",
        arguments: coarseFormats.keys.sorted())
    func keepsCoarseColours(format: String) throws {
        let path = "\(try Self.films.get())/\(format).nut"
        let bits = try #require(Self.coarseFormats[format])
        let steps = bits.map { 1.5 * 255 / Double((1 << $0) - 1) }
        let found = try strangers(path, Self.colour.map(Double.init), tolerance: steps)
        #expect(found == [])
    }

    // MARK: What codecs make of RGB

    @Test(
        "films whose codec stores RGB keep their colour",
        arguments: [
            ("vp9", "webm", "gbrp", ["-c:v", "libvpx-vp9", "-lossless", "1"]),
            ("h264", "mp4", "rgb24", ["-c:v", "libx264rgb", "-qp", "0"]),
            (
                "hevc", "mp4", "gbrp",
                ["-c:v", "libx265", "-x265-params", "log-level=none:lossless=1"]
            ),
            (
                "hevc10", "mkv", "gbrp10le",
                ["-c:v", "libx265", "-x265-params", "log-level=none:lossless=1"]
            ),
            ("ffv1", "mkv", "bgr0", ["-c:v", "ffv1"]), ("ffv1a", "mkv", "bgra", ["-c:v", "ffv1"]),
            ("ffv1d", "mkv", "gbrp12le", ["-c:v", "ffv1"]),
            ("huffyuv", "avi", "bgra", ["-c:v", "huffyuv"]),
            ("utvideo", "avi", "gbrp", ["-c:v", "utvideo"]),
            ("png", "mov", "rgb48be", ["-c:v", "png"]),
            ("qtrle", "mov", "rgb24", ["-c:v", "qtrle"]),
            ("exr", "exr", "gbrpf32le", ["-c:v", "exr"]),
            ("jpeg2000", "mkv", "rgb24", ["-c:v", "jpeg2000", "-pred", "1"]),
            ("mjpeg", "avi", "yuvj420p", ["-c:v", "mjpeg", "-q:v", "1"]),
            ("prores", "mov", "yuv444p10le", ["-c:v", "prores_ks", "-profile:v", "4444"]),
            ("v210", "avi", "yuv422p10le", ["-c:v", "v210"]),
            ("r210", "mov", "gbrp10le", ["-c:v", "r210"]),
        ])
    func codecs(name: String, ending: String, format: String, arguments: [String]) throws {
        let film = try MediaFixtures.make(
            "coded \(name).\(ending)",
            ["-f", "lavfi", "-i", "color=c=0x14DC14:s=64x48:r=5:d=0.4,format=rgb24"]
                + ["-pix_fmt", format] + arguments
                + (ending == "exr" ? ["-frames:v", "1", "-update", "1"] : []))
        let found = try strangers(film, Self.colour.map(Double.init), tolerance: [2, 2, 2])
        #expect(found == [])
    }

    // MARK: Bytes by definition

    /// A film of one picture whose bytes are given; the codec keeps them.
    private func film(
        _ name: String, _ format: String, _ bytes: [UInt8], tags: [String] = [],
        size: String = "\(width)x\(height)", codec: [String] = ["-c:v", "rawvideo", "-f", "nut"]
    ) throws -> String {
        let raw = try MediaFixtures.write("\(name).raw", bytes)
        return try MediaFixtures.make(
            "\(name).film",
            ["-f", "rawvideo", "-pixel_format", format, "-video_size", size, "-i", raw] + tags
                + codec)
    }

    /// Samples one after the other, of one byte up to 8 bits, else of two.
    private func plane(_ sample: Int, depth: Int, count: Int) -> [UInt8] {
        depth <= 8
            ? [UInt8](repeating: UInt8(sample), count: count)
            : (0..<count).flatMap { _ in [UInt8(sample & 255), UInt8(sample >> 8)] }
    }

    @Test(
        "luma and differences are those of their matrix and range (ITU-T H.273)",
        arguments: [
            ("bt709", 0.2126, 0.0722), ("fcc", 0.3, 0.11), ("bt470bg", 0.299, 0.114),
            ("smpte170m", 0.299, 0.114), ("smpte240m", 0.212, 0.087), ("bt2020nc", 0.2627, 0.0593),
            ("unknown", 0.299, 0.114), ("ycgco", 0, 0), ("rgb", 0, 0),
        ], [8, 10, 16])
    func matrices(matrix: (name: String, red: Double, blue: Double), depth: Int) throws {
        for isFull in [false, true] where matrix.name != "rgb" || isFull {
            // Parts from 0 to 1 and from -0.5 to 0.5, then as whole numbers.
            let luma = 0.5, blue = -0.17, red = 0.12
            let last = Double((1 << depth) - 1), unit = Double(1 << (depth - 8))
            let scales: (Double, Double, Double) =
                isFull ? (0, last, last) : (16 * unit, 219 * unit, 224 * unit)
            let middle = Double(1 << (depth - 1))
            let y = (scales.0 + luma * scales.1).rounded()
            let isMixed = matrix.name == "ycgco" || matrix.name == "rgb"
            // YCgCo's differences are of colours in luma's range.
            let spread = isMixed && !isFull ? scales.1 : scales.2
            let u = (middle + blue * spread).rounded(), v = (middle + red * spread).rounded()
            let path = try film(
                "matrix \(matrix.name) \(depth) \(isFull)",
                depth == 8 ? "yuv444p" : "yuv444p\(depth)le",
                [y, u, v].flatMap {
                    plane(Int($0), depth: depth, count: Self.width * Self.height)
                },
                tags: ["-colorspace", matrix.name, "-color_range", isFull ? "pc" : "tv"],
                codec: ["-c:v", "ffv1", "-strict", "-2", "-f", "matroska"])
            let (l, b, r) = (
                (y - scales.0) / scales.1, (u - middle) / spread, (v - middle) / spread
            )
            let expected: [Double]
            switch matrix.name {
            case "ycgco": expected = [l - b + r, l + b, l - b - r]
            case "rgb": expected = [v / last, y / last, u / last]
            default:
                let (kr, kb) = (matrix.red, matrix.blue)
                let shownRed = l + 2 * (1 - kr) * r, shownBlue = l + 2 * (1 - kb) * b
                expected = [
                    shownRed, (l - kr * shownRed - kb * shownBlue) / (1 - kr - kb), shownBlue,
                ]
            }
            let found = try strangers(path, expected.map { $0 * 255 }, tolerance: [1.1, 1.1, 1.1])
            #expect(found == [], "full range: \(isFull), expected \(expected.map { $0 * 255 })")
        }
    }

    @Test("grey of every depth", arguments: [8, 10, 12, 16])
    func grey(depth: Int) throws {
        let unit = 1 << (depth - 8), last = (1 << depth) - 1
        let cases: [(range: String, sample: Int, level: Double)] = [
            ("pc", 140 * last / 255, 140), ("tv", 126 * unit, 110 * 255 / 219),
        ]
        for (range, sample, level) in cases {
            let path = try film(
                "grey \(depth) \(range)", depth == 8 ? "gray" : "gray\(depth)le",
                plane(sample, depth: depth, count: Self.width * Self.height),
                tags: ["-color_range", range],
                codec: ["-c:v", "ffv1", "-strict", "-2", "-f", "matroska"])
            let found = try strangers(path, [level, level, level], tolerance: [1, 1, 1])
            #expect(found == [], "\(range)")
        }
    }

    @Test("pixels of one bit, where white is 0 and where it is 1")
    func oneBit() throws {
        let cases: [(format: String, byte: UInt8, level: Double)] = [
            ("monow", 0, 255), ("monow", 255, 0), ("monob", 0, 0), ("monob", 255, 255),
        ]
        for (format, byte, level) in cases {
            let path = try film(
                "\(format) \(byte)", format, [UInt8](repeating: byte, count: 3 * 12))
            let found = try strangers(path, [level, level, level], tolerance: [0, 0, 0])
            #expect(found == [], "\(format) of \(byte)")
        }
    }

    @Test("luma and differences of four pixels in six bytes")
    func sixBytes() throws {
        // (20, 220, 20) by BT.601: Y 134, U 70, V 54.
        let group: [UInt8] = [70, 134, 134, 54, 134, 134]
        let path = try film(
            "uyyvyy411", "uyyvyy411", (0..<Self.width / 4 * Self.height).flatMap { _ in group })
        let found = try strangers(path, Self.colour.map(Double.init), tolerance: [2, 2, 2])
        #expect(found == [])
    }

    @Test(
        "sensors' mosaics", arguments: ["bggr", "rggb", "gbrg", "grbg"], [8, 16])
    func mosaics(pattern: String, depth: Int) throws {
        let values: [Character: Int] = ["r": 20, "g": 220, "b": 20]
        let tile = pattern.map { values[$0] ?? 0 }
        let bytes = (0..<Self.height).flatMap { y in
            (0..<Self.width).flatMap { x in
                plane(tile[y % 2 * 2 + x % 2] * (depth == 8 ? 1 : 257), depth: depth, count: 1)
            }
        }
        let format = "bayer_\(pattern)\(depth == 8 ? "8" : "16le")"
        let found = try strangers(
            try film(format, format, bytes), Self.colour.map(Double.init), tolerance: [2, 2, 2])
        #expect(found == [])
    }

    @Test("colours that this program has no matrix for are refused, not guessed")
    func refused() throws {
        let path = try film(
            "constant luminance", "yuv444p",
            [UInt8](repeating: 100, count: 3 * Self.width * Self.height),
            tags: ["-colorspace", "bt2020c"], codec: ["-c:v", "ffv1", "-f", "matroska"])
        do {
            _ = try VideoReader(path: path, resize: .original).frames(at: [0])
            Issue.record("read")
        } catch {
            #expect(error.description.contains("constant luminance, ICtCp"), "\(error)")
            #expect(!error.description.contains("\n"))
        }
    }
}
