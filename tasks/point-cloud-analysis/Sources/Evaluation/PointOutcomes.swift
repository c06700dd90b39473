// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Files
package import Metrics
package import Reports

/// Which points or shapes of validation have the right class.
package struct PointOutcomes {
    /// A shape with the wrong class.
    package struct WrongShape: Sendable, Hashable {
        /// Position among the shapes of validation.
        package let number: Int
        /// The class that it has.
        package let truth: Int
        /// The class that it was given.
        package let predicted: Int
    }

    /// How often each class was predicted as each.
    package private(set) var matrix: ConfusionMatrix
    /// The scene that is drawn, and the class predicted for each of its voxels.
    package private(set) var drawn: (scene: PointIndex.Scene, labels: [Int32])?
    /// The shapes with the wrong class.
    package private(set) var wrongShapes: [WrongShape] = []

    /// Larger scenes are not kept for the picture, for the memory's sake.
    private static let mostVoxels = 4_000_000

    /// Outcomes of nothing yet.
    package init(classes: Int) { matrix = ConfusionMatrix(classes: classes) }

    /// Adds a scene; the first that is not too large is the one that is drawn.
    ///
    /// - Parameter confusion: How the classes do over its original points.
    package mutating func add(
        _ scene: PointIndex.Scene, labels: [Int32], confusion: ConfusionMatrix
    ) {
        matrix.add(confusion)
        if drawn == nil, scene.points <= Self.mostVoxels { drawn = (scene, labels) }
    }

    /// Adds a shape.
    package mutating func add(shape number: Int, truth: Int, predicted: Int) {
        matrix.add(truth: truth, prediction: predicted)
        guard truth != predicted else { return }
        wrongShapes.append(WrongShape(number: number, truth: truth, predicted: predicted))
    }

    /// The counts: a class is found where it is right, missed where another was predicted, and
    /// invented where it was predicted for another.
    package func report(_ names: [String], areShapes: Bool) -> OutcomeReport {
        let unit = areShapes ? "shapes" : "points"
        return OutcomeReport(
            unit: unit,
            notes: [
                "Each of the \(unit) has one class and one predicted class, the likeliest: no score "
                    + "threshold is needed. Where they differ it is missed in its own class and "
                    + "invented in the predicted one, so that there are as many of both."
            ],
            classes: names.enumerated().map { label, name in
                let hits = matrix.hits(of: label)
                return .init(
                    name: name,
                    counts: OutcomeCounts(
                        found: hits, missed: matrix.points(of: label) - hits,
                        invented: matrix.predictions(of: label) - hits))
            })
    }

    /// Writes the pictures into a folder.
    ///
    /// - Parameter standOnY: Whether the y of shapes points upwards, not z.
    /// - Returns: The counts, with the pictures' names.
    /// - Throws: Where the prepared points can't be read any more, or a picture can't be written.
    package func write(
        to folder: String, _ prepared: PreparedPoints, standOnY: Bool
    ) throws -> OutcomeReport {
        let names = prepared.index.classes.names
        var report = report(names, areShapes: prepared.scenes(.validation).isEmpty)
        func put(_ file: String, _ picture: PNGImage, _ caption: String) throws {
            try AtomicFile.write(picture.png(), to: "\(folder)/\(file)")
            report.pictures.append(.init(file: file, caption: caption))
        }
        if let drawn {
            let picture = try OutcomeViews.scene(
                try prepared.load(drawn.scene), predicted: drawn.labels, names: names,
                titles: [report.headline, drawn.scene.id])
            try put(
                "cloud.png", picture, "\(drawn.scene.id): annotated, predicted, right and wrong")
            let all = prepared.scenes(.validation).count
            if all > 1 {
                report.notes.append(
                    "Drawn is \(drawn.scene.id), one of \(all) clouds; the counts hold for all.")
            }
        }
        try AtomicFile.write(chart(names).svg(), to: folder + "/confusion.svg")
        report.pictures.append(
            .init(file: "confusion.svg", caption: "what is taken for what"))
        if !wrongShapes.isEmpty {
            let few = wrongShapes.prefix(OutcomeViews.mostShapes)
            let shapes = prepared.shapes(.validation)
            let picture = try OutcomeViews.shapes(
                few.map { (try prepared.load(shapes[$0.number]), $0.truth, $0.predicted) },
                standOnY: standOnY, names: names,
                title: "\(few.count) of \(wrongShapes.count) shapes with the wrong class")
            try put("wrong-shapes.png", picture, "shapes with the wrong class")
        }
        return report
    }

    private func chart(_ names: [String]) -> MatrixChart {
        let classes = matrix.classes
        return MatrixChart(
            title: "Predicted classes (columns) of true ones (rows), validation", names: names,
            counts: (0..<classes).map { row in
                Array(matrix.counts[row * classes..<(row + 1) * classes])
            })
    }
}
