// SPDX-License-Identifier: Apache-2.0
package import Autodiff
package import Backbones
package import Layers
package import Reversible
package import Tensors

/// Points in, classes out: a point patch embedding, an image-pretrained transformer, a decoder
/// and a head (Pix4Point, Qian et al., 3DV 2024), with openpoints' state-dict names.
package final class PointNetwork: Module {
    /// The sizes.
    package let settings: PointNetworkSettings
    /// The pretrained part.
    package let transformer: TokenTransformer
    private let embedding: PointEmbedding
    private let positions: (first: Linear, second: Linear)
    private let parts: Parts

    private enum Parts {
        case segmentation(PointDecoder, SegmentationHead)
        case classification(ClassificationHead)
    }

    /// A network whose other layers are random.
    ///
    /// - Parameter transformer: Its blocks are shared with this network.
    package init(_ settings: PointNetworkSettings, transformer: TokenTransformer, key: RandomKey) {
        self.settings = settings
        self.transformer = transformer
        let width = transformer.width
        embedding = PointEmbedding(
            inputs: settings.inputs, width: width, stages: settings.stages,
            norm: settings.embeddingHasBatchNorm ? .batch : .layer, key: key.child("patch_embed"))
        let pos = key.child("pos_embed")
        positions = (
            Linear(3, 128, xavierKey: pos.child(0)), Linear(128, width, xavierKey: pos.child(1))
        )
        if settings.isSegmentation {
            precondition(settings.hidden.count == 1, "hidden layers \(settings.hidden) of scenes")
            parts = .segmentation(
                PointDecoder(
                    widths: Array(embedding.widths.dropLast()), width: width,
                    key: key.child("decoder")),
                SegmentationHead(
                    width: width, classes: settings.classes, hidden: settings.hidden[0],
                    dropout: settings.dropout, key: key.child("head")))
        } else {
            parts = .classification(
                ClassificationHead(
                    width: width, classes: settings.classes, hidden: settings.hidden,
                    dropout: settings.dropout, key: key.child("head")))
        }
    }

    /// Registers the parameters under the names of checkpoints.
    package func register(in registry: inout ModuleRegistry) {
        registry.child("encoder", transformer)
        registry.child("encoder.patch_embed", embedding)
        registry.child("encoder.pos_embed.0.0", positions.first)
        registry.child("encoder.pos_embed.1", positions.second)
        switch parts {
        case .segmentation(let decoder, let head):
            registry.child("decoder", decoder)
            registry.child("head", head)
        case .classification(let head): registry.child("prediction", head)
        }
    }

    /// The levels and neighbours of a batch.
    ///
    /// - Parameter samples: Places of each sample, as many in each.
    package func pyramid(_ samples: [[SIMD3<Float>]]) -> PointPyramid {
        PointPyramid(samples, levels: settings.stages, neighbours: settings.neighbours)
    }

    /// Logits: `[B * N, classes]` of points, or `[B, classes]` of shapes.
    ///
    /// - Parameters:
    ///   - features: `[B * N, inputs]`, sample by sample.
    ///   - pyramid: Of the same samples.
    ///   - context: Its way is how the transformer's blocks are run; every way but `conventional`
    ///     computes the embedding, and of scenes decoder and head, again in slices.
    /// - Throws: `ReversibleError` where a stream leaves the exact arithmetic's range.
    package func logits(
        _ features: Variable, _ pyramid: PointPyramid, _ context: Context
    ) throws(ReversibleError) -> Variable {
        let keepsAll = context.way == .conventional && context.tape != nil
        let levels = embedding(features, pyramid, keepsAll: keepsAll, context)
        let (samples, count, width) = (
            pyramid.samples, pyramid.counts[pyramid.counts.count - 1], transformer.width
        )
        let shape = [samples, count, width]
        let centres = Variable(pyramid.coarsest.converted(to: features.tensor.dtype))
        let places = positions.second(positions.first.withGELU(centres, context), context)
        let tokens = try transformer(
            levels[levels.count - 1].reshaped(to: shape), positions: places.reshaped(to: shape),
            context)
        switch parts {
        case .segmentation(let decoder, let head):
            let classToken = tokens.tokenSlice(0..<1).reshaped(to: [samples, width])
            let coarsest = tokens.tokenSlice(1..<count + 1).reshaped(to: [samples * count, width])
            if !keepsAll && context.isTraining {
                let (maps, norm) = decoder.maps(coarsest, levels: levels, pyramid, context)
                return SlicedHead(head, norm)(maps, classToken: classToken, context)
            }
            let points = decoder(coarsest, levels: levels, pyramid, context)
            return head(points, classToken: classToken, context)
        case .classification(let head): return head(tokens, context)
        }
    }
}

extension Linear {
    /// A layer with Xavier-uniform weights and no offset.
    fileprivate convenience init(_ inputs: Int, _ outputs: Int, xavierKey key: RandomKey) {
        self.init(
            weight: Tensor(
                xavierUniform: [outputs, inputs], inputs: inputs, outputs: outputs, key: key),
            bias: Tensor(zeros: [outputs]))
    }
}
