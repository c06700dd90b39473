// SPDX-License-Identifier: Apache-2.0
import Reports
import Testing

@Suite("Matrix chart") struct MatrixChartTests {
    private func chart(_ names: [String], _ counts: [[Int]]) -> String {
        MatrixChart(title: "a < b", names: names, counts: counts).svg()
    }

    @Test func everyCellIsThereWithItsShare() throws {
        let svg = chart(["ground", "tree & bush"], [[3, 1], [0, 0]])
        let content = try #require(SVGContent(svg))
        for text in ["75", "25", "ground", "tree & bush", "a < b"] {
            #expect(content.texts.contains(text), "\(text)")
        }
        #expect(svg.contains("<title>ground as tree &amp; bush: 1 of 4</title>"))
        // The background and a cell each; a row of no points is white.
        let fills = content.rectangles.dropFirst().map { $0["fill"] ?? "" }
        #expect(fills.count == 4 && fills[0] != fills[1] && fills[2] == "#ffffff")
        #expect(svg == chart(["ground", "tree & bush"], [[3, 1], [0, 0]]))
    }

    @Test(arguments: [1, 13, 60]) func anyNumberOfClassesIsDrawn(count: Int) throws {
        let names = (0..<count).map { "class \($0) with a name that is rather long" }
        let counts = (0..<count).map { row in (0..<count).map { $0 == row ? 9 : 0 } }
        let content = try #require(SVGContent(chart(names, counts)))
        #expect(content.rectangles.count == count * count + 1)
        #expect(content.texts.allSatisfy { $0.count <= 60 })
    }
}
