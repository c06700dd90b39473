// SPDX-License-Identifier: Apache-2.0
import Regions
package import Reports
import Tensors
import Training

/// The training inputs of some steps side by side, with their boxes.
package struct ContactSheet {
    private let images: TrainingImages
    private let recipe: DetectionRecipe

    /// A sheet of a recipe's inputs.
    package init(_ images: TrainingImages, _ recipe: DetectionRecipe) {
        self.images = images
        self.recipe = recipe
    }

    /// Draws `count` inputs from a step on, as the training loop draws them.
    ///
    /// - Returns: The picture and the number of objects in it.
    package func draw(count: Int, step: Int) throws -> (picture: PNGImage, boxes: Int) {
        let plan = try FinetuningPlan(recipe.shared, sampleCount: images.tiles.samples.count)
        let size = recipe.data.size, gap = 4
        var columns = 1
        while columns * columns < count { columns += 1 }
        columns = min(columns, max(1, (32_768 - gap) / (size + gap)))
        let rows = (count + columns - 1) / columns
        var sheet = PNGImage(
            width: columns * (size + gap) + gap, height: min(32_768, rows * (size + gap) + gap),
            color: SIMD3(32, 32, 32))
        var boxes = 0
        var drawn = 0
        for step in step... {
            for microBatch in 0..<plan.training.accumulation {
                let key = plan.key(step: step, microBatch: microBatch)
                for (index, sample) in plan.samples(step: step, microBatch: microBatch).enumerated()
                {
                    guard drawn < count else { return (sheet, boxes) }
                    let view = images.view(sample, key: key.child("view").child(index))
                    boxes += try place(
                        view, in: &sheet, left: gap + drawn % columns * (size + gap),
                        top: gap + drawn / columns * (size + gap))
                    drawn += 1
                }
            }
        }
        return (sheet, boxes)
    }

    private func place(
        _ view: TrainingView, in sheet: inout PNGImage, left: Int, top: Int
    ) throws -> Int {
        var picture = PNGImage(width: view.size, height: view.size)
        picture.pixels = try images.pixels(view)
        let found = view.targets(images.split, keptArea: recipe.data.tiling.keptArea)
        BoxDrawing.draw(
            found.ignored.map { .init($0, SIMD3(150, 150, 150), thickness: 1) }
                + found.objects.map { .init($0.place, BoxDrawing.color($0.label)) }, on: &picture)
        for row in 0..<view.size where top + row < sheet.height {
            let target = 3 * ((top + row) * sheet.width + left), source = 3 * row * view.size
            sheet.pixels.replaceSubrange(
                target..<target + 3 * view.size,
                with: picture.pixels[source..<source + 3 * view.size])
        }
        return found.objects.count
    }
}
