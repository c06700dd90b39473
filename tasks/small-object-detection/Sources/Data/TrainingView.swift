// SPDX-License-Identifier: Apache-2.0
import Foundation
package import Regions
package import Tensors

/// What one forward pass sees of the training images: parts of them side by side, then turned and
/// recoloured.
///
/// A pure function of sample and key.
package struct TrainingView: Sendable, Equatable {
    /// A part of an image that fills a rectangle of the input.
    package struct Patch: Sendable, Equatable {
        /// Position of the image in the split's index.
        package var image: Int
        /// The rectangle in the input's pixels.
        package var left, top, width, height: Int
        /// Where in the image the rectangle's upper left corner lies.
        package var x, y: Double
        /// Pixels of the input for one of the image.
        package var scale: Double

        /// A part of an image; see the properties.
        package init(
            image: Int, left: Int, top: Int, width: Int, height: Int, x: Double, y: Double,
            scale: Double
        ) {
            self.image = image
            (self.left, self.top, self.width, self.height) = (left, top, width, height)
            (self.x, self.y, self.scale) = (x, y, scale)
        }

        /// Where a box of the image lies in the input.
        func place(_ box: Box) -> Box {
            Box(
                x1: (box.x1 - x) * scale + Double(left), y1: (box.y1 - y) * scale + Double(top),
                x2: (box.x2 - x) * scale + Double(left), y2: (box.y2 - y) * scale + Double(top))
        }

        /// The rectangle as a box.
        var frame: Box {
            Box(
                x1: Double(left), y1: Double(top), x2: Double(left + width),
                y2: Double(top + height))
        }
    }

    /// Side of the square input in pixels.
    package var size: Int
    /// The parts.
    package var patches: [Patch]
    /// Mirrors and turns.
    package var orientation = Orientation()
    /// Change of colours.
    package var color = ColorTransform()

    /// Draws the view of a sample.
    ///
    /// - Parameters:
    ///   - sample: Its number among the tiles.
    ///   - key: Of this sample in this forward pass.
    package init(
        _ sample: Int, of tiles: TrainingTiles, _ split: DetectionSplit,
        _ recipe: AugmentationRecipe, size: Int, key: RandomKey
    ) {
        self.size = size
        if recipe.mosaic > 0, key.child("mosaic").uniform() < recipe.mosaic {
            let middle = key.child("middle")
            let x = Int((Double(size) * (0.25 + 0.5 * middle.uniform(0))).rounded())
            let y = Int((Double(size) * (0.25 + 0.5 * middle.uniform(1))).rounded())
            let others = key.child("others")
            patches = [
                (0, 0, x, y), (x, 0, size - x, y), (0, y, x, size - y),
                (x, y, size - x, size - y),
            ].enumerated().map { number, frame in
                let one =
                    number == 0 ? sample : others.integer(below: tiles.samples.count, number)
                return Self.patch(
                    tiles.samples[one], split, recipe, frame: frame, key: key.child(number))
            }
        } else {
            patches = [
                Self.patch(
                    tiles.samples[sample], split, recipe, frame: (0, 0, size, size),
                    key: key.child(0))
            ]
        }
        orientation = Orientation(recipe, key: key.child("orientation"))
        color = ColorTransform(recipe, key: key.child("color"))
    }

    /// A part of about a sample's region; of ten draws the first that shows an object where the
    /// region has one.
    private static func patch(
        _ sample: TrainingTiles.Sample, _ split: DetectionSplit, _ recipe: AugmentationRecipe,
        frame: (left: Int, top: Int, width: Int, height: Int), key: RandomKey
    ) -> Patch {
        var result: Patch?
        for attempt in 0..<10 {
            let draw = key.child(attempt)
            let (low, high) = (recipe.scale.lowerBound, recipe.scale.upperBound)
            let jitter = low == high ? low : low * power(high / low, draw.uniform(0))
            let scale = sample.scale * jitter
            let region = sample.region
            // What the frame shows, in the image's pixels, moved about the region's middle.
            let (w, h) = (Double(frame.width) / scale, Double(frame.height) / scale)
            func start(_ low: Double, _ length: Double, _ shown: Double, _ index: Int) -> Double {
                let slack = length - shown
                // A part smaller than the region lies anywhere in it; a larger one is centred.
                let inside =
                    jitter == 1 && abs(slack) < 1
                    ? 0 : slack * (slack > 0 ? draw.uniform(index) : 0.5)
                return low + inside + recipe.shift * length * (2 * draw.uniform(index + 2) - 1)
            }
            let image = split.index.images[sample.image]
            var (x, y) = (
                start(region.x1, region.width, w, 1), start(region.y1, region.height, h, 2)
            )
            // Where the image is large enough, nothing outside of it is shown.
            func kept(_ start: Double, _ shown: Double, _ length: Int) -> Double {
                shown <= Double(length)
                    ? min(max(start, 0), Double(length) - shown) : min(start, 0)
            }
            (x, y) = (kept(x, w, image.width), kept(y, h, image.height))
            if jitter == 1, sample.scale == 1 { (x, y) = (x.rounded(), y.rounded()) }
            let patch = Patch(
                image: sample.image, left: frame.left, top: frame.top, width: frame.width,
                height: frame.height, x: x, y: y, scale: scale)
            if result == nil { result = patch }
            let shows = split.objects[sample.image].contains { object in
                let box = patch.place(object.place)
                return box.intersection(patch.frame) >= 0.5 * box.area
            }
            if shows || !sample.hasObjects { return patch }
        }
        return result
            ?? Patch(
                image: sample.image, left: frame.left, top: frame.top, width: frame.width,
                height: frame.height, x: sample.region.x1, y: sample.region.y1, scale: sample.scale)
    }

    private static func power(_ base: Double, _ exponent: Double) -> Double {
        Foundation.pow(base, exponent)
    }

    /// The objects in the input's pixels, and where nothing counts.
    ///
    /// An object stays where `keptArea` of it is visible; what is cut shorter is ignored.
    package func targets(
        _ split: DetectionSplit, keptArea: Double
    ) -> (objects: [Item<Box>], ignored: [Box]) {
        var objects: [Item<Box>] = [], ignored: [Box] = []
        for patch in patches {
            func visible(_ box: Box) -> (box: Box, share: Double)? {
                let whole = patch.place(box), frame = patch.frame
                let cut = Box(
                    x1: max(whole.x1, frame.x1), y1: max(whole.y1, frame.y1),
                    x2: min(whole.x2, frame.x2), y2: min(whole.y2, frame.y2))
                guard cut.isValid else { return nil }
                return (orientation.place(cut, size: size), cut.area / whole.area)
            }
            for object in split.objects[patch.image] {
                guard let (box, share) = visible(object.place) else { continue }
                if share >= keptArea, min(box.width, box.height) >= 1 {
                    objects.append(Item(box, label: object.label))
                } else {
                    ignored.append(box)
                }
            }
            for region in split.ignored[patch.image] {
                if let (box, _) = visible(region) { ignored.append(box) }
            }
        }
        return (objects, ignored)
    }
}
