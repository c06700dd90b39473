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
    package enum Unit: Sendable, Hashable {
        /// Whole samples, the first axis (global attention).
        case sample
        /// Rows of the last axis (an MLP on tokens).
        case token
    }

    /// The name, part of the random key and of error messages.
    package let name: String
    /// The largest independent unit.
    package let unit: Unit
    /// The probability that drop path leaves F out for a sample.
    package let dropPathRate: Double
    /// The memory of F at a number of tokens a sample, for plans.
    package let footprint: (_ tokens: Int) -> BranchFootprint
    private let body: (Variable, Context) -> Variable

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
        self.body = body
    }

    /// What plans take for a branch that doesn't say.
    package static let unknownFootprint = BranchFootprint(
        kept: 0, forward: 0, backward: 0, parameters: 0, gradientsAtPeak: 0)

    /// F(x) on a tape or without one, untiled.
    package func value(_ x: Variable, _ context: Context) -> Variable {
        body(x, context.scoped(name))
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
        var inference = context
        inference.tape = nil
        guard let tile, let cut = cut(x, tile) else {
            return value(Variable(x), inference).tensor
        }
        var output = Tensor(zeros: cut.rows.shape, dtype: x.dtype)
        for range in cut.ranges {
            let part = Variable(cut.rows.rows(range))
            output.replaceRows(
                at: range.lowerBound, with: value(part, offset(inference, range.lowerBound)).tensor)
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
        guard let tile, let cut = cut(x, tile) else { return pullback(x, gradient, context) }
        let slopes = gradient.reshaped(to: cut.rows.shape)
        var value = Tensor(zeros: cut.rows.shape, dtype: x.dtype)
        var result = Tensor(zeros: cut.rows.shape, dtype: x.dtype)
        for range in cut.ranges {
            let part = pullback(
                cut.rows.rows(range), slopes.rows(range), offset(context, range.lowerBound))
            value.replaceRows(at: range.lowerBound, with: part.value)
            result.replaceRows(at: range.lowerBound, with: part.gradient)
        }
        return (value.reshaped(to: x.shape), result.reshaped(to: x.shape))
    }

    private func pullback(_ x: Tensor, _ gradient: Tensor, _ context: Context)
        -> (value: Tensor, gradient: Tensor)
    {
        let tape = Tape()
        var inner = context
        inner.tape = tape
        let input = tape.input(x)
        let output = value(input, inner)
        let value = output.tensor
        tape.backward(from: output, gradient: gradient)
        return (value, tape.gradient(of: input) ?? Tensor(zeros: x.shape, dtype: x.dtype))
    }

    /// The rows of `x` in tiles, or nil where one tile holds all.
    private func cut(_ x: Tensor, _ tile: Tile) -> (rows: Tensor, ranges: [Range<Int>])? {
        let tokens = x.count / max(1, x.shape[x.rank - 1])
        let rows: Tensor, size: Int
        switch unit {
        case .sample:
            rows = x
            size = max(1, tile.tokens * x.shape[0] / max(1, tokens))
        case .token:
            rows = x.reshaped(to: [tokens, x.shape[x.rank - 1]])
            size = max(1, tile.tokens)
        }
        let count = rows.shape[0]
        if size >= count { return nil }
        return (
            rows, stride(from: 0, to: count, by: size).map { $0..<min(count, $0 + size) }
        )
    }

    private func offset(_ context: Context, _ first: Int) -> Context {
        var context = context
        if unit == .sample { context.sampleOffset += first }
        return context
    }
}

/// The size of the slices in which branches run; part of a step's plan, so that the forward pass
/// and its recomputation use the same.
package struct Tile: Sendable, Hashable {
    /// Tokens a slice; a branch whose unit is a sample takes whole samples, one at least.
    package let tokens: Int

    /// The slices used where nobody says otherwise: large enough for full speed of the products,
    /// small enough that a branch's own intermediates don't dominate a step.
    package static let standard = Tile(tokens: 2048)

    /// A tile.
    package init(tokens: Int) {
        precondition(tokens > 0, "a tile of \(tokens) tokens")
        self.tokens = tokens
    }
}
