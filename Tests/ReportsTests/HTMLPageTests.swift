// SPDX-License-Identifier: Apache-2.0
import Foundation
import Reports
import Testing

@Suite("HTMLPage") struct HTMLPageTests {
    private let hostile =
        "</pre><script>alert(1)</script><img src=x onerror='a()'> \" & \u{1}\u{0}"

    /// The page's elements; nil where a tag is not closed in its place.
    private func elements(_ html: String) -> [String]? {
        var open: [String] = [], all: [String] = []
        for match in html.matches(of: /<(\/?)([a-zA-Z1-6]+)[^<>]*?(\/?)>/) {
            let name = String(match.2)
            if !match.1.isEmpty {
                guard open.popLast() == name else { return nil }
            } else {
                all.append(name)
                if match.3.isEmpty, !["meta", "img"].contains(name) { open.append(name) }
            }
        }
        return open.isEmpty ? all : nil
    }

    @Test("Every text is escaped, wherever it stands")
    func everyTextIsEscaped() throws {
        var page = HTMLPage(title: hostile)
        page.heading(hostile)
        page.paragraph(hostile)
        page.table([hostile, hostile], rows: [[hostile, hostile]])
        page.table(rows: [[hostile, hostile]])
        page.listing("a: 1\n\(hostile)\nb: 2")
        page.picture(Data("x".utf8), type: "image/png\" onload=\"a()", caption: hostile)
        page.chart(
            LineChart(
                title: hostile, xLabel: hostile, yLabel: hostile,
                series: [.init(name: hostile, points: [(0, 1), (1, 2)])]
            ).svg())
        let html = page.html
        let found = try #require(elements(html), "a tag is not closed")
        #expect(!found.contains("script"))
        #expect(found.count { $0 == "img" } == 1)
        #expect(!html.contains("onload=\"") && !html.contains("onerror='"))
        #expect(!html.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" })
        #expect(html.contains("a: 1\n&lt;/pre&gt;&lt;script&gt;"))
    }

    @Test("Columns named as numbers stand to the right, the others to the left")
    func columns() {
        var page = HTMLPage(title: "a")
        page.table(["x", "y", "z"], rows: [["b", "c", "1"]], numbers: [2])
        #expect(
            page.html.contains("<th scope=\"row\">b</th><td class=\"text\">c</td><td>1</td>"))
        page.table(["x", "y"], rows: [["d", "2"]])
        #expect(page.html.contains("<th scope=\"row\">d</th><td>2</td>"))
    }

    @Test("The page refuses scripts and connections, and says its encoding first")
    func policy() {
        let html = HTMLPage(title: "a").html
        #expect(
            html.hasPrefix("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">"))
        #expect(
            html.contains(
                "content=\"default-src 'none'; img-src data:; style-src 'unsafe-inline'\""))
        #expect(!html.contains("http://") && !html.contains("https://"))
    }

    @Test("A picture comes back from its data URI")
    func pictures() throws {
        var page = HTMLPage(title: "a")
        let data = Data((0..<300).map { UInt8($0 % 256) })
        page.picture(data, type: "image/png", caption: "b.png")
        let match = try #require(
            page.html.firstMatch(of: /src="data:image\/png;base64,([A-Za-z0-9+\/=]+)"/))
        #expect(Data(base64Encoded: String(match.1)) == data)
    }
}
