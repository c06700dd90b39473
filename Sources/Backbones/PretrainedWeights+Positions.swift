// SPDX-License-Identifier: Apache-2.0

extension PretrainedWeights {
    /// How the library whose key names the file has resizes learned positions.
    ///
    /// The hub's DINOv2 files and timm's share their names; only the hub's have a mask token.
    package var positionRule: PositionRule {
        switch family {
        case .transformersDinov2, .transformersViT: .bicubic
        default: leftOut.contains { $0.hasSuffix("mask_token") } ? .offset : .antialiased
        }
    }
}
