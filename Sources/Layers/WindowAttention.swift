// SPDX-License-Identifier: Apache-2.0
package import Autodiff
package import Tensors

/// Self-attention inside windows with a bias by relative position: `qkv` (C to 3C), `proj`
/// (C to C) and `relative_position_bias_table` `[Π(2·w - 1), heads]`.
package final class WindowAttention: Module {
    /// Queries, keys and values in one map.
    package let qkv: Linear
    /// The map of the joined heads.
    package let proj: Linear
    /// `[Π(2·w - 1), heads]`.
    package let table: Parameter
    /// The number of heads.
    package let heads: Int

    /// A layer to train.
    ///
    /// - Parameter window: Tokens along each axis.
    package init(_ width: Int, heads: Int, window: [Int], key: RandomKey) {
        precondition(
            heads > 0 && width % heads == 0, "WindowAttention: \(heads) heads of \(width)")
        self.heads = heads
        qkv = Linear(width, 3 * width, key: key.child("qkv"))
        proj = Linear(width, width, key: key.child("proj"))
        table = Parameter(
            Tensor(
                truncatedNormal: [window.reduce(1) { $0 * (2 * $1 - 1) }, heads],
                standardDeviation: 0.02, key: key.child("relative_position_bias_table")))
    }

    /// Registers the parameters under the names of checkpoints.
    package func register(in registry: inout ModuleRegistry) {
        registry.parameter("relative_position_bias_table", table)
        registry.child("qkv", qkv)
        registry.child("proj", proj)
    }

    /// `[rows, C]` for `[rows, C]`, each row attending to its window.
    ///
    /// - Parameters:
    ///   - slots: Where the rows stand in windows; other places hold zeros.
    ///   - index: As ``WindowPartition/relativeIndex(window:tokens:)`` gives it.
    ///   - tokens: Places of a window.
    package func callAsFunction(
        _ x: consuming Variable, slots: WindowPartition.Slots, index: [Int32], tokens: Int,
        _ context: Context
    ) -> Variable {
        // One variable, so that each tensor is freed as soon as nothing needs it.
        let width = x.shape[1]
        if let rows = slots.rows { x = x.rearrangingRows(rows, inverse: slots.places) }
        x = qkv(x, context)
        x = x.reshaped(to: [slots.windows, tokens, 3 * width])
        x = x.windowAttention(
            heads: heads, bias: context.use(table).relativeBias(index, tokens: tokens),
            regions: slots.regions)
        x = x.reshaped(to: [slots.windows * tokens, width])
        if let rows = slots.rows { x = x.rearrangingRows(slots.places, inverse: rows) }
        return proj(x, context)
    }
}

/// Halving of a grid's last two axes: 2 x 2 tokens side by side, `norm` and `reduction`
/// (4C to 2C).
package final class PatchMerging: Module {
    private let norm: LayerNorm
    private let reduction: Linear

    /// A layer to train.
    package init(_ width: Int, epsilon: Double, key: RandomKey) {
        norm = LayerNorm(4 * width, epsilon: epsilon)
        reduction = Linear(4 * width, 2 * width, hasBias: false, key: key.child("reduction"))
    }

    /// Registers the parameters under the names of checkpoints.
    package func register(in registry: inout ModuleRegistry) {
        registry.child("reduction", reduction)
        registry.child("norm", norm)
    }

    /// The grid behind the layer: half as many rows and columns, odd ones padded by zeros.
    package static func grid(_ grid: [Int]) -> [Int] {
        grid.dropLast(2) + grid.suffix(2).map { ($0 + 1) / 2 }
    }

    /// The layer on a batch of grids: `[N, tokens', 2C]` for `[N, tokens, C]`.
    ///
    /// Cut between pairs of rows where their number is even, else between grids.
    ///
    /// - Parameter tile: Tokens of a slice; nil takes all at once.
    package func layers(samples: Int, grid: [Int], tile: Int?) -> Rerun {
        let (down, across) = (grid[grid.count - 2], grid[grid.count - 1])
        let planes = samples * grid.dropLast(2).reduce(1, *)
        let unit = down % 2 == 0 ? 2 : down
        let after = (unit + 1) / 2 * ((across + 1) / 2)
        let units = planes * down / unit
        return Rerun(
            units: units, rows: (unit * across, after), tile: tile,
            outputShape: [samples, units * after / samples, reduction.weight.tensor.shape[0]]
        ) { x, context in self.merge(x, down: unit, across: across, context) }
    }

    /// `[units, tokens', 2C]` for `[units, down * across, C]`.
    private func merge(_ x: Variable, down: Int, across: Int, _ context: Context) -> Variable {
        let (units, width) = (x.shape[0], x.shape[2])
        var rows: [Int32] = [], inverse = [Int32](repeating: -1, count: units * down * across)
        for unit in 0..<units {
            for y in stride(from: 0, to: down, by: 2) {
                for x in stride(from: 0, to: across, by: 2) {
                    // The order of the published weights: down first.
                    for (row, column) in [(y, x), (y + 1, x), (y, x + 1), (y + 1, x + 1)] {
                        if row < down && column < across {
                            let token = (unit * down + row) * across + column
                            inverse[token] = Int32(rows.count)
                            rows.append(Int32(token))
                        } else {
                            rows.append(-1)
                        }
                    }
                }
            }
        }
        var y = x.reshaped(to: [units * down * across, width])
        y = y.rearrangingRows(rows, inverse: inverse)
        y = y.reshaped(to: [units, rows.count / 4 / units, 4 * width])
        y = norm(y, context)
        return reduction(y, context)
    }
}
