// SPDX-License-Identifier: Apache-2.0
package import Foundation

/// One self-contained HTML file: text, tables and pictures, no scripts, nothing that is fetched.
///
/// Every text is escaped, whoever wrote it; pictures are embedded as images, in which a browser
/// runs no script, and the page's own policy forbids scripts and connections besides.
package struct HTMLPage {
    private let title: String
    private var body = ""

    /// A page whose title is also its first heading.
    package init(title: String) {
        self.title = title
        body += "<h1>\(HTMLPage.escaped(title))</h1>\n"
    }

    /// A heading of a section.
    package mutating func heading(_ text: String) {
        body += "<h2>\(HTMLPage.escaped(text))</h2>\n"
    }

    /// A paragraph.
    package mutating func paragraph(_ text: String) {
        body += "<p>\(HTMLPage.escaped(text))</p>\n"
    }

    /// A table.
    ///
    /// - Parameters:
    ///   - header: The first row; nil for a table of facts, whose cells are all texts.
    ///   - rows: The cells of each row.
    ///   - numbers: Positions of the columns that are set to the right as numbers are; nil for all
    ///     after the first.
    package mutating func table(
        _ header: [String]? = nil, rows: [[String]], numbers: Set<Int>? = nil
    ) {
        guard !rows.isEmpty else { return }
        func kind(_ column: Int) -> String {
            numbers.map { $0.contains(column) } ?? true ? "" : " class=\"text\""
        }
        body += "<div class=\"wide\"><table\(header == nil ? " class=\"facts\"" : "")>\n"
        if let header {
            let cells = header.enumerated().map { index, cell in
                "<th\(kind(index))>\(HTMLPage.escaped(cell))</th>"
            }
            body += "<thead><tr>\(cells.joined())</tr></thead>\n"
        }
        body += "<tbody>\n"
        for row in rows {
            let cells = row.enumerated().map { index, cell in
                index == 0
                    ? "<th scope=\"row\">\(HTMLPage.escaped(cell))</th>"
                    : "<td\(kind(index))>\(HTMLPage.escaped(cell))</td>"
            }
            body += "<tr>\(cells.joined())</tr>\n"
        }
        body += "</tbody></table></div>\n"
    }

    /// Text as it stands in a file, its line breaks kept.
    package mutating func listing(_ text: String) {
        body += "<pre>\(HTMLPage.escaped(text))</pre>\n"
    }

    /// A chart of this module, drawn into the page.
    ///
    /// - Parameter svg: What the chart's `svg` gave; it is not escaped.
    package mutating func chart(_ svg: String) {
        body += "<figure>\n\(svg)</figure>\n"
    }

    /// A picture of a file, embedded.
    ///
    /// - Parameters:
    ///   - type: `image/png` or `image/svg+xml`.
    ///   - caption: What stands below it.
    ///   - isWide: Whether it may be wider than the text, as the window allows.
    package mutating func picture(
        _ data: Data, type: String, caption: String, isWide: Bool = false
    ) {
        let name = HTMLPage.escaped(caption)
        body +=
            "<figure\(isWide ? " class=\"broad\"" : "")><img alt=\"\(name)\" src=\"data:\(HTMLPage.escaped(type));base64,"
        body += data.base64EncodedString()
        body += "\"><figcaption>\(name)</figcaption></figure>\n"
    }

    /// The whole file.
    package var html: String {
        """
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta http-equiv="Content-Security-Policy" \
        content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>\(HTMLPage.escaped(title))</title>
        <style>
        \(HTMLPage.style)
        </style>
        </head>
        <body>
        \(body)</body>
        </html>

        """
    }

    /// Text for an element or an attribute; line feeds stay, other control characters become "?".
    private static func escaped(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false)
            .map { SVGCanvas.escaped(String($0)) }.joined(separator: "\n")
    }

    private static let style = """
        body { font: 15px/1.5 Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif;
          color: \(SVGCanvas.ink); background: #fff; max-width: 900px; margin: 32px auto;
          padding: 0 20px; }
        h1 { font-size: 26px; margin: 0 0 4px; overflow-wrap: anywhere; }
        h2 { font-size: 19px; margin: 36px 0 10px; padding-bottom: 4px;
          border-bottom: 1px solid \(SVGCanvas.grid); }
        p { margin: 6px 0 12px; overflow-wrap: anywhere; }
        .wide { overflow-x: auto; }
        table { border-collapse: collapse; margin: 6px 0 14px; font-size: 14px; }
        th, td { padding: 4px 0 4px 14px; text-align: right; vertical-align: top;
          border-bottom: 1px solid \(SVGCanvas.grid); font-variant-numeric: tabular-nums; }
        th { font-weight: 600; }
        tr > :first-child { padding-left: 0; text-align: left; }
        tbody th { font-weight: 400; color: \(SVGCanvas.faintInk); white-space: nowrap; }
        .text, .facts td { text-align: left; overflow-wrap: anywhere; }
        figure { margin: 14px 0; }
        figure svg, figure img { max-width: 100%; height: auto; display: block; }
        .broad { width: min(1200px, 96vw); margin-left: calc(50% - min(600px, 48vw)); }
        figcaption { color: \(SVGCanvas.faintInk); font-size: 13px; margin-top: 4px; }
        pre { background: #f6f8fa; border-radius: 6px; padding: 14px 16px; overflow-x: auto;
          font: 13px/1.45 'DejaVu Sans Mono', Menlo, Consolas, monospace; }
        """
}
