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
    /// Whether the stage's side input is added to what F and the pretrained residual take.
    package let takesSide: Bool
    private let body: (Variable, Range<Int>?, Context) -> Variable

    /// A branch.
    ///
    /// - Parameters:
    ///   - name: Unique within the stage.
    ///   - unit: How F may be cut.
    ///   - dropPathRate: In [0, 1).
    ///   - takesSide: Whether the stage's side input is added to what F and α see.
    ///   - body: F; its input is `[samples, ..., C]`, or `[rows, C]` for tiles of tokens.
    package init(
        name: String, unit: Unit, dropPathRate: Double = 0, takesSide: Bool = false,
        _ body: @escaping (Variable, Context) -> Variable
    ) {
        self.name = name
        self.unit = unit
        self.dropPathRate = dropPathRate
        self.takesSide = takesSide
        self.body = { x, _, context in body(x, context) }
    }

    /// A branch on groups of tokens.
    ///
    /// - Parameters:
    ///   - name: Unique within the stage.
    ///   - groups: The groups of a sample.
    ///   - dropPathRate: In [0, 1).
    ///   - takesSide: Whether the stage's side input is added to what F and α see.
    ///   - body: F; its input is `[samples, tokens, C]` where the range is nil, else `[rows, C]`:
    ///     the tokens of that range of the batch's groups, group by group.
    package init(
        name: String, groups: RowGroups, dropPathRate: Double = 0, takesSide: Bool = false,
        _ body: @escaping (Variable, Range<Int>?, Context) -> Variable
    ) {
        self.name = name
        unit = .groups(groups)
        self.dropPathRate = dropPathRate
        self.takesSide = takesSide
        self.body = body
    }

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
    func forward(_ x: Tensor, _ context: Context) -> Tensor {
        let parts = parts(x.shape, context.tile)
        if parts.count == 1 { return forward(x, parts[0], context) }
        let rows = Branch.rows(x)
        var output = Tensor(zeros: rows.shape, dtype: x.dtype)
        for part in parts {
            output.replaceRows(part.rows, with: forward(part.taken(from: rows), part, context))
        }
        return output.reshaped(to: x.shape)
    }

    /// F(x) again, and what its backward gives: parameter gradients accumulate in tile order.
    ///
    /// - Parameters:
    ///   - x: The input.
    ///   - gradient: The gradient by F(x), of the shape of `x`.
    /// - Returns: F(x), the same bits as ``forward(_:_:)`` gave, and the gradient by `x`.
    func pullback(_ x: Tensor, gradient: Tensor, _ context: Context)
        -> (value: Tensor, gradient: Tensor)
    {
        let parts = parts(x.shape, context.tile)
        if parts.count == 1 { return pullback(x, gradient, parts[0], context) }
        let rows = Branch.rows(x), slopes = Branch.rows(gradient)
        var value = Tensor(zeros: rows.shape, dtype: x.dtype)
        var result = Tensor(zeros: rows.shape, dtype: x.dtype)
        for part in parts {
            let back = pullback(
                part.taken(from: rows), part.taken(from: slopes), part, context)
            value.replaceRows(part.rows, with: back.value)
            result.replaceRows(part.rows, with: back.gradient)
        }
        return (value.reshaped(to: x.shape), result.reshaped(to: x.shape))
    }

    // MARK: Tiles

    /// One tile of an input.
    struct Part {
        /// Its rows.
        let rows: RowSelection
        /// The shape that F takes it in.
        let shape: [Int]
        /// Its groups, for a branch on groups that is cut.
        let groups: Range<Int>?
        /// Its first sample, for a branch on samples.
        let firstSample: Int

        func taken(from x: Tensor) -> Tensor {
            switch rows {
            case .run(let range): x.rows(range).reshaped(to: shape)
            case .list(let rows): x.gatheringRows(rows)
            }
        }
    }

    /// The tiles of an input `[samples, ..., C]`: the same in the forward pass and its backward; of
    /// a dry run those that differ.
    func parts(_ shape: [Int], _ tile: Tile?) -> [Part] {
        DryRun.representatives(allParts(shape, tile)) { $0.rows.count }
    }

    private func allParts(_ shape: [Int], _ tile: Tile?) -> [Part] {
        let width = shape[shape.count - 1], samples = shape[0]
        let tokens = shape.dropLast().reduce(1, *), perSample = tokens / max(1, samples)
        func whole() -> [Part] {
            [Part(rows: .run(0..<tokens), shape: shape, groups: nil, firstSample: 0)]
        }
        func ranges(_ count: Int, _ size: Int) -> [Range<Int>]? {
            size >= count
                ? nil
                : stride(from: 0, to: count, by: size).map { $0..<min(count, $0 + size) }
        }
        guard let tile else { return whole() }
        switch unit {
        case .sample:
            let size = max(1, tile.tokens * samples / max(1, tokens))
            return ranges(samples, size)?.map {
                Part(
                    rows: .run($0.lowerBound * perSample..<$0.upperBound * perSample),
                    shape: [$0.count] + shape.dropFirst(), groups: nil, firstSample: $0.lowerBound)
            } ?? whole()
        case .token:
            return ranges(tokens, tile.tokens)?.map {
                Part(rows: .run($0), shape: [$0.count, width], groups: nil, firstSample: 0)
            } ?? whole()
        case .groups(let groups):
            return ranges(samples * groups.count, tile.groups(of: groups.capacity))?.map {
                let rows = groups.rows($0)
                return Part(
                    rows: .list(rows), shape: [rows.count, width], groups: $0, firstSample: 0)
            } ?? whole()
        }
    }

    /// F of a tile without a tape.
    func forward(_ x: Tensor, _ part: Part, _ context: Context) -> Tensor {
        var inference = context.scoped(name)
        inference.tape = nil
        inference.sampleOffset += part.firstSample
        return body(Variable(x.reshaped(to: part.shape)), part.groups, inference).tensor
    }

    /// F of a tile and its backward.
    func pullback(
        _ x: Tensor, _ gradient: consuming Tensor, _ part: Part, _ context: Context
    ) -> (value: Tensor, gradient: Tensor) {
        var inner = context.scoped(name)
        inner.repeats = true
        let tape = Tape(for: inner)
        inner.tape = tape
        inner.sampleOffset += part.firstSample
        let input = tape.input(x.reshaped(to: part.shape))
        let output = body(input, part.groups, inner)
        let value = output.tensor
        tape.backward(from: output, gradient: gradient.reshaped(to: value.shape))
        return (value, tape.gradient(of: input) ?? Tensor(zeros: x.shape, dtype: x.dtype))
    }

    static func rows(_ x: Tensor) -> Tensor {
        x.reshaped(to: [-1, x.shape[x.rank - 1]])
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
