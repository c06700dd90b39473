// SPDX-License-Identifier: Apache-2.0

import Files
package import Preparation

/// What `dr2net points prepare` has made, `index.json` in the prepared folder.
package struct PointIndex: Sendable, Codable, Equatable {
    /// What a scene or a shape is for.
    package enum Subset: String, Sendable, Codable, CaseIterable {
        case training, validation
    }

    /// A cloud, or a part of one, on the voxel grid.
    package struct Scene: Sendable, Codable, Equatable {
        /// Its name in the folder.
        package let id: String
        /// What it is for.
        package let subset: Subset
        /// The file or folder it comes from.
        package let source: String
        /// What tells that the source has not changed.
        let stamp: String
        /// What positions count from, x y z.
        let origin: [Double]
        /// Voxels.
        package let points: Int
        /// Points of the source, and those of them whose class doesn't count.
        package let originals, ignored: Int
        /// Original points of each class.
        package let counts: [Int]
        /// What the points have beside their places.
        package let hasColors, hasIntensities: Bool
        /// Whether the source has the class numbers of LAS.
        let isLAS: Bool
        /// Sums over the voxels.
        let intensitySum, intensitySquares: Double

        /// Whether the counts add up: a damaged file may say otherwise.
        func isConsistent(classes: Int) -> Bool {
            let all = counts + [ignored]
            return counts.count == classes && all.allSatisfy { $0 >= 0 && $0 <= originals }
                && originals < 1 << 48 && all.reduce(0, +) == originals
        }
    }

    /// One object of a class.
    package struct Shape: Sendable, Codable, Equatable {
        /// Its name in the folder.
        package let id: String
        /// What it is for.
        package let subset: Subset
        /// The file it comes from.
        package let source: String
        /// What tells that the source has not changed.
        let stamp: String
        /// Points on its surface.
        package let points: Int
        /// Its class.
        package let label: Int32
    }

    /// Everything of the recipe that the files depend on.
    let settings: String
    /// The classes.
    package let classes: PointClasses
    /// In the recipe's order.
    package var scenes: [Scene] = []
    /// In the recipe's order.
    package var shapes: [Shape] = []
    /// What was left out and why.
    package var skipped: [SkippedInput] = []

    /// The name of an item's files, without an ending: another one for other sources, so that points
    /// that are in use are never overwritten by those of a changed source.
    static func stem(_ id: String, stamp: String) -> String {
        "\(id).\(ContentDigest.of([stamp]))"
    }

    /// The names of all files, without endings.
    var stems: Set<String> {
        Set(
            scenes.map { PointIndex.stem($0.id, stamp: $0.stamp) }
                + shapes.map { PointIndex.stem($0.id, stamp: $0.stamp) })
    }

    /// Mean and standard deviation of the training scenes' intensities; 0 and 1 where they are all
    /// one.
    package var intensityRange: (mean: Double, deviation: Double) {
        var points = 0.0, sum = 0.0, squares = 0.0
        for scene in scenes where scene.subset == .training {
            points += Double(scene.points)
            sum += scene.intensitySum
            squares += scene.intensitySquares
        }
        guard points > 0 else { return (0, 1) }
        let mean = sum / points
        let variance = squares / points - mean * mean
        return variance > 0 ? (mean, variance.squareRoot()) : (mean, 1)
    }

    /// Everything of a subset that training and scores depend on, a line each.
    func identity(_ subset: Subset) -> [String] {
        scenes.filter { $0.subset == subset }.map {
            "\($0.id) \($0.origin) \($0.points) \($0.originals) \($0.ignored) \($0.counts) "
                + "\($0.hasColors) \($0.hasIntensities) \($0.intensitySum) \($0.intensitySquares)"
        }
            + shapes.filter { $0.subset == subset }.map { "\($0.id) \($0.points) \($0.label)" }
    }

    /// Original points, or shapes, of each class.
    package func counts(_ subset: Subset) -> [Int] {
        var counts = [Int](repeating: 0, count: classes.count)
        for scene in scenes where scene.subset == subset {
            for (label, count) in scene.counts.enumerated() { counts[label] += count }
        }
        for shape in shapes where shape.subset == subset { counts[Int(shape.label)] += 1 }
        return counts
    }
}
