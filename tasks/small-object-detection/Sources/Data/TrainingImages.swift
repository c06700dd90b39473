// SPDX-License-Identifier: Apache-2.0
package import Files
import Media
package import Tensors
import Training

/// The training inputs of a split as the loop draws them: bytes for people, targets for the head.
package final class TrainingImages {
    /// The images.
    package let split: DetectionSplit
    /// The samples.
    package let tiles: TrainingTiles
    private let recipe: DetectionDataRecipe
    private let augmentation: AugmentationRecipe
    private let cache: ImageCache

    /// The inputs of a recipe.
    ///
    /// - Parameter note: Told what people should know of pictures as they are decoded.
    /// - Throws: Where there are no images.
    package init(
        _ split: DetectionSplit, _ recipe: DetectionRecipe,
        note: @escaping (String) -> Void = { _ in }
    ) throws(InputError) {
        self.split = split
        self.recipe = recipe.data
        augmentation = recipe.augmentation
        cache = ImageCache(
            capacity: recipe.data.cacheBytes, reading: recipe.data.pictures.reading, note: note)
        tiles = TrainingTiles(
            split, recipe.data, key: RandomKey(seed: recipe.training.seed).child("tiles"))
        guard !tiles.samples.isEmpty else {
            throw InputError(
                "\(recipe.data.training[0].annotations): gives no tile to train on; expected at "
                    + "least one image")
        }
    }

    /// The view of a sample.
    ///
    /// - Parameter key: Of this sample in this forward pass.
    package func view(_ sample: Int, key: RandomKey) -> TrainingView {
        TrainingView(sample, of: tiles, split, augmentation, size: recipe.size, key: key)
    }

    /// The pixels `[size, size, 3]` of a view.
    package func pixels(_ view: TrainingView) throws(InputError) -> [UInt8] {
        var pixels = RegionSampler.canvas(view.size)
        for patch in view.patches {
            let image = try cache.image(split.path(patch.image))
            try RegionSampler.draw(
                patch, of: (image.width, image.rows.count), into: &pixels, size: view.size
            ) { _ in image }
        }
        pixels = view.orientation.place(pixels, size: view.size)
        view.color.apply(to: &pixels)
        return pixels
    }
}
