// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Console
import Files
import Foundation
import Layers
import Recipes
import Reversible
import Tensors
import Training

/// A module with a matrix, a vector and a bias, enough to show every rule of the optimizer.
final class ToyModule: Module {
    let weight: Parameter
    let bias: Parameter

    init(rows: Int, seed: UInt64) {
        weight = Parameter(Tensor(normal: [rows, 8], key: RandomKey(seed: seed)))
        bias = Parameter(Tensor(zeros: [8 * rows]))
    }

    func register(in registry: inout ModuleRegistry) {
        registry.parameter("weight", weight)
        registry.parameter("bias", bias)
    }

    func callAsFunction(_ x: Variable, _ context: Context) -> Variable {
        x * context.use(weight) + context.use(bias).reshaped(to: weight.shape)
    }
}

/// A regression on random samples with noise from the context's key.
final class ToyTask: TrainingTask {
    let backbone: ToyModule
    let head: ToyModule
    let loadTimer = LoadTimer()
    let meter = WorkMeter()
    private var planned: FinetuningPlan?
    var sampleCount = 7
    var labels = ["a", "b"]
    /// What the samples are, for their digest.
    var content = ["x", "y"]
    /// Called before each forward pass, with its place.
    var onStep: (StepPosition) -> Void = { _ in }
    var seen: [[Int]] = []
    var trained: [Bool] = []
    var evaluations: [Int] = []
    var failAtStep: Int?
    var failsToEvaluate = false
    /// The scores after a step; the norm of the head where absent.
    var scores: ((Int) -> [String: Double])?
    /// The step whose backward pass gives gradients that aren't numbers.
    var poisonStep: Int?

    init(rows: Int = 4) {
        backbone = ToyModule(rows: rows, seed: 1)
        head = ToyModule(rows: rows, seed: 2)
    }

    var plan: FinetuningPlan {
        guard let planned else { preconditionFailure("the toy task has no plan yet") }
        return planned
    }

    /// Plans the run, as a task does when it is made.
    func plan(_ recipe: SharedRecipe) throws {
        planned = try FinetuningPlan(
            recipe, sampleCount: sampleCount, freezing: parameterGroups)
    }

    var dataIdentity: DataIdentity {
        DataIdentity(labels: labels, samples: sampleCount, parts: ["training samples": content])
    }

    func source(of sample: Int, epoch: Int) -> String? { sample == 3 ? nil : "file\(sample)" }

    var parameterGroups: [RoleGroup] {
        [
            RoleGroup(.backbone, prefix: "backbone", backbone),
            RoleGroup(.head, prefix: "head", head),
        ]
    }

    func losses(
        samples: [Int], position: StepPosition, context: Context
    ) throws -> StepLosses {
        onStep(position)
        if position.step == failAtStep { throw InputError("the step failed") }
        seen.append(samples)
        trained.append(backbone.weight.isTrainable)
        var total: Variable?
        let shape = head.weight.shape
        for sample in samples {
            let key = RandomKey(seed: 99).child(sample)
            let noise = Tensor(
                normal: shape, standardDeviation: 0.1, key: context.key.child(sample))
            let x = Variable(Tensor(normal: shape, key: key) + noise)
            let target = Variable(Tensor(normal: shape, key: key.child("target")))
            let error = head(backbone(x, context), context) + target
            let loss = (error * error).mean().scaled(by: 1 / Double(samples.count))
            total = total.map { $0 + loss } ?? loss
        }
        guard var total else { throw InputError("no samples") }
        if position.step == poisonStep {
            total = Variable.operation(total.tensor, inputs: [total]) { _ in
                [Tensor(repeating: .nan, shape: [1])]
            }
        }
        return StepLosses(total: total, named: [("square", total.tensor.item)])
    }

    func evaluate(_ way: FinetuningWay, after step: Int) throws -> [String: Double]? {
        if failsToEvaluate { throw InputError("evaluation failed") }
        guard way != .frozen else { return nil }
        evaluations.append(step)
        return scores?(step) ?? ["norm": head.weight.tensor.dot(head.weight.tensor)]
    }

    func scores(_ findings: [String: Double]) -> [(name: String, value: Double)] {
        findings.map { ($0.key, $0.value) }
    }

    /// The bits of every parameter.
    var bits: [[UInt32]] {
        parameterGroups.flatMap(\.entries).map { $0.parameter.tensor.floats.map(\.bitPattern) }
    }
}

/// A run of the toy task.
struct ToyRun {
    static let recipeText = """
        steps: 12
        seed: 5
        batchSize: 2
        accumulation: 2
        optimizer:
          headLearningRate: 0.05
          backboneLearningRate: 0.01
        schedule:
          warmupSteps: 3
          backboneStart: 2
        checkpoint:
          every: 4
        evaluate:
          every: 6
        dr2net:
          betaStart: 0.1
          betaEnd: 0.5
        """

    let reader: RecipeReader
    let recipe: SharedRecipe
    let task: ToyTask

    /// - Parameter rows: Of 8 scalars each in every parameter.
    init(_ overrides: [String] = [], rows: Int = 4) throws {
        reader = RecipeReader(
            try RecipeDocument(text: ToyRun.recipeText, name: "toy.yaml", overrides: overrides))
        recipe = try SharedRecipe(reader)
        try reader.finish()
        task = ToyTask(rows: rows)
    }

    func loop(
        _ folder: RunFolder, interruption: Interruption = Interruption(),
        progress: ProgressLine = ProgressLine(.quiet)
    ) throws -> TrainingLoop<ToyTask> {
        try task.plan(recipe)
        return try TrainingLoop(
            task, folder: folder, progress: progress, interruption: interruption)
    }
}
