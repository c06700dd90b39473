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
    /// The same for each row of groups, where F pads groups to their capacity.
    package let padded: (kept: Int, forward: Int, backward: Int)
    /// Scalars that don't grow in proportion to a tile, for the number of its groups: what the
    /// tape keeps, and the work space of all threads together without and with a backward, what
    /// the tape keeps included.
    package let scratch: @Sendable (_ groups: Int) -> (kept: Int, forward: Int, backward: Int)
    /// Scalars of the parameters that train.
    package let parameters: Int
    /// Scalars of those whose gradients are made by the time of the backward's peak; each further
    /// tile makes them once more.
    package let gradientsAtPeak: Int

    /// A footprint; see the properties.
    package init(
        kept: Int, forward: Int, backward: Int,
        padded: (kept: Int, forward: Int, backward: Int) = (0, 0, 0),
        scratch: @escaping @Sendable (_ groups: Int) -> (kept: Int, forward: Int, backward: Int) = {
            _ in
            (0, 0, 0)
        },
        parameters: Int, gradientsAtPeak: Int
    ) {
        self.kept = kept
        self.forward = forward
        self.backward = backward
        self.padded = padded
        self.scratch = scratch
        self.parameters = parameters
        self.gradientsAtPeak = min(gradientsAtPeak, parameters)
    }

    /// Tokens of a part of the input, its groups, and their rows with padding.
    struct Part: Hashable {
        var tokens: Int
        var groups = 0
        var padded = 0
    }

    /// Scalars that the tape keeps for a part.
    func keptScalars(_ part: Part) -> Int {
        kept * part.tokens + padded.kept * part.padded + scratch(part.groups).kept
    }

    /// The most scalars of a part without a tape.
    func forwardScalars(_ part: Part) -> Int {
        forward * part.tokens + padded.forward * part.padded + scratch(part.groups).forward
    }

    /// The most scalars of a part with its backward, without gradients of parameters.
    func backwardScalars(_ part: Part) -> Int {
        backward * part.tokens + padded.backward * part.padded + scratch(part.groups).backward
    }
}

/// The memory of ordinary layers before or between stages, in scalars of a whole batch.
package struct LayerFootprint: Sendable {
    /// What the tape keeps in the way `conventional`, beside the input.
    package let kept: Int
    /// The most scalars without a tape, beside the input, with the output.
    package let forward: Int
    /// The most scalars on a tape and of its backward, beside the input, the gradient by the
    /// output, and gradients of parameters; with the output.
    package let backward: Int
    /// Scalars of the parameters whose gradients are made by the time of the backward's peak.
    package let gradientsAtPeak: Int
    /// Scalars of the output.
    package let output: Int
    /// Scalars of the parameters that train.
    package let parameters: Int
    /// Whether all ways but `conventional` keep the input alone and compute the layers again.
    package let recomputes: Bool
    /// The independent units that slices are made of, and the rows that go into one.
    package let units: (count: Int, rows: Int)

    /// A footprint; see the properties.
    package init(
        kept: Int, forward: Int, backward: Int, gradientsAtPeak: Int = 0, output: Int,
        parameters: Int, recomputes: Bool = true, units: (count: Int, rows: Int) = (1, 1)
    ) {
        self.kept = kept
        self.forward = forward
        self.backward = backward
        self.gradientsAtPeak = min(gradientsAtPeak, parameters)
        self.output = output
        self.parameters = parameters
        self.recomputes = recomputes
        self.units = units
    }

    /// Units of a slice, as `SlicedLayers` takes them; all of them where one slice has all.
    func unitsOfSlice(_ tile: Tile?) -> Int {
        tile.map { min(units.count, max(1, $0.tokens / max(1, units.rows))) } ?? units.count
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
