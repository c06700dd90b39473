// SPDX-License-Identifier: Apache-2.0
import Autodiff
package import Files
import Foundation
import Layers
import Tensors
import TextFormats

extension TrainingRecipe {
    /// Takes what `optimizer.freeze` names out of training: for a task that plans its memory, as
    /// the loop does the same only later.
    ///
    /// - Throws: One line for a pattern that matches no parameter.
    package func freeze(_ groups: [ParameterGroup]) throws(InputError) {
        _ = try FrozenParameters.freeze(frozenPatterns, among: groups.flatMap(\.entries))
    }
}

/// Parameters that a recipe keeps as they are, by shell patterns of their names.
enum FrozenParameters {
    /// Takes the parameters that match any of the patterns out of training.
    ///
    /// `*` stands for any characters, dots included, `?` for one, `[0-3]` for one of a range; a
    /// backslash takes the next character as it is (POSIX `fnmatch`).
    ///
    /// - Returns: the number of parameters and of their scalars that match.
    /// - Throws: One line for a pattern that matches no parameter.
    static func freeze(
        _ patterns: [String], among entries: [ModuleRegistry.Entry]
    ) throws(InputError) -> (parameters: Int, scalars: Int) {
        var isFrozen = [Bool](repeating: false, count: entries.count)
        for pattern in patterns {
            let matches = entries.map { fnmatch(pattern, $0.name, 0) == 0 }
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
        return (frozen.count, frozen.reduce(0) { $0 + $1.tensor.count })
    }
}
