// SPDX-License-Identifier: Apache-2.0
import Foundation
import Media
import Tensors
import TestSupport
import Testing

/// Pictures of 20,000 pixels a row, read by bands without holding more than a band.
@Suite("Large pictures", .serialized) struct LargePictureTests {
    private static let picture = LargePicture(width: 20_000, height: 2_000)
    /// Rows of a band; neighbours share 100.
    private static let band = 400

    /// Bytes of this process in memory, without what the allocator keeps of memory already freed.
    private func resident() throws -> Int {
        StoragePool.trim()
        let status = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8)
        let pages = try #require(status.split(separator: " ").dropFirst().first.flatMap { Int($0) })
        return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
    }

    @Test(
        "bands of a large file are right and cost at most 64 MiB", arguments: ["png", "tif", "bmp"])
    func bands(ending: String) throws {
        let picture = Self.picture
        let path = FileManager.default.temporaryDirectory.appendingPathComponent(
            "dr2net-large-\(UUID().uuidString).\(ending)"
        ).path
        defer { try? FileManager.default.removeItem(atPath: path) }
        switch ending {
        case "png": try picture.writePNG(path)
        case "tif": try picture.writeTIFF(path)
        default: try picture.writeBMP(path)
        }
        let before = try resident()
        let bands = try ImageBands(path)
        #expect(bands.info.isReadByRows && bands.info.memory < 1 << 20)
        var most = 0
        for start in stride(from: 0, through: picture.height - Self.band, by: Self.band - 100) {
            let band = try bands.rows(start..<start + Self.band)
            most = max(most, try resident() - before)
            for y in [start, start + 99, start + 100, start + Self.band - 1] {
                let isRight =
                    ending == "bmp"
                    ? band.window(x: 5, y: y, width: 1, height: 1)
                        == Array(picture.row(y)[offset: 15..<18].reversed())
                    : band.window(x: 0, y: y, width: picture.width, height: 1)
                        == Array(picture.row(y))
                #expect(isRight, "row \(y)")
            }
        }
        #expect(most <= 64 << 20, "\(most >> 20) MiB")
    }
}

extension ArraySlice {
    /// Elements counted from the slice's own start.
    fileprivate subscript(offset range: Range<Int>) -> ArraySlice {
        self[startIndex + range.lowerBound..<startIndex + range.upperBound]
    }
}
