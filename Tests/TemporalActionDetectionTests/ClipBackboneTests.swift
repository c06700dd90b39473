// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Backbones
import Checkpoints
import Console
import Files
import Foundation
import Layers
import Media
import Preparation
import Recipes
import Regions
import Reversible
import TemporalActionDetection
import Tensors
import Testing
import Training

@Suite("Clip backbones") struct ClipBackboneTests {
    private static let videoMAE = [
        "backbone={name: videomae-small-16, framesPerPosition: 2}",
        "head={name: actionformer, channels: 16, heads: 2, stemBlocks: 0, windows: [5, 5]}",
    ]

    @Test func framesBecomeFullClipsAndPositions() throws {
        let encoder = encoder(8, group: 2, seed: 1)
        #expect(Array(encoder.ranges(19)) == [0..<8, 8..<16, 16..<19])
        #expect([1, 2, 8, 19].map { encoder.positions($0) } == [1, 1, 4, 10])
        #expect(encoder.inputShape(windows: 3, frames: 19, size: 32) == [9, 3, 8, 32, 32])
        var asked: [[Int]] = []
        let input = encoder.input(Array(5..<15)) { frames, layout in
            asked.append(frames)
            #expect(layout == .channelsFirst)
            return Tensor(
                repeating: Double(frames[0]), shape: [3, frames.count, 32, 32])
        }
        #expect(asked == [[5, 6, 7, 8, 9, 10, 11, 12], [13, 14, 14, 14, 14, 14, 14, 14]])
        #expect(input.shape == [2, 3, 8, 32, 32])
        // A position of two frames is a time step of the network: nothing to resample.
        let vectors = try encoder.vectors(input, .inference.running(.frozen))
        #expect(vectors.shape == [8, 32])
        let found = encoder.positions(vectors, frames: 10).tensor
        #expect(found.isIdentical(to: vectors.tensor.rows(0..<5)))
    }

    /// Frame by frame, positions lie a quarter of a time step around its middle.
    @Test func vectorsAreResampledToFrames() throws {
        let encoder = encoder(16, group: 1, seed: 2)
        let steps = Tensor((0..<16).map { Float($0) }, shape: [16, 1])
        let positions = encoder.positions(Variable(steps), frames: 20).tensor.floats
        #expect(positions.count == 20)
        #expect(positions[0] == 0 && positions[1] == 0.25 && positions[2] == 0.75)
        #expect(positions[19] == 9.25)
    }

    private func encoder(_ clipFrames: Int, group: Int, seed: UInt64) -> FrameEncoder {
        let network = VisionTransformer(
            name: "small", configuration: Self.small, key: RandomKey(seed: seed))
        return FrameEncoder(
            PretrainedBackbone(network), pooling: .mean, clipFrames: clipFrames,
            framesPerPosition: group, pixels: PixelStatistics.imageNet)
    }

    /// A step of the head alone on features computed once, then one of both.
    @Test func clipsAreTrainedAndPredicted() throws {
        let fixture = try TemporalFixture()
        let recipe = try fixture.recipe(
            Self.videoMAE + [
                "memoryBudget=32MiB", "batchSize=2", "schedule.backboneStart=1", "steps=2",
            ])
        let frames = try fixture.prepare(recipe).frames
        let annotations = try ActivityNetAnnotations.read(recipe.data.annotations[0])
        let encoder = encoder(8, group: 2, seed: 6)
        let detector = try TemporalDetector(
            recipe, labels: annotations.labels, encoder: encoder)
        let before = detector.namedParameters.map(\.parameter.tensor)
        let task = try TemporalTask(
            recipe, detector: detector, source: .frames(frames), annotations: annotations)
        // The plan knows the shape of the clips: so little is refused.
        let tight = try fixture.recipe(Self.videoMAE + ["memoryBudget=64KiB"])
        #expect(throws: InputError.self) {
            try TemporalTask(
                tight, detector: detector, source: .frames(frames), annotations: annotations)
        }
        let folder = try RunFolder.create(fixture.path + "/run", recipe: recipe.resolved)
        let loop = try TrainingLoop(task, folder: folder, progress: ProgressLine(.quiet))
        try loop.run()
        #expect(try folder.metrics().compactMap(\.loss).allSatisfy(\.isFinite))
        let moved = zip(detector.namedParameters, before).filter {
            !$0.parameter.tensor.isIdentical(to: $1)
        }.map(\.0.name)
        #expect(moved.contains { $0.hasPrefix("backbone.blocks.0.") })
        // What was found in the prepared frames is found in the file as well.
        let evaluated = try #require(loop.findings?.predictions.videos.first)
        let film = try VideoFeatures(
            path: fixture.path + "/two.y4m", start: 0, duration: 3, rate: 4, size: 32)
        let features = try film.positions(
            encoder, .inference.running(recipe.finetuning.evaluation(step: 0)), report: { _, _ in },
            warn: { Issue.record("\($0)") })
        #expect(features.shape == [6, 32])
        let found = try TemporalInference(detector, recipe).detections(
            features: features, clock: VideoClock(rate: 4, group: 2), duration: 3, video: "y")
        #expect(!found.isEmpty && found == evaluated.detections)
    }

    /// Every way gives the backbone its gradient but `frozen`, whatever the number of clips.
    @Test(arguments: ["frozen", "conventional", "checkpointed", "dr2net"])
    func everyWayTakesClips(_ way: String) throws {
        let fixture = try TemporalFixture()
        let recipe = try fixture.recipe(["way=\(way)"])
        let encoder = encoder(4, group: 1, seed: 3)
        let network = encoder.network.backbone
        let inputs = [2, 1].map {
            Tensor(normal: [$0, 3, 4, 32, 32], key: RandomKey(seed: 4).child($0))
        }
        let tape = Tape()
        let found = try encoder.encode(
            inputs, frames: [7, 3],
            Context(tape: tape, isTraining: true).running(
                recipe.finetuning.training(step: 0, key: RandomKey(seed: 5)),
                tile: Tile(tokens: 5)))
        #expect(found.map(\.shape) == [[7, 32], [3, 32]])
        if way != "frozen" {
            tape.backward(from: Variable.concatenated(found, axis: 0).sum())
        }
        let hasGradients = network.namedParameters.allSatisfy { $0.parameter.gradient != nil }
        #expect(hasGradients == (way != "frozen"))
    }

    /// A VideoMAE of two narrow blocks.
    private static var small: VisionTransformerConfiguration {
        var result = VisionTransformerConfiguration.videoMAE(width: 32, heads: 2)
        result.depth = 2
        return result
    }

    @Test func featuresAreExtractedOnceAndReadBack() throws {
        let fixture = try TemporalFixture()
        let recipe = try fixture.recipe(Self.videoMAE), folder = fixture.path + "/features"
        let extraction = try FeatureExtraction(
            recipe, folder: folder, encoder: encoder(8, group: 2, seed: 7))
        func counts(_ extraction: FeatureExtraction) throws -> [Int] {
            var tally = PreparationTally()
            let summary = try extraction.run { tally.add($0) }
            #expect(summary.width == 32)
            #expect(summary.featureStride == 2 && summary.featureOffset == 0.25)
            return [tally.written, tally.known]
        }
        #expect(try counts(extraction) == [3, 0])
        #expect(try Npy.shape(folder + "/y.npy") == [6, 32])
        #expect(try counts(extraction) == [0, 3])
        // Another film of the same length, another seed of random weights.
        let film = fixture.path + "/two.y4m"
        var bytes = try Data(contentsOf: URL(filePath: film))
        bytes[bytes.count / 2] ^= 1
        try bytes.write(to: URL(filePath: film))
        #expect(try counts(extraction) == [1, 2])
        let other = try FeatureExtraction(
            fixture.recipe(Self.videoMAE + ["seed=5"]), folder: folder,
            encoder: encoder(8, group: 2, seed: 7))
        #expect(try counts(other) == [3, 0])
        #expect(throws: InputError.self) {
            var empty = recipe
            empty.data.videos = ["/nowhere"]
            _ = try FeatureExtraction(
                empty, folder: folder, encoder: encoder(8, group: 2, seed: 7)
            ).run()
        }
        let text = """
            steps: 2
            way: frozen
            data: {annotations: \(fixture.path)/annotations.json, features: \(folder), \
            windowLength: 8}
            """
        let reading = try TemporalRecipe(RecipeDocument(text: text), dataFolder: "/data")
        let files = try FeatureFiles(
            #require(reading.data.features), annotations: .read(reading.data.annotations[0]))
        #expect(files.videos.map(\.id) == ["x/1", "x/2", "y"] && files.width == 32)
        let clock = VideoClock(rate: 2, offset: 0.25)
        #expect(files.videos.map(\.clock) == [clock, clock, clock])
    }

    /// What `extract` prints gives the times of frames in groups of two.
    @Test func groupsOfFramesAreAtTheirMiddle() throws {
        let group = VideoClock(rate: 4, group: 2), vectors = VideoClock(rate: 2, offset: 0.25)
        let (a, b) = (group.window(first: 4), vectors.window(first: 2))
        #expect(a.rate == b.rate && a.first == b.first && a.margin == b.margin)
        // Positions of frames 4 and 5: at 1.125 s.
        let segment = try #require(a.seconds(Segment(start: 0, end: 1), duration: 9))
        #expect(segment == Segment(start: 1.125, end: 1.625))
    }
}
