// SPDX-License-Identifier: Apache-2.0
package import Autodiff
package import Backbones
package import Layers
package import Reversible
import Tensors

/// A backbone finetuned any way, a pyramid over its maps, and an FCOS head.
package final class PyramidDetector: Module {
    /// The backbone.
    package let backbone: any Backbone
    /// The pyramid over the backbone's maps.
    package let pyramid: any FeaturePyramid
    /// The head over the pyramid's levels.
    package let head: FCOSHead

    /// A detector of parts that fit together.
    package init(backbone: any Backbone, pyramid: any FeaturePyramid, head: FCOSHead) {
        precondition(
            pyramid.levelCount == head.configuration.levelCount,
            "a head of \(head.configuration.levelCount) levels on a pyramid of "
                + "\(pyramid.levelCount)")
        self.backbone = backbone
        self.pyramid = pyramid
        self.head = head
    }

    /// Registers the parameters under the names of checkpoints.
    package func register(in registry: inout ModuleRegistry) {
        registry.child("backbone", backbone)
        registry.child("pyramid", pyramid)
        registry.child("head", head)
    }

    /// The raw predictions for images.
    ///
    /// - Parameters:
    ///   - images: `[N, 3, H, W]`, normalised.
    ///   - context: The step's tape, mode and key, and how the backbone's stages are run.
    ///   - trainsBackbone: Whether the backbone takes part in the tape.
    /// - Throws: ``ReversibleError`` where a stream leaves the exact arithmetic's range.
    package func callAsFunction(
        _ images: Variable, _ context: Context, trainsBackbone: Bool = true
    ) throws(ReversibleError) -> FCOSHead.Output {
        let inner =
            trainsBackbone ? context : .inference.running(context.way, tile: context.tile)
        let maps = try backbone.levels(images, inner)
        let levels = maps.map { map in
            PyramidLevel(values: map.values, stride: Double(map.strides[map.strides.count - 1]))
        }
        return head(pyramid(levels, context), context)
    }
}
