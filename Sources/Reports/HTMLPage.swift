// SPDX-License-Identifier: Apache-2.0

/// One HTML file of texts, tables and pictures that needs no other file and no network.
package struct HTMLPage: Sendable {
    /// What stands in the window's title and on top.
    package let title: String
    private var body = ""

    /// An empty page.
    package init(title: String) { self.title = title }

    /// Adds a heading.
    package mutating func heading(_ text: String) {
        body += "<h2>\(SVGCanvas.escaped(text))</h2>\n"
    }

    /// Adds a paragraph.
    package mutating func paragraph(_ text: String) {
        body += "<p>\(SVGCanvas.escaped(text))</p>\n"
    }

    /// Adds a picture as the charts of this module draw them.
    package mutating func picture(_ svg: String) {
        body += "<figure>\n\(svg)</figure>\n"
    }

    /// Adds a table.
    ///
    /// - Parameters:
    ///   - header: Names of the columns.
    ///   - rows: The cells.
    ///   - numbers: Positions of the columns that are aligned to the right.
    package mutating func table(_ header: [String], _ rows: [[String]], numbers: Set<Int> = []) {
        func line(_ cells: [String], _ tag: String) -> String {
            "<tr>"
                + cells.enumerated().map { column, cell in
                    let kind = numbers.contains(column) ? " class=\"n\"" : ""
                    return "<\(tag)\(kind)>\(SVGCanvas.escaped(cell))</\(tag)>"
                }.joined() + "</tr>\n"
        }
        body += "<div class=\"wide\"><table>\n<thead>\(line(header, "th"))</thead>\n<tbody>\n"
        body += rows.map { line($0, "td") }.joined() + "</tbody>\n</table></div>\n"
    }

    /// The file's text.
    package var text: String {
        let title = SVGCanvas.escaped(title)
        return """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>\(title)</title>
            <style>
            body { font: 15px/1.5 Helvetica, Arial, sans-serif; color: \(SVGCanvas.ink); \
            max-width: 900px; margin: 2em auto; padding: 0 1em; background: #fff; }
            h1 { font-size: 1.6em; } h2 { font-size: 1.2em; margin-top: 2em; }
            figure { margin: 1em 0; overflow-x: auto; } .wide { overflow-x: auto; }
            svg { max-width: 100%; height: auto; }
            table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
            th, td { padding: 0.2em 0.8em 0.2em 0; text-align: left; white-space: nowrap; }
            th { border-bottom: 1px solid \(SVGCanvas.faintInk); } .n { text-align: right; }
            tbody tr:nth-child(even) { background: #f6f8fa; }
            </style>
            </head>
            <body>
            <h1>\(title)</h1>
            \(body)</body>
            </html>

            """
    }
}
