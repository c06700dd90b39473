// SPDX-License-Identifier: Apache-2.0
package import Metrics

/// How outcomes look, on charts and on photographs alike.
///
/// Blue, orange and purple stay apart for colour-blind readers; in grey the forms do: what is found
/// is solid, what is missed is empty with a dashed edge, what is invented is hatched or struck out.
extension Outcome {
    /// Red, green and blue.
    package var color: SIMD3<UInt8> {
        switch self {
        case .found: SIMD3(0, 114, 178)
        case .missed: SIMD3(222, 125, 0)
        case .invented: SIMD3(170, 51, 119)
        }
    }

    /// The colour as SVG writes it.
    var hex: String {
        "#"
            + [color.x, color.y, color.z].map { channel in
                (channel < 16 ? "0" : "") + String(channel, radix: 16)
            }.joined()
    }
}

extension SVGCanvas {
    /// The name of the hatching for what is invented.
    private static let inventedHatch = "invented"

    /// Makes the outcomes' hatching known; once a picture, before the first bar.
    mutating func defineOutcomes() {
        defineHatch(Self.inventedHatch, stroke: Outcome.invented.hex)
    }

    /// A bar in the form of an outcome.
    mutating func bar(
        _ outcome: Outcome, x: Double, y: Double, width: Double, height: Double,
        title: String? = nil
    ) {
        // Edges lie inside, so that neighbouring bars do not touch.
        switch outcome {
        case .found:
            rectangle(
                x: x, y: y, width: width, height: height, fill: outcome.hex, radius: 2,
                stroke: "#ffffff", title: title)
        case .missed:
            rectangle(
                x: x + 1, y: y + 1, width: max(width - 2, 1), height: height - 2,
                fill: "#fff6e8", radius: 2, stroke: outcome.hex, strokeWidth: 2, dash: 4,
                title: title)
        case .invented:
            rectangle(
                x: x + 0.6, y: y + 0.6, width: max(width - 1.2, 1), height: height - 1.2,
                fill: Self.hatch(Self.inventedHatch), radius: 2, stroke: outcome.hex,
                strokeWidth: 1.2, title: title)
        }
    }
}
