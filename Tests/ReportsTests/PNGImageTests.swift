// SPDX-License-Identifier: Apache-2.0
import Foundation
import Media
import Reports
import Testing

@Suite("PNG pictures") struct PNGImageTests {
    @Test(arguments: [(1, 1), (3, 2), (200, 131)])
    func aDecoderGivesThePixelsBack(width: Int, height: Int) throws {
        var image = PNGImage(width: width, height: height)
        for pixel in 0..<width * height {
            image[pixel] = SIMD3(
                UInt8(truncatingIfNeeded: pixel * 7), UInt8(truncatingIfNeeded: pixel / width),
                UInt8(truncatingIfNeeded: pixel &* pixel))
        }
        let path = FileManager.default.temporaryDirectory
            .appendingPathComponent("png-\(UUID().uuidString).png")
        defer { try? FileManager.default.removeItem(at: path) }
        try image.png().write(to: path)
        let clip = try ImageReader.read(path.path)
        #expect(clip.width == width && clip.height == height)
        #expect(clip.pixels == image.pixels)
        #expect(image.png() == image.png())
    }
}
