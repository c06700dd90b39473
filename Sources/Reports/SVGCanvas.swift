// SPDX-License-Identifier: Apache-2.0
import Foundation

/// The text of an SVG picture, built element by element; the same calls give the same bytes.
struct SVGCanvas {
    /// Where a text's anchor lies.
    enum Anchor: String {
        case start, middle, end
    }

    /// Colours that stay apart for colour-blind readers and in print, dark enough on white.
    static let palette = [
        "#0072b2", "#d55e00", "#009e73", "#b0589b", "#b8860b", "#4b4b9f", "#56a0d3", "#8c510a",
        "#4d4d4d", "#c51b4a",
    ]

    /// Nearly black, for text and axes.
    static let ink = "#1f2328"

    /// Grey, for what is read second.
    static let faintInk = "#59636e"

    /// Light grey, for grid lines.
    static let grid = "#e3e6ea"

    private var body = ""

    /// A filled rectangle; `title` is what a browser shows when the pointer rests on it.
    mutating func rectangle(
        x: Double, y: Double, width: Double, height: Double, fill: String, opacity: Double = 1,
        radius: Double = 0, stroke: String? = nil, strokeWidth: Double = 0.75,
        dash: Double? = nil, title: String? = nil
    ) {
        body += "<rect x=\"\(Self.number(x))\" y=\"\(Self.number(y))\" "
        body += "width=\"\(Self.number(width))\" height=\"\(Self.number(height))\" fill=\"\(fill)\""
        if opacity < 1 { body += " fill-opacity=\"\(Self.number(opacity))\"" }
        if radius > 0 { body += " rx=\"\(Self.number(radius))\"" }
        if let stroke {
            body += " stroke=\"\(stroke)\" stroke-width=\"\(Self.number(strokeWidth))\""
            if let dash { body += " stroke-dasharray=\"\(Self.number(dash))\"" }
        }
        if let title {
            body += "><title>\(Self.escaped(title))</title></rect>\n"
        } else {
            body += "/>\n"
        }
    }

    /// Makes a hatching known: slanted lines that ``hatch(_:)`` fills with.
    mutating func defineHatch(_ name: String, stroke: String) {
        body += "<defs><pattern id=\"\(name)\" width=\"5\" height=\"5\" "
        body += "patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">"
        body += "<rect width=\"5\" height=\"5\" fill=\"#ffffff\"/>"
        body += "<rect width=\"2.2\" height=\"5\" fill=\"\(stroke)\"/></pattern></defs>\n"
    }

    /// The fill of a hatching of this picture.
    static func hatch(_ name: String) -> String { "url(#\(name))" }

    /// A straight line.
    mutating func line(
        from start: (x: Double, y: Double), to end: (x: Double, y: Double), stroke: String,
        width: Double = 1
    ) {
        body += "<line x1=\"\(Self.number(start.x))\" y1=\"\(Self.number(start.y))\" "
        body += "x2=\"\(Self.number(end.x))\" y2=\"\(Self.number(end.y))\" stroke=\"\(stroke)\" "
        body += "stroke-width=\"\(Self.number(width))\"/>\n"
    }

    /// A line through `points`.
    mutating func polyline(_ points: [(x: Double, y: Double)], stroke: String, width: Double = 2) {
        let list = points.map { "\(Self.number($0.x)),\(Self.number($0.y))" }
        body += "<polyline points=\"\(list.joined(separator: " "))\" fill=\"none\" "
        body += "stroke=\"\(stroke)\" stroke-width=\"\(Self.number(width))\" "
        body += "stroke-linejoin=\"round\" stroke-linecap=\"round\"/>\n"
    }

    /// A dot.
    mutating func dot(x: Double, y: Double, radius: Double, fill: String) {
        body += "<circle cx=\"\(Self.number(x))\" cy=\"\(Self.number(y))\" "
        body += "r=\"\(Self.number(radius))\" fill=\"\(fill)\"/>\n"
    }

    /// One line of text; `y` is its baseline.
    mutating func text(
        _ text: String, x: Double, y: Double, size: Double = 12, fill: String = SVGCanvas.ink,
        anchor: Anchor = .start, isBold: Bool = false, rotated: Bool = false
    ) {
        body += "<text x=\"\(Self.number(x))\" y=\"\(Self.number(y))\" "
        body += "font-size=\"\(Self.number(size))\" fill=\"\(fill)\""
        if anchor != .start { body += " text-anchor=\"\(anchor.rawValue)\"" }
        if isBold { body += " font-weight=\"600\"" }
        if rotated { body += " transform=\"rotate(-90 \(Self.number(x)) \(Self.number(y)))\"" }
        body += ">\(Self.escaped(text))</text>\n"
    }

    /// The axis of horizontal bars from 0 to `end`: lines behind them, ticks and the label below.
    mutating func barAxis(
        to end: Double, x: (left: Double, right: Double), y: (top: Double, bottom: Double),
        label: String
    ) {
        let axis = ChartScale(from: 0, to: end, count: 5)
        for tick in axis.ticks {
            let place = x.left + tick / end * (x.right - x.left)
            line(from: (place, y.top), to: (place, y.bottom), stroke: Self.grid)
            text(
                axis.label(tick), x: place, y: y.bottom + 18, size: 11.5, fill: Self.faintInk,
                anchor: .middle)
        }
        text(label, x: (x.left + x.right) / 2, y: y.bottom + 42, anchor: .middle)
    }

    /// The whole picture, `width` by `height` pixels on white.
    func document(width: Double, height: Double, title: String) -> String {
        let size = "width=\"\(Self.number(width))\" height=\"\(Self.number(height))\""
        return "<svg xmlns=\"http://www.w3.org/2000/svg\" \(size) "
            + "viewBox=\"0 0 \(Self.number(width)) \(Self.number(height))\" role=\"img\" "
            + "font-family=\"Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif\">\n"
            + "<title>\(Self.escaped(title))</title>\n"
            + "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n" + body + "</svg>\n"
    }

    /// A coordinate with at most two decimals; 0 for what is not finite.
    static func number(_ value: Double) -> String {
        guard value.isFinite, abs(value) < 1e9 else { return "0" }
        let rounded = (value * 100).rounded() / 100
        return rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)"
    }

    /// A number with as many decimals as it has, nine at most.
    static func decimal(_ value: Double) -> String {
        var text = String(format: "%.9f", value)
        while text.hasSuffix("0") { text.removeLast() }
        if text.hasSuffix(".") { text.removeLast() }
        return text == "-0" ? "0" : text
    }

    /// `text` for use in an element or an attribute.
    ///
    /// Control characters, which XML forbids, become "?".
    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F: result += "?"
            case "\u{FFFE}", "\u{FFFF}": result += "?"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// `text` cut to `count` characters, with an ellipsis where something was cut.
    static func shortened(_ text: String, to count: Int) -> String {
        text.count <= count ? text : text.prefix(max(count - 1, 0)) + "…"
    }

    /// The colour of number `index`, repeating when the palette ends.
    static func colour(_ index: Int) -> String {
        palette[((index % palette.count) + palette.count) % palette.count]
    }
}
