// SPDX-License-Identifier: Apache-2.0
public import ArgumentParser
import Autodiff
import Backbones
import Checkpoints
import CommandLineSupport
import Files
import Layers
import Tensors

extension PositionRule: ExpressibleByArgument {}

/// Which network.
struct BackboneOptions: ParsableArguments {
    @Option(
        help: "The network, as `backbone list` names it.",
        completion: .list(BackboneCatalog.entries.map(\.name)))
    var backbone: String

    @Option(help: "How learned positions are resized. (default: as the weights' source does)")
    var positions: PositionRule?

    @OptionGroup var tolerance: ToleranceOptions

    func validate() throws {
        let entry = try entry()
        if let positions, !entry.hasLearnedPositions {
            throw ValidationError(
                "--positions \(positions.rawValue): \(backbone) has no learned positions; leave it out"
            )
        }
    }

    /// The catalogue's entry.
    func entry() throws -> BackboneCatalog.Entry { try BackboneCatalog.named(backbone) }

    /// The network, with the weights of a file or random ones.
    ///
    /// Without `--positions` the rule is that of the library whose names the file has.
    ///
    /// - Parameter console: Told what was done to tensors, and what is wrong with them.
    func load(
        weights: String?, seed: UInt64, dtype: DType = .float32, console: CommandOutput
    ) throws -> any Backbone {
        // The file first: random weights take longer than finding a wrong path.
        let state = try weights.map { try CheckpointFile.read($0) }
        let entry = try entry()
        let network = entry.make(
            key: RandomKey(seed: seed), positionRule: positions, dtype: dtype)
        guard let state, let weights else { return network }
        let found = try PretrainedWeights.load(
            state, into: network, from: weights,
            allowing: tolerance.tolerance)
        found.report(on: console)
        if positions == nil, network.positionRule != nil {
            network.positionRule = found.positionRule
        }
        return network
    }
}

/// Which differences between weights and network are no error.
struct ToleranceOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Parameters that the weights may lack, such as \"norm.*\"; they stay random.",
            valueName: "pattern"))
    var allowMissing: [String] = []

    @Option(
        help: ArgumentHelp(
            "Keys of the weights to pass over, such as \"neck.*\".", valueName: "pattern"))
    var allowUnexpected: [String] = []

    /// The patterns.
    var tolerance: KeyTolerance {
        KeyTolerance(missing: allowMissing, unexpected: allowUnexpected)
    }
}

extension PretrainedWeights {
    /// Prints what was read, what was done to tensors and, quiet or not, what is wrong with them.
    func report(on console: CommandOutput) {
        console.note(summary)
        for note in notes { console.note(note) }
        for warning in warnings { CommandOutput.complain("warning: \(warning)") }
    }
}

extension BackboneOptions {
    /// Checks the shape of a preprocessed input, before weights are read or drawn.
    func check(_ shape: [Int], what: String) throws {
        let input = try entry().input
        guard input.accepts(shape) else {
            throw InputError(
                "\(what): the input is \(shape), expected \(input.text) for \(backbone); crop or "
                    + "resize it")
        }
    }
}

extension BackboneCatalog {
    /// The backbone of a name on the command line.
    static func named(_ name: String) throws(ValidationError) -> Entry {
        guard let entry = entry(name) else {
            let names = entries.map(\.name).joined(separator: " ")
            throw ValidationError("no backbone is called \"\(name)\"; expected one of \(names)")
        }
        return entry
    }
}
