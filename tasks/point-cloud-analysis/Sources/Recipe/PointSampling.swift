// SPDX-License-Identifier: Apache-2.0
import Files
import Recipes

/// What the network sees of a point beside its place.
package enum PointFeature: String, CaseIterable, Sendable, Codable {
    /// x y z from the centre of the sphere or shape: 3 numbers.
    case position
    /// Red, green, blue, normalised: 3 numbers.
    case color
    /// The strength of the return, normalised: 1 number.
    case intensity
    /// z above the scene's ground (``GroundRule``), or y above a shape's lowest point: 1 number.
    case height

    /// Numbers a point.
    package var width: Int { self == .position || self == .color ? 3 : 1 }
}

/// How samples are cut out of scenes or shapes.
package struct PointSampling: Sendable, Equatable, Codable {
    /// Spheres in scenes.
    package struct Spheres: Sendable, Equatable, Codable {
        /// In the file's units.
        package var radius: Double
        /// Spheres in an epoch.
        package var count: Int
        /// How often prediction sees each point at least.
        package var visits: Int
        /// Whether prediction changes its spheres as training does; off unless asked for.
        package var votes: Bool

        /// Spheres.
        package init(radius: Double, count: Int, visits: Int = 1, votes: Bool = false) {
            self.radius = radius
            self.count = count
            self.visits = visits
            self.votes = votes
        }
    }

    /// How points of a shape are chosen for training; prediction takes the farthest always.
    package enum Choice: String, CaseIterable, Sendable, Codable {
        case random, farthest
    }

    /// Points of a sample, N.
    package var points: Int
    /// What the network sees.
    package var features: [PointFeature]
    /// Coordinates are multiplied by it before the network sees them.
    package var scale: Double
    /// Spheres, nil for shapes.
    package var spheres: Spheres?
    /// How points of a shape are chosen.
    package var choice: Choice
    /// Of red, green and blue in 0...1.
    package var colorMean, colorDeviation: [Double]
    /// Of the training scenes' intensities in the file's numbers; set once the data is prepared.
    package var intensityMean = 0.0, intensityDeviation = 1.0
    /// Absent in runs of before: their heights count from the lowest point.
    private var groundRule: GroundRule? = .quantile

    /// What heights in scenes count from.
    package var ground: GroundRule {
        get { groundRule ?? .lowest }
        set { groundRule = newValue }
    }

    /// Numbers a point, F.
    package var featureWidth: Int { features.reduce(0) { $0 + $1.width } }

    /// Samples.
    ///
    /// - Precondition: At least one point and one feature; three means and deviations.
    package init(
        points: Int, features: [PointFeature], scale: Double = 1, spheres: Spheres? = nil,
        choice: Choice = .random, colorMean: [Double] = PointSampling.colorMean,
        colorDeviation: [Double] = PointSampling.colorDeviation
    ) {
        precondition(points > 0 && !features.isEmpty, "\(points) points with \(features)")
        precondition(colorMean.count == 3 && colorDeviation.count == 3, "means of colors")
        self.points = points
        self.features = features
        self.scale = scale
        self.spheres = spheres
        self.choice = choice
        self.colorMean = colorMean
        self.colorDeviation = colorDeviation
    }

    /// Of S3DIS, as openpoints has them.
    package static let colorMean = [0.5136457, 0.49523646, 0.44921124]
    /// Standard deviations, of S3DIS as openpoints has them.
    package static let colorDeviation = [0.18308958, 0.18415008, 0.19252081]

    /// Reads the keys of the section `data` that say how samples are cut.
    init(_ section: RecipeReader, isSegmentation: Bool) throws(InputError) {
        points = try section.value(
            "points", default: isSegmentation ? 16_384 : 1024, in: 4...10_000_000)
        let names = try section.value(
            "features", default: isSegmentation ? ["position", "color", "height"] : ["position"])
        features = []
        spheres = nil
        for name in names {
            guard let feature = PointFeature(rawValue: name), !features.contains(feature) else {
                throw section.error(
                    "features",
                    "has \"\(name)\"; expected each at most once of "
                        + PointFeature.allCases.map(\.rawValue).joined(separator: ", "))
            }
            if !isSegmentation, feature != .position, feature != .height {
                throw section.error(
                    "features", "has \"\(name)\", which shapes don't have; expected position")
            }
            features.append(feature)
        }
        guard !features.isEmpty else {
            throw section.error("features", "is empty; expected at least position")
        }
        scale = try section.value("scale", default: 1.0, in: 1e-6...1e6)
        choice = .random
        colorMean = PointSampling.colorMean
        colorDeviation = PointSampling.colorDeviation
        guard isSegmentation else {
            choice = try section.value("choice", default: Choice.random)
            return
        }
        spheres = Spheres(
            radius: try section.value("radius", default: 2.0, in: 1e-6...1e6),
            count: try section.value("spheres", default: 2000, in: 1...10_000_000),
            visits: try section.value("visits", default: 1, in: 1...100),
            votes: try section.value("votes", default: false))
        if features.contains(.height) {
            ground = try section.value("ground", default: GroundRule.quantile)
        }
        guard features.contains(.color) else { return }
        colorMean = try section.value(
            "colorMean", default: PointSampling.colorMean, in: 0...1, count: 3)
        colorDeviation = try section.value(
            "colorDeviation", default: PointSampling.colorDeviation, in: 1e-4...10, count: 3)
    }
}
