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
    /// What the file's names have before the family's own, without wrappers: `backbone.` or nothing.
    package let prefix: String
    /// The prefixes of further copies of the network, which were passed over.
    package let passedOver: [String]
    /// What wrappers have put into the file's names.
    package let wrappers: [String]
    /// Tensors of the file that were used.
    package private(set) var usedCount = 0
    /// Side of the file's grid of learned positions, where it is another one than the network's.
    package private(set) var positionGrid: Int?
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
    private let names: PlainNames

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
        let names = PlainNames(state.names)
        self.names = names
        wrappers = names.removed
        // What the user wants passed over is no copy of the network.
        let wanted = names.names.filter { !allowing.allowsUnexpected([names.source($0), $0]) }
        var best: (family: CheckpointFamily, copies: NetworkCopies, sources: [TensorSource])?
        for family in families {
            let sources = expected.map { family.source(of: $0.name, stages: stages) }
            let own = Set(sources.flatMap { $0.alternatives.joined() })
            guard
                let copies = NetworkCopies(of: own, in: wanted)
                    ?? NetworkCopies(of: own, in: names.names),
                copies.chosen.votes > best?.copies.chosen.votes ?? 0,
                4 * copies.chosen.votes >= expected.count
            else { continue }
            best = (family, copies, sources)
        }
        guard let best else { return nil }
        family = best.family
        prefix = best.copies.chosen.prefix
        passedOver = best.copies.others.map(\.prefix)
        if best.copies.isAmbiguous { report.copies = [prefix] + passedOver }
        for (entry, source) in zip(expected, best.sources) {
            values.append(
                value(of: entry, source, in: state, window: window, allowing, dtype))
        }
        usedCount = used.count { state.value(names.source($0)) != nil }
        sortRest(of: state, allowing)
    }

    /// The file's array under a plain name.
    private func value(_ name: String, in state: StateDict) -> TensorValue? {
        state.value(names.source(name))
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
            all.first { $0.allSatisfy { value($0, in: state) != nil } }
            ?? all.first { $0.contains { value($0, in: state) != nil } } ?? all[0]
        used.formUnion(names)
        let missing = names.filter { value($0, in: state) == nil }
        guard missing.isEmpty else {
            let aliases = source.alternatives.joined() + names
            if missing.count == names.count, allowing.allowsMissing([entry.name] + aliases) {
                kept.append(entry.name)
            } else {
                report.missing += missing
            }
            return nil
        }
        let parts = names.compactMap { state[self.names.source($0)]?.converted(to: dtype) }
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
        if let grid = PositionInterpolation.grid(of: value, for: entry.name, entry.shape) {
            positionGrid = grid
            return value
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
        // Where the whole network is wrapped, what stands beside the wrapper isn't the network's.
        let isWrapped = used.contains { PlainNames.isWrapped(names.source($0)) }
        for plain in names.names where !used.contains(plain) {
            let name = names.source(plain), inner = String(plain.dropFirst(prefix.count))
            let isInside =
                plain.hasPrefix(prefix) && (!isWrapped || PlainNames.isWrapped(name))
            let isAllowed = allowing.allowsUnexpected([name, plain, inner])
            let isLearned =
                family.isFixedTable(inner) && state[name].map(SinePositions.isTable) == false
            if isInside, isLearned || !family.isOutsideBackbone(inner), !isAllowed {
                report.unexpected.append(name)
            } else {
                leftOut.append(name)
                if isInside, isAllowed, let what = KeyReport.furtherTokens(name) {
                    warnings.append(
                        "\(name): passed over, but the file's network was trained with \(what); "
                            + "without them its features differ")
                }
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

    /// Prefixes of copies of the network none of which is known to be the one to take.
    package fileprivate(set) var copies: [String] = []

    /// Whether the file fits.
    package var isEmpty: Bool {
        missing.isEmpty && unexpected.isEmpty && misshaped.isEmpty && copies.isEmpty
    }

    /// Tokens beside the class token and the patches that a network was trained with; nil for
    /// another key.
    static func furtherTokens(_ key: String) -> String? {
        switch key.split(separator: ".").last {
        case "register_tokens", "reg_token": "register tokens"
        case "pos_embed", "position_embeddings": "learned positions"
        case "storage_tokens": "storage tokens (registers)"
        case "dist_token", "distillation_token": "a distillation token"
        default: nil
        }
    }

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
        if let first = unexpected.lazy.compactMap(KeyReport.furtherTokens).first {
            parts.append(
                "the file's network has \(first), which \(backbone) hasn't: take a file of the same "
                    + "network without them")
        }
        if !copies.isEmpty {
            parts.append(
                "\(copies.count) copies of the network, under "
                    + copies.map { "\"\($0)\"" }.joined(separator: ", ")
                    + ": name those to pass over in backbone.allowUnexpected (--allow-unexpected), "
                    + "such as \"\(copies.last ?? "")*\"")
        } else if !unexpected.isEmpty {
            parts.append(
                "to pass over keys that aren't the network's, name them in "
                    + "backbone.allowUnexpected (--allow-unexpected)")
        }
        return "\(path) doesn't fit \(backbone): " + parts.joined(separator: "; ")
    }
}
