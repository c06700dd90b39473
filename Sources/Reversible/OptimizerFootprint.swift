// SPDX-License-Identifier: Apache-2.0
package import Tensors

/// What AdamW keeps of the parameters that train, beside their values.
package struct OptimizerFootprint: Sendable, Hashable {
    /// Whether all gradients are there together after the backward pass, rather than dropped as
    /// soon as they are complete.
    package let keepsGradients: Bool
    /// How moments are kept.
    package let moments: MomentPrecision

    /// The footprint of the plain optimizer by default.
    package init(keepsGradients: Bool = true, moments: MomentPrecision = .full) {
        self.keepsGradients = keepsGradients
        self.moments = moments
    }

    /// Bytes of both moments of so many scalars; small parameters, which keep floats, aren't told
    /// apart (0.4 MiB of a ViT-S).
    package func momentBytes(_ count: Int, _ dtype: DType = .float32) -> Int {
        switch moments {
        case .full: 2 * count * dtype.byteSize
        case .blocks: 2 * MomentBlocks.shape(count).reduce(4, *)
        }
    }

    /// Bytes of gradients and moments of so many scalars.
    package func bytes(_ count: Int) -> Int {
        momentBytes(count) + (keepsGradients ? 4 * count : 0)
    }
}
