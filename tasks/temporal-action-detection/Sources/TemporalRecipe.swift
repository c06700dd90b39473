// SPDX-License-Identifier: Apache-2.0
import Backbones
package import Training

/// A recipe of temporal action detection: everything that a run depends on.
package struct TemporalRecipe: Sendable {
    /// How a frame's tokens become one vector.
    package enum Pooling: String, CaseIterable, Sendable {
        /// The mean over patches.
        case mean
        /// The class token.
        case classToken
        /// Both, side by side.
        case both
    }

    /// Where the videos come from and how they are cut.
    package struct Data: Sendable {
        /// ActivityNet JSON, a table or a folder of them, or the folder of THUMOS14's text files.
        package var annotations: String
        /// The folder of the videos.
        package var videos: String
        /// The subset to train on.
        package var trainingSubset: String
        /// The subset to evaluate on.
        package var validationSubset: String
        /// The folder that `prepare` writes.
        package var prepared: String
        /// Frames a second.
        package var rate: Double
        /// Side of the square frames in pixels.
        package var size: Int
        /// Frames of a window.
        package var windowFrames: Int
        /// The part of a window that the next one shares.
        package var windowOverlap: Double
        /// The part of a segment that must lie inside a window for it to be a target.
        package var minimumVisible: Double
        /// Training windows run at a pace from 1 / timeScale to timeScale; 1 keeps the video's own.
        package var timeScale: Double
        /// Whether training mirrors half of its windows.
        package var flips: Bool
        /// Whether faulty annotations and videos are left out instead of refused.
        package var keepGoing: Bool
        /// Videos that are left out of everything.
        package var excludedVideos: [String]
        /// A JSON file of further ones.
        package var blockedVideos: String?
    }

    /// From candidates to detections.
    package struct PostProcessing: Sendable {
        /// Candidates below are dropped.
        package var minimumScore: Double
        /// σ of the Gaussian soft-NMS exp(-tIoU² / σ), a class at a time.
        package var softSigma: Double
        /// tIoU of a hard NMS inside a window before; 1 does none.
        package var hardThreshold: Double
        /// Detections kept a video.
        package var maximumDetections: Int
    }

    /// The shared part.
    package var training: TrainingRecipe
    /// The way of finetuning.
    package var finetuning: FinetuningRecipe
    /// The data.
    package var data: Data
    /// The frame-by-frame backbone.
    package var backbone: BackboneRecipe
    /// How a frame's tokens become one vector.
    package var pooling: Pooling
    /// The head.
    package var head: VSGNSettings
    /// The post-processing.
    package var postProcessing: PostProcessing
    /// tIoU thresholds of the evaluation.
    package var thresholds: [Double]
    /// The recipe with every default written out.
    package var resolved: ResolvedRecipe

    /// Reads and checks a recipe.
    ///
    /// - Parameter dataFolder: Where relative paths are looked for after the recipe's own folder.
    package init(_ document: RecipeDocument, dataFolder: String) throws {
        let reader = RecipeReader(document)
        _ = try reader.choice("task", default: "tad", among: ["tad"])
        training = try TrainingRecipe(reader)
        finetuning = try FinetuningRecipe(reader)
        let section = try reader.section("data")
        let rate = try section.value("framesPerSecond", default: 4.0, in: 0.01...240)
        let size = try section.value("size", default: 112, in: 14...4096)
        let videos = try section.requiredDataPath(
            "videos", dataFolder: dataFolder, expected: "the folder of the videos")
        let annotations = try section.requiredDataPath(
            "annotations", dataFolder: dataFolder,
            expected: "ActivityNet JSON, a CSV file or a folder of annotations")
        data = Data(
            annotations: annotations, videos: videos,
            trainingSubset: try section.value("trainingSubset", default: "training"),
            validationSubset: try section.value("validationSubset", default: "validation"),
            prepared: try section.dataPath("prepared", dataFolder: dataFolder)
                ?? "\(videos)/prepared-\(TemporalRecipe.short(rate))fps-\(size)",
            rate: rate, size: size,
            windowFrames: try section.value("windowFrames", default: 128, in: 8...100_000),
            windowOverlap: try section.value("windowOverlap", default: 0.5, in: 0...0.95),
            minimumVisible: try section.value("minimumVisible", default: 0.5, in: 0.01...1),
            timeScale: try section.value("timeScale", default: 1.0, in: 1...4),
            flips: try section.value("flips", default: true),
            keepGoing: try section.value("keepGoing", default: false),
            excludedVideos: try section.value(
                "excludedVideos",
                default: (try? AnnotationSource(annotations).excludedVideos) ?? []),
            blockedVideos: try section.dataPath("blockedVideos", dataFolder: dataFolder))

        let backbone = try reader.section("backbone")
        self.backbone = try BackboneRecipe(
            backbone, default: "dinov2-small-14", dataFolder: dataFolder)
        pooling = try backbone.value("pooling", default: Pooling.both)
        let entry = self.backbone.entry
        if entry.input.isClip {
            throw backbone.error(
                "name",
                "is \(entry.name), which takes clips; this task runs frame by frame: name a "
                    + "network of images, as `dr2net backbone list` shows them")
        }
        guard entry.input.accepts([1, 3, size, size]) else {
            throw section.error("size", "is \(size); \(entry.name) takes \(entry.input.text)")
        }
        if !entry.hasClassToken, pooling != .mean {
            throw backbone.error(
                "pooling",
                "is \(pooling.rawValue), but \(entry.name) has no class "
                    + "token; set pooling: mean")
        }
        head = try VSGNSettings(try reader.section("head"))

        let post = try reader.section("postProcessing")
        postProcessing = PostProcessing(
            minimumScore: try post.value("minimumScore", default: 0.005, in: 0...1),
            softSigma: try post.value("softSigma", default: 0.46, in: 1e-3...100),
            hardThreshold: try post.value("hardThreshold", default: 0.8, in: 0.01...1),
            maximumDetections: try post.value("maximumDetections", default: 200, in: 1...100_000))
        thresholds = try reader.section("evaluate").value(
            "tiou", default: EvaluationThresholds.thumos, in: 0.01...1)
        try reader.finish()
        resolved = reader.resolved
    }

    /// Sets what depends on the number of training samples: the policy's update period.
    package mutating func setSampleCount(_ count: Int) {
        finetuning.setBackboneSteps(
            training.totalSteps(sampleCount: count) - training.backboneStart)
    }

    static func short(_ value: Double) -> String {
        value == value.rounded() ? String(Int(value)) : String(value)
    }
}
