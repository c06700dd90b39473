// SPDX-License-Identifier: Apache-2.0
public import ArgumentParser
import Backbones
import Checkpoints
import CommandLineSupport
import Files
import Foundation
import Tensors
import Training

extension CheckpointFamily: ExpressibleByArgument {}

/// `dr2net backbone convert`.
struct BackboneConvertCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convert",
        abstract: "Write a checkpoint of any format as safetensors.",
        discussion: """
            Without --to the file gets the same names, shapes, numbers and number types; heads and \
            tables included. With --to the tensors are checked against the network, renamed and \
            reordered for another library; what isn't the network's is left out.
            """)

    @Argument(help: "A checkpoint: PyTorch, safetensors, ONNX or npz.", completion: .file())
    var input: String

    @Argument(
        help: "Where it goes (.safetensors).", completion: .file(extensions: ["safetensors"]))
    var output: String

    @Flag(help: "Write half precision as float32 and every integer as 64 bits.")
    var widen = false

    @Option(help: "The names to write, as `backbone list` lists them. (with --backbone)")
    var to: CheckpointFamily?

    @Option(
        help: "The network that the file holds. (with --to)",
        completion: .list(BackboneCatalog.entries.map(\.name)))
    var backbone: String?

    @OptionGroup var tolerance: ToleranceOptions
    @OptionGroup var random: SeedOption
    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard output.hasSuffix(".safetensors") else {
            throw ValidationError("\(output): expected a name that ends in .safetensors")
        }
        guard (to == nil) == (backbone == nil) else {
            throw ValidationError("--to and --backbone come together")
        }
        guard let backbone else {
            if !tolerance.allowMissing.isEmpty || !tolerance.allowUnexpected.isEmpty {
                throw ValidationError("--allow-missing and --allow-unexpected belong to --to")
            }
            return
        }
        let entry = try BackboneCatalog.named(backbone)
        if let to, !entry.families.contains(to) {
            throw ValidationError(
                "--to \(to.rawValue): \(backbone) has names of "
                    + entry.families.map(\.rawValue).joined(separator: ", "))
        }
    }

    func run() throws {
        let console = common.start()
        try OutputPlan.check(output, inputs: [input])
        var state = try CheckpointFile.read(input)
        let metadata = state.metadata
        if let to, let backbone { state = try renamed(state, to, backbone, console) }
        state.metadata = metadata.merging(state.metadata) { $1 }
        state.metadata["format"] = "pt"
        state.metadata["converted_from"] = URL(fileURLWithPath: input).lastPathComponent
        state.metadata["converted_by"] = "dr2net \(Version.number)"
        if to == nil {
            for (name, tensor) in state.tensors {
                guard let warning = PretrainedWeights.warning(about: tensor) else { continue }
                CommandOutput.complain("warning: \(input): \(name): \(warning)")
            }
        }
        try Safetensors.write(state, to: output, types: widen ? .widened : .stored)
        let size = try FileManager.default.attributesOfItem(atPath: output)[.size] as? Int
        let result = Result(
            input: input, output: output, arrays: state.count, bytes: size ?? 0,
            family: to?.rawValue, backbone: backbone)
        try console.result(result) {
            "\(output): \(result.arrays) arrays, \(result.bytes) bytes"
                + (to.map { ", under \($0.rawValue) names" } ?? "")
        }
    }

    private func renamed(
        _ state: StateDict, _ family: CheckpointFamily, _ backbone: String, _ console: CommandOutput
    ) throws -> StateDict {
        let network = try BackboneCatalog.named(backbone).make(key: RandomKey(seed: random.seed))
        let found = try PretrainedWeights.load(
            state, into: network, from: input, allowing: tolerance.tolerance)
        found.report(on: console)
        var result = PretrainedWeights.export(network, family: family)
        result.metadata = ["backbone": backbone, "family": family.rawValue]
        if network.positionRule != nil {
            let own = found.positionRule, other = PretrainedWeights.positionRule(of: family)
            result.metadata[PretrainedWeights.positionsKey] = own.rawValue
            if own != other {
                console.note(
                    "positions are resized by the rule \(own.rawValue) in the library that \(input) "
                        + "comes from, and by \(other.rawValue) in that of \(family.rawValue) names: "
                        + "for inputs of another size than the file's grid the features differ "
                        + "there (dr2net keeps \(own.rawValue))")
            }
        }
        return result
    }

    /// What is printed.
    private struct Result: Encodable {
        let input, output: String
        let arrays, bytes: Int
        let family, backbone: String?
    }
}
