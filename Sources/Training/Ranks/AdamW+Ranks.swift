// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Optimizers
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
            for receiver in 1..<ranks.count where owner(index) ?? receiver == receiver {
                try move(index, ranks, from: 0, to: receiver)
            }
        }
        release(ranks, owner: owner)
    }

    /// Rank 0 gets the state of all parameters, for a checkpoint or an evaluation.
    func gather(_ ranks: TrainingRanks, owner: (Int) -> Int?) throws {
        for index in slots.indices where slots[index].updates > 0 {
            guard let owner = owner(index), owner > 0 else { continue }
            try move(index, ranks, from: owner, to: 0)
        }
    }

    /// Drops the state that another rank keeps.
    func release(_ ranks: TrainingRanks, owner: (Int) -> Int?) {
        for index in slots.indices where owner(index) ?? ranks.rank != ranks.rank {
            slots[index].firstMoment = nil
            slots[index].secondMoment = nil
            slots[index].average = nil
        }
    }

    private func move(_ index: Int, _ ranks: TrainingRanks, from: Int, to: Int) throws {
        let slot = slots[index]
        let moment = slot.momentShape, type = slot.momentType
        try ranks.move(&slots[index].firstMoment, shape: moment, dtype: type, from: from, to: to)
        try ranks.move(&slots[index].secondMoment, shape: moment, dtype: type, from: from, to: to)
        guard settings.averageDecay > 0 else { return }
        let weights = slot.parameter.tensor
        try ranks.move(
            &slots[index].average, shape: weights.shape, dtype: weights.dtype, from: from, to: to)
    }
}
