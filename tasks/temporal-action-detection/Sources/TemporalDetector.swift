// SPDX-License-Identifier: Apache-2.0
package import Autodiff
package import Backbones
import Checkpoints
package import Layers
package import Media
package import Reversible
package import Tensors
package import Training

/// A frame-by-frame backbone and a head over the sequence of its features.
package final class TemporalDetector: Module {
    /// The backbone.
    package let backbone: any Backbone
    /// The head.
    package let head: VSGNHead
    /// The classes, in the order of the head's labels.
    package let labels: [String]
    /// From the bytes of a frame to the backbone's input.
    package let pixelTables: PixelTables
    /// Names of the pretrained file's tensors; nil for random weights.
    package let family: CheckpointFamily?
    /// What the user should know about the pretrained weights, a line each.
    package let weightNotes: [String]
    private let pooling: TemporalRecipe.Pooling

    /// The network of a recipe, with its pretrained weights.
    ///
    /// - Parameter loadsWeights: False where a checkpoint of a run follows.
    package init(_ recipe: TemporalRecipe, labels: [String], loadsWeights: Bool = true) throws {
        guard let entry = BackboneCatalog.entry(recipe.backbone.name) else {
            throw TemporalError("no backbone \(recipe.backbone.name)")
        }
        let size = recipe.data.size
        guard entry.input.accepts([1, 3, size, size]) else {
            throw TemporalError(
                "data.size is \(size) pixels; \(entry.name) takes \(entry.input.text)")
        }
        guard !labels.isEmpty else {
            throw TemporalError(
                "no labels; expected at least one annotated segment in data.annotations, and its "
                    + "label in the run's model.json")
        }
        let key = RandomKey(seed: recipe.training.seed)
        backbone = entry.make(
            key: key.child("backbone"), dropPathRate: recipe.backbone.dropPathRate)
        if loadsWeights, let path = recipe.backbone.weights {
            let state = try CheckpointFile.read(path)
            let loaded = try PretrainedWeights.load(
                state, into: backbone, from: path, allowing: recipe.backbone.tolerance)
            family = loaded.family
            weightNotes = loaded.notes + loaded.warnings.map { "warning: \($0)" }
            if backbone.positionRule != nil { backbone.positionRule = loaded.positionRule }
        } else {
            family = nil
            weightNotes = []
        }
        pooling = recipe.backbone.pooling
        self.labels = labels
        let width = backbone.featureWidth * (pooling == .both ? 2 : 1)
        head = VSGNHead(
            recipe.head.configuration(
                inputWidth: width, classCount: labels.count,
                scoreThreshold: recipe.postProcessing.minimumScore),
            key: key.child("head"))
        let statistics = entry.normalization
        pixelTables = PixelTables(mean: statistics.mean, deviation: statistics.deviation)
    }

    package func register(in registry: inout ModuleRegistry) {
        registry.child("backbone", backbone)
        registry.child("head", head)
    }

    /// The parameters in groups with their own learning rates.
    package var parameterGroups: [ParameterGroup] {
        [
            ParameterGroup(.backbone, prefix: "backbone", backbone),
            ParameterGroup(.head, prefix: "head", head),
        ]
    }

    /// One vector a frame.
    ///
    /// - Parameter frames: `[F, 3, S, S]`, normalised.
    /// - Returns: `[F, D]`.
    package func frameFeatures(
        _ frames: Tensor, way: FinetuningWay, tile: Tile?, _ context: Context
    ) throws(ReversibleError) -> Variable {
        let features = try backbone.features(Variable(frames), way: way, tile: tile, context)
        let count = frames.shape[0], width = backbone.featureWidth
        let tokens = features.reshaped(to: [count, -1, width])
        let patches = { [leading = backbone.leadingTokens] in
            tokens.tokenSlice(leading..<tokens.shape[1]).tokenMean()
        }
        let first = { tokens.tokenSlice(0..<1).reshaped(to: [count, width]) }
        switch pooling {
        case .mean: return patches()
        case .classToken: return first()
        case .both: return .concatenated([first(), patches()], axis: 1)
        }
    }

    /// Features of many frames without a tape, a few at a time.
    ///
    /// - Parameters:
    ///   - count: Frames in all.
    ///   - frames: Gives the normalised frames of a range.
    /// - Returns: `[count, D]`.
    package func inferFeatures(
        count: Int, way: FinetuningWay, frames: (Range<Int>) throws -> Tensor
    ) throws -> Tensor {
        var parts: [Tensor] = []
        for range in TemporalDetector.inferenceRanges(count) {
            parts.append(
                try frameFeatures(try frames(range), way: way, tile: nil, .inference).tensor)
        }
        return Tensor.joiningRows(parts)
    }

    /// The frames of each call of the closure of ``inferFeatures(count:way:frames:)``, in order.
    static func inferenceRanges(_ count: Int) -> [Range<Int>] {
        stride(from: 0, to: count, by: 16).map { $0..<min(count, $0 + 16) }
    }
}
