// SPDX-License-Identifier: Apache-2.0
import Files
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
    private struct Own {
        var name, format: String
        var bytes: [UInt8]
        var tags: [String] = []
        var codec = ["-c:v", "rawvideo", "-f", "nut"]
    }

    private static let coded = ["-c:v", "ffv1", "-strict", "-2", "-f", "matroska"]
    private static let area = width * height

    /// All of them by one run of the program, which starts slowly.
    private static let ownFilms: Result<String, any Error> = Result {
        let films = matrixFilms + greyFilms + otherFilms
        let folder = MediaFixtures.folder.appending(path: "own")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        var inputs: [String] = [], outputs: [String] = []
        for (number, film) in films.enumerated() {
            let raw = try MediaFixtures.write("own/\(film.name).raw", film.bytes)
            inputs += ["-f", "rawvideo", "-pixel_format", film.format]
            inputs += ["-video_size", "\(width)x\(height)", "-i", raw]
            outputs += ["-map", "\(number):v"] + film.tags + film.codec
            if number < films.count - 1 { outputs.append(folder.appending(path: film.name).path) }
        }
        _ = try MediaFixtures.make("own/\(films[films.count - 1].name)", inputs + outputs)
        return folder.path
    }

    private func film(_ name: String) throws -> String { "\(try Self.ownFilms.get())/\(name)" }

    /// Samples one after the other, of one byte up to 8 bits, else of two.
    private static func plane(_ sample: Int, depth: Int, count: Int) -> [UInt8] {
        depth <= 8
            ? [UInt8](repeating: UInt8(sample), count: count)
            : (0..<count).flatMap { _ in [UInt8(sample & 255), UInt8(sample >> 8)] }
    }

    private typealias Matrix = (name: String, red: Double, blue: Double)
    private static let matrices: [Matrix] = [
        ("bt709", 0.2126, 0.0722), ("fcc", 0.3, 0.11), ("bt470bg", 0.299, 0.114),
        ("smpte170m", 0.299, 0.114), ("smpte240m", 0.212, 0.087), ("bt2020nc", 0.2627, 0.0593),
        ("unknown", 0.299, 0.114), ("ycgco", 0, 0), ("rgb", 0, 0),
    ]

    /// One colour as whole numbers of a matrix, and what they show.
    private struct Coded {
        var samples: [Int] = []
        var shown: [Double] = []

        init(_ matrix: Matrix, depth: Int, isFull: Bool) {
            // Parts from 0 to 1 and from -0.5 to 0.5, then as whole numbers.
            let luma = 0.5, blue = -0.17, red = 0.12
            let last = Double((1 << depth) - 1), unit = Double(1 << (depth - 8))
            let low = isFull ? 0 : 16 * unit, high = isFull ? last : 219 * unit
            let isMixed = matrix.name == "ycgco" || matrix.name == "rgb"
            // YCgCo's differences are of colours in luma's range.
            let spread = isMixed ? high : isFull ? last : 224 * unit
            let middle = Double(1 << (depth - 1))
            let y = (low + luma * high).rounded()
            let u = (middle + blue * spread).rounded(), v = (middle + red * spread).rounded()
            samples = [Int(y), Int(u), Int(v)]
            let l = (y - low) / high, b = (u - middle) / spread, r = (v - middle) / spread
            switch matrix.name {
            case "ycgco": shown = [l - b + r, l + b, l - b - r]
            case "rgb": shown = [v / last, y / last, u / last]
            default:
                let shownRed = l + 2 * (1 - matrix.red) * r
                let shownBlue = l + 2 * (1 - matrix.blue) * b
                let green = l - matrix.red * shownRed - matrix.blue * shownBlue
                shown = [shownRed, green / (1 - matrix.red - matrix.blue), shownBlue]
            }
            shown = shown.map { $0 * 255 }
        }
    }

    private static let depths = [8, 10, 16]

    private static var matrixFilms: [Own] {
        matrices.flatMap { matrix in
            depths.flatMap { depth in
                [false, true].map { isFull in
                    Own(
                        name: "\(matrix.name) \(depth) \(isFull)",
                        format: depth == 8 ? "yuv444p" : "yuv444p\(depth)le",
                        bytes: Coded(matrix, depth: depth, isFull: isFull).samples.flatMap {
                            plane($0, depth: depth, count: area)
                        },
                        tags: ["-colorspace", matrix.name, "-color_range", isFull ? "pc" : "tv"],
                        codec: coded)
                }
            }
        }
    }

    @Test(
        "luma and differences are those of their matrix and range (ITU-T H.273)",
        arguments: 0..<9, depths)
    func matrices(number: Int, depth: Int) throws {
        let matrix = Self.matrices[number]
        // RGB is taken to use all values.
        for isFull in [false, true] where matrix.name != "rgb" || isFull {
            let expected = Coded(matrix, depth: depth, isFull: isFull).shown
            let found = try strangers(
                try film("\(matrix.name) \(depth) \(isFull)"), expected,
                tolerance: [1.1, 1.1, 1.1])
            #expect(found == [], "\(matrix.name), full range: \(isFull), expected \(expected)")
        }
    }

    private static let greyDepths = [8, 10, 12, 16]

    private static func grey(_ depth: Int) -> [(range: String, sample: Int, level: Double)] {
        let unit = 1 << (depth - 8), last = (1 << depth) - 1
        return [("pc", 140 * last / 255, 140), ("tv", 126 * unit, 110 * 255 / 219)]
    }

    private static var greyFilms: [Own] {
        greyDepths.flatMap { depth in
            grey(depth).map { range, sample, _ in
                Own(
                    name: "grey \(depth) \(range)", format: depth == 8 ? "gray" : "gray\(depth)le",
                    bytes: plane(sample, depth: depth, count: area), tags: ["-color_range", range],
                    codec: coded)
            }
        }
    }

    @Test("grey of every depth", arguments: greyDepths)
    func grey(depth: Int) throws {
        for (range, _, level) in Self.grey(depth) {
            let found = try strangers(
                try film("grey \(depth) \(range)"), [level, level, level], tolerance: [1, 1, 1])
            #expect(found == [], "\(range)")
        }
    }

    private static let bits: [(format: String, byte: UInt8, level: Double)] = [
        ("monow", 0, 255), ("monow", 255, 0), ("monob", 0, 0), ("monob", 255, 255),
    ]

    private static func mosaic(_ pattern: String, depth: Int) -> [UInt8] {
        let values: [Character: Int] = ["r": 20, "g": 220, "b": 20]
        let tile = pattern.map { values[$0] ?? 0 }
        return (0..<area).flatMap { place in
            plane(
                tile[place / width % 2 * 2 + place % width % 2] * (depth == 8 ? 1 : 257),
                depth: depth, count: 1)
        }
    }

    private static let patterns = ["bggr", "rggb", "gbrg", "grbg"]

    private static var otherFilms: [Own] {
        var films = bits.map { format, byte, _ in
            Own(
                name: "\(format) \(byte)", format: format,
                bytes: [UInt8](repeating: byte, count: 3 * height))
        }
        for pattern in patterns {
            for depth in [8, 16] {
                films.append(
                    Own(
                        name: "\(pattern) \(depth)",
                        format: "bayer_\(pattern)\(depth == 8 ? "8" : "16le")",
                        bytes: mosaic(pattern, depth: depth)))
            }
        }
        // (20, 220, 20) by BT.601: Y 134, U 70, V 54.
        let group: [UInt8] = [70, 134, 134, 54, 134, 134]
        films.append(
            Own(
                name: "six bytes", format: "uyyvyy411",
                bytes: (0..<area / 4).flatMap { _ in group }))
        films.append(
            Own(
                name: "constant luminance", format: "yuv444p",
                bytes: [UInt8](repeating: 100, count: 3 * area),
                tags: ["-colorspace", "bt2020c"], codec: coded))
        return films
    }

    @Test("pixels of one bit, where white is 0 and where it is 1")
    func oneBit() throws {
        for (format, byte, level) in Self.bits {
            let found = try strangers(
                try film("\(format) \(byte)"), [level, level, level], tolerance: [0, 0, 0])
            #expect(found == [], "\(format) of \(byte)")
        }
    }

    @Test("luma and differences of four pixels in six bytes")
    func sixBytes() throws {
        let found = try strangers(
            try film("six bytes"), Self.colour.map(Double.init), tolerance: [2, 2, 2])
        #expect(found == [])
    }

    @Test("sensors' mosaics", arguments: patterns, [8, 16])
    func mosaics(pattern: String, depth: Int) throws {
        let found = try strangers(
            try film("\(pattern) \(depth)"), Self.colour.map(Double.init), tolerance: [2, 2, 2])
        #expect(found == [])
    }

    @Test("colours that this program has no matrix for are refused, not guessed")
    func refused() throws {
        let path = try film("constant luminance")
        do {
            _ = try VideoReader(path: path, resize: .original).frames(at: [0])
            Issue.record("read")
        } catch {
            #expect(error.description.contains("constant luminance, ICtCp"), "\(error)")
            #expect(!error.description.contains("\n"))
        }
    }
}
