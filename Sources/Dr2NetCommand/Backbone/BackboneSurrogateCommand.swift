// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Backbones
import CommandLineSupport
import Console
import Measurements
import Tensors

/// `dr2net backbone surrogate`.
struct BackboneSurrogateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "surrogate",
        abstract: "Measure how near the untrained dual-residual network is to the pretrained one.",
        discussion: """
            The number is the cosine of a token's final features in both networks, mean over \
            tokens and pictures, over (α, β). Each policy's start is marked with *. With \
            --gradients a second number is the cosine of all parameters' gradients, which says \
            how much alike the first steps are.
            """)

    @OptionGroup var network: BackboneOptions

    @Option(
        help: "Pretrained weights: safetensors, PyTorch or ONNX, told by content.",
        completion: .file())
    var weights: String

    @Argument(
        help: ArgumentHelp(
            "Pictures, videos, or preprocessed input (.npy); networks of clips take videos.",
            valueName: "inputs"),
        completion: .file())
    var inputs: [String]

    @Option(help: "Frames of each video, spread evenly. (default: 4; 16 for networks of clips)")
    var frames: Int?

    @Option(help: "Side of pictures and frames in pixels.")
    var size = 224

    @Flag(help: "Compare the gradients too: a backward pass for each pair.")
    var gradients = false

    @OptionGroup var random: SeedOption
    @OptionGroup var common: CommonOptions

    func validate() throws {
        if let frames, !(1...4096).contains(frames) {
            throw ValidationError("--frames \(frames): expected 1 to 4096")
        }
        guard (1...8192).contains(size) else {
            throw ValidationError("--size \(size): expected 1 to 8192 pixels")
        }
    }

    func run() throws {
        let console = common.start()
        let backbone = try network.load(
            weights: weights, seed: random.seed, console: console)
        let source = PictureInput(
            frames: frames ?? (backbone.input.isClip ? 16 : 4), size: size,
            normalization: try network.entry().normalization)
        let images =
            try backbone.input.isClip ? source.readClips(inputs) : source.read(inputs)
        try network.check(images.shape, what: inputs.joined(separator: ", "))
        let progress = common.progress()
        let points = try SurrogateDistance.measure(
            backbone, images, comparesGradients: gradients, key: RandomKey(seed: random.seed)
        ) { done, total in
            progress.update(done: done, total: total, "coefficient pairs")
        }
        progress.finish()
        let result = Result(backbone: backbone.name, shape: images.shape, points: points)
        try console.result(result) { result.text }
    }

    /// What is printed.
    private struct Result: Encodable {
        let backbone: String
        let shape: [Int]
        let points: [SurrogateDistance.Point]

        var text: String {
            let isLong = points.contains { $0.gradientCosine != nil }
            let titles = ["paper (1, β)", "balanced (1 - β, β)"]
            var table = TextTable(
                ["β"] + titles.flatMap { [$0] + (isLong ? ["gradients"] : []) },
                numbers: Set(1...(isLong ? 4 : 2)))
            func cells(_ line: String, _ beta: Double) -> [String] {
                guard let point = points.first(where: { $0.line == line && $0.beta == beta })
                else { return [""] + (isLong ? [""] : []) }
                let mark = point.startOf == nil ? " " : "*"
                return [NumberText.decimals(point.cosine, 4) + mark]
                    + (isLong ? [gradients(point)] : [])
            }
            for beta in points.filter({ $0.line == "paper" }).map(\.beta) {
                table.append(
                    [NumberText.short(beta)] + cells("paper", beta) + cells("balanced", beta))
            }
            let starts = points.compactMap { point in
                point.startOf.map { policy in
                    "* \(policy): (\(NumberText.short(point.alpha)), "
                        + "\(NumberText.short(point.beta))), cosine "
                        + NumberText.decimals(point.cosine, 4)
                        + (isLong ? ", of gradients \(gradients(point))" : "")
                }
            }
            return ([table.text] + starts).joined(separator: "\n")
        }

        private func gradients(_ point: SurrogateDistance.Point) -> String {
            point.gradientCosine.map { NumberText.decimals($0, 4) } ?? "none"
        }
    }
}
