// SPDX-License-Identifier: Apache-2.0
import Autodiff
package import Checkpoints
import Layers
import Tensors

/// Weights that don't fit the network.
package struct WeightsError: Error, Sendable, CustomStringConvertible {
    /// What was found, what was expected, what to do.
    package let description: String
}

/// Loading a published checkpoint into a backbone, and writing one back.
package struct PretrainedWeights: Sendable {
    /// The names that the file uses.
    package let family: CheckpointFamily
    /// The file's keys that belong to heads or to other parts, left out.
    package let leftOut: [String]

    /// Loads weights of any known family, strictly.
    ///
    /// - Throws: ``WeightsError`` listing every missing, unexpected and misshaped key; nothing
    ///   is assigned then.
    package static func load(_ state: StateDict, into backbone: any Backbone, from path: String)
        throws(WeightsError) -> PretrainedWeights
    {
        guard let (family, prefix) = CheckpointFamily.detect(state.names) else {
            let some = state.names.prefix(3).joined(separator: ", ")
            throw WeightsError(
                description: "\(path): no vision transformer among its \(state.count) tensors "
                    + "(\(some) …), expected a class token under a timm or transformers name")
        }
        var report = KeyReport()
        var used: Set<String> = []
        var values: [Tensor] = []
        for entry in backbone.namedParameters {
            let names = family.sourceNames(entry.name).map { prefix + $0 }
            let parts = names.compactMap { state[$0] }
            used.formUnion(names)
            report.missing += names.filter { state[$0] == nil }
            guard parts.count == names.count else { continue }
            let shape = entry.parameter.shape
            guard let value = joined(parts), value.shape == shape else {
                report.misshaped.append(
                    "\(names.joined(separator: " + ")): file "
                        + "\(parts.map { "\($0.shape)" }.joined(separator: " + ")), "
                        + "model \(shape)")
                continue
            }
            values.append(value.converted(to: entry.parameter.tensor.dtype))
        }
        let rest = state.names.filter { !used.contains($0) }
        let inside = rest.filter {
            $0.hasPrefix(prefix)
                && !CheckpointFamily.isOutsideBackbone(String($0.dropFirst(prefix.count)))
        }
        report.unexpected = inside
        if !report.isEmpty { throw WeightsError(description: report.text(path, backbone.name)) }
        for (entry, value) in zip(backbone.namedParameters, values) {
            entry.parameter.tensor = value
        }
        let leftOut = rest.filter { !inside.contains($0) }
        return PretrainedWeights(family: family, leftOut: leftOut)
    }

    /// The backbone's weights under the names of a family, ready for other tools.
    package static func export(_ backbone: any Backbone, family: CheckpointFamily) -> StateDict {
        var tensors: [(name: String, tensor: Tensor)] = []
        for entry in backbone.namedParameters {
            let names = family.sourceNames(entry.name)
            let value = entry.parameter.tensor
            if names.count == 1 {
                tensors.append((names[0], value))
            } else {
                let rows = value.shape[0] / names.count
                for (index, name) in names.enumerated() {
                    tensors.append((name, value.rows(index * rows..<(index + 1) * rows)))
                }
            }
        }
        return StateDict(tensors)
    }

    /// Queries, keys and values in one tensor, or nil where their shapes differ.
    private static func joined(_ parts: [Tensor]) -> Tensor? {
        guard let first = parts.first else { return nil }
        let fits = parts.allSatisfy {
            $0.rank > 0 && $0.shape == first.shape && $0.dtype == first.dtype
        }
        return parts.count == 1 ? first : fits ? Tensor.joiningRows(parts) : nil
    }
}

/// The differences between a file and a network.
private struct KeyReport {
    var missing: [String] = []
    var unexpected: [String] = []
    var misshaped: [String] = []

    var isEmpty: Bool { missing.isEmpty && unexpected.isEmpty && misshaped.isEmpty }

    func text(_ path: String, _ backbone: String) -> String {
        var parts: [String] = []
        func add(_ title: String, _ keys: [String]) {
            if !keys.isEmpty {
                parts.append("\(keys.count) \(title): " + keys.joined(separator: ", "))
            }
        }
        add("missing", missing)
        add("unexpected", unexpected)
        add("misshaped", misshaped)
        return "\(path) doesn't fit \(backbone): " + parts.joined(separator: "; ")
    }
}
