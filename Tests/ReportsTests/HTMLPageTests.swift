// SPDX-License-Identifier: Apache-2.0
import Reports
import Testing

@Suite("HTML page") struct HTMLPageTests {
    @Test("texts are escaped, pictures stay, nothing is loaded from elsewhere") func content() {
        var page = HTMLPage(title: "A & <B>")
        page.heading("x < y")
        page.paragraph("\"quoted\"")
        page.table(["name", "n"], [["<script>", "1"]], numbers: [1])
        let chart = BarChart(title: "t", label: "l", bars: []).svg()
        page.picture(chart)
        let text = page.text
        #expect(text.hasPrefix("<!DOCTYPE html>"))
        #expect(text.contains("<title>A &amp; &lt;B&gt;</title>"))
        #expect(text.contains("<h2>x &lt; y</h2>"))
        #expect(text.contains("<p>&quot;quoted&quot;</p>"))
        #expect(text.contains("<td>&lt;script&gt;</td><td class=\"n\">1</td>"))
        #expect(text.contains(chart))
        #expect(!text.contains("src=") && !text.contains("href=") && !text.contains("@import"))
    }
}
