// SPDX-License-Identifier: Apache-2.0
import Console
package import Files
import Preparation

/// What `dr2net points prepare` has made.
package struct PreparationSummary: PreparationDetails {
    /// Original points, or shapes, of a class.
    package struct Count: Sendable, Encodable {
        /// The class.
        package let name: String
        /// For training and for validation.
        package let training, validation: Int
    }

    /// The folder.
    package let folder: String
    /// How many there are.
    package let scenes, shapes: Int
    /// Points of the sources, those whose class doesn't count, and points on the grid.
    package let originals, ignored, points: Int
    /// By class.
    package let classes: [Count]
    /// Points in a sphere of `data.radius`, the median; absent for shapes and very large scenes.
    package let sphereMedian: Int?
    private let sampling: PointSampling

    private enum CodingKeys: String, CodingKey {
        case folder, scenes, shapes, originals, ignored, points, classes, sphereMedian
    }

    /// The summary of a prepared folder.
    ///
    /// - Parameter sampling: How training will sample it.
    /// - Throws: One line where a prepared file can't be read.
    package init(_ prepared: PreparedPoints, sampling: PointSampling) throws(InputError) {
        self.sampling = sampling
        if let spheres = sampling.spheres {
            sphereMedian = try prepared.sphereMedian(radius: spheres.radius)
        } else {
            sphereMedian = nil
        }
        let index = prepared.index
        folder = prepared.folder
        scenes = index.scenes.count
        shapes = index.shapes.count
        originals = index.scenes.reduce(0) { $0 + $1.originals }
        ignored = index.scenes.reduce(0) { $0 + $1.ignored }
        points =
            index.scenes.reduce(0) { $0 + $1.points } + index.shapes.reduce(0) { $0 + $1.points }
        let training = index.counts(.training), validation = index.counts(.validation)
        classes = index.classes.names.enumerated().map {
            Count(name: $1, training: training[$0], validation: validation[$0])
        }
    }

    /// What there is now.
    package var heading: String {
        scenes > 0
            ? "\(scenes) scenes, \(originals) points (\(ignored) without a class that counts), "
                + "\(points) on the grid, in \(folder)"
            : "\(shapes) shapes, \(points) points, in \(folder)"
    }

    /// Tables and remarks.
    package var lines: [String] {
        var table = TextTable(["class", "training", "validation"], numbers: [1, 2])
        for one in classes { table.append([one.name, "\(one.training)", "\(one.validation)"]) }
        var lines = [table.text]
        if let sphereMedian, let radius = sampling.spheres?.radius {
            let half = 2 * sphereMedian < sampling.points
            lines.append(
                "a sphere of radius \(radius) holds \(sphereMedian) points (median), data.points is "
                    + "\(sampling.points)"
                    + (half
                        ? ": most of a sample repeats; take fewer points or a larger radius" : "")
            )
        }
        return lines
    }
}
