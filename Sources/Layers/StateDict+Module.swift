// SPDX-License-Identifier: Apache-2.0
import Autodiff
package import Tensors

/// Why a set of named tensors doesn't fit a module; lists every name at fault.
package struct LoadError: Error, Sendable, CustomStringConvertible {
    /// A tensor whose shape differs.
    package struct Misshaped: Sendable, Equatable {
        /// The checkpoint name.
        package let name: String
        /// The shape found.
        package let file: [Int]
        /// The shape expected.
        package let model: [Int]
    }

    /// Names that the module has and the file hasn't.
    package let missing: [String]
    /// Names that the file has and the module hasn't.
    package let unexpected: [String]
    /// Names that the file has more than once.
    package let repeated: [String]
    /// Tensors whose shapes differ.
    package let misshaped: [Misshaped]

    /// One line: what was found, what was expected, what to do.
    package var description: String {
        var parts: [String] = []
        func list(_ label: String, _ names: [String]) {
            if !names.isEmpty {
                parts.append("\(names.count) \(label): " + names.joined(separator: ", "))
            }
        }
        list("missing in the file", missing)
        list("not in the model", unexpected)
        list("repeated in the file", repeated)
        list(
            "of another shape",
            misshaped.map { "\($0.name): file \($0.file), model \($0.model)" })
        return "the weights don't fit the model: " + parts.joined(separator: "; ")
            + "; choose the model that these weights belong to"
    }
}

extension Module {
    /// All parameters' values with their checkpoint names, in order.
    package var stateDict: [(name: String, tensor: Tensor)] {
        namedParameters.map { ($0.name, $0.parameter.tensor) }
    }

    /// Takes every parameter from named tensors, rounded to each parameter's scalar type.
    ///
    /// Strict: nothing is assigned unless every name and shape agrees.
    ///
    /// - Parameters:
    ///   - tensors: In any order.
    ///   - ignoring: Says which names of the file to pass over.
    ///   - keeping: Says which of the module's names may be missing and then stay as they are.
    /// - Throws: ``LoadError`` with every name at fault.
    package func load(
        _ tensors: [(name: String, tensor: Tensor)],
        ignoring: (String) -> Bool = { _ in false }, keeping: (String) -> Bool = { _ in false }
    ) throws(LoadError) {
        var byName: [String: Tensor] = [:]
        var repeated: [String] = [], unexpected: [String] = []
        let entries = namedParameters
        let known = Set(entries.map(\.name))
        for (name, tensor) in tensors where !ignoring(name) {
            if !known.contains(name) { unexpected.append(name) }
            if byName.updateValue(tensor, forKey: name) != nil { repeated.append(name) }
        }
        var missing: [String] = [], misshaped: [LoadError.Misshaped] = []
        for entry in entries {
            guard let tensor = byName[entry.name] else {
                if !keeping(entry.name) { missing.append(entry.name) }
                continue
            }
            let expected = entry.parameter.shape
            if tensor.shape != expected {
                misshaped.append(
                    LoadError.Misshaped(name: entry.name, file: tensor.shape, model: expected))
            }
        }
        guard missing.isEmpty, unexpected.isEmpty, repeated.isEmpty, misshaped.isEmpty else {
            throw LoadError(
                missing: missing, unexpected: unexpected, repeated: repeated,
                misshaped: misshaped)
        }
        for entry in entries {
            guard let tensor = byName[entry.name] else { continue }
            entry.parameter.tensor = tensor.converted(to: entry.parameter.tensor.dtype)
        }
    }
}
