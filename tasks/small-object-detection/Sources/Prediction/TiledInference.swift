// SPDX-License-Identifier: Apache-2.0
package import Autodiff
package import Media
package import Regions
import Tensors
import Training

/// Detections in whole images: tile by tile, the image as a whole, and both merged.
///
/// As SAHI (Akyon et al. 2022) does: what one pass finds twice is suppressed in the pass, and only
/// what several passes found is merged.
package struct TiledInference {
    private let detector: PyramidDetector
    private let recipe: DetectionRecipe
    private let context: Context
    private let tables: PixelTables
    /// Told what people should know of a picture.
    package var note: (String) -> Void = { _ in }

    /// Inference with a network evaluated as the context says.
    package init(_ detector: PyramidDetector, _ recipe: DetectionRecipe, _ context: Context) {
        self.detector = detector
        self.recipe = recipe
        self.context = context
        tables = PyramidDetector.pixelTables(recipe)
    }

    /// What is seen of an image of this size, in the order in which it is seen; one input each.
    package func passes(width: Int, height: Int) -> [TrainingView.Patch] {
        let size = recipe.data.size
        func patch(_ x: Int, _ y: Int, _ scale: Double) -> TrainingView.Patch {
            TrainingView.Patch(
                image: 0, left: 0, top: 0, width: size, height: size, x: Double(x), y: Double(y),
                scale: scale)
        }
        let whole = patch(0, 0, Double(size) / Double(max(width, height)))
        guard recipe.inference.tiles, recipe.data.cut == .tiles else { return [whole] }
        let side = recipe.data.tiling.size
        let overlap = Int(Double(recipe.inference.overlap) / recipe.data.scale)
        let tiles = Tiling(size: side, overlap: min(overlap, side - 1))
            .tiles(width: width, height: height)
            .map { patch($0.x, $0.y, recipe.data.scale) }
        return tiles.count > 1 && recipe.inference.fullImage ? tiles + [whole] : tiles
    }

    /// The merged detections of an image file, in its pixels, best first.
    ///
    /// Images are read by bands of rows where their format allows, so that memory doesn't grow with
    /// their height.
    ///
    /// - Parameter report: Told how many inputs of how many are done.
    package func detections(
        in path: String, report: (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws -> [Item<Box>] {
        let bands = try ImageBands(path, recipe.data.pictures.reading)
        let passes = passes(width: bands.info.width, height: bands.info.height)
        var found: [Item<Box>] = []
        for (number, patch) in passes.enumerated() {
            found += try detections(bands, patch)
            report(number + 1, passes.count)
        }
        if let notice = bands.notice { note(notice) }
        return recipe.inference.suppression(found)
    }

    /// The detections of one pass in the image's pixels, repetitions among them taken out.
    package func detections(
        _ bands: ImageBands, _ patch: TrainingView.Patch
    ) throws -> [Item<Box>] {
        let size = recipe.data.size
        let image = (width: bands.info.width, height: bands.info.height)
        var pixels = RegionSampler.canvas(size)
        // The tiles of a row share its rows of the image: drawn in parts, each tile would read the
        // image from its start again. Only the image as a whole goes by in parts.
        let isTile = patch.scale >= recipe.data.scale
        try RegionSampler.draw(
            patch, of: image, into: &pixels, size: size, bandBytes: isTile ? 1 << 40 : 32 << 20,
            rows: bands.rows)
        let output = try detector(Variable(tables.tensor(pixels, size: size)), context)
        // What lies beside the image is padding: no box reaches into it.
        let seen = (
            width: min(Double(size), (Double(image.width) - patch.x) * patch.scale),
            height: min(Double(size), (Double(image.height) - patch.y) * patch.scale)
        )
        // Suppressed in the image's pixels, so that merging rounds as this does.
        let found = detector.head.detections(output, sizes: [seen])[0].map { detection in
            let box = detection.place
            return detection.moved(
                to: Box(
                    x1: box.x1 / patch.scale + patch.x, y1: box.y1 / patch.scale + patch.y,
                    x2: box.x2 / patch.scale + patch.x, y2: box.y2 / patch.scale + patch.y))
        }
        return recipe.inference.suppression.insidePass(found)
    }
}
