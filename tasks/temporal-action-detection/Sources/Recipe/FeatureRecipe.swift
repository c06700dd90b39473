// SPDX-License-Identifier: Apache-2.0
import Files
import Recipes

/// The recipe's keys of precomputed features, which take the place of videos and a backbone.
package struct FeatureRecipe: Sendable, Equatable {
    /// The folder with one `.npy` file a video, `[vectors, channels]`.
    package var folder: String
    /// Frames a second of the videos that the features were made of, where the annotation of a
    /// video doesn't say `fps`.
    package var rate: Double?
    /// Source frames from one vector to the next; nil where the vectors fill the video evenly.
    package var stride: Double?
    /// From the time of a vector's own place back to its first frame, in vectors: 0.5, which nil
    /// means, puts a vector in the middle of its stride.
    package var offset: Double?
    /// The number of vectors that each video is resampled to; nil keeps its own.
    package var length: Int?
    /// Channels, so that a recipe can be checked and a file refused; nil takes what is there.
    package var width: Int?

    /// Reads the keys of the section `data`.
    init(_ section: RecipeReader, folder: String) throws(InputError) {
        self.folder = folder
        rate = try section.optionalNumber("framesPerSecond", in: 0.01...1000)
        stride = try section.optionalNumber("featureStride", in: 1e-3...1e6)
        length = try section.optionalInteger("featureLength", in: 8...100_000)
        width = try section.optionalInteger("featureWidth", in: 1...1_000_000)
        offset = try section.optionalNumber("featureOffset", in: 0...1000)
        if stride == nil, rate != nil {
            throw section.error(
                "framesPerSecond",
                "is given without data.featureStride; give both, or none for vectors that fill "
                    + "each video evenly")
        }
    }
}
