// SPDX-License-Identifier: Apache-2.0

/// A stage and the tokens that it is given.
public struct StagePlan {
    /// The stage.
    public let stage: Stage
    /// Tokens a sample.
    public let tokens: Int
    /// Channels.
    public let width: Int

    /// A stage on `[samples, tokens, width]`.
    public init(stage: Stage, tokens: Int, width: Int) {
        self.stage = stage
        self.tokens = tokens
        self.width = width
    }
}
