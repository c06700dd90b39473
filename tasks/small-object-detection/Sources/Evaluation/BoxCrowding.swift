// SPDX-License-Identifier: Apache-2.0
import Metrics
import Regions

/// Where a protocol's number of predictions an image leaves something out.
package struct BoxCrowding: Sendable, Equatable {
    /// The most predictions that count: of an image, or of each class in it.
    package let limit: Int
    /// Whether the limit is that of each class.
    package let isPerClass: Bool
    /// Images with more objects than that.
    package private(set) var images = 0
    /// The most objects that an image has, of a class or in all.
    package private(set) var mostObjects = 0
    /// Predictions beyond the limit.
    package private(set) var surplus = 0

    private struct Place: Hashable {
        var image: Int
        var label: Int
    }

    init(_ truths: [AnnotatedBox], _ guesses: [Item<Rectangle>], _ rules: BoxProtocol) {
        limit = rules.maximumDetections.last ?? 0
        isPerClass = rules.limit == .perClass
        var objects: [Place: Int] = [:], predictions: [Place: Int] = [:]
        for truth in truths where !truth.isCrowd && !truth.isIgnored {
            objects[
                Place(image: truth.item.source, label: isPerClass ? truth.item.label : 0),
                default: 0] += 1
        }
        for guess in guesses where guess.label >= 0 || !isPerClass {
            predictions[
                Place(image: guess.source, label: isPerClass ? guess.label : 0), default: 0] += 1
        }
        mostObjects = objects.values.max() ?? 0
        images = Set(objects.filter { $0.value > limit }.map(\.key.image)).count
        surplus = predictions.values.reduce(0) { $0 + max(0, $1 - limit) }
    }

    /// What to say; nothing where all is counted.
    var remarks: [String] {
        let place = isPerClass ? "of a class in an image" : "in an image"
        var lines: [String] = []
        if images > 0 {
            lines.append(
                "images with more than \(limit) objects \(isPerClass ? "of a class" : "in all"): "
                    + "\(images) (up to \(mostObjects)); only the best \(limit) predictions \(place) "
                    + "count, more with --max-detections")
        }
        if surplus > 0 {
            lines.append(
                "predictions beyond the best \(limit) \(place): \(surplus), not scored; "
                    + "--max-detections counts more")
        }
        return lines
    }
}
