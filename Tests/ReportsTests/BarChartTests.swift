// SPDX-License-Identifier: Apache-2.0
import Reports
import Testing

@Suite("Bar chart") struct BarChartTests {
    @Test("names, texts and a bar for each value that has one") func bars() throws {
        let chart = BarChart(
            title: "Errors", label: "AP",
            bars: [
                .init(name: "<missed>", value: 0.2, text: "0.200"),
                .init(name: "both", value: 0, text: "0.000"),
                .init(name: "odd", value: .nan, text: "-"),
            ])
        let content = try #require(SVGContent(chart.svg()))
        for text in ["Errors", "AP", "<missed>", "0.200", "both", "0.000", "odd", "-", "0.10"] {
            #expect(content.texts.contains(text), "\(text) in \(content.texts)")
        }
        // The ground and one bar.
        #expect(content.counts["rect"] == 2)
    }

    @Test("odd values draw a picture", arguments: [[], [0], [1e308, 1e-308], [-1, .infinity]])
    func oddValues(values: [Double]) throws {
        let bars = values.map { BarChart.Bar(name: "", value: $0, text: "") }
        #expect(SVGContent(BarChart(title: "", label: "", bars: bars).svg()) != nil)
    }
}
