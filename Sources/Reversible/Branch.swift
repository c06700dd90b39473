// SPDX-License-Identifier: Apache-2.0
package import Autodiff
import Tensors

/// One residual branch F of a stage: keeps the shape, without its skip.
///
/// F must be a deterministic function of its input, its parameters and the context. Drop path is
/// not part of the closure: the stage multiplies F by the sample's factor, so that tiles below a
/// sample stay possible.
package struct Branch {
    /// The axis along which F falls apart into independent units.
    package enum Unit: Sendable {
        /// Whole samples, the first axis (global attention).
        case sample
        /// Rows of the last axis (an MLP on tokens).
        case token
        /// Groups of tokens (window attention).
        case groups(RowGroups)
    }

    /// The name, part of the random key and of error messages.
    package let name: String
    /// The largest independent unit.
    package let unit: Unit
    /// The probability that drop path leaves F out for a sample.
    package let dropPathRate: Double
    /// The memory of F at a number of tokens a sample, for plans.
    package let footprint: (_ tokens: Int) -> BranchFootprint
    private let body: (Variable, Range<Int>?, Context) -> Variable

    /// A branch.
    ///
    /// - Parameters:
    ///   - name: Unique within the stage.
    ///   - unit: How F may be cut.
    ///   - dropPathRate: In [0, 1).
    ///   - footprint: The memory of F at a number of tokens a sample; plans count nothing for a
    ///     branch without one.
    ///   - body: F; its input is `[samples, ..., C]`, or `[rows, C]` for tiles of tokens.
    package init(
        name: String, unit: Unit, dropPathRate: Double = 0,
        footprint: @escaping (_ tokens: Int) -> BranchFootprint = { _ in Branch.unknownFootprint },
        _ body: @escaping (Variable, Context) -> Variable
    ) {
        self.name = name
        self.unit = unit
        self.dropPathRate = dropPathRate
        self.footprint = footprint
        self.body = { x, _, context in body(x, context) }
    }

    /// A branch on groups of tokens.
    ///
    /// - Parameters:
    ///   - name: Unique within the stage.
    ///   - groups: The groups of a sample.
    ///   - dropPathRate: In [0, 1).
    ///   - footprint: The memory of F at a number of tokens a sample.
    ///   - body: F; its input is `[samples, tokens, C]` where the range is nil, else `[rows, C]`:
    ///     the tokens of that range of the batch's groups, group by group.
    package init(
        name: String, groups: RowGroups, dropPathRate: Double = 0,
        footprint: @escaping (_ tokens: Int) -> BranchFootprint = { _ in Branch.unknownFootprint },
        _ body: @escaping (Variable, Range<Int>?, Context) -> Variable
    ) {
        self.name = name
        unit = .groups(groups)
        self.dropPathRate = dropPathRate
        self.footprint = footprint
        self.body = body
    }

    /// What plans take for a branch that doesn't say.
    package static let unknownFootprint = BranchFootprint(
        kept: 0, forward: 0, backward: 0, parameters: 0, gradientsAtPeak: 0)

    /// F(x) on a tape or without one, untiled.
    package func value(_ x: Variable, _ context: Context) -> Variable {
        body(x, nil, context.scoped(name))
    }

    /// The factor of each sample: 0 where drop path leaves it out, 1 / (1 - rate) elsewhere.
    func pathFactors(samples: Int, _ context: Context) -> [Double]? {
        guard context.isTraining, dropPathRate > 0 else { return nil }
        let key = context.key.child(name).child("drop path")
        return (0..<samples).map {
            key.uniform(context.sampleOffset + $0) < dropPathRate ? 0 : 1 / (1 - dropPathRate)
        }
    }

    /// F(x) without a tape, tile by tile.
    func forward(_ x: Tensor, tile: Tile?, _ context: Context) -> Tensor {
        var inference = context.scoped(name)
        inference.tape = nil
        guard let tile, let cut = cut(x, tile) else {
            return body(Variable(x), nil, inference).tensor
        }
        var output = Tensor(zeros: cut.shape, dtype: x.dtype)
        let rows = x.reshaped(to: cut.shape)
        for part in cut.parts {
            let value = body(
                Variable(part.taken(from: rows)), part.groups, offset(inference, part))
            part.put(value.tensor, into: &output)
        }
        return output.reshaped(to: x.shape)
    }

    /// F(x) again, and what its backward gives: parameter gradients accumulate in tile order.
    ///
    /// - Parameters:
    ///   - x: The input.
    ///   - gradient: The gradient by F(x), of the shape of `x`.
    /// - Returns: F(x), the same bits as ``forward(_:tile:_:)`` gave, and the gradient by `x`.
    func pullback(_ x: Tensor, gradient: Tensor, tile: Tile?, _ context: Context)
        -> (value: Tensor, gradient: Tensor)
    {
        let context = context.scoped(name)
        guard let tile, let cut = cut(x, tile) else { return pullback(x, gradient, nil, context) }
        let rows = x.reshaped(to: cut.shape), slopes = gradient.reshaped(to: cut.shape)
        var value = Tensor(zeros: cut.shape, dtype: x.dtype)
        var result = Tensor(zeros: cut.shape, dtype: x.dtype)
        for part in cut.parts {
            let back = pullback(
                part.taken(from: rows), part.taken(from: slopes), part.groups,
                offset(context, part))
            part.put(back.value, into: &value)
            part.put(back.gradient, into: &result)
        }
        return (value.reshaped(to: x.shape), result.reshaped(to: x.shape))
    }

    private func pullback(
        _ x: Tensor, _ gradient: consuming Tensor, _ groups: Range<Int>?, _ context: Context
    ) -> (value: Tensor, gradient: Tensor) {
        let tape = Tape()
        var inner = context
        inner.tape = tape
        let input = tape.input(x)
        let output = body(input, groups, inner)
        let value = output.tensor
        tape.backward(from: output, gradient: gradient)
        return (value, tape.gradient(of: input) ?? Tensor(zeros: x.shape, dtype: x.dtype))
    }

    /// The tiles of an input, or nil where one holds all.
    private func cut(_ x: Tensor, _ tile: Tile) -> Cut? {
        let width = x.shape[x.rank - 1]
        let tokens = x.count / max(1, width)
        func ranges(_ count: Int, _ size: Int) -> [Range<Int>]? {
            size >= count
                ? nil
                : stride(from: 0, to: count, by: size).map { $0..<min(count, $0 + size) }
        }
        switch unit {
        case .sample:
            let size = max(1, tile.tokens * x.shape[0] / max(1, tokens))
            return ranges(x.shape[0], size).map { Cut(shape: x.shape, parts: $0.map(Part.rows)) }
        case .token:
            return ranges(tokens, tile.tokens).map {
                Cut(shape: [tokens, width], parts: $0.map(Part.rows))
            }
        case .groups(let groups):
            return ranges(x.shape[0] * groups.count, tile.groups(of: groups.capacity)).map {
                Cut(
                    shape: [tokens, width],
                    parts: $0.map { Part.groups($0, rows: groups.rows($0)) })
            }
        }
    }

    private func offset(_ context: Context, _ part: Part) -> Context {
        guard case .sample = unit, case .rows(let range) = part else { return context }
        var context = context
        context.sampleOffset += range.lowerBound
        return context
    }

    /// An input cut into tiles.
    private struct Cut {
        /// The input's shape as rows.
        let shape: [Int]
        let parts: [Part]
    }

    /// One tile.
    private enum Part {
        /// A run of rows.
        case rows(Range<Int>)
        /// The rows of a range of groups.
        case groups(Range<Int>, rows: [Int32])

        var groups: Range<Int>? {
            if case .groups(let range, _) = self { range } else { nil }
        }

        func taken(from x: Tensor) -> Tensor {
            switch self {
            case .rows(let range): x.rows(range)
            case .groups(_, let rows): x.gatheringRows(rows)
            }
        }

        func put(_ value: Tensor, into output: inout Tensor) {
            switch self {
            case .rows(let range): output.replaceRows(at: range.lowerBound, with: value)
            case .groups(_, let rows): output.replaceRows(rows, with: value)
            }
        }
    }
}

/// The size of the slices in which branches run; part of a step's plan, so that the forward pass
/// and its recomputation use the same.
package struct Tile: Sendable, Hashable {
    /// Tokens a slice; a branch on samples or on groups takes whole ones, one at least.
    package let tokens: Int

    /// The slices used where nobody says otherwise: large enough for full speed of the products,
    /// small enough that a branch's own intermediates don't dominate a step.
    package static let standard = Tile(tokens: 2048)

    /// A tile.
    package init(tokens: Int) {
        precondition(tokens > 0, "a tile of \(tokens) tokens")
        self.tokens = tokens
    }

    /// Groups of so many rows that a slice holds.
    func groups(of capacity: Int) -> Int { max(1, tokens / max(1, capacity)) }
}
