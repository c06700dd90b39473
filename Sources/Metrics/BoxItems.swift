// SPDX-License-Identifier: Apache-2.0

/// One annotated object: its box in pixels, from the upper left corner.
package struct GroundTruthBox: Sendable, Hashable {
    /// Position of the image; predictions of equal score are taken in the images' order.
    package var image: Int

    /// Index of the class.
    package var label: Int

    /// Left and upper edge.
    package var x, y: Double

    /// Size; not negative.
    package var width, height: Double

    /// Area that decides the area range: of the object, which may be less than its box's.
    package var area: Double

    /// Whether the box stands for many objects.
    ///
    /// It need not be found, any number of predictions may lie in it without being false, and the
    /// overlap with one is the share of the prediction that lies inside.
    package var isCrowd: Bool

    /// Whether the object need not be found, as of a crowd, but takes one prediction and by IoU.
    package var isIgnored: Bool

    /// An object; its area is the box's where none is given.
    package init(
        image: Int, label: Int, x: Double, y: Double, width: Double, height: Double,
        area: Double? = nil, isCrowd: Bool = false, isIgnored: Bool = false
    ) {
        self.image = image
        self.label = label
        self.x = x
        self.y = y
        self.width = width
        self.height = height
        self.area = area ?? width * height
        self.isCrowd = isCrowd
        self.isIgnored = isIgnored
    }
}

extension GroundTruthBox {
    /// Whether it must be found in an area range.
    func counts(in areas: ClosedRange<Double>) -> Bool {
        !isCrowd && !isIgnored && areas.contains(area)
    }
}

/// One predicted object: its box in pixels, from the upper left corner.
package struct PredictedBox: Sendable, Hashable {
    /// Position of the image.
    package var image: Int

    /// Index of the class; a negative one is scored nowhere, but takes a place in its image where
    /// the protocol counts predictions an image.
    package var label: Int

    /// Left and upper edge.
    package var x, y: Double

    /// Size; not negative.
    package var width, height: Double

    /// Confidence, higher is surer; not NaN.
    package var score: Double

    /// A prediction of class `label`.
    package init(
        image: Int, label: Int, x: Double, y: Double, width: Double, height: Double, score: Double
    ) {
        self.image = image
        self.label = label
        self.x = x
        self.y = y
        self.width = width
        self.height = height
        self.score = score
    }

    /// Intersection over union with an annotated box; over the prediction's own area for a crowd.
    ///
    /// 0 where the two do not meet in an area.
    func overlap(_ truth: GroundTruthBox) -> Double {
        let w = min(x + width, truth.x + truth.width) - max(x, truth.x)
        guard w > 0 else { return 0 }
        let h = min(y + height, truth.y + truth.height) - max(y, truth.y)
        guard h > 0 else { return 0 }
        let inside = w * h
        let own = width * height
        return inside / (truth.isCrowd ? own : own + truth.width * truth.height - inside)
    }
}
