// SPDX-License-Identifier: Apache-2.0
import Files
import Media
import SmallObjectDetection
import Testing

@Suite("Region sampler") struct RegionSamplerTests {
    private let fixture: DetectionFixture
    init() throws { fixture = try DetectionFixture() }

    private func image(_ number: Int) throws -> ImageBands {
        try ImageBands("\(fixture.path)/\(number).png")
    }

    private func draw(
        _ image: ImageBands, x: Double, y: Double, scale: Double, size: Int
    ) throws -> [UInt8] {
        var pixels = RegionSampler.canvas(size)
        try RegionSampler.draw(
            .init(
                image: 0, left: 0, top: 0, width: size, height: size, x: x, y: y, scale: scale),
            of: (image.info.width, image.info.height), into: &pixels, size: size, rows: image.rows)
        return pixels
    }

    @Test("at scale 1 a part is a copy, beside the image is padding")
    func copiesAtScaleOne() throws {
        let image = try image(0)
        let clip = try image.rows(0..<image.info.height)
        let pixels = try draw(image, x: 60, y: 30, scale: 1, size: 48)
        for y in 0..<48 {
            for x in 0..<48 {
                let got = Array(pixels[3 * (y * 48 + x)..<3 * (y * 48 + x) + 3])
                let isInside = x + 60 < clip.width && y + 30 < image.info.height
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

    @Test("bands of rows give the pixels of the whole", arguments: [0.2, 0.5, 1, 1.7])
    func bandsAreTheWhole(scale: Double) throws {
        let image = try image(0)
        let size = (image.info.width, image.info.height)
        for y in [0.0, 13.5, 40, -8] {
            let patch = TrainingView.Patch(
                image: 0, left: 0, top: 0, width: 48, height: 48, x: 7, y: y, scale: scale)
            var whole = RegionSampler.canvas(48)
            try RegionSampler.draw(
                patch, of: size, into: &whole, size: 48,
                rows: { (_) throws(InputError) in try image.rows(0..<size.1) })
            for bytes in [1, 3000, 30_000] {
                var pixels = RegionSampler.canvas(48)
                try RegionSampler.draw(
                    patch, of: size, into: &pixels, size: 48, bandBytes: bytes, rows: image.rows)
                #expect(pixels == whole, "\(y), \(bytes) bytes")
            }
        }
    }

    @Test("shrunk to a quarter, the mean stays")
    func shrinkingAverages() throws {
        let image = try image(0)
        let clip = try image.rows(0..<image.info.height)
        let pixels = try draw(image, x: 0, y: 0, scale: 0.25, size: 24)
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
        let size = 20
        let pixels = try draw(try image(2), x: 3.3, y: 2.1, scale: scale, size: size)
        for pixel in 0..<size * size {
            #expect(Array(pixels[3 * pixel..<3 * pixel + 3]) == [60, 70, 80])
        }
    }
}
