// SPDX-License-Identifier: Apache-2.0
import PointCloudAnalysis
import Testing

@Suite("PLY reader") struct PLYReaderTests {
    @Test(arguments: ["ascii.ply", "little.ply", "big.ply"], [3, 100])
    func readsEveryForm(name: String, limit: Int) throws {
        #expect(try PointFixture.read(name, blocks: limit) == PointFixture.cloud())
    }

    private func read(_ text: String) throws -> PointBlock {
        var reader = try PointFile.open(bytes: Array(text.utf8), name: "input")
        return try reader.rest()
    }

    private func ascii(_ properties: String, _ lines: String, count: Int = 1) -> String {
        let declared = properties.split(separator: ",").map { "property \($0)\n" }.joined()
        return "ply\nformat ascii 1.0\nelement vertex \(count)\n\(declared)end_header\n\(lines)"
    }

    @Test func numbersAreTheNearest() throws {
        let texts = [
            "0.1", "-1.7976931348623157e308", "123456789012345678901234567890", "1e-320", "+.5",
            "5.", "3.14159265358979323846264338327950288", "1E2", "9007199254740993",
        ]
        let lines = texts.map { "\($0) 0 0\n" }.joined()
        let block = try read(
            ascii("double x,double y,double z", lines, count: texts.count))
        #expect(
            block.positions.map(\.x)
                == texts.compactMap { Double($0.hasSuffix(".") ? "5" : $0) })
    }

    @Test func propertiesMayComeInAnyOrderWithOthersBetween() throws {
        let text = ascii(
            "float nx,double z,int label,double x,uchar alpha,double y", "9 3 -1 1 255 2\n")
        let block = try read(text.replacing("\n", with: "\r\n"))
        #expect(block.positions == [SIMD3(1, 2, 3)])
        #expect(block.labels == [-1] && block.colors == nil && block.intensities == nil)
    }

    @Test func badHeadersAreOneLine() {
        expectRefused("ply\n", "no end_header")
        expectRefused("ply\nformat ascii 1.0\nelement vertex 3\n", "no end_header")
        expectRefused("ply\nelement vertex 1\nproperty float x\nend_header\n", "no format line")
        expectRefused("ply\nformat ebcdic 1.0\nend_header\n", "none of ascii")
        expectRefused("ply\nformat ascii 1.0\nend_header\n", "no element vertex")
        expectRefused(
            "ply\nformat ascii 1.0\nelement vertex -1\nend_header\n", "element NAME COUNT")
        expectRefused(
            "ply\nformat ascii 1.0\nproperty float x\n", "property TYPE NAME in an element")
        expectRefused("ply\nformat ascii 1.0\nelement vertex 1\nproperty real x\n", "property TYPE")
        expectRefused("ply\nbogus\n", "found \"bogus\"")
        expectRefused(ascii("float x,float y", "0 0\n"), "lack x, y or z")
        expectRefused(ascii("float x,float y,float z", "", count: 0), "0 points")
        expectRefused(
            ascii("list uchar int x,float y,float z", "1 1 1 1\n"), "the list x, expected scalars")
        expectRefused(
            "ply\nformat binary_little_endian 1.0\nelement face 1\nproperty list uchar int i\n"
                + "element vertex 1\nproperty float x\nproperty float y\nproperty float z\n"
                + "end_header\n", "the element face before the vertices has the list i")
    }

    @Test func badTextIsOneLine() {
        let xyz = "float x,float y,float z"
        expectRefused(ascii(xyz, "1 2 three\n"), "line 8: found \"three\", expected a number for z")
        expectRefused(ascii(xyz, "1 2\n..\n"), "line 8: found the end of the line")
        expectRefused(ascii(xyz, "1 2 3 4\n"), "line 8: found \"4\", expected 3 numbers")
        expectRefused(ascii(xyz, "1 2 nan\n"), "point 0 has the coordinates 1.0 2.0 nan")
        expectRefused(ascii(xyz, "1 -inf 3\n"), "expected finite numbers")
        expectRefused(ascii(xyz, "1 2 1e999\n"), "expected finite numbers")
        expectRefused(ascii(xyz, "1 2 3\n", count: 9_000_000_000_000_000_000), "cut short")
        expectRefused(ascii(xyz, "111111 222222 333333\n", count: 2), "ends after 1 of 2 points")
        expectRefused(ascii(xyz + ",float label", "1 2 3 0.5\n"), "the class 0.5")
        expectRefused(ascii(xyz + ",float label", "1 2 3 1e10\n"), "the class 10000000000.0")
        expectRefused(
            ascii(xyz, String(repeating: "1", count: 3 << 20)), "has more than 1048576 bytes")
    }

    @Test(arguments: ["little.ply", "big.ply"]) func cutBinaryFilesAreRefused(name: String) throws {
        let file = try PointFixture.bytes(name)
        // Behind the points lies a face: 1 and 12 bytes.
        for length in 0..<file.count - 13 { expectRefused(Array(file[..<length]), "input: ") }
    }

    @Test func countsThatOverflowAreRefused() {
        for count in ["9223372036854775807", "2305843009213693952"] {
            expectRefused(
                "ply\nformat binary_big_endian 1.0\nelement vertex \(count)\nproperty double x\n"
                    + "property double y\nproperty double z\nend_header\n", "cut short")
        }
    }
}
