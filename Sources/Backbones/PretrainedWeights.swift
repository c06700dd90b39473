// SPDX-License-Identifier: Apache-2.0
import Autodiff
public import Checkpoints
import Layers
public import Tensors

/// Weights that don't fit the network.
public struct WeightsError: Error, Sendable, CustomStringConvertible {
    /// What was found, what was expected, what to do.
    public let description: String
}

/// Loading a published checkpoint into a backbone, and writing one back.
public struct PretrainedWeights: Sendable {
    /// The names that the file uses.
    public let family: CheckpointFamily
    /// What was read from where, in one line: file, family, prefix, keys used and left out.
    public let summary: String
    /// How the file itself says that positions are resized; nil where it doesn't.
    public let declaredRule: PositionRule?
    /// The file's keys that belong to heads or to other parts, left out.
    public let leftOut: [String]
    /// Parameters that the file hasn't, which were allowed to keep their random values.
    public let kept: [String]
    /// What was done to tensors (inflated, resized), a line each.
    public let notes: [String]
    /// What the user should look at (numbers that are not finite, parameters kept), a line each.
    public let warnings: [String]

    /// Loads weights of any family that the backbone names, strictly.
    ///
    /// The family and the prefix of a wrapped network are those under which most names are found;
    /// of several copies the averaged one (teacher, EMA) is taken. Learned positions keep the file's
    /// grid, which the network then has too.
    ///
    /// - Parameters:
    ///   - path: The file's name for messages.
    ///   - allowing: Differences that are no error.
    /// - Throws: ``WeightsError`` listing every missing, unexpected and misshaped key, with the
    ///   network that the file seems to be of; nothing is assigned then.
    public static func load(
        _ state: StateDict, into backbone: any Backbone, from path: String,
        allowing: KeyTolerance = .none
    ) throws(WeightsError) -> PretrainedWeights {
        let entries = backbone.namedParameters
        let match = WeightMatch(
            state, entries.map { .init(name: $0.name, shape: $0.parameter.shape) },
            families: backbone.families, window: backbone.attentionWindow, allowing: allowing,
            dtype: entries.first?.parameter.tensor.dtype ?? .float32)
        let advice = { ArchitectureGuess(state)?.advice(for: backbone.name) ?? "" }
        guard let match else {
            let some = state.names.prefix(3).joined(separator: ", ")
            throw WeightsError(
                description: "\(path): no weights of \(backbone.name) among its \(state.count) "
                    + "tensors (\(some) …), expected names of "
                    + backbone.families.map(\.rawValue).joined(separator: ", ") + advice())
        }
        guard match.report.isEmpty else {
            throw WeightsError(description: match.report.text(path, backbone.name) + advice())
        }
        var notes = match.notes
        if let grid = match.positionGrid, let own = backbone.positionGrid {
            backbone.positionGrid = grid
            notes.append(
                "positions of a grid of \(grid) x \(grid) in place of \(own) x \(own), resized to "
                    + "other inputs")
        }
        for (entry, value) in zip(entries, match.values) {
            if let value { entry.parameter.tensor = value }
        }
        let kept = match.kept.map { "\($0): missing in \(path), keeps its random values" }
        return PretrainedWeights(
            family: match.family, summary: summary(match, state, path),
            declaredRule: state.metadata[positionsKey].flatMap(PositionRule.init(rawValue:)),
            leftOut: match.leftOut, kept: match.kept, notes: notes.map { "\(path): \($0)" },
            warnings: match.warnings.map { "\(path): \($0)" } + kept)
    }

    /// The key of a file's metadata that tells the rule for its positions.
    package static let positionsKey = "positions"

    private static func summary(
        _ match: WeightMatch, _ state: StateDict, _ path: String
    ) -> String {
        var text = path
        if let part = state.part {
            text += " (\(part.taken)"
            if !part.others.isEmpty {
                text += ", passing over \(part.others.joined(separator: ", "))"
            }
            text += ")"
        }
        text += ": \(match.family.rawValue) names"
        if !match.prefix.isEmpty { text += " under \"\(match.prefix)\"" }
        if !match.passedOver.isEmpty {
            text +=
                " (passing over the copy under "
                + match.passedOver.map { "\"\($0)\"" }.joined(separator: ", ") + ")"
        }
        if !match.wrappers.isEmpty {
            text += " without \(match.wrappers.joined(separator: ", "))"
        }
        text += ", \(match.usedCount) keys used"
        if match.leftOut.isEmpty { return text + ", none left out" }
        let some = match.leftOut.prefix(4).joined(separator: ", ")
        return text + ", \(match.leftOut.count) left out: \(some)"
            + (match.leftOut.count > 4 ? ", ..." : "")
    }

    /// What is wrong with a tensor that has infinite numbers or NaN; nil for one that hasn't.
    package static func warning(about value: Tensor) -> String? {
        if value.sum().isFinite { return nil }
        let wrong =
            unsafe value.dtype == .float32
            ? value.withFloats { unsafe $0.reduce(0) { $1.isFinite ? $0 : $0 + 1 } }
            : unsafe value.withDoubles { unsafe $0.reduce(0) { $1.isFinite ? $0 : $0 + 1 } }
        return wrong == 0
            ? nil
            : "\(wrong) of \(value.count) numbers are infinite or not numbers; the checkpoint is "
                + "damaged or its training diverged"
    }

    /// The backbone's weights under the names of a family, ready for other tools.
    public static func export(_ backbone: any Backbone, family: CheckpointFamily) -> StateDict {
        export(backbone.stateDict, family: family)
    }

    /// Tensors of our names under those of a family, split and reordered as it has them.
    public static func export(
        _ parameters: [(name: String, tensor: Tensor)], family: CheckpointFamily
    ) -> StateDict {
        var tensors: [(name: String, tensor: Tensor)] = []
        let stages = SwinName.stageCount(parameters.map(\.name))
        for (name, value) in parameters {
            let source = family.source(of: name, stages: stages)
            let names = source.alternatives[0]
            if names.count == 1 {
                tensors.append(
                    (
                        names[0],
                        source.isUnfolded
                            ? WeightAdaptation.reorderedMerging(value, toUnfold: true) : value
                    ))
            } else {
                let rows = value.shape[0] / names.count
                for (index, name) in names.enumerated() {
                    tensors.append((name, value.rows(index * rows..<(index + 1) * rows)))
                }
            }
        }
        return StateDict(tensors)
    }
}
