// SPDX-License-Identifier: Apache-2.0
import Reports
import Testing

@Suite("Line chart") struct LineChartTests {
    private func chart(
        _ points: [(x: Double, y: Double)], startsAtZero: Bool = true
    ) -> LineChart {
        LineChart(
            title: "Loss", xLabel: "step", yLabel: "loss",
            series: [.init(name: "total", points: points)], startsAtZero: startsAtZero)
    }

    @Test func axesHaveRoundNumbers() throws {
        let content = try #require(SVGContent(chart([(0, 0), (400, 0.97)]).svg()))
        for tick in ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0", "100", "200", "300", "400"] {
            #expect(content.texts.contains(tick), "\(tick) in \(content.texts)")
        }
        #expect(content.texts.contains("loss") && content.texts.contains("step"))
        #expect(content.counts["polyline"] == 1)
    }

    @Test func largeNumbersAreGroupedAndNegativeOnesSigned() throws {
        let content = try #require(SVGContent(chart([(0, -20_000), (1, 40_000)]).svg()))
        #expect(content.texts.contains("40\u{2009}000") && content.texts.contains("−20\u{2009}000"))
    }

    @Test func pointsThatAreNotFiniteBreakTheCurve() throws {
        let points: [(x: Double, y: Double)] = [
            (0, 1), (1, 2), (2, .nan), (3, 1), (4, 2), (5, .infinity), (6, 1),
        ]
        let content = try #require(SVGContent(chart(points).svg()))
        #expect(content.counts["polyline"] == 2)
        #expect(content.counts["circle"] == 5)
    }

    @Test func oddDataDrawsAPicture() throws {
        let cases: [[(x: Double, y: Double)]] = [
            [], [(1, 1)], [(0, 0), (0, 0)], [(.nan, .nan)], [(0, 1e-12), (1, 3e-12)],
            [(0, 1e299), (1, -1e299)], [(0, 1e308), (1, -1e308)], [(5, 7), (5, 8)],
        ]
        for points in cases {
            for startsAtZero in [true, false] {
                let svg = chart(points, startsAtZero: startsAtZero).svg()
                #expect(SVGContent(svg) != nil)
                #expect(!svg.contains("nan") && !svg.contains("inf"))
            }
        }
    }

    @Test func samePictureTwice() {
        let one = chart((0..<100).map { (Double($0), 1 / Double($0 + 1)) })
        #expect(one.svg() == one.svg())
    }
}
