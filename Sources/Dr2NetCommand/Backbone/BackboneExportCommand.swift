// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Backbones
import Checkpoints
import CommandLineSupport
import Console
import Foundation

/// `dr2net backbone export`.
struct BackboneExportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write a run's finetuned backbone as an ordinary checkpoint.",
        discussion: """
            The file has the key names of the pretrained file, so that other tools load it as the \
            plain network. Its metadata hold the scores of that plain form (evaluation.mAP and so \
            on), where the run was evaluated at its newest checkpoint.
            """)

    @Option(
        name: .customLong("run"), help: "The run's folder.", completion: .directory)
    var runFolder: String

    @Option(
        help: "Where the weights go (.safetensors).",
        completion: .file(extensions: ["safetensors"]))
    var output: String

    @OptionGroup var noSeed: NoSeed
    @OptionGroup var common: CommonOptions

    func run() throws {
        let console = common.start()
        let names = (try? FileManager.default.contentsOfDirectory(atPath: runFolder)) ?? []
        try OutputPlan.check(output, inputs: names.map { "\(runFolder)/\($0)" })
        let finetuned = try FinetunedBackbone(run: runFolder) { console.note($0) }
        if finetuned.scores.isEmpty {
            console.note("the run has no evaluation at step \(finetuned.step): no score written")
        }
        try Safetensors.write(finetuned.weights, to: output)
        let result = Result(
            backbone: finetuned.backbone, family: finetuned.family.rawValue, output: output,
            step: finetuned.step, arrays: finetuned.weights.count,
            evaluation: finetuned.plainScores, evaluationInForce: finetuned.scores)
        try console.result(result) { result.text }
    }

    /// What is printed.
    private struct Result: Encodable {
        let backbone, family, output: String
        let step, arrays: Int
        let evaluation, evaluationInForce: [String: Double]

        var text: String {
            var lines = [
                "\(output): \(backbone) after \(step) steps, \(arrays) arrays under "
                    + "\(family) names"
            ]
            for name in evaluation.keys.sorted() {
                let plain = NumberText.short(evaluation[name] ?? 0)
                let inForce = evaluationInForce[name].map { NumberText.short($0) } ?? "unknown"
                lines.append("\(name): \(plain) in the plain form, \(inForce) in the form trained")
            }
            return lines.joined(separator: "\n")
        }
    }
}
