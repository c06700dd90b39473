// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Console
import Files
import Foundation
import Layers
import TemporalActionDetection
import Tensors
import TestSupport
import Testing
import Training

@Suite("Temporal task") struct TemporalTaskTests {
    /// Frames that were prepared before a video was left out don't bring it back.
    @Test func videosLeftOutLaterAreNotSeen() throws {
        let fixture = try TemporalFixture()
        let frames = try fixture.prepare(try fixture.recipe()).frames
        func task(_ overrides: [String]) throws -> TemporalTask {
            let recipe = try fixture.recipe(overrides)
            let all = try ActivityNetAnnotations.read(recipe.data.annotations[0])
            return try TemporalTask(
                recipe, detector: try TemporalDetector(recipe, labels: all.labels),
                source: .frames(frames),
                annotations: all.only { !recipe.data.excludedVideos.contains($0.id) })
        }
        let whole = try task([]), part = try task(["data.excludedVideos=[\"x/2\"]"])
        #expect(whole.plan.sampleCount == 2 && part.plan.sampleCount == 1)
        #expect(part.source(of: 0, epoch: 0) == "x/1 in one.y4m")
        #expect(part.workload(from: 0).evaluation == 24)
        #expect(throws: InputError.self) {
            _ = try task(["data.excludedVideos=[\"x/1\", \"x/2\"]"])
        }
    }

    private func train(
        _ fixture: TemporalFixture, _ overrides: [String]
    ) throws -> (losses: [Double], changed: (backbone: Bool, head: Bool)) {
        let recipe = try fixture.recipe(overrides)
        let frames = try fixture.prepare(recipe).frames
        let annotations = try ActivityNetAnnotations.read(recipe.data.annotations[0])
        let detector = try TemporalDetector(recipe, labels: annotations.labels)
        let before = detector.namedParameters.map(\.parameter.tensor)
        let task = try TemporalTask(
            recipe, detector: detector, source: .frames(frames), annotations: annotations)
        let folder = try RunFolder.create(
            fixture.path + "/run-\(UUID().uuidString)", recipe: recipe.resolved)
        try TrainingLoop(task, folder: folder, progress: ProgressLine(.quiet)).run()
        func changed(_ prefix: String) -> Bool {
            zip(detector.namedParameters, before).contains {
                $0.name.hasPrefix(prefix) && !$0.parameter.tensor.isIdentical(to: $1)
            }
        }
        return (
            try folder.metrics().compactMap(\.loss), (changed("backbone."), changed("head."))
        )
    }

    @Test(arguments: ["frozen", "conventional", "checkpointed", "dr2net"])
    func theWayDecidesWhetherTheBackboneTrains(way: String) throws {
        let changed = try train(TemporalFixture(), ["way=\(way)", "steps=2"]).changed
        #expect(changed.head)
        #expect(changed.backbone == (way != "frozen"))
    }

    // Above 5 s: two trainings for each way.
    @Test(arguments: ["conventional", "checkpointed", "dr2net"])
    func updatesInBackwardGiveTheSameLosses(way: String) throws {
        let fixture = try TemporalFixture()
        let overrides = ["way=\(way)", "steps=4", "optimizer.clipNorm=0"]
        let after = try train(fixture, overrides).losses
        let during = try train(fixture, overrides + ["optimizer.inBackward=true"]).losses
        #expect(after.count == 4 && Set(after).count == 4)
        #expect(during == after)
    }

    @Test func theBackboneWaitsForItsStart() throws {
        let changed = try train(
            TemporalFixture(), ["steps=2", "schedule.backboneStart=2"]
        ).changed
        #expect(changed.head && !changed.backbone)
    }

    @Test func theLossFalls() throws {
        let losses = try train(
            TemporalFixture(), ["steps=60", "way=frozen", "data.flips=false"]
        ).losses
        let first = losses.prefix(6).reduce(0, +), last = losses.suffix(6).reduce(0, +)
        #expect(last < 0.7 * first, "\(losses)")
    }

    @Test func detectorsOfOneSeedAreEqualAndNamedOnce() throws {
        let fixture = try TemporalFixture()
        let recipe = try fixture.recipe()
        let (a, b) = (
            try TemporalDetector(recipe, labels: ["u"]), try TemporalDetector(recipe, labels: ["u"])
        )
        for (x, y) in zip(a.namedParameters, b.namedParameters) {
            #expect(x.name == y.name && x.parameter.tensor.isIdentical(to: y.parameter.tensor))
        }
        // What the optimizer saves is what a checkpoint is loaded into.
        #expect(
            a.parameterGroups.flatMap(\.entries).map(\.name).sorted()
                == a.namedParameters.map(\.name).sorted())
        #expect(throws: InputError.self) { try TemporalDetector(recipe, labels: []) }
    }

    @Test func aRunOfRandomWeightsSaysSo() throws {
        let fixture = try TemporalFixture()
        let recipe = try fixture.recipe(["steps=1"])
        let said = SaidLines()
        let folder = try RunFolder.create(fixture.path + "/run", recipe: recipe.resolved)
        _ = try TemporalTask.run(
            recipe, folder: folder,
            progress: ProgressLine(.plain(everySeconds: 1e9), write: said.add))
        let text = said.text
        #expect(text.contains("random weights: backbone.weights names no file"), "\(text)")
    }
}
