// SPDX-License-Identifier: Apache-2.0

/// A stage and the tokens that it is given.
package struct StagePlan {
    /// The stage.
    package let stage: Stage
    /// Tokens a sample.
    package let tokens: Int
    /// Channels.
    package let width: Int

    /// A stage on `[samples, tokens, width]`.
    package init(stage: Stage, tokens: Int, width: Int) {
        self.stage = stage
        self.tokens = tokens
        self.width = width
    }
}
