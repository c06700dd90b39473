// SPDX-License-Identifier: Apache-2.0
package import Training

/// A recipe of temporal action detection: everything that a run depends on.
package struct TemporalRecipe: Sendable {
    /// Where the videos come from and how they are cut.
    package struct Data: Sendable {
        /// ActivityNet JSON.
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
        /// Frames, or precomputed vectors, of a window.
        package var windowFrames: Int
        /// Frames of one position of the head's input.
        package var framesPerPosition: Int
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
        /// How training windows are drawn.
        package var sampling: Sampling
        /// Precomputed features in place of videos.
        package var features: FeatureRecipe?

        /// Whether inference takes each video at once instead of in windows.
        package var takesWholeVideos: Bool

        /// Positions of a window as the head sees it.
        package var windowPositions: Int { windowFrames / framesPerPosition }
    }

    /// How training windows are drawn.
    package enum Sampling: Sendable, Equatable {
        /// All windows at a constant step, each moved at random: an epoch sees every window.
        case windows
        /// One window a video, anywhere in it, that shows an action; of a video shorter than a
        /// window a part, its share of the video drawn from the range.
        case videos(crop: ClosedRange<Double>)
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
        /// Whether a detection acts on those of all classes in the soft suppression.
        package var isClassAgnostic: Bool
        /// tIoU from which candidates move a kept detection's ends; nil: none do.
        package var votingThreshold: Double?
        /// A file of video-level class scores, which name the segments of a head of one class;
        /// nil: the head knows all classes.
        package var videoScores: String?
        /// The best classes of a video that each of its segments gets.
        package var videoClasses: Int
    }

    /// The shared part.
    package var training: TrainingRecipe
    /// The way of finetuning.
    package var finetuning: FinetuningRecipe
    /// The data.
    package var data: Data
    /// The backbone and how it sees frames; nil with precomputed features.
    package var backbone: EncoderRecipe?
    /// The head.
    package var head: any HeadSettings
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
        data = try TemporalRecipe.data(try reader.section("data"), dataFolder: dataFolder)
        let backbone = try reader.section("backbone")
        if data.features == nil {
            self.backbone = try EncoderRecipe(backbone, data: &data, dataFolder: dataFolder)
        } else {
            guard reader.keys(of: "backbone").isEmpty else {
                throw reader.error(
                    "backbone", "is given beside data.features, which need none; remove one of them"
                )
            }
            guard finetuning.memoryBudget == nil else {
                throw reader.error(
                    "memoryBudget",
                    "is given, but data.features leave no backbone whose memory could be chosen; "
                        + "remove it")
            }
            guard finetuning.way == .frozen else {
                throw reader.error(
                    "way",
                    "is \(finetuning.way.rawValue), but data.features leave no backbone to "
                        + "finetune; set way: frozen")
            }
        }
        head = try HeadCatalog.settings(try reader.section("head"))
        postProcessing = try TemporalRecipe.postProcessing(
            try reader.section("postProcessing"), type(of: head).suppression,
            dataFolder: dataFolder)
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

    private static func data(_ section: RecipeReader, dataFolder: String) throws(TrainingError)
        -> Data
    {
        let annotations = try section.requiredDataPath(
            "annotations", dataFolder: dataFolder, expected: "an ActivityNet JSON file")
        var features: FeatureRecipe?
        if let folder = try section.dataPath("features", dataFolder: dataFolder) {
            features = try FeatureRecipe(section, folder: folder)
        }
        var data = Data(
            annotations: annotations, videos: "",
            trainingSubset: try section.value("trainingSubset", default: "training"),
            validationSubset: try section.value("validationSubset", default: "validation"),
            prepared: "", rate: 0, size: 0, windowFrames: 0,
            framesPerPosition: 1,
            windowOverlap: try section.value("windowOverlap", default: 0.5, in: 0...0.95),
            minimumVisible: try section.value("minimumVisible", default: 0.5, in: 0.01...1),
            timeScale: try section.value("timeScale", default: 1.0, in: 1...4),
            flips: false, keepGoing: try section.value("keepGoing", default: false),
            sampling: try sampling(section), features: features,
            takesWholeVideos: try section.value("wholeVideos", default: false))
        if let features {
            data.windowFrames = try section.value(
                "windowLength", default: features.length ?? 2304, in: 8...100_000)
            return data
        }
        data.rate = try section.value("framesPerSecond", default: 4.0, in: 0.01...240)
        data.size = try section.value("size", default: 112, in: 14...4096)
        data.videos = try section.requiredDataPath(
            "videos", dataFolder: dataFolder,
            expected: "the folder of the videos, or data.features: that of precomputed features")
        data.prepared =
            try section.dataPath("prepared", dataFolder: dataFolder)
            ?? "\(data.videos)/prepared-\(short(data.rate))fps-\(data.size)"
        data.windowFrames = try section.value("windowFrames", default: 128, in: 8...100_000)
        data.flips = try section.value("flips", default: true)
        return data
    }

    private static func sampling(_ section: RecipeReader) throws(TrainingError) -> Sampling {
        let kind = try section.choice("sampling", default: "windows", among: ["windows", "videos"])
        guard kind == "videos" else { return .windows }
        let crop = try section.value("cropRatio", default: [0.9, 1], in: 0.01...1, count: 2)
        guard crop[0] <= crop[1] else {
            throw section.error("cropRatio", "is \(crop); expected the smaller share first")
        }
        return .videos(crop: crop[0]...crop[1])
    }

    private static func postProcessing(
        _ section: RecipeReader, _ defaults: SuppressionDefaults, dataFolder: String
    ) throws(TrainingError) -> PostProcessing {
        let voting = try section.value("votingThreshold", default: 0.0, in: 0...1)
        let scores = try section.dataPath("videoScores", dataFolder: dataFolder)
        return PostProcessing(
            minimumScore: try section.value(
                "minimumScore", default: defaults.minimumScore, in: 0...1),
            softSigma: try section.value("softSigma", default: defaults.softSigma, in: 1e-3...100),
            hardThreshold: try section.value(
                "hardThreshold", default: defaults.hardThreshold, in: 0.01...1),
            maximumDetections: try section.value(
                "maximumDetections", default: 200, in: 1...100_000),
            isClassAgnostic: try section.value("classAgnostic", default: false),
            votingThreshold: voting > 0 ? voting : nil, videoScores: scores,
            videoClasses: try scores == nil
                ? 1 : section.value("videoClasses", default: 2, in: 1...1000))
    }

    static func short(_ value: Double) -> String {
        value == value.rounded() ? String(Int(value)) : String(value)
    }
}
