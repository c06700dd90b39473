// SPDX-License-Identifier: Apache-2.0
import Files
import Foundation
import PointCloudAnalysis
import Testing

@Suite("LAS reader") struct LASReaderTests {
    private static let colored = [2, 3, 5, 7, 8]

    @Test(arguments: 0...8) func readsEveryPointFormat(format: Int) throws {
        var expected = try PointFixture.cloud()
        if !LASReaderTests.colored.contains(format) { expected.colors = nil }
        #expect(try PointFixture.read("format\(format).las") == expected)
    }

    @Test(arguments: ["extra3.las", "extra7.las"]) func skipsExtraBytes(name: String) throws {
        #expect(try PointFixture.read(name) == PointFixture.cloud())
    }

    @Test(arguments: ["version1_1.las", "old_format_in_1_4.las"])
    func readsOldAndMixedVersions(name: String) throws {
        var expected = try PointFixture.cloud()
        expected.colors = nil
        #expect(try PointFixture.read(name) == expected)
    }

    @Test(arguments: [1, 5, 16, 1000]) func blocksGiveTheSamePoints(limit: Int) throws {
        #expect(try PointFixture.read("format7.las", blocks: limit) == PointFixture.cloud())
    }

    /// A file with some bytes changed.
    private func changed(_ name: String, _ offset: Int, _ bytes: [UInt8]) throws -> [UInt8] {
        var file = try PointFixture.bytes(name)
        file.replaceSubrange(offset..<offset + bytes.count, with: bytes)
        return file
    }

    private func bytes(_ number: Double) -> [UInt8] {
        unsafe withUnsafeBytes(of: number.bitPattern.littleEndian) { unsafe Array($0) }
    }

    @Test func compressedPointsAreNamedWithTheConversion() throws {
        for bit: UInt8 in [0x80, 0x40] {
            let file = try changed("format2.las", 104, [2 | bit])
            expectRefused(file, "the points are compressed (LAZ), expected LAS; convert with")
        }
    }

    @Test func liesAreOneLine() throws {
        let all: [UInt8] = [255, 255, 255, 255, 255, 255, 255, 255]
        expectRefused(
            try changed("format0.las", 107, [17, 0, 0, 0]), "17 points of 20 bytes from byte 227")
        expectRefused(try changed("format0.las", 107, Array(all[..<4])), "cut short")
        expectRefused(try changed("format6.las", 247, all), "points declared; the file is damaged")
        expectRefused(
            try changed("format6.las", 247, Array(all[..<7]) + [127]), "9223372036854775807 points")
        expectRefused(try changed("format0.las", 107, [0, 0, 0, 0]), "0 points, expected at least")
        expectRefused(try changed("format0.las", 96, Array(all[..<4])), "from byte 4294967295")
        expectRefused(try changed("format0.las", 96, [20, 0, 0, 0]), "inside the header of 227")
        expectRefused(try changed("format0.las", 94, [20, 0]), "header of 20 bytes")
        expectRefused(try changed("format0.las", 105, [19, 0]), "points of 19 bytes in format 0")
        expectRefused(try changed("format0.las", 104, [11]), "point format 11, expected 0 to 10")
        expectRefused(try changed("format0.las", 25, [5]), "found LAS 1.5, expected 1.0 to 1.4")
        expectRefused(try changed("format0.las", 24, [2]), "found LAS 2.2")
    }

    @Test(arguments: [0, Double.nan, .infinity]) func scaleMustBeUsable(scale: Double) throws {
        expectRefused(try changed("format0.las", 139, bytes(scale)), "scale \(scale) and offset")
    }

    @Test func infiniteCoordinatesAreOneLine() throws {
        expectRefused(try changed("format0.las", 155, bytes(.nan)), "offset nan of axis 0")
        // Finite scale and offset whose product is not.
        expectRefused(try changed("format0.las", 131, bytes(1e308)), "expected finite numbers")
    }

    @Test(arguments: ["format0.las", "extra7.las"]) func everyCutIsRefused(name: String) throws {
        let file = try PointFixture.bytes(name)
        // laspy writes nothing behind the points.
        for length in 0..<file.count { expectRefused(Array(file[..<length]), "input: ") }
    }

    @Test func aMissingFileIsOneLine() {
        #expect(throws: InputError.self) { try PointFile.open("/no/such/file.las") }
    }
}
