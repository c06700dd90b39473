// SPDX-License-Identifier: Apache-2.0
package import Ranks

/// The processes of a run and the recipe that rank 0 gives the others.
package struct RunRanks {
    /// The processes.
    package let group: any RankGroup
    /// The resolved recipe as YAML.
    package let recipe: String

    /// The processes of a run.
    package init(_ group: any RankGroup, recipe: String) {
        self.group = group
        self.recipe = recipe
    }

    /// Waits until the rank before this one has prepared its data, and takes over its recipe.
    package static func await(_ group: any RankGroup) throws -> RunRanks {
        let bytes = try group.receive(from: group.rank - 1, tag: RankTag.recipe)
        return RunRanks(group, recipe: String(decoding: bytes, as: UTF8.self))
    }

    /// Lets the next rank begin: one after the other, as they may prepare the same files.
    func wakeNext() throws {
        guard group.rank + 1 < group.count else { return }
        try group.send(Array(recipe.utf8), to: group.rank + 1, tag: RankTag.recipe)
    }

    /// Waits until rank 0 has written its results; every rank calls it last.
    package func end() throws {
        _ = try group.fromFirst([], tag: RankTag.end)
    }
}
