// SPDX-License-Identifier: Apache-2.0
import PointCloudAnalysis
import Recipes
import Testing
import Training

@Suite("Plan of a step on points") struct PointStepPlanTests {
    private func plan(_ more: String = "") throws -> PointStepPlan {
        let recipe = try PointRecipe(
            RecipeDocument(
                text: """
                    steps: 1
                    batchSize: 2
                    data:
                      source: /nothing/there
                      classes: {low: [2], high: [6]}
                      split: {axis: x, at: 1}
                      points: 4096
                      features: [position]
                    backbone: {name: vit-tiny-16}
                    network: {neighbours: 8, hidden: [16]}
                    \(more)
                    """), dataFolder: "/nowhere")
        return try PointStepPlan(recipe, classes: try recipe.data.namedClasses().count)
    }

    @Test func aBudgetOfThePlanIsKeptAndOneByteLessTakesSlices() throws {
        let whole = try plan()
        // Weights, gradients and two moments of 5.5 million scalars are 84 MiB.
        #expect(whole.peakBytes > 84 << 20)
        #expect(try plan("memoryBudget: \(whole.peakBytes)").peakBytes == whole.peakBytes)
        let sliced = try plan("memoryBudget: \(whole.peakBytes - 1)")
        #expect(sliced.peakBytes < whole.peakBytes)
        #expect(try plan("way: conventional").peakBytes > whole.peakBytes)
        expectLine("a step needs at least") { try plan("memoryBudget: 1MiB") }
    }
}
