// SPDX-License-Identifier: Apache-2.0
import Console
import Files
import Foundation
import PointCloudAnalysis
import Recipes
import TestSupport
import Testing
import Training

/// A run on points goes on with the points that it began with.
@Suite("Resuming on points") struct PointResumeTests {
    private func recipe(_ folder: String) throws -> PointRecipe {
        let lines = DataFixture.split.split(separator: "\n").map { "  \($0)\n" }.joined()
        return try PointRecipe(
            RecipeDocument(
                text: """
                    steps: 1
                    data:
                      kind: scenes
                      source: \(folder)/cloud.las
                      prepared: \(folder)/prepared
                      classes: {low: [2], high: [6]}
                      ignore: [1]
                    \(lines)
                    backbone: {name: vit-tiny-16}
                    network: {neighbours: 8, hidden: [16]}
                    """), dataFolder: "/nowhere")
    }

    @Test func relabelledPointsAreNotResumed() throws {
        try withFolder { folder in
            var cloud = DataFixture.cloud(600)
            let path = folder + "/cloud.las", run = folder + "/run"
            try DataFixture.writeLAS(cloud, to: path)
            let recipe = try recipe(folder)
            let said = SaidLines()
            func go(_ run: RunFolder) throws {
                _ = try PointTask.run(
                    recipe, folder: run,
                    progress: ProgressLine(.plain(everySeconds: 1e9), write: said.add))
            }
            do { try go(try RunFolder.create(run, recipe: recipe.resolved)) }
            let text = said.text
            #expect(text.contains("random weights: backbone.weights names no file"), "\(text)")
            do { try go(try RunFolder.open(run)) }
            #expect(said.text.components(separatedBy: "random weights").count == 2)
            let data = try #require(FileManager.default.contents(atPath: run + "/points.json"))
            let labels = try #require(cloud.labels)
            cloud.labels = labels.map { $0 == 2 ? 6 : $0 == 6 ? 2 : $0 }
            try DataFixture.writeLAS(cloud, to: path)
            let error = #expect(throws: InputError.self) { try go(try RunFolder.open(run)) }
            #expect(
                error?.description.contains("step 1: the training points changed") == true,
                "\(error?.description ?? "")")
            #expect(FileManager.default.contents(atPath: run + "/points.json") == data)
        }
    }
}
