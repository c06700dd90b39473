// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Files
import Foundation
import Layers
import Recipes
import Tensors
import TextFormats

/// The parameters that `optimizer.freeze` keeps as they are, by shell patterns of their names.
struct FrozenParameters {
    /// The number of parameters.
    let parameters: Int
    /// The number of their scalars.
    let scalars: Int

    /// Takes the parameters that match any of the patterns out of training.
    ///
    /// `*` stands for any characters, dots included, `?` for one, `[0-3]` for one of a range; a
    /// backslash takes the next character as it is (POSIX `fnmatch`).
    ///
    /// - Throws: One line for a pattern that matches no parameter.
    init(_ patterns: [String], in groups: [RoleGroup]) throws(InputError) {
        let entries = groups.flatMap(\.entries)
        var isFrozen = [Bool](repeating: false, count: entries.count)
        for pattern in patterns {
            let matches = entries.map { unsafe fnmatch(pattern, $0.name, 0) == 0 }
            guard matches.contains(true) else {
                let near = NearestName.of(pattern, among: entries.map(\.name))
                throw InputError(
                    "optimizer.freeze: \"\(pattern)\" matches no parameter; expected a pattern of "
                        + "names such as \(near ?? entries.first?.name ?? "backbone.*")")
            }
            for (index, isMatch) in matches.enumerated() where isMatch { isFrozen[index] = true }
        }
        let frozen = zip(entries, isFrozen).filter(\.1).map(\.0.parameter)
        for parameter in frozen { parameter.isTrainable = false }
        parameters = frozen.count
        scalars = frozen.reduce(0) { $0 + $1.tensor.count }
    }
}
