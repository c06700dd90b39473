// SPDX-License-Identifier: Apache-2.0
import PointCloudAnalysis
import Reports
import Testing

@Suite("Pictures of clouds") struct PointViewTests {
    private func draw(
        _ name: String, _ direction: PointView.Direction, _ coloring: PointView.Coloring?
    ) throws -> PointView.Drawing {
        try PointView(width: 64, height: 48, direction: direction, coloring: coloring).draw {
            try PointFile.open(PointFixture.path(name), PointReading($0), samples: 50_000)
        }
    }

    private func ink(_ drawing: PointView.Drawing) -> Int {
        (0..<64 * 48).count { drawing.image[$0] != SIMD3(255, 255, 255) }
    }

    @Test(arguments: PointView.Direction.allCases, PointView.Coloring.allCases)
    func everyViewHasInkAndAMargin(
        direction: PointView.Direction, coloring: PointView.Coloring
    ) throws {
        let drawing = try draw("format7.las", direction, coloring)
        #expect(drawing.coloring == coloring && drawing.points == 16)
        #expect(ink(drawing) > 100)
        #expect(drawing.labels.isEmpty == (coloring != .label))
        #expect(try draw("format7.las", direction, coloring).image == drawing.image)
    }

    @Test func theFileDecidesWhatIsShown() throws {
        #expect(try draw("format7.las", .top, nil).coloring == .rgb)
        #expect(try draw("format0.las", .top, nil).coloring == .label)
        #expect(try draw("cube.off", .top, nil).coloring == .height)
        #expect { _ = try draw("format0.las", .top, .rgb) } throws: {
            "\($0)".contains("the points have no rgb; --color may be height, intensity, label")
        }
    }

    @Test func colorsThatAreAllBlackAndLabelsThatAreAllOneAreNotChosen() throws {
        for (red, label, expected) in [
            (0, 1, PointView.Coloring.height), (0, 2, .label), (9, 1, .rgb),
        ] {
            let text = """
                ply
                format ascii 1.0
                element vertex 2
                property float x
                property float y
                property float z
                property uchar red
                property uchar green
                property uchar blue
                property int label
                end_header
                0 0 0 0 0 0 1
                1 1 1 \(red) 0 0 \(label)
                """
            let view = PointView(width: 64, height: 48, direction: .top, coloring: nil)
            let drawing = try view.draw {
                try PointFile.open(bytes: Array(text.utf8), name: "input", PointReading($0))
            }
            #expect(drawing.coloring == expected)
        }
    }

    @Test func fromAboveACubeIsASquareInTheMiddle() throws {
        let drawing = try draw("cube.obj", .top, .height)
        let isInk = (0..<64 * 48).map { drawing.image[$0] != SIMD3(255, 255, 255) }
        let columns = (0..<64).filter { x in (0..<48).contains { isInk[$0 * 64 + x] } }
        let rows = (0..<48).filter { y in (0..<64).contains { isInk[y * 64 + $0] } }
        // 92 % of the height, give or take a point's size.
        for side in [columns, rows] {
            #expect(abs(side.count - 44) <= 5)
            #expect(side.count == (side.last ?? 0) - (side.first ?? 0) + 1)
        }
        #expect(abs((columns.first ?? 0) + (columns.last ?? 0) - 63) <= 3)
        // The top is what is seen, nearly all of it in the color of the largest height.
        let yellow = (0..<64 * 48).count { drawing.image[$0].x > 150 && drawing.image[$0].z < 200 }
        #expect(yellow > 44 * 44 * 3 / 4)
    }

    @Test func equalPointsAndSinglePointsAreDrawn() throws {
        for text in ["1 2 3\n", "1 2 3\n1 2 3\n1 2 3\n", "1 2 3\n1 2 4\n"] {
            let count = text.split(separator: "\n").count
            let bytes = Array(
                """
                ply
                format ascii 1.0
                element vertex \(count)
                property float x
                property float y
                property float z
                end_header
                \(text)
                """.utf8)
            for direction in PointView.Direction.allCases {
                let view = PointView(width: 64, height: 48, direction: direction, coloring: nil)
                let drawing = try view.draw {
                    try PointFile.open(bytes: bytes, name: "input", PointReading($0))
                }
                #expect(ink(drawing) > 0 && drawing.points == count)
            }
        }
    }
}
