// SPDX-License-Identifier: Apache-2.0
import Foundation
import Reports
import Testing

@Suite("Words on pictures") struct PNGTextTests {
    /// The picture's dots: `#` where it is white.
    private func dots(_ picture: PNGImage) -> [String] {
        (0..<picture.height).map { row in
            String((0..<picture.width).map { picture[row * picture.width + $0].x > 0 ? "#" : "." })
        }
    }

    @Test("letters are those of the text") func letters() {
        var picture = PNGImage(width: 17, height: 7, color: SIMD3(0, 0, 0))
        picture.write("Tö1", x: 0, y: 0, color: SIMD3(255, 255, 255))
        #expect(
            dots(picture) == [
                "#####.........#..", "..#..........##..", "..#....###....#..",
                "..#...#...#...#..", "..#...#...#...#..", "..#...#...#...#..",
                "..#....###...###.",
            ])
        #expect(
            PNGImage.textSize("Tö1") == (17, 7) && PNGImage.textSize("ab", scale: 3) == (33, 21))
    }

    @Test("every letter is another one, and what lies outside is cut off") func everyLetter() {
        var seen = Set<[String]>()
        for code in UInt8(0x20)..<0x7F {
            var picture = PNGImage(width: 5, height: 7, color: SIMD3(0, 0, 0))
            picture.write(
                String(UnicodeScalar(code)), x: 0, y: 0, color: SIMD3(255, 255, 255))
            #expect(seen.insert(dots(picture)).inserted, "\(code)")
        }
        var small = PNGImage(width: 4, height: 4)
        small.write("樹 WW", x: -20, y: -3, color: SIMD3(255, 255, 255), scale: 2)
        small.write("W", x: 90, y: 90, color: SIMD3(255, 255, 255))
        #expect(small.pixels.count == 48)
    }

    @Test("a note travels in the file") func notes() throws {
        let path = FileManager.default.temporaryDirectory
            .appendingPathComponent("note-\(UUID().uuidString).png").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let picture = PNGImage(width: 3, height: 2, color: SIMD3(1, 2, 3))
        try picture.png(note: "1 files, 20 bytes").write(to: URL(fileURLWithPath: path))
        #expect(PNGImage.note(inFile: path) == "1 files, 20 bytes")
        try picture.png().write(to: URL(fileURLWithPath: path))
        #expect(PNGImage.note(inFile: path) == nil)
        for count in 0..<60 {
            try picture.png(note: "abc").prefix(count).write(to: URL(fileURLWithPath: path))
            #expect(count > 50 || PNGImage.note(inFile: path) == nil)
        }
        #expect(PNGImage.note(inFile: path + ".none") == nil)
    }
}
