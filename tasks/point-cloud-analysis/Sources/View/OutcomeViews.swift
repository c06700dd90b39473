// SPDX-License-Identifier: Apache-2.0
import Files
import Metrics
package import Reports

/// Pictures of clouds and shapes by what became of them.
package enum OutcomeViews {
    /// More wrong shapes are not drawn.
    package static let mostShapes = 20

    private static let panel = (width: 620, height: 460)
    private static let cell = (width: 240, height: 180)
    private static let gap = 8
    private static let background = SIMD3<UInt8>(32, 32, 32)
    /// Points that count for nothing.
    private static let uncounted = SIMD3<UInt8>(215, 215, 215)

    /// A scene thrice side by side: its classes, the predicted ones, and which of them are right.
    ///
    /// - Parameter predicted: A class for each point of the scene.
    package static func scene(
        _ scene: PointScene, predicted: [Int32], names: [String], titles: [String]
    ) throws -> PNGImage {
        precondition(
            predicted.count == scene.count, "\(predicted.count) classes, \(scene.count) points")
        let wrong = Outcome.missed.color
        let panels: [(title: String, color: (Int) -> SIMD3<UInt8>)] = [
            ("annotated", { Self.color(scene.labels[$0]) }),
            ("predicted", { Self.color(predicted[$0]) }),
            (
                "right and wrong",
                { point in
                    let label = scene.labels[point]
                    guard label >= 0 else { return Self.uncounted }
                    return label == predicted[point] ? Outcome.found.color : wrong
                }
            ),
        ]
        let view = PointView(
            width: panel.width, height: panel.height, direction: .oblique, coloring: .rgb)
        let positions = scene.positions.map { SIMD3<Double>($0) }
        let pictures = try panels.map { panel in
            try view.draw { _ in
                HeldPoints(
                    path: "the points", positions: positions,
                    colors: positions.indices.map {
                        SIMD3<UInt16>(truncatingIfNeeded: panel.color($0)) &<< 8
                    })
            }.image.headed(by: [panel.title], scale: 3)
        }
        var legend: [PNGImage.LegendEntry] = [
            .init(color: Outcome.found.color, text: "right class: found"),
            .init(color: wrong, text: "wrong class: missed, and invented as another"),
        ]
        let used = Set(scene.labels + predicted)
        if used.contains(where: { $0 < 0 }) {
            legend.append(.init(color: uncounted, text: "not counted"))
        }
        legend += names.enumerated().compactMap { label, name in
            used.contains(Int32(label)) ? .init(color: color(Int32(label)), text: name) : nil
        }
        return joined(pictures, columns: pictures.count).adding(legend, scale: 3)
            .headed(by: titles, scale: 3)
    }

    /// Shapes in rows, each with its class and the predicted one above it.
    ///
    /// - Parameters:
    ///   - shapes: The points of each, its class and the predicted one; at least one shape.
    ///   - standOnY: Whether the shapes' y points upwards, not z.
    package static func shapes(
        _ shapes: [(points: [SIMD3<Float>], truth: Int, predicted: Int)], standOnY: Bool,
        names: [String], title: String
    ) throws -> PNGImage {
        let view = PointView(
            width: cell.width, height: cell.height, direction: .oblique, coloring: .height)
        let cells = try shapes.map { shape in
            let positions = shape.points.map { point in
                let place = SIMD3<Double>(point)
                return standOnY ? SIMD3(place.x, -place.z, place.y) : place
            }
            return try view.draw { _ in HeldPoints(path: "the points", positions: positions) }.image
                .headed(
                    by: ["is " + names[shape.truth], "as " + names[shape.predicted]], scale: 2)
        }
        return joined(cells, columns: 5).headed(by: [title], scale: 2)
    }

    /// The color of a class.
    private static func color(_ label: Int32) -> SIMD3<UInt8> {
        label < 0 ? uncounted : Palette.color(ofLabel: label)
    }

    /// Pictures of one size in rows.
    private static func joined(_ pictures: [PNGImage], columns: Int) -> PNGImage {
        guard let first = pictures.first else {
            preconditionFailure("no picture to join")
        }
        let rows = (pictures.count + columns - 1) / columns
        var sheet = PNGImage(
            width: columns * (first.width + gap) - gap, height: rows * (first.height + gap) - gap,
            color: background)
        for (number, picture) in pictures.enumerated() {
            let left = number % columns * (first.width + gap)
            let top = number / columns * (first.height + gap)
            for row in 0..<picture.height {
                let target = 3 * ((top + row) * sheet.width + left)
                let source = 3 * row * picture.width
                sheet.pixels.replaceSubrange(
                    target..<target + 3 * picture.width,
                    with: picture.pixels[source..<source + 3 * picture.width])
            }
        }
        return sheet
    }
}
