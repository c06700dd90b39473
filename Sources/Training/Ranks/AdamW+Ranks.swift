// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Ranks
import Tensors

/// The optimizer's state where several processes share the work.
extension AdamW {
    /// Rank 0 sends the update counts to all, and each parameter's state to those that need it.
    ///
    /// - Parameter owner: The rank that keeps a parameter's state; nil where all do.
    func scatter(_ ranks: TrainingRanks, owner: (Int) -> Int?) throws {
        let counts = try ranks.fromFirst(slots.map { UInt64($0.updates) })
        guard counts.count == slots.count else {
            throw RankError("the ranks don't train the same parameters; start them alike")
        }
        for index in slots.indices where counts[index] > 0 {
            slots[index].updates = Int(counts[index])
            let tensor = slots[index].parameter.tensor
            for part in parts {
                for receiver in 1..<ranks.count where owner(index) ?? receiver == receiver {
                    try ranks.move(
                        &slots[index][keyPath: part], like: tensor, from: 0, to: receiver)
                }
            }
        }
        release(ranks, owner: owner)
    }

    /// Rank 0 gets the state of all parameters, for a checkpoint or an evaluation.
    func gather(_ ranks: TrainingRanks, owner: (Int) -> Int?) throws {
        for index in slots.indices where slots[index].updates > 0 {
            guard let owner = owner(index), owner > 0 else { continue }
            let tensor = slots[index].parameter.tensor
            for part in parts {
                try ranks.move(&slots[index][keyPath: part], like: tensor, from: owner, to: 0)
            }
        }
    }

    /// Drops the state that another rank keeps.
    func release(_ ranks: TrainingRanks, owner: (Int) -> Int?) {
        for index in slots.indices where owner(index) ?? ranks.rank != ranks.rank {
            for part in parts { slots[index][keyPath: part] = nil }
        }
    }

    private var parts: [WritableKeyPath<Slot, Tensor?>] {
        [\.firstMoment, \.secondMoment] + (settings.averageDecay > 0 ? [\.average] : [])
    }
}
