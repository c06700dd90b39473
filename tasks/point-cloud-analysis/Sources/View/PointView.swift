// SPDX-License-Identifier: Apache-2.0
import Files
package import Reports

/// Draws a cloud as a picture, without perspective.
///
/// A point is a square whose side follows from the number of points; the nearest one is seen. Depth
/// shades the picture (eye-dome lighting, Boucheny, 2009): a pixel is darker where its
/// neighbours are nearer, which shows edges without normals.
package struct PointView: Sendable {
    /// What the colors show.
    package enum Coloring: String, Sendable, CaseIterable {
        case height, intensity, rgb, label
    }

    /// Where the cloud is seen from.
    package enum Direction: String, Sendable, CaseIterable {
        /// From above, +y upwards.
        case top
        /// From -y and +x, 35° above the ground.
        case oblique
    }

    /// A finished picture.
    package struct Drawing: Sendable {
        /// The picture.
        package let image: PNGImage
        /// What its colors show.
        package let coloring: Coloring
        /// Points of the cloud.
        package let points: Int
        /// The color of each label that occurs, such as `#1f77b4`; empty unless labels are shown.
        package let labels: [Int: String]
        /// What people should know of how the file is read.
        package let notes: [String]
    }

    private let width: Int
    private let height: Int
    private let direction: Direction
    private let coloring: Coloring?

    /// A view.
    ///
    /// - Parameters:
    ///   - width: Pixels a row.
    ///   - height: Rows.
    ///   - coloring: What the colors show; the best that the file has where nil.
    package init(width: Int, height: Int, direction: Direction, coloring: Coloring?) {
        self.width = width
        self.height = height
        self.direction = direction
        self.coloring = coloring
    }

    /// Draws a cloud.
    ///
    /// - Parameter open: Opens the cloud, reading some fields alone; called to measure it and once
    ///   more to draw.
    /// - Throws: What reading throws, or one line where the file lacks what is to be shown.
    package func draw(
        _ open: (PointReading.Fields) throws -> any PointReader
    ) throws -> Drawing {
        let (survey, coloring) = try choice(open)
        let palette = Palette(coloring, survey)
        var raster = Raster(
            width: width, height: height, lower: survey.lower, upper: survey.upper,
            points: survey.count)
        var reader = try open(coloring.fields)
        while let block = try reader.next(PointFile.blockSize) {
            for point in block.positions.indices {
                raster.add(
                    survey.place(block.positions[point]), color: palette.color(of: point, in: block)
                )
            }
        }
        return Drawing(
            image: raster.shaded(), coloring: coloring, points: survey.count,
            labels: palette.legend, notes: reader.notes)
    }

    /// Right, up and towards the viewer.
    private var axes: (right: SIMD3<Double>, up: SIMD3<Double>, towards: SIMD3<Double>) {
        switch direction {
        case .top: return ([1, 0, 0], [0, 1, 0], [0, 0, 1])
        case .oblique:
            // 30° east of south and 35° up: sin 30°, cos 30°, sin 35°, cos 35°.
            let east = 0.5, south = 0.866_025_403_784_438_6
            let rise = 0.573_576_436_351_046, level = 0.819_152_044_288_991_8
            return (
                [south, east, 0], [-east * rise, south * rise, level],
                [east * level, -south * level, rise]
            )
        }
    }

    private func survey(
        _ fields: PointReading.Fields, _ open: (PointReading.Fields) throws -> any PointReader
    ) throws -> Survey {
        var survey = Survey(axes: axes)
        var reader = try open(fields)
        while let block = try reader.next(PointFile.blockSize) { survey.add(block) }
        guard survey.count > 0 else {
            throw InputError("0 points, expected at least one", path: reader.path)
        }
        return survey
    }

    /// What is shown, and what must be known of it.
    ///
    /// Fields that aren't shown aren't read, so that junk in them is no matter.
    private func choice(
        _ open: (PointReading.Fields) throws -> any PointReader
    ) throws -> (Survey, Coloring) {
        guard let coloring else {
            // Colors that are all black and labels that are all one show nothing.
            let colors = try survey(.color, open)
            if colors.hasColors, colors.largestChannel > 0 { return (colors, .rgb) }
            if let labels = try? survey(.label, open), labels.hasLabels, labels.labels.count > 1 {
                return (labels, .label)
            }
            return (colors, .height)
        }
        let found = try survey(coloring.fields, open)
        guard coloring.isShown(by: found) else {
            var available: [Coloring] = []
            for other in Coloring.allCases {
                if let found = try? survey(other.fields, open), other.isShown(by: found) {
                    available.append(other)
                }
            }
            throw InputError(
                "the points have no \(coloring.rawValue); --color may be "
                    + available.map(\.rawValue).joined(separator: ", "), path: try open([]).path)
        }
        return (found, coloring)
    }
}

extension PointView.Coloring {
    /// What of a file is read for it.
    fileprivate var fields: PointReading.Fields {
        switch self {
        case .height: []
        case .intensity: .intensity
        case .rgb: .color
        case .label: .label
        }
    }

    fileprivate func isShown(by survey: Survey) -> Bool {
        switch self {
        case .height: true
        case .intensity: survey.hasIntensities
        case .rgb: survey.hasColors
        case .label: survey.hasLabels
        }
    }
}
