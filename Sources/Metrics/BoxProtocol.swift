// SPDX-License-Identifier: Apache-2.0

/// The rules by which detections of boxes are scored.
package struct BoxProtocol: Sendable, Equatable {
    /// A range of areas that is scored on its own.
    package struct AreaRange: Sendable, Equatable {
        /// What the range adds to a score's name, such as "s" in APs; empty for all areas.
        package let suffix: String
        /// Areas in square pixels, both ends included.
        package let bounds: ClosedRange<Double>

        /// A range.
        package init(_ suffix: String, _ bounds: ClosedRange<Double>) {
            self.suffix = suffix
            self.bounds = bounds
        }
    }

    /// How the area under a precision–recall curve is taken.
    package enum Interpolation: Sendable {
        /// The mean of the envelope at the recalls 0, 0.01, …, 1.
        case recalls101
        /// The sum of all steps of recall times the envelope (Pascal VOC 2010).
        case everyPoint
    }

    /// What the numbers of predictions are counted over.
    package enum Limit: Sendable {
        /// The best predictions of each class in an image.
        case perClass
        /// The best predictions of an image, whatever their class.
        case perImage
    }

    /// IoU thresholds in (0, 1], rising; at most 32.
    package var thresholds: [Double]
    /// Further thresholds that have a score of their own and no part in any mean.
    package var furtherThresholds: [Double] = []
    /// Whether localization-recall-precision errors belong to the summary.
    package var reportsLocalizationRecallPrecision = false
    /// The ranges of areas; the first holds all.
    package var areaRanges: [AreaRange]
    /// Numbers of predictions, rising; precision is that at the last.
    package var maximumDetections: [Int]
    /// What these numbers are counted over.
    package var limit: Limit
    /// How areas under curves are taken.
    package var interpolation: Interpolation

    /// All thresholds: first those of the means.
    package var allThresholds: [Double] { thresholds + furtherThresholds }

    /// IoU 0.50, 0.55, …, 0.95, each with the rounding of the protocol's own program.
    package static let cocoThresholds: [Double] = {
        let step = (0.95 - 0.5) / 9
        var thresholds = (0..<9).map { (index: Int) -> Double in Double(index) * step + 0.5 }
        thresholds.append(0.95)
        return thresholds
    }()

    private static let largest = 1e5 * 1e5

    /// COCO's twelve numbers.
    package static let coco = BoxProtocol(
        thresholds: cocoThresholds,
        areaRanges: [
            AreaRange("", 0...largest), AreaRange("s", 0...1024), AreaRange("m", 1024...9216),
            AreaRange("l", 9216...largest),
        ],
        maximumDetections: [1, 10, 100], limit: .perClass, interpolation: .recalls101)

    /// AI-TOD's: very tiny below 8² pixels, tiny to 16², small to 32², medium above; precision at
    /// IoU 0.25 and localization-recall-precision errors too.
    package static let aiTOD = BoxProtocol(
        thresholds: cocoThresholds, furtherThresholds: [0.25],
        reportsLocalizationRecallPrecision: true,
        areaRanges: [
            AreaRange("", 0...largest), AreaRange("vt", 0...64), AreaRange("t", 64...256),
            AreaRange("s", 256...1024), AreaRange("m", 1024...largest),
        ],
        maximumDetections: [1, 100, 1500], limit: .perClass, interpolation: .recalls101)

    /// VisDrone-DET's: no sizes, areas by every point, predictions counted an image.
    package static let visDrone = BoxProtocol(
        thresholds: cocoThresholds, areaRanges: [AreaRange("", 0...Double.infinity)],
        maximumDetections: [1, 10, 100, 500], limit: .perImage, interpolation: .everyPoint)

    /// The same rules with other numbers of predictions.
    package func with(maximumDetections: [Int]) -> BoxProtocol {
        var result = self
        result.maximumDetections = maximumDetections
        return result
    }
}
