// SPDX-License-Identifier: Apache-2.0
import Foundation
import Media
import Testing

/// Files of `Tests/Fixtures/Images/make_tiffs.py`; ImageBandsTests reads those that hold the scene as it is.
@Suite("TIFF through libtiff") struct TIFFRowsTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Fixtures/Images").path

    private func bytes(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: "\(Self.folder)/\(name)")))
    }

    private func pixels(
        _ name: String, _ reading: PixelReading = PixelReading()
    ) throws -> (pixels: [UInt8], notice: String?) {
        let bands = try ImageBands("\(Self.folder)/\(name)", reading)
        return (try bands.rows(0..<bands.info.height).pixels, bands.notice)
    }

    private func complaint(_ name: String, _ reading: PixelReading = PixelReading()) -> String {
        do {
            _ = try pixels(name, reading)
            return "no error"
        } catch {
            #expect(!"\(error)".contains("\n"))
            return "\(error)"
        }
    }

    @Test(
        "JPEG and YCbCr in strips and tiles are Pillow's within 2",
        arguments: [
            "jpeg-strips", "jpeg-tiles", "jpeg-ycbcr", "jpeg-ycbcr-strips", "jpeg-pillow",
            "jpeg-none-ycbcr",
        ])
    func jpeg(name: String) throws {
        let expected = try bytes("tiff/\(name).rgb")
        let found = try pixels("tiff/\(name).tif").pixels
        #expect(found.count == expected.count)
        #expect(zip(found, expected).allSatisfy { abs(Int($0) - Int($1)) <= 2 })
        #expect(Set(found).count > 50)
    }

    @Test("bands are those asked for, one of them being grey") func bands() throws {
        let scene = try bytes("scene.rgb")
        // Bands 4 to 6 are the negative.
        let chosen = try pixels("tiff/bands.tif", PixelReading(bands: [6, 2, 4])).pixels
        for pixel in stride(from: 0, to: scene.count, by: 3) {
            let expected = [255 - scene[pixel + 2], scene[pixel + 1], 255 - scene[pixel]]
            #expect(Array(chosen[pixel..<pixel + 3]) == expected)
        }
        let grey = try pixels("tiff/bands.tif", PixelReading(bands: [5])).pixels
        #expect(
            grey == scene.indices.map { (index: Int) -> UInt8 in 255 - scene[index / 3 * 3 + 1] })
        let planar = try pixels("rows/scene-lib-planar-tiles.tif", PixelReading(bands: [3, 2, 1]))
        #expect(
            planar.pixels.indices.allSatisfy { planar.pixels[$0] == scene[$0 / 3 * 3 + 2 - $0 % 3] }
        )
        #expect(
            complaint("tiff/bands.tif", PixelReading(bands: [1, 2, 9]))
                .contains("found 8 bands, expected band 9 among them"))
    }

    @Test("other formats have the bands red, green and blue") func bandsOfOthers() throws {
        for name in ["scene.png", "scene.bmp", "scene.webp"] {
            let scene = try bytes("scene.rgb")
            let turned = try pixels(name, PixelReading(bands: [3, 2, 1])).pixels
            #expect(turned.indices.allSatisfy { turned[$0] == scene[$0 / 3 * 3 + 2 - $0 % 3] })
            #expect(
                complaint(name, PixelReading(bands: [4])).contains("found 3 bands, expected band 4")
            )
        }
    }

    @Test("12 bits in 16 are said, and right with their range") func twelveBits() throws {
        let scene = try bytes("scene.rgb")
        let plain = try pixels("tiff/twelve.tif")
        #expect(zip(plain.pixels, scene).allSatisfy { $0 == $1 / 16 })
        let notice = try #require(plain.notice)
        #expect(notice.contains("of the range 0 to 65535") && notice.contains("--range low,high"))
        #expect(!notice.contains("\n"))
        let range = try #require(PixelReading.range("0,4095"))
        let ranged = try pixels("tiff/twelve.tif", PixelReading(range: range))
        #expect(ranged.pixels == scene && ranged.notice == nil)
    }

    @Test("a range is one of deep samples: pictures of 8 bits stay as they are") func eightBits()
        throws
    {
        let scene = try bytes("scene.rgb"), range = try #require(PixelReading.range("0,4095"))
        for name in ["scene.tif", "scene.png", "rows/scene-lib-zstd.tif", "scene.webp"] {
            let found = try pixels(name, PixelReading(range: range))
            #expect(found.pixels == scene && found.notice == nil, "\(name)")
        }
    }

    @Test("16 bits of PNG obey the range too") func deepPNG() throws {
        let scene = try bytes("scene.rgb"), range = try #require(PixelReading.range("0,32767"))
        let found = try pixels("rows/scene-deep.png", PixelReading(range: range)).pixels
        for (value, original) in zip(found, scene) {
            #expect(abs(Int(value) - min(255, 2 * Int(original))) <= 1)
        }
        let plain = try pixels("rows/scene-deep.png")
        #expect(plain.pixels == scene && plain.notice == nil)
    }

    @Test("real numbers go from the file's least to its greatest, or over the range given")
    func floats() throws {
        let scene = try bytes("scene.rgb").map(Double.init)
        // The first pixel is no number, the second the file's "no value": both black, and no extent.
        let known = scene.dropFirst(6)
        let least = try #require(known.min()), greatest = try #require(known.max())
        let range = try #require(PixelReading.range("-1,3"))
        for (name, tolerance) in [("float16", 1.0), ("float32", 0.51), ("float64", 0.51)] {
            let own = try pixels("tiff/\(name).tif")
            let given = try pixels("tiff/\(name).tif", PixelReading(range: range))
            #expect(
                own.pixels[..<6].allSatisfy { $0 == 0 } && given.pixels[..<6].allSatisfy { $0 == 0 }
            )
            for index in 6..<scene.count {
                let expected = (scene[index] - least) / (greatest - least) * 255
                #expect(abs(Double(own.pixels[index]) - expected) <= tolerance, "\(name) \(index)")
                #expect(abs(Double(given.pixels[index]) - scene[index]) <= tolerance)
            }
            let notice = try #require(own.notice)
            #expect(notice.contains("samples of floating point") && notice.contains("--range"))
            #expect(given.notice == nil)
        }
    }

    @Test("signed numbers begin at their lowest, and one bit is black or white")
    func otherNumbers() throws {
        let scene = try bytes("scene.rgb")
        #expect(try pixels("tiff/signed.tif").pixels == scene)
        let bits = try pixels("tiff/bits.tif").pixels
        #expect(bits.indices.allSatisfy { bits[$0] == (scene[$0 / 3 * 3] > 90 ? 255 : 0) })
    }

    @Test("what would come out wrong is refused in one line") func refused() {
        #expect(complaint("tiff/complex.tif").contains("sample format 6"))
        #expect(complaint("tiff/dng.tif").contains("raw picture"))
        #expect(complaint("tiff/reduced.tif").contains("a small copy of another picture"))
    }

    @Test("pictures read by rows are scaled as films are, whatever their kind")
    func scaled() throws {
        let flat = try MediaFixtures.write(
            "flat.ppm",
            Array("P6\n13 9\n255\n".utf8) + (0..<117).flatMap { _ -> [UInt8] in [20, 220, 20] })
        for path in [flat, "\(Self.folder)/rows/scene-lib-deep8.tif", "\(Self.folder)/scene.png"] {
            let whole = try ImageReader.read(path)
            let same = try ImageReader.read(path, resize: .exact(width: 13, height: 9))
            #expect(whole.pixels == same.pixels)
            let half = try ImageReader.read(
                path, resize: .shortSideThenCentreCrop(side: 5, crop: 4), filter: .area)
            #expect(half.width == 4 && half.height == 4 && half.pixels.count == 48)
            if path == flat {
                #expect(
                    half.pixels.indices.allSatisfy { half.pixels[$0] == [20, 220, 20][$0 % 3] })
            }
        }
    }

    @Test("JPEG-LS whose colours FFmpeg leaves black is refused; grey is read") func jpegLS() throws
    {
        #expect(complaint("tiff/mixed.jls").contains("a kind that FFmpeg does not decode"))
        let scene = try bytes("scene.rgb")
        let grey = try pixels("tiff/grey.jls").pixels
        #expect(grey.indices.allSatisfy { grey[$0] == scene[$0 / 3 * 3] })
    }
}

@Suite("PixelReading") struct PixelReadingTests {
    @Test func readsBandsAndRangesOrNothing() {
        #expect(PixelReading.bands("4,3,2") == [4, 3, 2])
        #expect(PixelReading.bands("8") == [8])
        for text in ["", "0", "1,2", "1,2,3,4", "1,,2", "a", "1,2,99999"] {
            #expect(PixelReading.bands(text) == nil, "\(text)")
        }
        #expect(PixelReading.range("-1.5,2e3") == PixelReading.Range(low: -1.5, high: 2000))
        #expect(PixelReading().suffix.isEmpty)
        #expect(
            PixelReading(bands: [4, 3, 2], range: .init(low: 0, high: 4095)).suffix
                == "-b4.3.2-r0.0,4095.0")
        for text in ["", "1", "1,1", "2,1", "nan,1", "0,inf", "0,1,2", "a,b"] {
            #expect(PixelReading.range(text) == nil, "\(text)")
        }
    }
}
