// SPDX-License-Identifier: Apache-2.0
import Reports
import Testing

@Suite("Heat map") struct HeatMapTests {
    private func map(_ values: [[Double]], columns: [Double] = [0.1, 1]) -> HeatMap {
        HeatMap(
            title: "Error", xLabel: "beta", yLabel: "alpha", columns: columns, rows: [0, 1],
            panels: [.init(title: "one", values: values), .init(title: "two", values: values)],
            path: (name: "schedule", points: [(0.1, 1), (1, 0)]),
            mark: (name: "default", point: (0.1, 1)))
    }

    @Test func everyPanelHasItsCellsAxesPathAndMark() throws {
        let content = try #require(SVGContent(map([[1e-8, 1e-4], [0.3, 1]]).svg()))
        // The background and two times four cells.
        #expect(content.counts["rect"] == 9)
        #expect(content.counts["polyline"] == 2)
        // One of each panel and the legend's.
        #expect(content.counts["circle"] == 3)
        for text in ["one", "two", "beta", "alpha", "schedule", "default", "1e-08", "3e-01", "0.1"]
        {
            #expect(content.texts.contains(text), "\(text) in \(content.texts)")
        }
    }

    @Test func rowsRiseAndLargerNumbersAreDarker() throws {
        let content = try #require(SVGContent(map([[1e-8, 1e-4], [0.3, .nan]]).svg()))
        let cells = content.rectangles.suffix(4)
        let tops = cells.compactMap { $0["y"].flatMap(Double.init) }
        #expect(tops.count == 4 && tops[0] == tops[1] && tops[2] < tops[0])
        let greens = cells.compactMap { cell in
            cell["fill"].flatMap { Int($0.dropFirst(3).prefix(2), radix: 16) }
        }
        #expect(greens == greens.sorted(by: >) && greens.last == 0)
        #expect(cells.last?["fill"] == "#000000")
    }

    @Test func oddDataDrawsAPicture() throws {
        for values in [[], [[]], [[.nan, .infinity], [0, -1]], [[1e300, 1e-300]]] {
            for columns in [[], [0.5], [0.1, 1]] {
                let svg = map(values, columns: columns).svg()
                #expect(SVGContent(svg) != nil)
                #expect(!svg.contains("nan") && !svg.contains("inf\""))
            }
        }
    }

    @Test func samePictureTwice() {
        #expect(map([[1, 2], [3, 4]]).svg() == map([[1, 2], [3, 4]]).svg())
    }
}
