// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Autodiff
import Backbones
import Checkpoints
import CommandLineSupport
import Reversible
import Tensors

/// `dr2net backbone features`.
struct BackboneFeaturesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "features",
        abstract: "Compute the features of preprocessed images or clips.",
        discussion: """
            The input is [N, 3, H, W], or [N, 3, T, H, W] for networks of clips, normalised as \
            the network expects. The output, after the last norm, is [N, tokens, C], a class \
            token first, or for Swin the last grid, [N, H, W, C] or [N, T, H, W, C].
            """)

    @OptionGroup var network: BackboneOptions
    @OptionGroup var ways: WayOptions

    @Option(
        help: "Pretrained weights: safetensors, PyTorch or ONNX, told by content.",
        completion: .file())
    var weights: String

    @Option(help: "Preprocessed images or clips (.npy).", completion: .file(extensions: ["npy"]))
    var input: String

    @Option(help: "Where the features go (.npy).", completion: .file(extensions: ["npy"]))
    var output: String

    @OptionGroup var random: SeedOption
    @OptionGroup var common: CommonOptions

    func run() throws {
        let console = common.start()
        try OutputPlan.check(output, inputs: [input, weights])
        let images = try Npy.readTensor(input).converted(to: .float32)
        try network.check(images.shape, what: input)
        let backbone = try network.load(
            weights: weights, seed: random.seed, console: console)
        let features = try backbone.features(
            Variable(images),
            Context(key: RandomKey(seed: random.seed))
                .running(ways.evaluationWay, tile: ways.slices)
        ).tensor
        try Npy.write(features, to: output)
        let result = Result(
            backbone: backbone.name, way: ways.way.rawValue, output: output,
            shape: features.shape, positions: backbone.positionRule?.rawValue)
        try console.result(result) {
            "\(output): features \(features.shape), float32"
                + (result.positions.map { ", positions \($0)" } ?? "")
        }
    }

    /// What is printed.
    private struct Result: Encodable {
        let backbone, way, output: String
        let shape: [Int]
        let positions: String?
    }
}
