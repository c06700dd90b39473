// SPDX-License-Identifier: Apache-2.0
package import Autodiff
import Backbones
import Console
import Files
import Foundation
import Media
import Metrics
package import Regions
package import Reports
package import Reversible
import Tensors
package import Training

/// Small-object detection as the training loop sees it: tiles, losses, evaluation of whole images.
package final class DetectionTask: FinetuningTask {
    /// The network.
    package let detector: PyramidDetector
    /// Slices of the backbone's branches, from the recipe or from its memory budget.
    package let tile: Tile?
    private let recipe: DetectionRecipe
    private let images: TrainingImages
    private let validation: DetectionSplit
    private let classes: DetectionSplit.Classes
    private let tables: PixelTables
    package let loadTimer = LoadTimer()
    package let meter: WorkMeter? = WorkMeter()

    /// The detections of the last evaluation, an image of the validation index each.
    package private(set) var predictions: [Item<Rectangle>] = []
    /// The scores of the last evaluation.
    package private(set) var evaluation: DetectionEvaluation?

    /// The task of a recipe on its images.
    package init(
        _ recipe: DetectionRecipe, detector: PyramidDetector, images: TrainingImages,
        validation: DetectionSplit, classes: DetectionSplit.Classes
    ) throws {
        self.detector = detector
        self.images = images
        self.validation = validation
        self.classes = classes
        tables = PyramidDetector.pixelTables(recipe)
        var recipe = recipe
        recipe.setSampleCount(images.tiles.samples.count)
        self.recipe = recipe
        let size = recipe.data.size
        try recipe.training.freeze(detector.parameterGroups)
        let shape = [recipe.training.batchSize, 3, size, size]
        tile = try recipe.finetuning.tile(
            detector.backbone, inputShape: shape, others: [detector.pyramid, detector.head],
            otherBytes: detector.headBytes(shape),
            optimizer: recipe.training.optimizer,
            advice: "take a smaller data.size, batchSize or pyramid.channels")
    }

    package var sampleCount: Int { images.tiles.samples.count }

    package func source(of sample: Int, epoch: Int) -> String? {
        images.split.path(images.tiles.samples[sample].image)
    }

    package var dataIdentity: DataIdentity {
        DataIdentity(
            labels: classes.names, labelIDs: classes.ids, samples: sampleCount,
            parts: [
                "training images": images.split.identity, "validation images": validation.identity,
            ])
    }

    package var parameterGroups: [ParameterGroup] { detector.parameterGroups }

    /// Steps since the backbone began to train.
    private func backboneStep(_ step: Int) -> Int { max(0, step - recipe.training.backboneStart) }

    package func coefficients(step: Int, totalSteps: Int) -> CoefficientPair? {
        recipe.finetuning.coefficients(step: backboneStep(step))
    }

    package func losses(samples: [Int], position: StepPosition, context: Context) throws
        -> StepLosses
    {
        let step = backboneStep(position.step)
        let trains = position.isBackboneTrained && recipe.finetuning.way != .frozen
        var inputs: [Tensor] = [], targets: [[Item<Box>]] = [], ignored: [[Box]] = []
        for (index, sample) in samples.enumerated() {
            let view = images.view(sample, key: context.key.child("view").child(index))
            inputs.append(
                try loadTimer.measure {
                    tables.tensor(try images.pixels(view), size: view.size)
                })
            let found = view.targets(images.split, keptArea: recipe.data.tiling.keptArea)
            targets.append(found.objects)
            ignored.append(found.ignored)
        }
        let output = try detector(
            Variable(Tensor.joiningRows(inputs)),
            way: trains
                ? recipe.finetuning.training(step: step, key: context.key)
                : recipe.finetuning.evaluation(step: step),
            tile: tile, context, trainsBackbone: trains)
        return detector.head.losses(
            output, targets: targets, ignored: ignored, assigner: recipe.head.assigner.rule,
            context)
    }

    /// Scores on the validation images: at the pair in force, and as the plain pretrained form.
    ///
    /// A score that nothing was there for is left out.
    package func evaluate(step: Int, totalSteps: Int) throws -> [(name: String, value: Double)] {
        let done = backboneStep(step)
        let way = recipe.finetuning.evaluation(step: max(0, done - 1))
        let (scores, results) = try evaluate(way)
        evaluation = scores
        predictions = results
        var named = named(scores)
        if case .dr2net(let plan, _) = way, !plan.isPretrained {
            named += self.named(try evaluate(.frozen).0).map { ("plain." + $0.0, $0.1) }
        }
        return named
    }

    package func workload(_ plan: TrainingPlan, from step: Int) -> Workload {
        let size = recipe.data.size
        let tile = detector.backbone.operations([1, 3, size, size])
        let last = recipe.finetuning.evaluation(step: max(0, backboneStep(plan.totalSteps) - 1))
        var forms = 1
        if case .dr2net(let plan, _) = last, !plan.isPretrained { forms = 2 }
        let inference = TiledInference(detector, recipe, way: last)
        let tiles = validation.index.images.reduce(0) {
            $0 + inference.passes(width: max(1, $1.width), height: max(1, $1.height)).count
        }
        var operations = [WorkKind.evaluation: tile]
        if let passes = recipe.finetuning.passes {
            operations[.backboneSteps] =
                passes * tile * Double(plan.batchSize * plan.accumulation)
        }
        return Workload(noun: "tiles", evaluation: tiles * forms, operations: operations)
    }

    /// The names of all scores in their documented order: the protocol's, then each class's AP.
    package var scoreNames: [String] {
        guard let evaluation else { return [] }
        return evaluation.scores.summary.map(\.name) + evaluation.classNames.map { "AP \($0)" }
    }

    /// The scores that something was there for.
    private func named(_ evaluation: DetectionEvaluation) -> [(String, Double)] {
        let classes = evaluation.classNames.enumerated().map { label, name in
            ("AP \(name)", evaluation.scores.averagePrecision(of: label))
        }
        return (evaluation.scores.summary.map { ($0.name, $0.value) } + classes)
            .filter { $0.1 >= 0 }
    }

    private func evaluate(_ way: FinetuningWay) throws -> (DetectionEvaluation, [Item<Rectangle>]) {
        let inference = TiledInference(detector, recipe, way: way)
        var results: [Item<Rectangle>] = []
        for image in validation.index.images.indices {
            let path = validation.path(image)
            let found =
                try meter?.measure(.evaluation) { done in
                    try inference.detections(in: path) { _, _ in done(1) }
                } ?? inference.detections(in: path)
            results += try found.map {
                Item(
                    Rectangle($0.place), label: try category($0.label), score: $0.score, in: image)
            }
        }
        return (try score(results), results)
    }

    private func score(_ results: [Item<Rectangle>]) throws(InputError) -> DetectionEvaluation {
        try DetectionEvaluation.evaluate(
            validation.index, results, by: recipe.scoring, ignoring: recipe.data.ignoredClasses,
            maximumDetections: recipe.maximumDetections,
            name: recipe.data.validation.annotations)
    }

    /// The class's position in the validation index.
    private func category(_ label: Int) throws(InputError) -> Int {
        let name = classes.names[label]
        guard let found = validation.index.categories.firstIndex(where: { $0.name == name }) else {
            throw InputError(
                "\(recipe.data.validation.annotations): has no class \(MessageText.quoted(name)) "
                    + "of the training images; name all classes in data.classes")
        }
        return found
    }

    package var isEvaluated: Bool { evaluation != nil }

    package func writeFindings(_ folder: RunFolder) throws -> OutcomeReport? {
        // In the pixels in which the annotation counts.
        let counted = predictions.map { result in
            var result = result
            guard validation.turns.indices.contains(result.source) else { return result }
            let image = validation.index.images[result.source]
            result.place = validation.turns[result.source].shown(
                result.place, width: image.width, height: image.height)
            return result
        }
        try COCOResults.write(
            counted, of: validation.index, to: folder.path + "/predictions.json")
        var outcomes = try BoxOutcomes(
            validation.index, predictions, by: recipe.scoring,
            ignoring: recipe.data.ignoredClasses, maximumDetections: recipe.maximumDetections,
            name: recipe.data.validation.annotations)
        try outcomes.write(to: folder.path) { validation.path($0) }
        return outcomes.report
    }

    /// Boxes of the training objects' sizes at random places, by the same evaluator.
    package func baselines() throws -> [String: [String: Double]] {
        let sizes = images.split.objects.joined().map {
            ($0.place.width, $0.place.height, $0.label)
        }
        guard !sizes.isEmpty else { return [:] }
        let draws = 10
        let count = max(1, predictions.count / max(1, validation.index.images.count))
        var sums: [String: Double] = [:]
        for draw in 0..<draws {
            let key = RandomKey(seed: recipe.training.seed).child("baseline").child(draw)
            var results: [Item<Rectangle>] = []
            for (number, image) in validation.index.images.enumerated() {
                for index in 0..<count {
                    let one = key.child(number).child(index)
                    let (width, height, label) = sizes[one.integer(below: sizes.count, 0)]
                    results.append(
                        Item(
                            Rectangle(
                                x: one.uniform(1) * max(0, Double(image.width) - width),
                                y: one.uniform(2) * max(0, Double(image.height) - height),
                                width: width, height: height), label: try category(label),
                            score: one.uniform(3), in: number))
                }
            }
            // Whether something was there for a score is the same in every draw.
            for score in try score(results).scores.summary where score.value >= 0 {
                sums[score.name, default: 0] += score.value / Double(draws)
            }
        }
        return ["random boxes": sums]
    }
}

extension PixelTables {
    /// Square RGB bytes as `[1, 3, size, size]`.
    func tensor(_ pixels: [UInt8], size: Int) -> Tensor {
        tensor(pixels, frames: [0], height: size, width: size, layout: .framesFirst)
    }
}
