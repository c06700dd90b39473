// SPDX-License-Identifier: Apache-2.0
import Foundation
package import Metrics

extension PointScene {
    /// Lays a file's cloud on the grid.
    ///
    /// Where heights are asked for, the points that are noise or don't count keep
    /// ``PointClasses/ignored``, so that the ground is found as in training; no other class is read.
    ///
    /// - Parameters:
    ///   - grid: The side of a voxel in the file's units.
    ///   - features: What the network sees: the file must have it.
    ///   - classes: Those of the run; a file's own classes are left alone where nil.
    /// - Throws: One line for a file that can't be read or lacks a feature.
    package static func read(
        _ path: String, grid: Double, features: [PointFeature], classes: PointClasses? = nil
    ) throws -> PointScene {
        let survey = try CloudSurvey(PointFile.open(path))
        if features.contains(.color), !survey.hasUsefulColors {
            throw PointFileError(
                "the points have no color, which the network was trained with; predict clouds "
                    + "with colors", path: path)
        }
        if features.contains(.intensity), !survey.hasIntensities {
            throw PointFileError(
                "the points have no intensity, which the network was trained with; predict "
                    + "clouds with intensities", path: path)
        }
        var scene = PointScene(origin: survey.lower)
        let lookup = classes.flatMap {
            features.contains(.height) && survey.hasLabels
                ? ClassLookup(groundOf: $0, isLAS: survey.isLAS) : nil
        }
        _ = try SceneSubsampler(grid: grid, lookup: lookup).run(
            { try PointFile.open(path) }, survey: survey
        ) {
            scene.append($0)
        }
        return scene
    }
}

/// Classes of a scene's points carried to the cloud that it comes from.
package struct PredictedCloud: Sendable {
    private let scene: PointScene
    private let labels: [Int32]
    private let classes: PointClasses
    private let tree: PointTree

    /// Predicted classes of a scene's points.
    ///
    /// - Precondition: A class for each point.
    package init(_ scene: PointScene, labels: [Int32], classes: PointClasses) {
        precondition(labels.count == scene.count, "\(labels.count) classes, \(scene.count) points")
        self.scene = scene
        self.labels = labels
        self.classes = classes
        tree = PointTree(scene.positions)
    }

    /// The class of the nearest point of the scene, for places in the file's units.
    package func classes(of positions: [SIMD3<Double>]) -> [Int32] {
        let places = positions.map { SIMD3<Float>($0 - scene.origin) }
        return tree.nearest(to: places, k: 1).indices.map { labels[Int($0)] }
    }

    /// Writes the cloud with the predicted classes in the files' numbers, a block at a time.
    ///
    /// - Parameters:
    ///   - source: The cloud that was predicted.
    ///   - output: `.las` or `.ply`.
    /// - Returns: Points of each class.
    /// - Throws: One line for another ending, or a class that the format can't hold.
    @discardableResult
    package func write(_ source: String, to output: String) throws -> [Int] {
        var reader = try PointFile.open(source)
        guard var block = try reader.next(PointFile.blockSize) else {
            throw PointFileError("0 points, expected at least one", path: source)
        }
        var counts = [Int](repeating: 0, count: classes.count)
        func body(_ sink: inout any PointSink) throws {
            while true {
                let found = classes(of: block.positions)
                for label in found { counts[Int(label)] += 1 }
                block.labels = found.map { classes.code(of: $0) }
                try sink.append(block)
                guard let next = try reader.next(PointFile.blockSize) else { return }
                block = next
            }
        }
        switch (output as NSString).pathExtension.lowercased() {
        case "las":
            let las = reader as? LASReader
            try LASWriter.write(
                to: output, scale: las?.scale ?? SIMD3(repeating: 0.001), offset: las?.offset,
                hasColors: block.colors != nil, body: body)
        case "ply":
            var contents: PLYWriter.Contents = .labels
            if block.colors != nil { contents.insert(.colors) }
            if block.intensities != nil { contents.insert(.intensities) }
            try PLYWriter.write(to: output, contents: contents, body: body)
        default:
            throw PointFileError("expected a file name that ends in .las or .ply", path: output)
        }
        return counts
    }
}

extension PreparedPoints {
    /// How the classes predicted for a scene's points do over all its original points.
    ///
    /// - Parameter predicted: A class for each point of the scene.
    /// - Returns: The matrix of the points whose class counts.
    package func confusion(
        of scene: PointIndex.Scene, predicted: [Int32]
    ) throws(PointFileError) -> ConfusionMatrix {
        precondition(
            predicted.count == scene.points, "\(predicted.count) classes, \(scene.points) points")
        var matrix = ConfusionMatrix(classes: index.classes.count)
        try forEachOriginal(of: scene) { voxel, label in
            if label >= 0 { matrix.add(truth: Int(label), prediction: Int(predicted[voxel])) }
        }
        return matrix
    }
}
