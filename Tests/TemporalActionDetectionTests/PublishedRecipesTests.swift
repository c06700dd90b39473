// SPDX-License-Identifier: Apache-2.0
import Foundation
import Layers
import Recipes
import Reversible
import TemporalActionDetection
import Tensors
import Testing
import Training

/// The recipes of the task's folder read, and give heads of the published sizes.
@Suite("Published recipes") struct PublishedRecipesTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../tasks/temporal-action-detection/recipes").path

    private func recipe(_ name: String, _ overrides: [String] = []) throws -> TemporalRecipe {
        try TemporalRecipe(
            RecipeDocument(path: "\(Self.folder)/\(name).yaml", overrides: overrides),
            dataFolder: "/data")
    }

    private func labels(_ count: Int) -> [String] { (0..<count).map { "class \($0)" } }

    @Test func everyRecipeReads() throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: Self.folder)
            .filter { $0.hasSuffix(".yaml") }
        #expect(names.count >= 5)
        for name in names { _ = try recipe(String(name.dropLast(5))) }
    }

    @Test func actionFormerOnTHUMOS() throws {
        let recipe = try recipe("thumos14-actionformer-i3d")
        #expect(recipe.finetuning.way == .frozen && recipe.data.takesWholeVideos)
        #expect(recipe.data.sampling == .videos(crop: 0.9...1))
        #expect(recipe.training.totalSteps(sampleCount: 200) == 3500)
        #expect(recipe.postProcessing.votingThreshold == nil)
        let settings = try #require(recipe.head.actionFormerHead)
        let head = settings.with(
            HeadInput(width: 2048, classCount: 20, windowLength: 2304, scoreThreshold: 0.001))
        #expect(
            head.channels == 512 && head.heads == 4 && head.windows == [19, 19, 19, 19, 19, 19])
        #expect(head.rangeBounds == [0, 4, 8, 16, 32, 64, 10_000] && head.positions == nil)
        #expect(head.dropPathRate == 0.1 && head.initialNormalizer == 100)
        #expect(head.regressionWeight == 1 && head.labelSmoothing == 0)
    }

    /// 200 classes in the annotations, one in the head.
    @Test func actionFormerOnActivityNet() throws {
        let recipe = try recipe("activitynet-actionformer-tsp")
        let settings = try #require(recipe.head.actionFormerHead)
        let head = settings.with(
            HeadInput(
                width: 512, classCount: 1, windowLength: recipe.data.windowPositions,
                scoreThreshold: 0.001))
        #expect(head.channels == 256 && head.positions == 192)
        let small = try self.recipe("activitynet-actionformer-tsp", ["head.channels=16"])
        let detector = try TemporalDetector(small, labels: labels(200), featureWidth: 512)
        #expect((detector.head as? ActionFormerHead)?.configuration.classCount == 1)
        #expect(head.windows == [7, 7, 7, 7, 7, -1] && head.labelSmoothing == 0.1)
        #expect(head.regressionWeight == 2 && head.initialNormalizer == 200)
        #expect(recipe.postProcessing.votingThreshold == 0.9)
        #expect(recipe.postProcessing.isClassAgnostic && recipe.postProcessing.videoClasses == 2)
        #expect(recipe.postProcessing.softSigma == 0.75)
        #expect(recipe.training.totalSteps(sampleCount: 10_000) == 9375)
        #expect(recipe.thresholds.count == 10)
    }

    @Test func vsgnOnBoth() throws {
        let thumos = try recipe("thumos14-vsgn-tsn")
        let stitching = thumos.head.stitching(length: thumos.data.windowPositions)
        #expect(stitching.stitches(512) && !stitching.stitches(513) && stitching.gap == 30)
        #expect(thumos.postProcessing.hardThreshold == 0.4)
        let settings = try #require(thumos.head.vsgnHead)
        let head = settings.with(
            HeadInput(width: 2048, classCount: 20, windowLength: 1280, scoreThreshold: 0))
        #expect(head.largestStride == 64 && head.lengthOffset == 1 && head.neighbours == 12)
        #expect(head.form == .vsgn && head.crossScaleNeighbours == 6)
        #expect(head.scoreThreshold == 0.005 && thumos.postProcessing.minimumScore == 0)
        #expect(thumos.postProcessing.isClassAgnostic)
        let other = try recipe("activitynet-vsgn-tsp", ["head.channels=32"])
        let detector = try TemporalDetector(other, labels: labels(200), featureWidth: 512)
        let second = try #require(detector.head as? VSGNHead).configuration
        #expect(second.classCount == 1 && second.anchorScales == [3, 7.5])
        #expect(second.classification == .sigmoid(alpha: 0.35, gamma: 2))
        #expect(second.largestStride == 32 && second.matchThreshold == 0.6)
        #expect(second.form == .opentad && second.lengthOffset == 1 && second.neighbours == 10)
        #expect(other.postProcessing.maximumDetections == 100 && other.data.windowPositions == 256)
    }
}

extension HeadRecipe {
    /// VSGN's section; nil of another head.
    var vsgnHead: VSGNConfiguration? {
        if case .vsgn(let settings) = self { settings } else { nil }
    }

    /// ActionFormer's section; nil of another head.
    var actionFormerHead: ActionFormerConfiguration? {
        if case .actionFormer(let settings) = self { settings } else { nil }
    }
}
