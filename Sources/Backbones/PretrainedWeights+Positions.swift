// SPDX-License-Identifier: Apache-2.0

extension PretrainedWeights {
    /// How the library whose key names the file has resizes learned positions.
    ///
    /// The hub's DINOv2 files and timm's share their names; only the hub's have a mask token.
    ///
    /// A file that this program has written says itself which rule its weights came with.
    package var positionRule: PositionRule {
        declaredRule ?? PretrainedWeights.positionRule(of: family, leavingOut: leftOut)
    }

    /// The rule of the library that has such names.
    ///
    /// - Parameter leftOut: Keys of the file that the network hasn't.
    package static func positionRule(
        of family: CheckpointFamily, leavingOut leftOut: [String] = []
    ) -> PositionRule {
        switch family {
        case .transformersDinov2, .transformersViT: .bicubic
        default: leftOut.contains { $0.hasSuffix("mask_token") } ? .offset : .antialiased
        }
    }
}
