// SPDX-License-Identifier: Apache-2.0
package import Autodiff
import Checkpoints
import Layers
package import Metrics
import Reports
package import Reversible
import Tensors
package import Training

/// Point-cloud analysis as the training loop sees it: spheres or shapes, losses, whole scenes.
package final class PointTask: FinetuningTask {
    /// The network.
    package let network: PointNetwork
    /// Slices of the transformer's branches and of the embedding.
    package let tile: Tile?
    private let recipe: PointRecipe
    private let prepared: PreparedPoints
    private let samples: PointSamples
    private let classWeights: [Double]?
    package let loadTimer = LoadTimer()

    /// The confusion matrix of the last evaluation.
    package private(set) var confusion: ConfusionMatrix?

    /// The task of a recipe on prepared points.
    package init(_ recipe: PointRecipe, network: PointNetwork, prepared: PreparedPoints) throws {
        try prepared.check(are: recipe.data)
        guard
            prepared.scenes(.validation).contains(where: { $0.counts.contains { $0 > 0 } })
                || !prepared.shapes(.validation).isEmpty
        else {
            throw PointFileError(
                "holds nothing for validation whose class counts; correct data.validation, "
                    + "data.split or data.ignore, or see what prepare left out",
                path: prepared.folder)
        }
        var recipe = recipe
        recipe.data.sampling = recipe.data.sampling(for: prepared.index)
        samples = try PointSamples(prepared, recipe.data, seed: recipe.training.seed)
        recipe.setSampleCount(samples.count)
        self.recipe = recipe
        self.network = network
        self.prepared = prepared
        classWeights = PointTask.classWeights(
            recipe.classWeights, counts: prepared.index.counts(.training))
        let batch = recipe.training.batchSize, points = recipe.data.sampling.points
        try recipe.training.freeze(network.parameterGroups)
        let transformer = network.transformer, optimizer = recipe.training.optimizer
        let way = recipe.finetuning.way
        // A gradient still goes through frozen blocks, to the layers before them.
        if way == .frozen { transformer.setTrainable(false) }
        tile = try recipe.finetuning.tile(
            network.memoryShape(samples: batch, points: points),
            way: way == .frozen ? .checkpointed : nil,
            others: (
                network.parameterCount - transformer.parameterCount,
                network.trainableCount - transformer.trainableCount
            ),
            optimizer: optimizer, advice: "take fewer data.points or a smaller batchSize"
        ) {
            network.stepBytes(
                $0, samples: batch, points: points, keepsAll: way == .conventional,
                keepsGradients: !optimizer.updatesInBackward)
        }
    }

    package var sampleCount: Int { samples.count }

    package func source(of sample: Int, epoch: Int) -> String? {
        samples.source(of: sample, epoch: epoch, in: prepared)
    }

    package var dataIdentity: DataIdentity {
        let index = prepared.index
        return DataIdentity(
            labels: index.classes.names, labelIDs: index.classes.codes.map { Int($0[0]) },
            samples: sampleCount,
            parts: [
                "training points": index.identity(.training),
                "validation points": index.identity(.validation),
            ])
    }

    package var parameterGroups: [ParameterGroup] { network.parameterGroups }

    /// Steps since the blocks began to train.
    private func backboneStep(_ step: Int) -> Int { max(0, step - recipe.training.backboneStart) }

    package func coefficients(step: Int, totalSteps: Int) -> CoefficientPair? {
        recipe.finetuning.coefficients(step: backboneStep(step))
    }

    package func losses(samples numbers: [Int], position: StepPosition, context: Context) throws
        -> StepLosses
    {
        let batch = try loadTimer.measure {
            PointBatch(
                try numbers.map { try samples.sample($0, epoch: position.epoch) }, network)
        }
        // The network in force from the first step on: the embedding is trained through it.
        let way: FinetuningWay =
            recipe.finetuning.way == .frozen
            ? .checkpointed
            : recipe.finetuning.training(
                step: backboneStep(position.step), key: context.key)
        let logits = try network.logits(
            Variable(batch.features), batch.pyramid, way: way, tile: tile,
            context.scoped("network"))
        let loss = logits.smoothCrossEntropy(
            targets: batch.labels, classWeights: classWeights, smoothing: recipe.smoothing)
        return StepLosses(
            total: loss, named: [("accuracy", PointTask.accuracy(logits.tensor, batch.labels))])
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

    /// Weights of the classes, 1 on average; a class without points counts as one with a point.
    package static func classWeights(_ kind: PointRecipe.ClassWeights, counts: [Int]) -> [Double]? {
        guard kind == .inverseRoot else { return nil }
        let raw = counts.map { 1 / Double(max(1, $0)).squareRoot() }
        let mean = raw.reduce(0, +) / Double(max(1, raw.count))
        return raw.map { $0 / mean }
    }

    // MARK: Evaluation

    /// Scores over all original points of validation, or its shapes: at the pair in force, and as
    /// the plain pretrained form.
    package func evaluate(step: Int, totalSteps: Int) throws -> [(name: String, value: Double)] {
        let way = recipe.finetuning.evaluation(step: max(0, backboneStep(step) - 1))
        let matrix = try evaluate(way)
        confusion = matrix
        var scores = named(matrix)
        if case .dr2net(let plan, _) = way, !plan.isPretrained {
            scores += named(try evaluate(.frozen)).map { ("plain." + $0.name, $0.value) }
        }
        return scores
    }

    private func evaluate(_ way: FinetuningWay) throws -> ConfusionMatrix {
        let inference = PointInference(network, recipe.data, way: way, tile: tile)
        var matrix = ConfusionMatrix(classes: network.settings.classes)
        for entry in prepared.scenes(.validation) {
            let labels = try inference.labels(of: try prepared.load(entry)) { _ in }
            matrix.add(try prepared.confusion(of: entry, predicted: labels))
        }
        let shapes = ShapeSampler(
            prepared, subset: .validation, sampling: recipe.data.sampling, augmentation: .none,
            seed: recipe.training.seed)
        for number in 0..<shapes.count {
            let logits = try inference.logits([try shapes.evaluationSample(number)])
            matrix.add(
                truth: Int(shapes.label(number)), prediction: Int(logits.largestColumns()[0]))
        }
        return matrix
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

    package var isEvaluated: Bool { confusion != nil }

    package func writeFindings(_ folder: RunFolder) throws {
        guard let confusion else { return }
        let classes = confusion.classes
        let chart = MatrixChart(
            title: "Predicted classes (columns) of true ones (rows), validation",
            names: prepared.index.classes.names,
            counts: (0..<classes).map { row in
                Array(confusion.counts[row * classes..<(row + 1) * classes])
            })
        try AtomicFile.write(chart.svg(), to: folder.path + "/confusion.svg")
    }

    /// The most frequent class, and height alone, by the same evaluation.
    package func baselines() throws -> [String: [String: Double]] {
        let found = try PointBaselines(prepared)
        func scores(_ matrix: ConfusionMatrix) -> [String: Double] {
            Dictionary(named(matrix).map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
        }
        var result = ["majority class": scores(found.majority)]
        if let height = found.height { result["height alone"] = scores(height.matrix) }
        return result
    }
}
