// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Autodiff
import Backbones
import Checkpoints
import CommandLineSupport
import Console
import Layers
import Measurements
import Reversible
import Tensors

/// `dr2net backbone gradients`.
struct BackboneGradientsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gradients",
        abstract: "Compute the gradients of mean(features²).",
        discussion: """
            The file holds one array a parameter under its checkpoint name, and `input`; its \
            metadata say the loss and the way.
            """)

    @OptionGroup var network: BackboneOptions
    @OptionGroup var ways: WayOptions

    @Option(
        help: "Pretrained weights: safetensors, PyTorch or ONNX, told by content.",
        completion: .file())
    var weights: String

    @Option(help: "Preprocessed images or clips (.npy).", completion: .file(extensions: ["npy"]))
    var input: String

    @Option(
        help: "Where the gradients go (.safetensors).",
        completion: .file(extensions: ["safetensors"]))
    var output: String

    @Option(help: "Number type of weights, input and gradients.")
    var dtype = NumberType.float32

    @OptionGroup var random: SeedOption
    @OptionGroup var common: CommonOptions

    func validate() throws {
        if ways.way == .frozen {
            throw ValidationError("--way frozen has no gradients; choose another way")
        }
    }

    func run() throws {
        let console = common.start()
        try OutputPlan.check(output, inputs: [input, weights])
        let key = RandomKey(seed: random.seed)
        let images = try Npy.readTensor(input).converted(to: dtype.tensorType)
        try network.check(images.shape, what: input)
        let backbone = try network.load(
            weights: weights, seed: random.seed, dtype: dtype.tensorType, console: console)
        let tape = Tape()
        let leaf = tape.input(images)
        let features = try backbone.features(
            leaf,
            Context(tape: tape, isTraining: true, key: key)
                .running(ways.trainingWay(key: key), tile: ways.slices))
        let loss = MeanSquare.backward(features, on: tape)
        var state = StateDict()
        for entry in backbone.namedParameters {
            state[entry.name] =
                entry.parameter.gradient
                ?? Tensor(zeros: entry.parameter.shape, dtype: dtype.tensorType)
        }
        state["input"] = tape.gradient(of: leaf)
        state.metadata = [
            "loss": "\(loss)", "backbone": backbone.name, "way": ways.way.rawValue,
        ]
        if let rule = backbone.positionRule { state.metadata["positions"] = rule.rawValue }
        if let pair = ways.pair(key: key) {
            state.metadata["alpha"] = "\(pair.alpha)"
            state.metadata["beta"] = "\(pair.beta)"
            state.metadata["arithmetic"] = (ways.arithmetic ?? .exact).rawValue
        }
        try Safetensors.write(state, to: output)
        let result = Result(
            backbone: backbone.name, way: ways.way.rawValue, output: output, loss: loss,
            arrays: state.count)
        try console.result(result) {
            "\(output): \(state.count) gradients of mean(features²) = \(NumberText.short(loss))"
        }
    }

    /// What is printed.
    private struct Result: Encodable {
        let backbone, way, output: String
        let loss: Double
        let arrays: Int
    }
}

/// The number types by name.
enum NumberType: String, ExpressibleByArgument, CaseIterable {
    case float32, float64

    var tensorType: DType { self == .float32 ? .float32 : .float64 }
}
