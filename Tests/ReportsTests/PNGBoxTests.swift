// SPDX-License-Identifier: Apache-2.0
import Metrics
import Reports
import Testing

@Suite("Boxes on pictures") struct PNGBoxTests {
    /// The picture's dots that are not black.
    private func dots(_ picture: PNGImage) -> [String] {
        (0..<picture.height).map { row in
            String(
                (0..<picture.width).map {
                    picture[row * picture.width + $0] == SIMD3(0, 0, 0) ? "." : "#"
                })
        }
    }

    private func drawn(
        _ edge: PNGImage.Edge, _ columns: ClosedRange<Int>, _ rows: ClosedRange<Int>
    ) -> [String] {
        var picture = PNGImage(width: 12, height: 6, color: SIMD3(0, 0, 0))
        picture.drawBox(columns, rows, SIMD3(255, 0, 0), thickness: 1, edge: edge)
        return dots(picture)
    }

    @Test("Edges are solid, dashed or struck out") func edges() {
        #expect(
            drawn(.solid, 1...10, 1...4) == [
                "............", ".##########.", ".#........#.", ".#........#.", ".##########.",
                "............",
            ])
        #expect(
            drawn(.dashed, 1...10, 1...4) == [
                "............", ".###...####.", ".#........#.", ".#........#.", ".###...###..",
                "............",
            ])
        #expect(
            drawn(.struckOut, 1...10, 1...4) == [
                "............", ".##########.", ".#.....####.", ".#..###...#.", ".##########.",
                "............",
            ])
    }

    @Test("What lies outside is cut off") func cutOff() {
        #expect(
            drawn(.solid, -3...3, -2...2) == [
                "...#........", "...#........", "####........", "............", "............",
                "............",
            ])
        #expect(Set(drawn(.struckOut, 40...60, 40...60)) == ["............"])
    }

    @Test("Outcomes have their color and a white rim") func outcomes() {
        for outcome in Outcome.allCases {
            var picture = PNGImage(width: 20, height: 20, color: SIMD3(0, 0, 0))
            picture.drawBox(outcome, 4...15, 4...15, thickness: 2)
            #expect(picture[4 * 20 + 4] == outcome.color, "\(outcome)")
            #expect(picture[3 * 20 + 3] == SIMD3(255, 255, 255), "\(outcome)")
            #expect(picture[2 * 20 + 2] == SIMD3(0, 0, 0), "\(outcome)")
        }
        #expect(Set(Outcome.allCases.map(\.edge)).count == 3)
    }
}
