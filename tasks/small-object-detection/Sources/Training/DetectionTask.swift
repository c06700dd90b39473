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
package final class DetectionTask: RunnableTask {
    /// The scores of an evaluation, and the detections behind them, by image of the validation index.
    package typealias Findings = (evaluation: DetectionEvaluation, predictions: [Item<Rectangle>])

    /// The network.
    package let detector: PyramidDetector
    /// Slices of the backbone's branches, from the recipe or from its memory budget.
    package private(set) var tile: Tile?
    private let recipe: DetectionRecipe
    private let images: TrainingImages
    private let validation: DetectionSplit
    private let classes: DetectionSplit.Classes
    private let tables: PixelTables
    /// What the run does at each step.
    package let plan: FinetuningPlan
    /// What prediction and export need to know.
    package let description: RunDescription
    /// How long steps wait for pictures.
    package let loadTimer = LoadTimer()
    /// Inputs of evaluations.
    package let meter = WorkMeter()

    /// The task of a recipe on its images.
    ///
    /// - Parameter backbone: The detector's, as it was read.
    package init(
        _ recipe: DetectionRecipe, detector: PyramidDetector, backbone: PretrainedBackbone,
        images: TrainingImages, validation: DetectionSplit, classes: DetectionSplit.Classes
    ) throws {
        self.detector = detector
        self.images = images
        self.validation = validation
        self.classes = classes
        tables = PyramidDetector.pixelTables(recipe)
        self.recipe = recipe
        description = RunDescription(
            task: DetectionRecipe.task, backbone, labels: classes.names, labelIDs: classes.ids)
        plan = try FinetuningPlan(
            recipe.shared, sampleCount: images.tiles.samples.count,
            freezing: detector.parameterGroups)
        tile = try fittingTile(
            advice: "take a smaller data.size, batchSize or pyramid.channels")
    }

    /// The file that a tile is cut from.
    package func source(of sample: Int, epoch: Int) -> String? {
        images.split.path(images.tiles.samples[sample].image)
    }

    /// The classes, and the annotated images of both parts.
    package var dataIdentity: DataIdentity {
        DataIdentity(
            labels: classes.names, labelIDs: classes.ids, samples: plan.sampleCount,
            parts: [
                "training images": images.split.identity, "validation images": validation.identity,
            ])
    }

    /// Backbone, pyramid and head.
    package var parameterGroups: [RoleGroup] { detector.parameterGroups }

    /// Losses of some tiles.
    package func losses(samples: [Int], position: StepPosition, context: Context) throws
        -> StepLosses
    {
        var inputs: [Tensor] = [], targets: [[Item<Box>]] = [], ignored: [[Box]] = []
        for (index, sample) in samples.enumerated() {
            let view = images.view(sample, key: context.key.child("view").child(index))
            inputs.append(
                DryRun.isActive
                    ? Tensor(placeholder: [1, 3, view.size, view.size])
                    : try loadTimer.measure {
                        tables.tensor(try images.pixels(view), size: view.size)
                    })
            let found = view.targets(images.split, keptArea: recipe.data.tiling.keptArea)
            targets.append(found.objects)
            ignored.append(found.ignored)
        }
        let output = try detector(
            Variable(Tensor.joiningRows(inputs)), context,
            trainsBackbone: position.isBackboneTrained)
        return detector.head.losses(
            output, targets: targets, ignored: ignored, assigner: recipe.head.assigner.rule,
            context)
    }

    /// Tiles.
    package func workload(from step: Int) -> Workload {
        let size = recipe.data.size
        let tile = detector.backbone.operations([1, 3, size, size])
        let inference = TiledInference(
            detector, recipe, .inference.running(plan.evaluationWay(after: plan.totalSteps)))
        let tiles = validation.index.images.reduce(0) {
            $0 + inference.passes(width: max(1, $1.width), height: max(1, $1.height)).count
        }
        var operations = [WorkKind.evaluation: tile]
        if let passes = plan.finetuning.passes {
            operations[.backboneSteps] = passes * tile * Double(plan.samplesPerStep)
        }
        return Workload(
            noun: "tiles", evaluation: tiles * plan.evaluatedForms, operations: operations)
    }

    // MARK: Evaluation

    /// The protocol's scores, then each class's AP; one that nothing was there for is below 0.
    private func allScores(_ found: DetectionEvaluation) -> [(name: String, value: Double)] {
        found.scores.summary.map { ($0.name, $0.value) }
            + found.classNames.enumerated().map { label, name in
                ("AP \(name)", found.scores.averagePrecision(of: label))
            }
    }

    /// The scores that something was there for.
    package func scores(_ findings: Findings) -> [(name: String, value: Double)] {
        allScores(findings.evaluation).filter { $0.value >= 0 }
    }

    /// A table of all scores, those that nothing was there for too.
    package func text(_ result: RunResult, _ findings: Findings?) -> String {
        result.text(
            findings.map { allScores($0.evaluation).map(\.name) } ?? [], showsLacking: true)
    }

    /// Detects in the validation images, and scores that.
    package func evaluate(_ way: FinetuningWay, after step: Int) throws -> Findings? {
        let inference = TiledInference(detector, recipe, .inference.running(way))
        var results: [Item<Rectangle>] = []
        for image in validation.index.images.indices {
            let path = validation.path(image)
            let found =
                try meter.measure(.evaluation) { done in
                    try inference.detections(in: path) { _, _ in done(1) }
                }
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

    /// Writes `predictions.json` and pictures of what was found, missed and invented.
    package func write(_ findings: Findings, to folder: RunFolder) throws -> OutcomeReport? {
        // In the pixels in which the annotation counts.
        let counted = findings.predictions.map { result in
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
            validation.index, findings.predictions, by: recipe.scoring,
            ignoring: recipe.data.ignoredClasses, maximumDetections: recipe.maximumDetections,
            name: recipe.data.validation.annotations)
        try outcomes.write(to: folder.path) { validation.path($0) }
        return outcomes.report
    }

    /// Boxes of the training objects' sizes at random places, by the same evaluator.
    package func baselines(_ findings: Findings?) throws -> [String: [String: Double]] {
        let sizes = images.split.objects.joined().map {
            ($0.place.width, $0.place.height, $0.label)
        }
        guard !sizes.isEmpty else { return [:] }
        let draws = 10
        let found = findings?.predictions.count ?? 0
        let count = max(1, found / max(1, validation.index.images.count))
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
