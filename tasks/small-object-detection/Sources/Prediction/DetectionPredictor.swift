// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Backbones
package import CommandLineSupport
package import Files
import Layers
import Media
package import Regions
import Reversible
import Training

/// Detections of a trained run in any image.
package struct DetectionPredictor {
    /// The classes, in the order of labels.
    package let labels: [String]
    /// The data set's numbers of the classes.
    package let labelIDs: [Int]
    private var inference: TiledInference
    private let orientation: AnnotatedPixels

    /// Told what people should know of a picture.
    package var note: (String) -> Void {
        get { inference.note }
        set { inference.note = newValue }
    }

    /// Which files of a folder are images.
    package static let inputs = InputList.Kind(
        "image",
        endings: [
            "bmp", "dib", "gif", "jfif", "jp2", "jpe", "jpeg", "jpg", "pgm", "png", "pnm", "ppm",
            "tif", "tiff", "webp",
        ])

    /// The network of the checkpoint that a run predicts with, at the coefficients that were in force.
    ///
    /// - Parameters:
    ///   - overrides: `inference.KEY=VALUE` and picture settings in place of the recipe's.
    ///   - warn: Told of damaged newer checkpoints that were passed over.
    package init(
        run folder: String, overrides: [String], dataFolder: String, warn: (String) -> Void
    ) throws {
        let run = try TrainedRun<DetectionRecipe>(
            folder, overrides: overrides, dataFolder: dataFolder, warn: warn)
        labels = run.description.labels
        labelIDs = run.description.labelIDs ?? Array(1...max(1, labels.count))
        let (detector, _) = try PyramidDetector.make(
            run.recipe, classes: labels.count, loadsWeights: false)
        try run.load(into: detector, backbone: detector.backbone)
        orientation = run.recipe.data.pictures.orientation
        inference = TiledInference(detector, run.recipe, .inference.running(run.way))
    }

    /// Detections in the pixels that `data.orientation` asks for.
    package func counted(
        _ found: [Item<Box>], in path: String
    ) throws(InputError) -> [Item<Box>] {
        guard orientation == .shown else { return found }
        return orientation.counted(found, in: try ImageInfo.usable(path))
    }

    /// The detections of an image in its stored pixels, best first.
    ///
    /// - Throws: Where EXIF turns the picture and nothing says which pixels are to be counted.
    /// - Parameter report: Told how many inputs of how many are done.
    package func detections(
        in path: String, report: (_ done: Int, _ total: Int) -> Void
    ) throws -> [Item<Box>] {
        try orientation.check(try ImageInfo.usable(path))
        return try inference.detections(in: path, report: report)
    }
}
