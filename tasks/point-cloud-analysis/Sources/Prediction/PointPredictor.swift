// SPDX-License-Identifier: Apache-2.0
import Autodiff
package import CommandLineSupport
import Console
package import Files
import Foundation
import Layers
import Reversible
import Tensors
import Training

/// Classes of a trained run for any cloud.
package struct PointPredictor {
    /// The classes and the numbers that files use for them.
    package let classes: PointClasses
    private let inference: PointInference
    private let data: PointDataRecipe
    private let neighbours: Double?

    /// The network of the checkpoint that a run predicts with, at the coefficients that were in force.
    package init(run folder: String, dataFolder: String, warn: (String) -> Void) throws {
        let run = try TrainedRun<PointRecipe>(folder, dataFolder: dataFolder, warn: warn)
        let known = try PointRunData.read(folder)
        var recipe = run.recipe
        recipe.data.sampling = known.sampling
        if known.sampling.features.contains(.height), known.sampling.ground == .lowest {
            warn(
                "\(folder): heights count from a cloud's lowest point, as this run was trained; "
                    + "one stray point far below moves them all")
        }
        let network = try PointNetwork.make(
            recipe, classes: known.classes.count, loadsWeights: false
        ).network
        try run.load(into: network)
        classes = known.classes
        neighbours = known.neighbours
        data = recipe.data
        inference = PointInference(
            network, recipe.data, .inference.running(run.way, tile: recipe.finetuning.tile))
    }

    /// Which files and folders of a folder the run predicts.
    package var inputs: InputList.Kind {
        guard isSegmentation else {
            return InputList.Kind("shape", endings: ["las", "npy", "obj", "off", "ply"])
        }
        var kind = InputList.Kind("cloud", endings: ["las", "laz", "npy", "ply"])
        // A room of S3DIS is a folder.
        kind.takesFolder = { path in
            var isFolder: ObjCBool = false
            return unsafe FileManager.default.fileExists(
                atPath: "\(path)/Annotations", isDirectory: &isFolder) && isFolder.boolValue
        }
        kind.leavesOut = { $0.contains(".predicted.") }
        return kind
    }

    /// Whether the run gives every point a class, rather than a shape.
    package var isSegmentation: Bool { data.kind.isSegmentation }

    /// Checks that a cloud can be written with predicted classes, before any inference.
    ///
    /// - Parameters:
    ///   - input: LAS, PLY, `.npy` or what else `points` reads as a cloud.
    ///   - output: `.las` or `.ply`; the input's format keeps all its fields.
    ///   - probabilities: Whether the probability of each class is written, too.
    package func copy(
        _ input: String, to output: String, probabilities: Bool = false
    ) throws(InputError) -> CloudCopy {
        try CloudCopy(
            of: input, to: output, codes: classes.writtenCodes,
            probabilities: probabilities ? classes.names : [], reading: data.reading)
    }

    /// Writes a cloud with the predicted class of every point.
    ///
    /// - Parameters:
    ///   - input: LAS, PLY, `.npy` or what else `points` reads as a cloud.
    ///   - output: `.las` or `.ply`; the input's format keeps all its fields.
    ///   - probabilities: Whether the probability of each class is written, too.
    ///   - note: Told what people should know, a line each.
    ///   - report: Told the share of points that is done.
    /// - Returns: Points of each class.
    package func write(
        _ input: String, to output: String, probabilities: Bool = false,
        note: (String) -> Void = { _ in }, report: (Double) -> Void
    ) throws -> [Int] {
        let copy = try copy(input, to: output, probabilities: probabilities)
        if let loss = copy.loss { note(loss) }
        let scene = try PointScene.read(
            input, grid: data.grid, features: data.sampling.features, reading: data.reading,
            classes: classes, note: note)
        if let line = PointPredictor.foreign(
            scene, sampling: data.sampling, neighbours: neighbours)
        {
            note("\(input): \(line)")
        }
        let coverage = try inference.coverage(of: scene, report: report)
        return try PredictedCloud(
            scene, labels: coverage.labels(),
            probabilities: probabilities ? coverage.probabilities() : [], classes: classes
        ).write(copy)
    }

    /// What to know before a scene is predicted whose points lie much closer or wider than those
    /// that the network was trained on; nil where they don't.
    ///
    /// - Parameter neighbours: Points within a sphere's radius of a training point; nil of runs
    ///   that did not count them.
    package static func foreign(
        _ scene: PointScene, sampling: PointSampling, neighbours: Double?
    ) -> String? {
        guard let spheres = sampling.spheres, let neighbours, neighbours > 0 else { return nil }
        let found = IndexedScene(scene, sampling.ground).neighbours(within: Float(spheres.radius))
        guard found * 5 < neighbours || found > neighbours * 5 else { return nil }
        let least = Double(scene.count) / min(found, Double(sampling.points))
        return "\(Int(found)) points of the grid within \(NumberText.short(spheres.radius)) of a "
            + "point, \(Int(neighbours)) in training: is its unit or density another one? At "
            + "least \(Int(least.rounded(.up))) spheres are to be predicted"
    }

    /// The probability of each class of a shape.
    ///
    /// - Parameter input: A mesh, on whose surface points are drawn, or a cloud of one object.
    package func probabilities(of input: String) throws -> [Double] {
        var reader = try PointFile.open(
            input, PointReading([]), samples: data.surfacePoints)
        let places = try reader.rest().positions
        guard !places.isEmpty else {
            throw InputError("0 points, expected at least one", path: input)
        }
        // Modelling units may lie far from 0, where float32 is coarse.
        let centre = places.reduce(SIMD3<Double>()) { $0 + $1 } / Double(places.count)
        let sample = data.sampling.evaluationSample(of: places.map { SIMD3<Float>($0 - centre) })
        return try inference.logits([sample]).classProbabilities().doubles
    }
}
