// SPDX-License-Identifier: Apache-2.0
import Regions

extension AnnotatedBox {
    /// Whether it must be found in an area range.
    func counts(in areas: ClosedRange<Double>) -> Bool {
        !isCrowd && !isIgnored && areas.contains(area)
    }

    /// Intersection over union with a predicted box; over the prediction's own area for a crowd.
    ///
    /// 0 where the two do not meet in an area.
    func overlap(_ prediction: Rectangle) -> Double {
        let inside = prediction.intersection(item.place)
        guard inside > 0 else { return 0 }
        return inside / (isCrowd ? prediction.area : prediction.area + item.place.area - inside)
    }
}
