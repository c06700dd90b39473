// SPDX-License-Identifier: Apache-2.0
import Synchronization

/// What a storage is for, where a plan tells it apart.
package enum StoragePurpose: Sendable, Hashable {
    /// Weights, activations, gradients, moments, work space.
    case values
    /// The fixed-point numbers of reversible stages.
    case streams
    /// What their rounding lost.
    case remainders
    /// What `checkpointed` keeps of each block.
    case checkpoints
}

/// A walk through real code in which storage is counted and not allocated, and no kernel runs:
/// how a plan knows the memory of a step before it is there.
///
/// Inside, every new tensor is one without values. Whoever reads values reads zeros, so that code
/// whose shapes don't depend on them goes the way it will go later. PyTorch's fake tensors and
/// JAX's `eval_shape` are of the same kind.
public final class DryRun: Sendable {
    /// What was counted.
    public struct Usage: Sendable, Equatable {
        /// Bytes that live tensors asked for.
        public var live = 0
        /// The largest ``live`` so far.
        public var peak = 0
        /// Bytes of ``live`` that are streams, their remainders, and checkpoints.
        package var streams = 0, remainders = 0, checkpoints = 0
        /// Operations of matrix products, two a multiply-add.
        public var operations = 0.0
        /// Rows of the longest loop that runs in slices.
        package var rows = 0

        /// Nothing counted.
        public init() {}
    }

    @TaskLocal static var current: DryRun?

    private let state = Mutex(Usage())

    private init() {}

    /// Whether the calling task is in a dry run.
    public static var isActive: Bool { current != nil }

    /// What the dry run that the calling task is in has counted; nothing outside of one.
    public static var usage: Usage { current?.state.withLock { $0 } ?? Usage() }

    /// Runs `body` dry; inside a dry run, as a part of that one.
    ///
    /// - Returns: The result of `body`; tensors of it have no values. What was counted by its end.
    public static func measure<R>(_ body: () throws -> R) rethrows -> (result: R, usage: Usage) {
        if isActive { return (try body(), usage) }
        let run = DryRun()
        let result = try $current.withValue(run) { try body() }
        return (result, run.state.withLock { $0 })
    }

    /// Counts the products that an operation is about to run: `count` matrix products
    /// `[m, k]` by `[k, n]`; nothing outside of a dry run.
    static func countProducts(_ m: Int, _ n: Int, _ k: Int, count: Int = 1) {
        current?.state.withLock {
            $0.operations += 2 * Double(m) * Double(n) * Double(k) * Double(count)
        }
    }

    /// The slices of a loop that a dry run goes through: one that makes what later ones add to, one
    /// that adds to it, the largest and the last; all of them for real.
    package static func representatives<Slice>(_ slices: [Slice], size: (Slice) -> Int) -> [Slice] {
        guard let current else { return slices }
        let rows = slices.reduce(0) { $0 + size($1) }
        current.state.withLock { $0.rows = max($0.rows, rows) }
        guard slices.count > 4 else { return slices }
        let largest = slices.indices.dropFirst().max { size(slices[$0]) < size(slices[$1]) } ?? 0
        return Set([0, 1, largest, slices.count - 1]).sorted().map { slices[$0] }
    }

    func resetPeak() { state.withLock { $0.peak = $0.live } }

    func take(_ bytes: Int, _ purpose: StoragePurpose) {
        state.withLock {
            $0.add(bytes, purpose)
            $0.peak = max($0.peak, $0.live)
        }
    }

    func give(_ bytes: Int, _ purpose: StoragePurpose) {
        state.withLock { $0.add(-bytes, purpose) }
    }
}

extension DryRun.Usage {
    fileprivate mutating func add(_ bytes: Int, _ purpose: StoragePurpose) {
        live += bytes
        switch purpose {
        case .values: break
        case .streams: streams += bytes
        case .remainders: remainders += bytes
        case .checkpoints: checkpoints += bytes
        }
    }
}
