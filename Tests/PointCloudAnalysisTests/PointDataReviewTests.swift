// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Console
import Files
import Foundation
import PointCloudAnalysis
import Recipes
import Reversible
import Testing
import Training

@Suite("Review of point data") struct PointDataReviewTests {
    private func recipe(
        _ folder: String, classes: String = "{low: [2], high: [6]}",
        parts: String = "training: [a.las]\n  validation: [b.las]", features: String = "[position]"
    ) throws -> PointRecipe {
        try PointRecipe(
            RecipeDocument(
                text: """
                    steps: 1
                    data:
                      source: \(folder)
                      classes: \(classes)
                      ignore: [1]
                      \(parts)
                      grid: 0.5
                      radius: 2
                      spheres: 4
                      points: 64
                      features: \(features)
                    backbone: {name: vit-tiny-16}
                    network: {neighbours: 8, hidden: [16]}
                    loss: {classWeights: inverseRoot}
                    """), dataFolder: "/nowhere")
    }

    /// Clouds a.las and b.las of 400 points; `codes` changes their classes.
    private func clouds(_ folder: String, _ codes: [String: (Int32) -> Int32] = [:]) throws {
        for (name, seed) in [("a", UInt64(1)), ("b", 2)] {
            var block = DataFixture.cloud(400, seed: seed)
            if let change = codes[name] { block.labels = block.labels?.map(change) }
            try DataFixture.writeLAS(block, to: "\(folder)/\(name).las")
        }
    }

    private func notes(_ recipe: PointRecipe) throws -> [String] {
        let prepared = try PointPreparation(recipe.data).run()
        return try PointDataReview(prepared, weights: recipe.classWeights).notes
    }

    @Test func classesThatOneSideLacksAreNamed() throws {
        try withFolder { folder in
            try clouds(folder)
            #expect(try notes(recipe(folder)) == [])
            let more = "{low: [2], high: [6], tree: [5], pole: [9]}"
            // Trees are for validation alone, poles nowhere.
            try clouds(folder, ["b": { $0 == 6 ? 5 : $0 }])
            let lines = try notes(recipe(folder, classes: more))
            #expect(lines.count == 2)
            #expect(lines[0].contains("for training: tree, pole;"), "\(lines)")
            #expect(lines[0].contains("weigh nothing"))
            #expect(lines[1].contains("for validation: high;"), "\(lines)")
        }
    }

    @Test func validationThatCanNotBeScoredIsFoundBeforeTheFirstStep() throws {
        try withFolder { folder in
            try clouds(folder, ["b": { _ in 1 }])
            expectLine("nothing for validation") { try notes(recipe(folder)) }
            try clouds(folder)
            try PLYWriter.write(to: "\(folder)/c.ply", contents: []) {
                try $0.append(DataFixture.cloud(100))
            }
            expectLine("the points have no class") {
                try notes(
                    recipe(folder, parts: "training: [a.las]\n  validation: [c.ply]"))
            }
        }
    }

    @Test(arguments: [true, false])
    func damagedValidationIsFoundBeforeTheFirstStep(ofOriginals: Bool) throws {
        try withFolder { folder in
            try clouds(folder)
            let recipe = try recipe(folder)
            let prepared = try PointPreparation(recipe.data).run()
            let scene = try #require(prepared.scenes(.validation).first)
            let path = ofOriginals ? prepared.originalsPath(of: scene) : prepared.path(of: scene)
            var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
            bytes.replaceSubrange(
                0..<8,
                with: ofOriginals
                    ? Data(repeating: 255, count: 8) : Data([0, 0, 0xC0, 0x7F, 0, 0, 0, 0]))
            try AtomicFile.write(bytes, to: path)
            let run = "\(folder)/run"
            expectLine("impossible numbers") {
                try PointTask.run(
                    recipe, folder: try RunFolder.create(run, recipe: recipe.resolved),
                    progress: ProgressLine(.quiet))
            }
            #expect(try RunFolder.metrics(of: run).isEmpty)
        }
    }

    @Test func whatWasTrainedIsNotLostWithTheValidationPoints() throws {
        try withFolder { folder in
            try clouds(folder)
            let recipe = try recipe(folder)
            let prepared = try PointPreparation(recipe.data).run()
            let (network, blocks) = try PointNetwork.make(recipe, classes: 2, loadsWeights: false)
            let description = RunDescription(task: PointRecipe.task, blocks, labels: ["a", "b"])
            nonisolated(unsafe) var lines: [String] = []
            let task = try PointTask(
                recipe, network: network, description: description, prepared: prepared
            ) { unsafe lines.append($0) }
            try FileManager.default.removeItem(
                atPath: prepared.path(of: prepared.scenes(.validation)[0]))
            #expect(try task.evaluate(task.plan.evaluationWay(after: 1), after: 1) == nil)
            #expect(try task.baselines(nil).isEmpty)
            unsafe #expect(
                lines.count == 2 && lines.allSatisfy { $0.contains("is gone") }, "\(lines)")
        }
    }

    @Test func aRunOfTheOldRuleOfHeightsIsNotMixedWithTheNew() throws {
        try withFolder { folder in
            try clouds(folder)
            let recipe = try recipe(folder, features: "[position, height]")
            let run = "\(folder)/run"
            let made = try RunFolder.create(run, recipe: recipe.resolved)
            var sampling = recipe.data.sampling
            sampling.ground = .lowest
            let classes = try #require(recipe.data.classes)
            func json(_ value: some Encodable) throws -> String {
                String(decoding: try JSONEncoder().encode(value), as: UTF8.self)
            }
            let former = try json(sampling).replacing(",\"groundRule\":\"lowest\"", with: "")
                .replacing("\"groundRule\":\"lowest\",", with: "")
            #expect(!former.contains("groundRule"))
            try AtomicFile.write(
                "{\"classes\": \(json(classes)), \"sampling\": \(former)}",
                to: "\(run)/points.json")
            expectLine("data.ground lowest") {
                try PointTask.run(recipe, folder: made, progress: ProgressLine(.quiet))
            }
        }
    }
}
