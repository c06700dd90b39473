// SPDX-License-Identifier: Apache-2.0
import Layers
import Tensors
import Training

/// Classes of a trained run for any cloud.
package struct PointPredictor {
    /// The classes and the numbers that files use for them.
    package let classes: PointClasses
    private let inference: PointInference
    private let data: PointDataRecipe

    /// The network of the checkpoint that a run predicts with, at the coefficients that were in force.
    package init(run folder: String, dataFolder: String, warn: (String) -> Void) throws {
        let description = try RunDescription.read(folder, task: "points")
        let known = try PointRunData.read(folder)
        var recipe = try PointRecipe(
            RecipeDocument(path: folder + "/recipe.yaml"), dataFolder: dataFolder)
        guard let checkpoint = try description.checkpoint(of: folder, warn: warn) else {
            throw PointFileError("no checkpoint yet; train first, or wait for one", path: folder)
        }
        recipe.setSampleCount(checkpoint.sampleCount)
        recipe.data.sampling = known.sampling
        if known.sampling.features.contains(.height), known.sampling.ground == .lowest {
            warn(
                "\(folder): heights count from a cloud's lowest point, as this run was trained; "
                    + "one stray point far below moves them all")
        }
        let network = try PointNetwork.make(
            recipe, classes: known.classes.count, loadsWeights: false
        ).network
        try checkpoint.load(into: network.namedParameters, evaluated: true)
        classes = known.classes
        data = recipe.data
        let step = max(0, checkpoint.step - recipe.training.backboneStart - 1)
        inference = PointInference(
            network, recipe.data, way: recipe.finetuning.evaluation(step: step),
            tile: recipe.finetuning.tile)
    }

    /// Whether the run gives every point a class, rather than a shape.
    package var isSegmentation: Bool { data.kind.isSegmentation }

    /// Writes a cloud with the predicted class of every point.
    ///
    /// - Parameters:
    ///   - input: LAS, PLY, `.npy` or what else `points` reads as a cloud.
    ///   - output: `.las` or `.ply`.
    ///   - report: Told the share of points that is done.
    /// - Returns: Points of each class.
    package func write(
        _ input: String, to output: String, report: (Double) -> Void
    ) throws -> [Int] {
        let scene = try PointScene.read(
            input, grid: data.grid, features: data.sampling.features, classes: classes)
        let labels = try inference.labels(of: scene, report: report)
        return try PredictedCloud(scene, labels: labels, classes: classes).write(input, to: output)
    }

    /// The probability of each class of a shape.
    ///
    /// - Parameter input: A mesh, on whose surface points are drawn, or a cloud of one object.
    package func probabilities(of input: String) throws -> [Double] {
        var reader = try PointFile.open(input, samples: data.surfacePoints)
        let places = try reader.rest().positions
        guard !places.isEmpty else {
            throw PointFileError("0 points, expected at least one", path: input)
        }
        // Modelling units may lie far from 0, where float32 is coarse.
        let centre = places.reduce(SIMD3<Double>()) { $0 + $1 } / Double(places.count)
        let sample = data.sampling.evaluationSample(of: places.map { SIMD3<Float>($0 - centre) })
        return try inference.logits([sample]).classProbabilities().doubles
    }
}
