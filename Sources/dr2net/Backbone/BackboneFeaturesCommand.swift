// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Autodiff
import Backbones
import Checkpoints
import CommandLineSupport
import Tensors

/// `dr2net backbone features`.
struct BackboneFeaturesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "features",
        abstract: "Compute the features of preprocessed images.",
        discussion: """
            The input is [N, 3, H, W], normalised as the network expects; the output \
            [N, tokens, C], after the last norm, the class token first.
            """)

    @OptionGroup var network: BackboneOptions
    @OptionGroup var ways: WayOptions

    @Option(
        help: "Pretrained weights: safetensors, PyTorch or ONNX, told by content.",
        completion: .file())
    var weights: String

    @Option(help: "Preprocessed images (.npy).", completion: .file(extensions: ["npy"]))
    var input: String

    @Option(help: "Where the features go (.npy).", completion: .file(extensions: ["npy"]))
    var output: String

    @OptionGroup var common: CommonOptions

    func run() throws {
        let console = common.start()
        let images = try Npy.readTensor(input).converted(to: .float32)
        let backbone = try network.load(
            weights: weights, seed: common.seed, console: console)
        try BackboneInput.check(images.shape, for: backbone, what: input)
        let features = try backbone.features(
            Variable(images), way: ways.evaluationWay, tile: ways.slices,
            Context(key: RandomKey(seed: common.seed))
        ).tensor
        try Npy.write(features, to: output)
        let result = Result(
            backbone: backbone.name, way: ways.way.rawValue, output: output,
            shape: features.shape, positions: backbone.configuration.positionRule.rawValue)
        try console.result(result) {
            "\(output): features \(features.shape), float32, positions \(result.positions)"
        }
    }

    /// What is printed.
    private struct Result: Encodable {
        let backbone, way, output: String
        let shape: [Int]
        let positions: String
    }
}
