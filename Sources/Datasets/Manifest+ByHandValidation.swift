// SPDX-License-Identifier: Apache-2.0

extension Manifest {
    /// The first rule of a set that is fetched by hand which this manifest breaks; none when sound.
    func firstByHandProblem() -> String? {
        guard isByHand else {
            if subsets != nil || parts != nil || training != nil {
                return "sources: subsets, parts and training belong to a manual source alone"
            }
            return nil
        }
        if !sources.allSatisfy({ $0.kind == .manual }) || !splits.isEmpty {
            return "sources: a manual source stands without others, and without splits"
        }
        guard let subsets, let parts, let training, !subsets.isEmpty, !parts.isEmpty,
            !training.isEmpty
        else { return "parts: a manual source needs subsets, parts and training" }
        return problem(of: subsets) ?? problem(of: parts, subsets) ?? problem(of: training, parts)
    }

    private func problem(of subsets: [Subset]) -> String? {
        if let twice = Self.repeated(subsets.map(\.name)) {
            return "subsets: \"\(twice)\" appears twice"
        }
        for subset in subsets {
            if let odd = subset.counts.keys.sorted().first(where: { !Self.countNames.contains($0) })
            {
                return "subsets: \"\(odd)\" of \(subset.name) is none of "
                    + Self.countNames.joined(separator: ", ")
            }
            if subset.counts.values.contains(where: { $0 <= 0 }) || subset.counts.isEmpty {
                return "subsets: \(subset.name) needs counts above 0"
            }
            if subset.source.isEmpty { return "subsets: \(subset.name) names no source" }
        }
        return nil
    }

    private func problem(of parts: [Part], _ subsets: [Subset]) -> String? {
        if let twice = Self.repeated(parts.map(\.name)) {
            return "parts: \"\(twice)\" appears twice"
        }
        for part in parts {
            let place = "parts: \(part.name)"
            let subset = subsets.first { $0.name == part.subset }
            if part.subset != nil && subset == nil {
                return "\(place): no subset is called \"\(part.subset ?? "")\""
            }
            if part.at.isEmpty || !part.at.allSatisfy({ $0 == "." || Self.isSafePath($0) }) {
                return "\(place): at needs plain relative paths"
            }
            if let files = part.files, !Self.isSafePath(files) {
                return "\(place): files: \"\(files)\" is not a plain relative pattern"
            }
            if let count = part.count, subset?.counts[count] == nil {
                return "\(place): its subset has no count \"\(count)\""
            }
            if let list = part.listedBy,
                list == part.name || !parts.contains(where: { $0.name == list })
            {
                return "\(place): listed-by names no other part"
            }
        }
        return nil
    }

    private func problem(of training: [Training], _ parts: [Part]) -> String? {
        for use in training {
            let place = "training: \(use.recipe)"
            if !Self.isSafePath(use.recipe) || !use.recipe.hasSuffix(".yaml") {
                return "\(place): not the path of a recipe"
            }
            if use.commands.isEmpty || use.keys.isEmpty { return "\(place): no command or no key" }
            if let odd = use.parts.first(where: { name in !parts.contains { $0.name == name } }) {
                return "\(place): no part is called \"\(odd)\""
            }
        }
        return nil
    }

    private static func repeated(_ names: [String]) -> String? {
        var seen: Set<String> = []
        return names.first { !seen.insert($0).inserted }
    }
}
