// SPDX-License-Identifier: Apache-2.0
import Metrics
import Reports
import Testing

@Suite("Titles and legends of pictures") struct PNGFrameTests {
    private let picture = PNGImage(width: 120, height: 10, color: SIMD3(9, 9, 9))

    @Test("Titles stand above, cut where they are too long") func titles() {
        let headed = picture.headed(by: ["one", String(repeating: "long ", count: 30)], scale: 1)
        #expect(headed.width == 120 && headed.height == 10 + 2 * 11 + 3)
        #expect(Array(headed.pixels.suffix(picture.pixels.count)) == picture.pixels)
        var expected = PNGImage(width: 120, height: 25, color: SIMD3(32, 32, 32))
        expected.write("one", x: 2, y: 3, color: SIMD3(255, 255, 255))
        expected.write("long long long lo..", x: 2, y: 14, color: SIMD3(255, 255, 255))
        #expect(Array(headed.pixels.prefix(expected.pixels.count)) == expected.pixels)
        #expect(picture.headed(by: [], scale: 1) == picture)
    }

    @Test("A legend stands below, in as many lines as it needs") func legend() {
        let found = picture.adding([
            .init(color: SIMD3(1, 2, 3), text: "car"), .init(.missed, text: "missed things"),
        ])
        #expect(found.height == 10 + 2 * 11 + 2)
        #expect(found[13 * 120 + 2] == SIMD3(1, 2, 3))
        #expect(found[24 * 120 + 2] == Outcome.missed.color)
        #expect(picture.adding([]) == picture)
    }
}
