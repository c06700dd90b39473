// SPDX-License-Identifier: Apache-2.0
package import Checkpoints
package import Tensors

/// A file's tensors found for a network's parameters: what loading would assign.
package struct WeightMatch {
    /// A parameter of ours.
    package struct Expected: Sendable {
        let name: String
        let shape: [Int]

        /// A parameter under our name.
        package init(name: String, shape: [Int]) {
            self.name = name
            self.shape = shape
        }
    }

    /// The names that the file uses.
    package let family: CheckpointFamily
    /// What the file's names have before the family's own: `backbone.`, `module.` or nothing.
    package let prefix: String
    /// The values in the order of the parameters; nil for those that keep theirs.
    package private(set) var values: [Tensor?] = []
    /// What does not fit.
    package private(set) var report = KeyReport()
    /// Parameters that are missing and may be.
    package private(set) var kept: [String] = []
    /// Keys of heads, of fixed tables and of others that were passed over.
    package private(set) var leftOut: [String] = []
    /// What was done to values (inflated, resized); one line each.
    package private(set) var notes: [String] = []
    /// What is wrong with values that fit; one line each.
    package private(set) var warnings: [String] = []
    private var used: Set<String> = []

    /// Finds the family by content and the values by the family.
    ///
    /// Nil where no family has a quarter of its names in the file.
    ///
    /// - Parameters:
    ///   - families: The candidates; the first of equals wins.
    ///   - window: The sides of the network's attention window, for relative biases.
    package init?(
        _ state: StateDict, _ expected: [Expected], families: [CheckpointFamily], window: [Int]?,
        allowing: KeyTolerance = .none, dtype: DType = .float32
    ) {
        let stages = SwinName.stageCount(expected.map(\.name))
        var best: (family: CheckpointFamily, prefix: String, sources: [TensorSource], votes: Int)?
        for family in families {
            let sources = expected.map { family.source(of: $0.name, stages: stages) }
            let names = Set(sources.flatMap { $0.alternatives.joined() })
            guard let (prefix, votes) = WeightMatch.prefix(of: names, in: state.names),
                votes > best?.votes ?? 0, 4 * votes >= expected.count
            else { continue }
            best = (family, prefix, sources, votes)
        }
        guard let best else { return nil }
        family = best.family
        prefix = best.prefix
        for (entry, source) in zip(expected, best.sources) {
            values.append(
                value(of: entry, source, in: state, window: window, allowing, dtype))
        }
        sortRest(of: state, allowing)
    }

    /// The prefix under which most of the names are found, and how many are.
    private static func prefix(
        of names: Set<String>, in keys: [String]
    ) -> (prefix: String, votes: Int)? {
        var votes: [String: Int] = [:], order: [String] = []
        func vote(_ prefix: Substring) {
            let prefix = String(prefix)
            if votes[prefix, default: 0] == 0 { order.append(prefix) }
            votes[prefix, default: 0] += 1
        }
        for key in keys {
            if names.contains(key) { vote("") }
            // Wrappers nest a few levels deep, not without bound.
            var rest = key[...]
            for _ in 0..<8 {
                guard let dot = rest.firstIndex(of: ".") else { break }
                rest = rest[rest.index(after: dot)...]
                if names.contains(String(rest)) { vote(key[..<rest.startIndex]) }
            }
        }
        var best: (prefix: String, votes: Int)?
        for prefix in order {
            let count = votes[prefix, default: 0]
            if count > best?.votes ?? 0 { best = (prefix, count) }
        }
        return best
    }

    /// `a.b.`, then `a.`, then nothing.
    private static func outerPrefixes(_ prefix: String) -> [String] {
        let parts = prefix.split(separator: ".").map { "\($0)." }
        return (0...parts.count).reversed().map { parts.prefix($0).joined() }
    }

    /// One parameter's value, or nil with the reason noted.
    private mutating func value(
        of entry: Expected, _ source: TensorSource, in state: StateDict, window: [Int]?,
        _ allowing: KeyTolerance, _ dtype: DType
    ) -> Tensor? {
        let prefixes = source.isAlsoOutside ? WeightMatch.outerPrefixes(prefix) : [prefix]
        let all = prefixes.flatMap { prefix in
            source.alternatives.map { $0.map { prefix + $0 } }
        }
        let names =
            all.first { $0.allSatisfy { state.value($0) != nil } }
            ?? all.first { $0.contains { state.value($0) != nil } } ?? all[0]
        used.formUnion(names)
        let missing = names.filter { state.value($0) == nil }
        guard missing.isEmpty else {
            let aliases = source.alternatives.joined() + names
            if missing.count == names.count, allowing.allowsMissing([entry.name] + aliases) {
                kept.append(entry.name)
            } else {
                report.missing += missing
            }
            return nil
        }
        let parts = names.compactMap { state[$0]?.converted(to: dtype) }
        func misshaped(_ what: String) {
            report.misshaped.append(
                "\(names.joined(separator: " + ")): file \(what), model \(entry.shape)")
        }
        guard parts.count == names.count else {
            misshaped("integers, which weights are not")
            return nil
        }
        let joined = WeightAdaptation.joined(parts)
        guard let joined, let value = fitted(joined, entry, source, window, names[0]) else {
            misshaped(parts.map { "\($0.shape)" }.joined(separator: " + "))
            return nil
        }
        if let warning = PretrainedWeights.warning(about: value) {
            warnings.append("\(names.joined(separator: " + ")): \(warning)")
        }
        return value
    }

    /// The value in our shape and order, or nil.
    private mutating func fitted(
        _ value: Tensor, _ entry: Expected, _ source: TensorSource, _ window: [Int]?,
        _ name: String
    ) -> Tensor? {
        if value.shape == entry.shape {
            return source.isUnfolded ? WeightAdaptation.reorderedMerging(value) : value
        }
        if let result = WeightAdaptation.inflatedPatches(value, to: entry.shape) {
            notes.append("\(name): inflated from \(value.shape) to \(entry.shape) over time")
            return result
        }
        if entry.name.hasSuffix(SwinName.table), let window,
            let result = WeightAdaptation.biasTable(value, to: entry.shape, window: window)
        {
            notes.append("\(name): fitted from \(value.shape) to the window \(window)")
            return result
        }
        return nil
    }

    /// Tells what else the file has: unexpected, or left out.
    private mutating func sortRest(of state: StateDict, _ allowing: KeyTolerance) {
        for name in state.names where !used.contains(name) {
            let inner = String(name.dropFirst(prefix.count))
            if name.hasPrefix(prefix), !family.isOutsideBackbone(inner),
                !allowing.allowsUnexpected([name, inner])
            {
                report.unexpected.append(name)
            } else {
                leftOut.append(name)
            }
        }
    }
}

/// The differences between a file and a network.
package struct KeyReport: Sendable {
    /// Names that the network needs and the file hasn't.
    package fileprivate(set) var missing: [String] = []
    /// Names that the file has and the network hasn't.
    package fileprivate(set) var unexpected: [String] = []
    /// Tensors of another shape or type, with both.
    package fileprivate(set) var misshaped: [String] = []

    /// Whether the file fits.
    package var isEmpty: Bool { missing.isEmpty && unexpected.isEmpty && misshaped.isEmpty }

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
