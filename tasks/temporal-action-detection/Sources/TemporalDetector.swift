// SPDX-License-Identifier: Apache-2.0
package import Autodiff
package import Backbones
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
    /// The backbone with what is known of its weights.
    package let network: PretrainedBackbone
    private let pooling: TemporalRecipe.Pooling

    /// The network of a recipe, with its pretrained weights.
    ///
    /// - Parameter loadsWeights: False where a checkpoint of a run follows.
    package init(_ recipe: TemporalRecipe, labels: [String], loadsWeights: Bool = true) throws {
        guard !labels.isEmpty else {
            throw TemporalError(
                "no labels; expected at least one annotated segment in data.annotations, and its "
                    + "label in the run's model.json")
        }
        let key = RandomKey(seed: recipe.training.seed)
        network = try recipe.backbone.load(
            key: key.child("backbone"), loadsWeights: loadsWeights)
        backbone = network.backbone
        pooling = recipe.pooling
        self.labels = labels
        let width = backbone.featureWidth * (pooling == .both ? 2 : 1)
        head = VSGNHead(
            recipe.head.configuration(
                inputWidth: width, classCount: labels.count,
                scoreThreshold: recipe.postProcessing.minimumScore),
            key: key.child("head"))
        let statistics = recipe.backbone.entry.normalization
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

    /// Features of many frames without a tape.
    ///
    /// - Parameters:
    ///   - count: Frames in all.
    ///   - frames: Gives the normalised frames of a range.
    /// - Returns: `[count, D]`.
    package func inferFeatures(
        count: Int, way: FinetuningWay, frames: (Range<Int>) throws -> Tensor
    ) throws -> Tensor {
        var parts: [Tensor] = []
        try forEachFeatures(count: count, way: way, frames: frames) { parts.append($0) }
        return Tensor.joiningRows(parts)
    }

    /// Gives the features of many frames a few at a time, `[n, D]`, and keeps none.
    func forEachFeatures(
        count: Int, way: FinetuningWay, frames: (Range<Int>) throws -> Tensor,
        _ body: (Tensor) throws -> Void
    ) throws {
        for range in InferenceRanges(count: count) {
            try body(frameFeatures(try frames(range), way: way, tile: nil, .inference).tensor)
        }
    }
}

/// The frames of each step of an inference, in order.
struct InferenceRanges: Sequence, IteratorProtocol, Sendable {
    private let count: Int
    private var first = 0

    /// The steps through `count` frames.
    init(count: Int) { self.count = count }

    mutating func next() -> Range<Int>? {
        guard first < count else { return nil }
        let range = first..<Swift.min(count, first + 16)
        first = range.upperBound
        return range
    }
}
