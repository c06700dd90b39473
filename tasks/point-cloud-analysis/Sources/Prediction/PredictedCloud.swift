// SPDX-License-Identifier: Apache-2.0
package import Files
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
    ///   - features: What the network sees: the file must have it; all else isn't read.
    ///   - reading: What the file calls its fields.
    ///   - classes: Those of the run; a file's own classes are left alone where nil.
    ///   - note: Told what people should know of how the file is read.
    /// - Throws: One line for a file that can't be read or lacks a feature.
    package static func read(
        _ path: String, grid: Double, features: [PointFeature], reading: PointReading = .all,
        classes: PointClasses? = nil, note: (String) -> Void = { _ in }
    ) throws -> PointScene {
        var fields = PointReading.Fields(features)
        // The ground lies under the points that are none of its noise.
        if classes != nil, features.contains(.height) { fields.insert(.label) }
        let open = PointFile.opener(path, reading.only(fields))
        let survey = try CloudSurvey(open())
        for line in survey.notes { note(line.hasPrefix(path) ? line : "\(path): \(line)") }
        if features.contains(.color), !survey.hasUsefulColors {
            throw InputError(
                "the points have no color, which the network was trained with; predict clouds "
                    + "with colors", path: path)
        }
        if features.contains(.intensity), !survey.hasIntensities {
            throw InputError(
                "the points have no intensity, which the network was trained with; predict "
                    + "clouds with intensities", path: path)
        }
        var scene = PointScene(origin: survey.lower)
        let lookup = classes.flatMap {
            features.contains(.height) && survey.hasLabels
                ? ClassLookup(groundOf: $0, isLAS: survey.isLAS) : nil
        }
        _ = try SceneSubsampler(grid: grid, lookup: lookup).run(open, survey: survey) {
            scene.append($0)
        }
        return scene
    }
}

extension PointReading.Fields {
    /// The fields that features are made of.
    init(_ features: [PointFeature]) {
        self = []
        if features.contains(.color) { insert(.color) }
        if features.contains(.intensity) { insert(.intensity) }
    }
}

/// Classes of a scene's points carried to the cloud that it comes from.
package struct PredictedCloud: Sendable {
    private let scene: PointScene
    private let labels: [Int32]
    private let probabilities: [Float]
    private let classes: PointClasses
    private let tree: PointTree

    /// Predicted classes of a scene's points.
    ///
    /// - Parameter probabilities: A row a point, a probability a class; empty where none are kept.
    /// - Precondition: A class for each point.
    package init(
        _ scene: PointScene, labels: [Int32], probabilities: [Float] = [], classes: PointClasses
    ) {
        precondition(labels.count == scene.count, "\(labels.count) classes, \(scene.count) points")
        precondition(
            probabilities.isEmpty || probabilities.count == scene.count * classes.count,
            "\(probabilities.count) probabilities of \(scene.count) points")
        self.scene = scene
        self.labels = labels
        self.probabilities = probabilities
        self.classes = classes
        tree = PointTree(scene.positions)
    }

    /// The point of the scene that is nearest to each place in the file's units.
    private func nearest(to positions: [SIMD3<Double>]) -> [Int32] {
        tree.nearest(to: positions.map { SIMD3<Float>($0 - scene.origin) }, k: 1).indices
    }

    /// The class of the nearest point of the scene, for places in the file's units.
    package func classes(of positions: [SIMD3<Double>]) -> [Int32] {
        nearest(to: positions).map { labels[Int($0)] }
    }

    /// Writes the cloud with the predicted classes in the files' numbers, a block at a time.
    ///
    /// - Parameter copy: The cloud that was predicted, about to be written.
    /// - Returns: Points of each class.
    @discardableResult
    package func write(_ copy: CloudCopy) throws(InputError) -> [Int] {
        var counts = [Int](repeating: 0, count: classes.count)
        let width = classes.count
        try copy.write { places in
            let points = nearest(to: places)
            var found = PointPrediction(codes: [])
            found.codes.reserveCapacity(points.count)
            for point in points {
                let label = labels[Int(point)]
                counts[Int(label)] += 1
                found.codes.append(classes.code(of: label))
                if !probabilities.isEmpty {
                    let first = Int(point) * width
                    found.probabilities += probabilities[first..<first + width]
                }
            }
            return found
        }
        return counts
    }
}

extension PointClasses {
    /// The number that files get for each class.
    package var writtenCodes: [Int32] { codes.map { $0[0] } }
}

extension PreparedPoints {
    /// How the classes predicted for a scene's points do over all its original points.
    ///
    /// - Parameter predicted: A class for each point of the scene.
    /// - Returns: The matrix of the points whose class counts.
    package func confusion(
        of scene: PointIndex.Scene, predicted: [Int32]
    ) throws(InputError) -> ConfusionMatrix {
        precondition(
            predicted.count == scene.points, "\(predicted.count) classes, \(scene.points) points")
        var matrix = ConfusionMatrix(classes: index.classes.count)
        try forEachOriginal(of: scene) { voxel, label in
            if label >= 0 { matrix.add(truth: Int(label), prediction: Int(predicted[voxel])) }
        }
        return matrix
    }
}
