// SPDX-License-Identifier: Apache-2.0

/// The memory of one branch F in scalars, as a function of shapes alone.
///
/// "A token" is a row of the last axis. What a stage holds around the branch (streams, input,
/// gradients) isn't part of it.
package struct BranchFootprint: Sendable {
    /// Scalars a token that F's tape keeps, beside F's input and output.
    package let kept: Int
    /// The most scalars a token of F without a tape, beside its input, with its output.
    package let forward: Int
    /// The most scalars a token of F on a tape and its backward, beside the input and the
    /// gradient by the output; with the output and the gradient by the input.
    package let backward: Int
    /// Scalars of the work space that don't grow with the tile, all threads together, without
    /// and with a backward.
    package let scratch: (forward: Int, backward: Int)
    /// Scalars of all parameters.
    package let parameters: Int
    /// Scalars of the parameters whose gradients are made by the time of the backward's peak;
    /// each further tile makes them once more.
    package let gradientsAtPeak: Int

    /// A footprint; see the properties.
    package init(
        kept: Int, forward: Int, backward: Int, scratch: (forward: Int, backward: Int) = (0, 0),
        parameters: Int, gradientsAtPeak: Int
    ) {
        self.kept = kept
        self.forward = forward
        self.backward = backward
        self.scratch = scratch
        self.parameters = parameters
        self.gradientsAtPeak = gradientsAtPeak
    }
}

/// A stage and the shape of its input for one sample.
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

    /// The footprint of each branch, in order.
    var footprints: [BranchFootprint] { stage.branches.map { $0.footprint(tokens) } }
}
