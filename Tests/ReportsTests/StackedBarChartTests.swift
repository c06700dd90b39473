// SPDX-License-Identifier: Apache-2.0
import Reports
import Testing

@Suite("Stacked bar chart") struct StackedBarChartTests {
    @Test("names, legend and a rectangle for each part that has a length") func parts() throws {
        let chart = BarChart(
            title: "Outcomes", label: "part", series: ["<true>", "false"],
            bars: [
                .init(name: "1G", parts: [0.75, 0.25], text: "40"),
                .init(name: "2G", parts: [0, .nan]),
            ])
        let content = try #require(SVGContent(chart.svg()))
        for text in ["Outcomes", "part", "<true>", "false", "1G", "2G", "40", "0.4"] {
            #expect(content.texts.contains { $0.hasPrefix(text) }, "\(text) in \(content.texts)")
        }
        // The ground, two of the legend and two parts.
        #expect(content.counts["rect"] == 5)
    }

    @Test("odd values draw a picture", arguments: [[0.0], [1e308], [-1], [.infinity]])
    func oddValues(values: [Double]) throws {
        let chart = BarChart(
            title: "", label: "", series: [""], bars: [.init(name: "", parts: values)])
        #expect(SVGContent(chart.svg()) != nil)
        let empty = BarChart(title: "", label: "", series: [], bars: [])
        #expect(SVGContent(empty.svg()) != nil)
    }
}
