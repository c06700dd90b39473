// SPDX-License-Identifier: Apache-2.0
package import Autodiff
import Console
import Files
import Layers
import Metrics
package import Optimizers
package import Reports
package import Reversible
import Tensors
package import Training

/// Point-cloud analysis as the training loop sees it: spheres or shapes, losses, whole scenes.
package final class PointTask: RunnableTask {
    /// The network.
    package let network: PointNetwork
    /// Slices of the transformer's branches and of the embedding.
    package private(set) var tile: Tile?
    let recipe: PointRecipe
    let prepared: PreparedPoints
    let samples: PointSamples
    private let classWeights: [Double]?
    /// What the run does at each step.
    package let plan: FinetuningPlan
    /// What prediction and export need to know.
    package let description: RunDescription
    /// How long steps wait for points.
    package let loadTimer = LoadTimer()
    /// Points of evaluations.
    package let meter = WorkMeter()
    private let note: (String) -> Void

    /// The task of a recipe on prepared points.
    ///
    /// - Parameters:
    ///   - description: Of the network.
    ///   - note: Told why a score can't be had.
    package init(
        _ recipe: PointRecipe, network: PointNetwork, description: RunDescription,
        prepared: PreparedPoints, note: @escaping (String) -> Void = { _ in }
    ) throws {
        self.note = note
        try prepared.check(are: recipe.data)
        var recipe = recipe
        recipe.data.sampling = recipe.data.sampling(for: prepared.index)
        samples = try PointSamples(prepared, recipe.data, seed: recipe.training.seed)
        self.recipe = recipe
        self.network = network
        self.description = description
        self.prepared = prepared
        classWeights = PointTask.classWeights(
            recipe.classWeights, counts: prepared.index.counts(.training))
        plan = try network.plan(recipe.shared, sampleCount: samples.count)
        tile = try fittingTile(advice: PointTask.advice)
    }

    /// What the user can make smaller.
    static let advice = "take fewer data.points or a smaller batchSize"

    /// The scene or shape of a sample.
    package func source(of sample: Int, epoch: Int) -> String? {
        samples.source(of: sample, epoch: epoch, in: prepared)
    }

    /// The classes, and the prepared points of both parts.
    package var dataIdentity: DataIdentity {
        let index = prepared.index
        return DataIdentity(
            labels: index.classes.names, labelIDs: index.classes.codes.map { Int($0[0]) },
            samples: plan.sampleCount,
            parts: [
                "training points": index.identity(.training),
                "validation points": index.identity(.validation),
            ])
    }

    /// The blocks, and what is new around them.
    package var parameterGroups: [RoleGroup] { network.parameterGroups }

    /// The loss of some spheres or shapes.
    package func losses(samples numbers: [Int], position: StepPosition, context: Context) throws
        -> StepLosses
    {
        let batch =
            DryRun.isActive
            ? PointBatch(
                placeholder: numbers.count, points: recipe.data.sampling.points, network.settings)
            : try loadTimer.measure {
                PointBatch(
                    try numbers.map { try samples.sample($0, epoch: position.epoch) }, network)
            }
        return try PointTask.losses(
            batch, network, plan, position, classWeights, smoothing: recipe.smoothing, context)
    }

    /// The loss of a batch.
    static func losses(
        _ batch: PointBatch, _ network: PointNetwork, _ plan: FinetuningPlan,
        _ position: StepPosition, _ classWeights: [Double]?, smoothing: Double, _ context: Context
    ) throws -> StepLosses {
        // The network in force from the first step on: the embedding is trained through it, frozen
        // blocks or not.
        let way: FinetuningWay =
            plan.finetuning.way == .frozen
            ? .checkpointed : plan.way(at: position.step, key: context.key)
        let logits = try network.logits(
            Variable(batch.features), batch.pyramid,
            context.scoped("network").running(way, tile: context.tile))
        let loss = logits.smoothCrossEntropy(
            targets: batch.labels, classWeights: classWeights, smoothing: smoothing)
        return StepLosses(
            total: loss, named: [("accuracy", accuracy(logits.tensor, batch.labels))])
    }

    /// The share of rows with a class whose largest logit is right.
    private static func accuracy(_ logits: Tensor, _ labels: [Int32]) -> Double {
        var right = 0, all = 0
        for (found, label) in zip(logits.largestColumns(), labels) where label >= 0 {
            all += 1
            right += found == label ? 1 : 0
        }
        return all == 0 ? 0 : Double(right) / Double(all)
    }

    /// Weights of the classes, 1 on average of those that have points; the others weigh nothing: a
    /// network that never sees a class learns nothing of it but to prefer it.
    package static func classWeights(_ kind: PointRecipe.ClassWeights, counts: [Int]) -> [Double]? {
        guard kind == .inverseRoot else { return nil }
        let raw = counts.map { $0 > 0 ? 1 / Double($0).squareRoot() : 0 }
        let mean = raw.reduce(0, +) / Double(max(1, counts.count { $0 > 0 }))
        return mean > 0 ? raw.map { $0 / mean } : raw
    }

    // MARK: Evaluation

    /// Predicts all original points of validation, or its shapes; nil where they are lost.
    package func evaluate(_ way: FinetuningWay, after step: Int) throws -> PointOutcomes? {
        do {
            return try outcomes(way)
        } catch let error as InputError where !error.isStorage {
            // The points were whole before the first step: what was trained isn't lost with them.
            note("no scores after step \(step): \(error)")
            return nil
        }
    }

    private func outcomes(_ way: FinetuningWay) throws -> PointOutcomes {
        let inference = PointInference(
            network, recipe.data, .inference.running(way, tile: tile))
        var outcomes = PointOutcomes(classes: network.settings.classes)
        for entry in prepared.scenes(.validation) {
            let scene = try prepared.load(entry)
            var told = 0
            let labels = try meter.measure(.evaluation) { done in
                try inference.labels(of: scene) { share in
                    let points = Int(share * Double(entry.points))
                    done(points - told)
                    told = points
                }
            }
            outcomes.add(
                entry, labels: labels,
                confusion: try prepared.confusion(of: entry, predicted: labels))
        }
        let shapes = ShapeSampler(
            prepared, subset: .validation, sampling: recipe.data.sampling, augmentation: .none,
            seed: recipe.training.seed)
        for number in 0..<shapes.count {
            let logits = try meter.measure(.evaluation) { done in
                let logits = try inference.logits([try shapes.evaluationSample(number)])
                done(recipe.data.sampling.points)
                return logits
            }
            outcomes.add(
                shape: number, truth: Int(shapes.label(number)),
                predicted: Int(logits.largestColumns()[0]))
        }
        return outcomes
    }

    /// Points.
    package func workload(from step: Int) -> Workload {
        let points =
            prepared.scenes(.validation).reduce(0) { $0 + $1.points }
            + prepared.shapes(.validation).count * recipe.data.sampling.points
        // Steps of the head go through the blocks too, to the embedding before them.
        return Workload(
            noun: "points", evaluation: points * plan.evaluatedForms,
            operations: [.headSteps: 1, .backboneSteps: 1])
    }

    /// Scores over all original points of validation, or its shapes.
    package func scores(_ outcomes: PointOutcomes) -> [(name: String, value: Double)] {
        named(outcomes.matrix)
    }

    /// The scores of a matrix under their names.
    private func named(_ matrix: ConfusionMatrix) -> [(name: String, value: Double)] {
        let names = prepared.index.classes.names
        var scores: [(String, Double?)] = []
        if network.settings.isSegmentation {
            scores.append(("mIoU", matrix.meanIntersectionOverUnion))
        }
        scores += [("mAcc", matrix.meanAccuracy), ("OA", matrix.overallAccuracy)]
        let left = Set(names.indices.filter { recipe.data.scoreWithout.contains(names[$0]) })
        if network.settings.isSegmentation, !left.isEmpty {
            let key = "mIoU without " + recipe.data.scoreWithout.joined(separator: ", ")
            scores.append((key, matrix.meanIntersectionOverUnion(without: left)))
        }
        for (label, name) in names.enumerated() {
            scores.append(
                network.settings.isSegmentation
                    ? ("IoU \(name)", matrix.intersectionOverUnion(of: label))
                    : ("accuracy \(name)", matrix.accuracy(of: label)))
        }
        return scores.compactMap { name, value in value.map { (name, $0) } }
    }

    /// Writes predicted clouds and pictures of what was found, missed and invented.
    package func write(_ outcomes: PointOutcomes, to folder: RunFolder) throws -> OutcomeReport? {
        try outcomes.write(to: folder.path, prepared, standOnY: recipe.data.kind != .modelnet)
    }

    /// The most frequent class, and height alone, by the same evaluation.
    package func baselines(_ outcomes: PointOutcomes?) throws -> [String: [String: Double]] {
        let found: PointBaselines
        do throws(InputError) {
            found = try PointBaselines(prepared, ground: recipe.data.sampling.ground)
        } catch {
            note("no scores of baselines: \(error)")
            return [:]
        }
        func scores(_ matrix: ConfusionMatrix) -> [String: Double] {
            Dictionary(named(matrix).map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
        }
        var result = ["majority class": scores(found.majority)]
        if let height = found.height { result["height alone"] = scores(height.matrix) }
        return result
    }
}

extension PointNetwork {
    /// The plan of a recipe; what it freezes is frozen here, the blocks of `way: frozen` too, through
    /// which a gradient still goes to the layers before them.
    func plan(_ recipe: SharedRecipe, sampleCount: Int) throws(InputError) -> FinetuningPlan {
        let plan = try FinetuningPlan(
            recipe, sampleCount: sampleCount, freezing: parameterGroups)
        if plan.finetuning.way == .frozen { transformer.setTrainable(false) }
        return plan
    }
}
