// SPDX-License-Identifier: Apache-2.0
import Files
import Foundation
import Media
import Regions
import Testing

/// Files of `Tests/Fixtures/Images/make_images.py`.
@Suite("Pictures by bands of rows") struct ImageBandsTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Fixtures/Images").path

    private static func names(_ folder: String) -> [String] {
        let names = try? FileManager.default.contentsOfDirectory(atPath: "\(Self.folder)/\(folder)")
        return (names ?? []).filter { $0.contains(".") }.map { "\(folder)/\($0)" }.sorted()
    }

    private static func path(_ name: String) -> String { "\(folder)/\(name)" }

    private func scene() throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: Self.path("scene.rgb"))))
    }

    private func complaint(_ body: () throws(InputError) -> Void) -> String {
        do throws(InputError) {
            try body()
            return "no error"
        } catch {
            #expect(!error.description.contains("\n"))
            return error.description
        }
    }

    @Test(
        "formats without loss give the scene's pixels, of 16 bits the upper 8",
        arguments: names("rows").filter { $0.contains("scene") }
            + ["scene.png", "scene.bmp", "scene.tif", "packed.tif", "palette.png"])
    func exactPixels(name: String) throws {
        let bands = try ImageBands(Self.path(name))
        #expect(bands.info.width == 13 && bands.info.height == 9 && bands.info.isReadByRows)
        #expect(try bands.rows(0..<9).pixels == scene())
    }

    @Test(
        "every kind of pixel is FFmpeg's within 1 where both read it",
        arguments: names("rows").filter {
            !$0.contains("tiles") && !$0.contains("little") && !$0.contains("lib")
        }
            + names("whole"))
    func asFFmpeg(name: String) throws {
        let path = Self.path(name)
        let bands = try ImageBands(path)
        #expect(bands.info.isReadByRows == name.hasPrefix("rows/"))
        let pixels = try bands.rows(0..<bands.info.height).pixels
        // FFmpeg reads no 64-bit TIFF.
        guard
            let clip = try? VideoReader(path: path, resize: .original).frames(at: [0])
        else {
            #expect(name.contains("big"))
            return
        }
        #expect(pixels.count == clip.pixels.count)
        for (index, pair) in zip(pixels, clip.pixels).enumerated()
        where abs(Int(pair.0) - Int(pair.1)) > 1 {
            Issue.record("byte \(index) is \(pair.0), FFmpeg's \(pair.1)")
            return
        }
    }

    @Test(
        "bands in any order are the rows of the whole",
        arguments: [
            "scene.png", "scene.bmp", "packed.tif", "rows/scene-tiles.tif", "rows/scene-strips.tif",
            "scene.webp", "rows/palette4.png",
        ])
    func bands(name: String) throws {
        let whole = try ImageBands(Self.path(name)).rows(0..<9)
        let bands = try ImageBands(Self.path(name))
        for rows in [0..<2, 1..<4, 1..<4, 2..<3, 3..<7, 8..<9, 5..<9, 0..<9, 0..<1, 4..<9, 2..<6] {
            let band = try bands.rows(rows)
            #expect(band.rows == rows)
            #expect(
                band.pixels
                    == whole.window(x: 0, y: rows.lowerBound, width: 13, height: rows.count),
                "rows \(rows)")
        }
        let window = try bands.rows(2..<6).window(x: 3, y: 3, width: 2, height: 2)
        #expect(window.count == 12)
        #expect(window == whole.window(x: 3, y: 3, width: 2, height: 2))
    }

    @Test("orientations are read, and lies about them are not followed") func orientations() throws
    {
        let cases: [(String, ImageOrientation)] = [
            ("scene.jpg", .upright), ("turned.jpg", .clockwise),
            ("rows/scene-turned.png", .anticlockwise), ("rows/scene-turned.tif", .upsideDown),
            ("whole/exif-loop.jpg", .upright), ("scene.webp", .upright),
        ]
        for (name, orientation) in cases {
            let info = try ImageInfo.probe(Self.path(name))
            #expect(info.orientation == orientation, "\(name)")
            #expect(info.width == 13 && info.height == 9)
            #expect(info.shownSize == (orientation.isTransposed ? (9, 13) : (13, 9)))
        }
    }

    /// Turns the corners as EXIF's table says, the other way round than the code does.
    @Test("boxes of shown pictures find their stored places", arguments: 1...8)
    func turnedBoxes(value: Int) throws {
        let orientation = try #require(ImageOrientation(rawValue: value))
        let (w, h) = (13.0, 9.0)
        func shown(_ x: Double, _ y: Double) -> (Double, Double) {
            switch value {
            case 2: (w - x, y)
            case 3: (w - x, h - y)
            case 4: (x, h - y)
            case 5: (y, x)
            case 6: (h - y, x)
            case 7: (h - y, w - x)
            case 8: (y, w - x)
            default: (x, y)
            }
        }
        let (a, b) = (shown(2, 1), shown(7, 4))
        let drawn = Rectangle(
            x: min(a.0, b.0), y: min(a.1, b.1), width: abs(a.0 - b.0), height: abs(a.1 - b.1))
        let box = orientation.stored(drawn, width: 13, height: 9)
        #expect(box == Rectangle(x: 2, y: 1, width: 5, height: 3))
        #expect(orientation.shown(box, width: 13, height: 9) == drawn)
    }

    @Test("headers that lie and files that are none are one line before anything is decoded")
    func lies() throws {
        #expect(
            complaint { () throws(InputError) in _ = try ImageInfo.probe(Self.path("giant.png")) }
                .contains("60000 x 60000 pixels in"))
        let jpeg = complaint { () throws(InputError) in
            _ = try ImageBands(Self.path("giant.jpg"))
        }
        #expect(
            jpeg.contains("read as a whole and needs 46 GiB") && jpeg.contains("PNG"), "\(jpeg)")
        #expect(
            complaint { () throws(InputError) in
                _ = try ImageBands(Self.path("scene.jpg"), memoryLimit: 1000)
            }.contains("at most 0 MiB"))
        #expect(
            complaint { () throws(InputError) in _ = try ImageInfo.probe("/nowhere/a.png") }
                .hasPrefix("/nowhere/a.png"))
        #expect(
            complaint { () throws(InputError) in _ = try ImageInfo.probe(Self.folder) }
                .contains("not a regular file"))
    }

    @Test(
        "files cut anywhere give rows or one line, never a trap",
        arguments: names("rows") + ["scene.png", "scene.bmp", "scene.tif", "packed.tif"])
    func cutFiles(name: String) throws {
        let bytes = Array(try Data(contentsOf: URL(fileURLWithPath: Self.path(name))))
        var refused = 0
        for count in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 40)) {
            do throws(InputError) {
                let bands = try ImageBands(bytes: Array(bytes[..<count]), name: "cut")
                _ = try bands.rows(0..<bands.info.height)
            } catch {
                refused += 1
                #expect(error.description.hasPrefix("cut") && !error.description.contains("\n"))
            }
        }
        #expect(refused > 20)
    }
}
