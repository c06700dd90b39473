// SPDX-License-Identifier: Apache-2.0
import Files
import Foundation
import Media
import Testing

/// Files that Pillow wrote; see `Tests/Fixtures/Images/make_images.py`.
@Suite("Still images") struct ImageReaderTests {
    private func path(_ name: String) -> String {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Fixtures/Images/\(name)").path
    }

    /// Rows of RGB bytes, 13 x 9 pixels.
    private func scene() throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: path("scene.rgb"))))
    }

    @Test(arguments: [
        "scene.png", "scene.bmp", "scene.tif", "packed.tif", "scene.webp", "palette.png",
    ])
    func losslessFormatsGiveThePixels(name: String) throws {
        let clip = try ImageReader.read(path(name))
        #expect(clip.width == 13 && clip.height == 9)
        #expect(try clip.pixels == scene())
    }

    @Test(arguments: ["grey.png", "grey16.png", "grey16.tif"])
    func greyAndDeepPixelsBecomeBytes(name: String) throws {
        let scene = try scene()
        let clip = try ImageReader.read(path(name))
        #expect(clip.pixels.count == scene.count)
        for (index, value) in clip.pixels.enumerated() {
            #expect(abs(Int(value) - Int(scene[index / 3 * 3])) <= 1, "byte \(index)")
        }
    }

    /// Boxes are annotated on the stored pixels, so EXIF's turn is not made.
    @Test(arguments: ["scene.jpg", "turned.jpg"])
    func jpegStaysAsStored(name: String) throws {
        let scene = try scene()
        let info = try VideoInfo.probe(path(name))
        #expect(info.width == 13 && info.height == 9)
        let clip = try ImageReader.read(path(name))
        #expect(clip.width == 13 && clip.height == 9)
        let distance = zip(clip.pixels, scene).reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) }
        #expect(distance < 4 * scene.count, "\(Double(distance) / Double(scene.count)) a byte")
    }

    /// libjpeg, which Pillow uses, interpolates colours between their samples; of odd sides the
    /// last sample lies half outside.
    @Test(arguments: ["halved", "quartered"])
    func coloursBetweenSamplesAreThoseOfLibjpeg(name: String) throws {
        let expected = try Data(contentsOf: URL(fileURLWithPath: path(name + ".rgb")))
        let clip = try ImageReader.read(path(name + ".jpg"))
        #expect(clip.pixels.count == expected.count)
        let off = zip(clip.pixels, expected).map { abs(Int($0) - Int($1)) }
        #expect(off.allSatisfy { $0 <= 3 })
        #expect(off.reduce(0, +) <= off.count, "\(off.reduce(0, +)) over \(off.count) bytes")
    }

    @Test func sizesComeWithoutThePixels() throws {
        for name in ["scene.png", "scene.bmp", "scene.tif", "scene.webp", "grey16.tif"] {
            let info = try VideoInfo.probe(path(name))
            #expect(info.width == 13 && info.height == 9, "\(name)")
        }
    }

    @Test func headersThatLieAreOneLine() {
        do throws(InputError) {
            _ = try ImageReader.read(path("giant.png"))
            Issue.record("a picture of 60,000 x 60,000 pixels was read")
        } catch {
            #expect(error.description.contains("giant.png") && !error.description.contains("\n"))
        }
    }
}
