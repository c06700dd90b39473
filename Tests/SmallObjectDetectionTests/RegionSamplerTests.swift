// SPDX-License-Identifier: Apache-2.0
import Media
import SmallObjectDetection
import Testing

@Suite("Region sampler") struct RegionSamplerTests {
    private func clip() throws -> Clip {
        let fixture = try DetectionFixture()
        return try ImageReader.read(fixture.path + "/0.png")
    }

    private func draw(
        _ clip: Clip, x: Double, y: Double, scale: Double, size: Int
    ) -> [UInt8] {
        var pixels = RegionSampler.canvas(size)
        RegionSampler.draw(
            clip,
            .init(
                image: 0, left: 0, top: 0, width: size, height: size, x: x, y: y, scale: scale),
            into: &pixels, size: size)
        return pixels
    }

    @Test("at scale 1 a part is a copy, beside the image is padding")
    func copiesAtScaleOne() throws {
        let clip = try clip()
        let pixels = draw(clip, x: 60, y: 30, scale: 1, size: 48)
        for y in 0..<48 {
            for x in 0..<48 {
                let got = Array(pixels[3 * (y * 48 + x)..<3 * (y * 48 + x) + 3])
                let isInside = x + 60 < clip.width && y + 30 < clip.height
                let source = 3 * ((y + 30) * clip.width + x + 60)
                let padding = RegionSampler.padding
                #expect(
                    got
                        == (isInside
                            ? Array(clip.pixels[source..<source + 3])
                            : [padding.0, padding.1, padding.2]))
            }
        }
    }

    @Test("shrunk to a quarter, the mean stays")
    func shrinkingAverages() throws {
        let clip = try clip()
        let pixels = draw(clip, x: 0, y: 0, scale: 0.25, size: 24)
        func mean(_ values: [UInt8]) -> Double {
            let sum = values.reduce(0) { $0 + Int($1) }
            return Double(sum) / Double(values.count)
        }
        // 18 rows of 24 pixels show the image, the rest is padding.
        let shown = Array(pixels.prefix(3 * 18 * 24))
        #expect(abs(mean(shown) - mean(clip.pixels)) < 1)
    }

    @Test("a constant picture stays constant at any scale", arguments: [0.3, 0.77, 1.5, 3.2])
    func constantsStay(scale: Double) throws {
        let fixture = try DetectionFixture()
        let clip = try ImageReader.read(fixture.path + "/2.png")
        let size = 20
        let pixels = draw(clip, x: 3.3, y: 2.1, scale: scale, size: size)
        for pixel in 0..<size * size {
            #expect(Array(pixels[3 * pixel..<3 * pixel + 3]) == [60, 70, 80])
        }
    }
}
