// SPDX-License-Identifier: Apache-2.0
package import Regions
package import Tensors

/// The samples of training: tiles of images, or whole images.
package struct TrainingTiles: Sendable {
    /// A part of an image in its pixels, and the pixels of an input for one of the image.
    package struct Sample: Sendable, Equatable {
        /// Position in the split's index.
        package var image: Int
        /// The part.
        package var region: Box
        /// Pixels of an input for one of the image.
        package var scale: Double
        /// Whether some object lies in it.
        package var hasObjects: Bool
    }

    /// The samples, by image, row and column, each as often as its set says.
    package let samples: [Sample]
    /// Tiles without an object that were left out.
    package let droppedEmpty: Int
    /// Objects that no tile holds: they are ignored where a part of them shows.
    package let unheldObjects: Int
    /// Objects that are wider or higher than a tile.
    package let largerObjects: Int

    /// Cuts the images of a split.
    ///
    /// Of tiles without objects a random choice stays, `emptyTiles` for each one with some.
    package init(_ split: DetectionSplit, _ recipe: DetectionDataRecipe, key: RandomKey) {
        var full: [Sample] = [], empty: [Sample] = []
        var unheld = 0, larger = 0
        for (number, image) in split.index.images.enumerated() {
            let objects = split.objects[number]
            var held = Set<Int>()
            if recipe.cut == .tiles {
                let side = Double(recipe.tiling.size)
                larger += objects.count { $0.place.width > side || $0.place.height > side }
            }
            for (region, scale) in Self.regions(image, recipe) {
                let inside = objects.indices.filter {
                    let box = objects[$0].place
                    return box.intersection(region) >= recipe.tiling.keptArea * box.area
                }
                held.formUnion(inside)
                let has = !inside.isEmpty
                let sample = Sample(image: number, region: region, scale: scale, hasObjects: has)
                if has { full.append(sample) } else { empty.append(sample) }
            }
            unheld += objects.count - held.count
        }
        // A split without any object keeps its tiles: it teaches what nothing looks like.
        let wanted =
            full.isEmpty
            ? empty.count : Int(min(Double(empty.count), recipe.emptyTiles * Double(full.count)))
        let chosen = Set(key.child("empty").permutation(empty.count).prefix(wanted))
        let kept = empty.enumerated().filter { chosen.contains($0.offset) }.map(\.element)
        samples = (full + kept).sorted {
            ($0.image, $0.region.y1, $0.region.x1) < ($1.image, $1.region.y1, $1.region.x1)
        }.flatMap { Array(repeating: $0, count: split.repeats[$0.image]) }
        droppedEmpty = empty.count - kept.count
        (unheldObjects, largerObjects) = (unheld, larger)
    }

    private static func regions(
        _ image: DetectionIndex.Image, _ recipe: DetectionDataRecipe
    ) -> [(Box, Double)] {
        let (width, height) = (image.width, image.height)
        switch recipe.cut {
        case .whole:
            let scale = Double(recipe.size) / Double(max(width, height))
            return [(Box(x1: 0, y1: 0, x2: Double(width), y2: Double(height)), scale)]
        case .tiles:
            return recipe.tiling.tiles(width: width, height: height).map { tile in
                (
                    Box(
                        x1: Double(tile.x), y1: Double(tile.y), x2: Double(tile.x + tile.width),
                        y2: Double(tile.y + tile.height)), recipe.scale
                )
            }
        }
    }

    /// What tiles do to objects, a line each.
    package func remarks(_ recipe: DetectionDataRecipe) -> [String] {
        var lines: [String] = []
        if largerObjects > 0 {
            lines.append(
                "\(largerObjects) \(largerObjects == 1 ? "box is" : "boxes are") larger than a tile "
                    + "of \(recipe.tiling.size) pixels: a larger data.size, a smaller data.scale or "
                    + "cut: whole shows them whole")
        }
        if unheldObjects > 0 {
            lines.append(
                "\(unheldObjects) \(unheldObjects == 1 ? "box" : "boxes") in no tile: cut below "
                    + "data.keptArea in each, and ignored there")
        }
        return lines
    }
}
