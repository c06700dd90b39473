// SPDX-License-Identifier: Apache-2.0
import Files
import Foundation
import Media
import Tensors
import Testing

@Suite("Clip and pictures")
struct ClipTests {
    /// A picture in the plain PPM format, which FFmpeg reads too: no program is needed to make it.
    private func picture(_ name: String, width: Int, height: Int) throws -> (String, [UInt8]) {
        let pixels = (0..<width * height * 3).map { UInt8(truncatingIfNeeded: $0 * 37 + $0 / 11) }
        let header = Array("P6\n\(width) \(height)\n255\n".utf8)
        return (try MediaFixtures.write(name, header + pixels), pixels)
    }

    @Test func readsPicturesExactly() throws {
        for (width, height) in [(1, 1), (5, 3), (64, 48), (33, 17)] {
            let (path, pixels) = try picture(
                "plain\(width)x\(height).ppm", width: width, height: height)
            let clip = try ImageReader.read(path)
            #expect(clip.frameCount == 1 && clip.height == height && clip.width == width)
            #expect(clip.shows(pixels), "\(width)x\(height)")
        }
    }

    @Test(.enabled(if: MediaFixtures.canMakeClips), arguments: ["png", "jpg", "webp", "tiff"])
    func readsTheUsualFormats(kind: String) throws {
        let (plain, pixels) = try picture("colours.ppm", width: 64, height: 48)
        let flat = try MediaFixtures.make(
            "flat %03d.\(kind)",
            kind == "jpg" || kind == "webp"
                ? ["-f", "lavfi", "-i", "color=c=0x3080C0:s=64x48", "-frames:v", "1"]
                : ["-i", plain, "-frames:v", "1"] + ["-update", "1"])
        // The number pattern in the name is part of the name, not of a sequence.
        let path =
            FileManager.default.fileExists(atPath: flat)
            ? flat : flat.replacingOccurrences(of: "%03d", with: "001")
        let clip = try ImageReader.read(path)
        #expect(clip.width == 64 && clip.height == 48)
        if kind == "png" || kind == "tiff" {
            #expect(clip.shows(pixels))
        } else {
            for (channel, value) in [0x30, 0x80, 0xC0].enumerated() {
                #expect(abs(Int(clip.pixels[3 * 1000 + channel]) - value) <= 4)
            }
        }
    }

    @Test func laysOutTensorsAsDocumented() throws {
        let (path, pixels) = try picture("layout.ppm", width: 5, height: 3)
        let clip = try VideoReader(path: path, resize: .original).frames(at: [0, 1])
        let first = clip.tensor()
        #expect(first.shape == [3, 2, 3, 5])
        let second = clip.tensor(layout: .framesFirst, normalization: .imageNet)
        #expect(second.shape == [2, 3, 3, 5])
        let (a, b) = (first.floats, second.floats)
        let norm = PixelNormalization.imageNet
        for t in 0..<2 {
            for position in 0..<15 {
                for c in 0..<3 {
                    let value = Float(pixels[position * 3 + c])
                    #expect(a[(c * 2 + t) * 15 + position] == value)
                    #expect(
                        b[(t * 3 + c) * 15 + position]
                            == (value - norm.mean[c]) / norm.deviation[c])
                }
            }
        }
    }

    @Test func resizesToTheShortSideAndCropsTheCentre() throws {
        // A white disc's worth of middle: the crop keeps the middle third of a wide picture.
        let (width, height) = (90, 30)
        var pixels = [UInt8](repeating: 0, count: width * height * 3)
        for y in 0..<height {
            for x in 30..<60 {
                for c in 0..<3 { pixels[(y * width + x) * 3 + c] = 200 }
            }
        }
        let path = try MediaFixtures.write(
            "wide.ppm", Array("P6\n\(width) \(height)\n255\n".utf8) + pixels)
        let same = try ImageReader.read(path, resize: .shortSideThenCentreCrop(side: 30, crop: 30))
        #expect(same.width == 30 && same.pixels.allSatisfy { $0 == 200 })
        for filter in [ResizeFilter.bilinear, .area] {
            let half = try ImageReader.read(
                path, resize: .shortSideThenCentreCrop(side: 15, crop: 11), filter: filter)
            #expect(half.width == 11 && half.height == 11)
            #expect(half.pixels.allSatisfy { $0 == 200 })
        }
        let exact = try ImageReader.read(path, resize: .exact(width: 3, height: 2), filter: .area)
        #expect(exact.pixels == [0, 0, 0, 200, 200, 200, 0, 0, 0, 0, 0, 0, 200, 200, 200, 0, 0, 0])
    }

    @Test func refusesImpossibleSizes() throws {
        let (path, _) = try picture("sizes.ppm", width: 5, height: 3)
        let modes: [ResizeMode] = [
            .exact(width: 0, height: 4), .exact(width: 40_000, height: 4),
            .exact(width: .max, height: .max), .exact(width: -1, height: 4),
            .shortSideThenCentreCrop(side: 4, crop: 5),
            .shortSideThenCentreCrop(side: .max, crop: 1),
            .exact(width: 30_000, height: 30_000),
        ]
        for mode in modes {
            #expect(throws: InputError.self) { try VideoReader(path: path, resize: mode) }
        }
    }
}
