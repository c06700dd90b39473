// SPDX-License-Identifier: Apache-2.0

/// The dictionaries under ``TorchCheckpoint/wrappers`` in those of a pickle.
struct WrappedDictionaries {
    /// What is known of a dictionary.
    private struct Contents {
        /// Tensors in it.
        var tensors = 0
        /// The first dictionary under each wrapper's key.
        var wrapped: [String: Int] = [:]
    }

    private let machine: PickleMachine
    /// Each is looked through once, however often a hostile file refers to it.
    private var known: [Int: Contents] = [:]

    init(_ machine: PickleMachine) { self.machine = machine }

    /// The preferred of the dictionaries with tensors inside, and the keys of the others.
    ///
    /// A dictionary of a few tensors beside a full one (an average's own options) is not preferred;
    /// one without any is taken where there is no other, so that the message says what it holds.
    mutating func preferred(
        in index: Int
    ) -> (key: String, dictionary: Int, others: [String])? {
        let inner = contents(index).wrapped
        let found = TorchCheckpoint.wrappers.compactMap { key in
            inner[key].map { (key: key, dictionary: $0) }
        }
        var counts: [Int] = []
        for one in found { counts.append(tensorCount(one.dictionary)) }
        let most = counts.max() ?? 0
        guard let best = counts.firstIndex(where: { 4 * $0 >= 3 * most }) else { return nil }
        let others = zip(found, counts).filter { $1 > 0 && $0.key != found[best].key }
        return (found[best].key, found[best].dictionary, others.map { $0.0.key })
    }

    private mutating func tensorCount(_ index: Int) -> Int {
        let own = contents(index)
        var most = own.tensors
        for inner in own.wrapped.values { most = max(most, contents(inner).tensors) }
        return most
    }

    private mutating func contents(_ index: Int) -> Contents {
        if let known = known[index] { return known }
        var result = Contents()
        for (key, value) in machine.dictionaries[index] {
            switch (key, value) {
            case (_, .tensor): result.tensors += 1
            case (.text(let name), .dictionary(let next))
            where result.wrapped[name] == nil && TorchCheckpoint.wrappers.contains(name):
                result.wrapped[name] = next
            default: break
            }
        }
        known[index] = result
        return result
    }
}
