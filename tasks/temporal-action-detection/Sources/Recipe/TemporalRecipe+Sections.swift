// SPDX-License-Identifier: Apache-2.0
import Files
import Recipes

extension TemporalRecipe {
    /// Reads the section `data`.
    static func data(_ section: RecipeReader) throws(InputError) -> Data {
        let annotations = try section.requiredPaths(
            "annotations",
            expected: "ActivityNet JSON, a CSV file or a folder of annotations, or a list of them")
        var features: FeatureRecipe?
        if let folder = try section.optionalPath("features") {
            features = try FeatureRecipe(section, folder: folder)
        }
        var data = Data(
            annotations: annotations, videos: [],
            trainingSubset: try section.value("trainingSubset", default: "training"),
            validationSubset: try section.value("validationSubset", default: "validation"),
            prepared: "", rate: 0, size: 0, windowFrames: 0,
            framesPerPosition: 1,
            windowOverlap: try section.value("windowOverlap", default: 0.5, in: 0...0.95),
            minimumVisible: try section.value("minimumVisible", default: 0.5, in: 0.01...1),
            timeScale: try section.value("timeScale", default: 1.0, in: 1...4),
            flips: false, keepGoing: try section.value("keepGoing", default: false),
            excludedVideos: try section.value(
                "excludedVideos",
                default: annotations.flatMap {
                    (try? AnnotationSource($0).excludedVideos) ?? []
                }),
            blockedVideos: try section.optionalPath("blockedVideos"),
            sampling: try sampling(section), features: features,
            takesWholeVideos: try section.value("wholeVideos", default: false))
        if let features {
            data.windowFrames = try section.value(
                "windowLength", default: features.length ?? 2304, in: 8...100_000)
            return data
        }
        data.rate = try section.value("framesPerSecond", default: 4.0, in: 0.01...240)
        data.size = try section.value("size", default: 112, in: 14...4096)
        data.videos = try section.requiredPaths(
            "videos",
            expected: "the folder of the videos or a list of folders, or data.features: that of "
                + "precomputed features")
        data.prepared =
            try section.optionalPath("prepared")
            ?? "\(data.videos[0])/prepared-\(short(data.rate))fps-\(data.size)"
        data.windowFrames = try section.value("windowFrames", default: 128, in: 8...100_000)
        data.flips = try section.value("flips", default: true)
        return data
    }

    private static func sampling(_ section: RecipeReader) throws(InputError) -> Sampling {
        let kind = try section.choice("sampling", default: "windows", among: ["windows", "videos"])
        guard kind == "videos" else { return .windows }
        let crop = try section.value("cropRatio", default: [0.9, 1], in: 0.01...1, count: 2)
        guard crop[0] <= crop[1] else {
            throw section.error("cropRatio", "is \(crop); expected the smaller share first")
        }
        return .videos(crop: crop[0]...crop[1])
    }

    /// Reads the section `postProcessing`.
    static func postProcessing(
        _ section: RecipeReader, _ defaults: SuppressionDefaults
    ) throws(InputError) -> PostProcessing {
        let voting = try section.value("votingThreshold", default: 0.0, in: 0...1)
        let scores = try section.optionalPath("videoScores")
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
}
