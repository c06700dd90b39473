// SPDX-License-Identifier: Apache-2.0
public import Reversible
import Tensors

/// A budget that no tile meets.
public struct MemoryBudgetError: Error, Sendable, CustomStringConvertible {
    /// What would make a step smaller.
    package struct Saving: Sendable {
        /// As the user asks for it.
        package let option: String
        /// Bytes of the peak.
        package let bytes: Int

        /// A saving.
        package init(_ option: String, bytes: Int) {
            self.option = option
            self.bytes = bytes
        }
    }

    /// The bytes asked for.
    public let budget: Int
    /// The least budget that would do.
    public let least: Int
    /// The tile with which it would; nil for whole branches.
    public let tile: Tile?
    /// Whether smaller tiles were tried.
    public let hasTiles: Bool

    /// One line: what was found, what was expected, what to do.
    public var description: String { text() }

    /// The same with what would help.
    ///
    /// - Parameters:
    ///   - savings: Options and what each takes off ``least``.
    ///   - bytes: Writes a size.
    package func text(
        _ savings: [Saving] = [], bytes: (Int) -> String = { "\($0) bytes" }
    ) -> String {
        "a step needs \(bytes(least)) at least, the memory budget is \(bytes(budget)); raise the "
            + "budget to \(bytes(least)), or take a smaller batch or input"
            + (hasTiles ? "" : ", or the way dr2net or checkpointed, whose branches run in tiles")
            + savings.map { "; \($0.option) saves \(bytes($0.bytes))" }.joined()
    }
}

extension MemoryPlan {
    /// Tokens of the smallest tile that is planned; below, time grows and memory doesn't shrink.
    package static let smallestTile = 16

    /// The plan with the largest tile that fits.
    ///
    /// Whole branches where they fit, else a power of two of tokens. A branch that works on whole
    /// samples takes as many as a tile holds, one at least.
    ///
    /// - Parameters:
    ///   - budget: Bytes that a step may count.
    ///   - hasTiles: Whether the way runs branches in tiles.
    ///   - plan: The plan of a step with a tile.
    /// - Throws: ``MemoryBudgetError`` with the least budget that would do; what `plan` throws.
    package static func fitting(
        budget: Int, hasTiles: Bool, _ plan: (Tile?) throws -> MemoryPlan
    ) throws -> MemoryPlan {
        let whole = try plan(nil)
        if whole.peakPredictedBytes <= budget { return whole }
        var least = whole
        if hasTiles {
            // Other layers run in slices of the standard tile where the branches are whole.
            let tokens = max(Tile.standard.tokens - 1, whole.rows)
            var size = 1 << max(0, Int.bitWidth - 1 - tokens.leadingZeroBitCount)
            while size >= smallestTile {
                let plan = try plan(Tile(tokens: size))
                if plan.peakPredictedBytes <= budget { return plan }
                if plan.peakPredictedBytes < least.peakPredictedBytes { least = plan }
                size /= 2
            }
        }
        throw MemoryBudgetError(
            budget: budget, least: least.peakPredictedBytes, tile: least.tile, hasTiles: hasTiles)
    }
}
