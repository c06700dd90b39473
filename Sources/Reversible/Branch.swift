// SPDX-License-Identifier: Apache-2.0
public import Autodiff
import Tensors

/// One residual branch F of a stage: keeps the shape, without its skip.
///
/// F must be a deterministic function of its input, its parameters and the context. Drop path is
/// not part of the closure: the stage multiplies F by the sample's factor, so that tiles below a
/// sample stay possible.
public struct Branch {
    /// The axis along which F falls apart into independent units.
    public enum Unit: Sendable {
        /// Whole samples, the first axis (global attention).
        case sample
        /// Rows of the last axis (an MLP on tokens).
        case token
        /// Groups of tokens (window attention).
        case groups(RowGroups)
    }

    /// The name, part of the random key and of error messages.
    public let name: String
    /// The largest independent unit.
    public let unit: Unit
    /// The probability that drop path leaves F out for a sample.
    public let dropPathRate: Double
    /// Whether the stage's side input is added to what F and the pretrained residual take.
    public let takesSide: Bool
    private let body: (Variable, Range<Int>?, Context) -> Variable

    /// A branch.
    ///
    /// - Parameters:
    ///   - name: Unique within the stage.
    ///   - unit: How F may be cut.
    ///   - dropPathRate: In [0, 1).
    ///   - takesSide: Whether the stage's side input is added to what F and α see.
    ///   - body: F; its input is `[samples, ..., C]`, or `[rows, C]` for tiles of tokens.
    public init(
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
    public init(
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

    /// F(x) without a tape, slice by slice.
    func forward(_ x: Tensor, _ context: Context) -> Tensor {
        rerun(x.shape, context).forward(context) { $0.taken(from: x) }
    }

    /// F(x) again, the same bits as ``forward(_:_:)`` gave, and the gradient by `x`; those of
    /// parameters accumulate slice by slice.
    ///
    /// - Parameter gradient: By F(x), of the shape of `x`.
    func pullback(_ x: Tensor, gradient: Tensor, _ context: Context)
        -> (value: Tensor, gradient: Tensor)
    {
        rerun(x.shape, context).pullback(x, gradient: gradient, context)
    }

    /// F on an input `[samples, ..., C]` in the slices of the context's tile: the same in the forward
    /// pass and its repetition.
    func rerun(_ shape: [Int], _ context: Context) -> Rerun {
        let slices = slices(shape, context.tile), isCut = slices.count > 1
        return Rerun(slices: slices, outputShape: shape) { x, slice, context in
            var inner = context.scoped(name)
            switch unit {
            case .sample: inner.sampleOffset += slice.units.lowerBound
            case .token: break
            case .groups: if isCut { return body(x, slice.units, inner) }
            }
            return body(x, nil, inner)
        }
    }

    private func slices(_ shape: [Int], _ tile: Tile?) -> [Rerun.Slice] {
        let width = shape[shape.count - 1], samples = shape[0]
        let tokens = shape.dropLast().reduce(1, *), perSample = tokens / max(1, samples)
        let units =
            switch unit {
            case .sample: Rerun.ranges(samples, of: tile.map { $0.tokens / max(1, perSample) })
            case .token: Rerun.ranges(tokens, of: tile?.tokens)
            case .groups(let groups):
                Rerun.ranges(
                    samples * groups.count, of: tile.map { $0.tokens / max(1, groups.capacity) })
            }
        let own = DryRun.representatives(units) { units in
            switch unit {
            case .sample: units.count * perSample
            case .token: units.count
            case .groups(let groups): groups.rowCount(units)
            }
        }
        guard own.count > 1 else {
            return [Rerun.Slice(own[0], input: .run(0..<tokens), shape: shape)]
        }
        return own.map { units in
            switch unit {
            case .sample:
                Rerun.Slice(
                    units,
                    input: .run(units.lowerBound * perSample..<units.upperBound * perSample),
                    shape: [units.count] + shape.dropFirst())
            case .token: Rerun.Slice(units, input: .run(units), shape: [units.count, width])
            case .groups(let groups):
                Rerun.Slice(
                    units, input: .list(groups.rows(units)), shape: [groups.rowCount(units), width])
            }
        }
    }
}

/// The size of the slices in which branches run; part of a step's plan, so that the forward pass
/// and its recomputation use the same.
public struct Tile: Sendable, Hashable {
    /// Tokens a slice; a branch on samples or on groups takes whole ones, one at least.
    public let tokens: Int

    /// The slices used where nobody says otherwise: large enough for full speed of the products,
    /// small enough that a branch's own intermediates don't dominate a step.
    public static let standard = Tile(tokens: 2048)

    /// A tile.
    public init(tokens: Int) {
        precondition(tokens > 0, "a tile of \(tokens) tokens")
        self.tokens = tokens
    }
}
