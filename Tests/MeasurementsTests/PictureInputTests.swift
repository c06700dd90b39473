// SPDX-License-Identifier: Apache-2.0
import Backbones
import Checkpoints
import Foundation
import Measurements
import Tensors
import Testing

@Suite("Pictures for networks") struct PictureInputTests {
    private let folder = FileManager.default.temporaryDirectory
        .appendingPathComponent("dr2net-pictures-\(UUID().uuidString)").path

    private let source = PictureInput(frames: 2, size: 8, normalization: .imageNet)

    init() throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    private func array(_ shape: [Int], _ name: String) throws -> String {
        let path = "\(folder)/\(name).npy"
        try Npy.write(Tensor(normal: shape, key: RandomKey(seed: 6)), to: path)
        return path
    }

    /// Four frames of grey, 51 · i of 255, 8 by 8 pixels, one a second.
    private func film() throws -> String {
        var data = Data("YUV4MPEG2 W8 H8 F1:1 Ip A1:1 Cmono XCOLORRANGE=FULL\n".utf8)
        for frame in 0..<4 {
            data += Data("FRAME\n".utf8) + Data(repeating: UInt8(51 * frame), count: 64)
        }
        let path = "\(folder)/film.y4m"
        try data.write(to: URL(fileURLWithPath: path))
        return path
    }

    @Test("arrays are taken as they are, in their order") func arrays() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let (one, two) = (try array([1, 3, 8, 8], "one"), try array([2, 3, 8, 8], "two"))
        let batch = try source.read([two, one])
        #expect(batch.shape == [3, 3, 8, 8])
        #expect(
            try batch.doubles == Npy.readTensor(two).doubles + Npy.readTensor(one).doubles)
        let odd = try array([1, 3, 4, 8], "odd"), flat = try array([3, 8], "flat")
        for (paths, text) in [([one, odd], "as the first file's"), ([flat], "expected preproc")] {
            #expect(throws: (any Error).self, "\(text)") { try source.read(paths) }
        }
    }

    @Test("a film gives the middles of equal parts, less the mean over the deviation")
    func films() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let film = try film()
        // Frames at 1 s and 3 s.
        let expected = [0.2, 0.6].flatMap { level in
            zip([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]).map { (level - $0) / $1 }
        }
        let frames = try source.read([film])
        #expect(frames.shape == [2, 3, 8, 8])
        let values = frames.doubles
        for (plane, value) in expected.enumerated() {
            #expect(
                values[64 * plane..<64 * plane + 64].allSatisfy { abs($0 - value) < 0.02 },
                "\(values[64 * plane]), \(value)")
        }
        let clip = try source.readClips([film])
        #expect(clip.shape == [1, 3, 2, 8, 8])
        #expect(abs(clip.doubles[64] - expected[3]) < 0.02)
    }

    @Test("a still picture is no clip") func stills() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let path = "\(folder)/a.ppm"
        try (Data("P6 8 8 255\n".utf8) + Data(repeating: 255, count: 192)).write(
            to: URL(fileURLWithPath: path))
        let white = (1 - 0.485) / 0.229
        #expect(try source.read([path]).doubles.prefix(64).allSatisfy { abs($0 - white) < 1e-5 })
        #expect(throws: (any Error).self) { try source.readClips([path]) }
    }
}
