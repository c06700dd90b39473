// SPDX-License-Identifier: Apache-2.0
package import Recipes
import Reversible
package import Training

/// A recipe of temporal action detection: everything that a run depends on.
package struct TemporalRecipe: TaskRecipe {
    /// The command.
    package static let task = "tad"

    /// Where the videos come from and how they are cut.
    package struct Data: Sendable {
        /// Of each data set: ActivityNet JSON, a table or a folder of them, or the folder of
        /// THUMOS14's text files.
        package var annotations: [String]
        /// The folders of the videos, looked through in this order.
        package var videos: [String]
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
        /// Videos that are left out of everything.
        package var excludedVideos: [String]
        /// A JSON file of further ones.
        package var blockedVideos: String?
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

    /// The keys that every task has.
    package var shared: SharedRecipe
    /// The data.
    package var data: Data
    /// The backbone and how it sees frames; nil with precomputed features.
    package var backbone: EncoderRecipe?
    /// The head.
    package var head: HeadRecipe
    /// The post-processing.
    package var postProcessing: PostProcessing
    /// tIoU thresholds of the evaluation.
    package var thresholds: [Double]

    /// Reads and checks the task's own sections.
    package init(_ reader: RecipeReader, _ shared: SharedRecipe) throws {
        self.shared = shared
        data = try TemporalRecipe.data(try reader.section("data"))
        let backbone = try reader.section("backbone")
        if data.features == nil {
            self.backbone = try EncoderRecipe(backbone, data: &data)
        } else {
            guard reader.keys(of: "backbone").isEmpty else {
                throw reader.error(
                    "backbone", "is given beside data.features, which need none; remove one of them"
                )
            }
            guard shared.finetuning.memoryBudget == nil else {
                throw reader.error(
                    "memoryBudget",
                    "is given, but data.features leave no backbone whose memory could be chosen; "
                        + "remove it")
            }
            guard shared.finetuning.way == .frozen else {
                throw reader.error(
                    "way",
                    "is \(shared.finetuning.way.rawValue), but data.features leave no backbone to "
                        + "finetune; set way: frozen")
            }
        }
        head = try HeadRecipe(try reader.section("head"))
        postProcessing = try TemporalRecipe.postProcessing(
            try reader.section("postProcessing"), head.suppression)
        thresholds = try reader.section("evaluate").value(
            "tiou", default: EvaluationThresholds.thumos, in: 0.01...1)
    }

    static func short(_ value: Double) -> String {
        value == value.rounded() ? String(Int(value)) : String(value)
    }
}
