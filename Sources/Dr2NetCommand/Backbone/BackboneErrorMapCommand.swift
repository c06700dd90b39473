// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Autodiff
import Backbones
import Checkpoints
import CommandLineSupport
import Console
import Files
import Foundation
import Layers
import Measurements
import Reports
import Reversible
import Tensors
import Training

/// `dr2net backbone error-map`.
struct BackboneErrorMapCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "error-map",
        abstract: "Measure the gradient's error over (α, β), for both arithmetics.",
        discussion: """
            The error is |g - r| / |r| over all parameters, for a random linear function of the \
            features of a random or given input; g is the float32 gradient, r that of the same \
            dual-residual network in float64. The picture shows the published schedule's path.
            """)

    @OptionGroup var network: BackboneOptions

    @Option(help: "Pretrained weights. (default: random ones)", completion: .file())
    var weights: String?

    @Option(
        help: "Preprocessed images or clips (.npy). (default: random, 64 pixels or a little more)",
        completion: .file(extensions: ["npy"]))
    var input: String?

    @Option(help: "Values of α and of β, 2 to 21.")
    var points = 6

    @Option(help: "Tokens a slice of a branch.")
    var tile = Tile.standard.tokens

    @Option(help: "Where the picture goes (.svg).", completion: .file(extensions: ["svg"]))
    var output: String?

    @OptionGroup var random: SeedOption
    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard (2...21).contains(points) else {
            throw ValidationError("--points \(points): expected 2 to 21")
        }
        guard tile > 0 else { throw ValidationError("--tile \(tile): expected 1 token or more") }
    }

    func run() throws {
        let console = common.start()
        try OutputPlan.check(output, endings: ["svg"])
        let key = RandomKey(seed: random.seed)
        let layout = try network.entry().input
        let images =
            try input.map { try Npy.readTensor($0).converted(to: .float32) }
            ?? Tensor(normal: Self.shape(layout), key: key.child("input"))
        try network.check(images.shape, what: input ?? "input")
        let backbone = try network.load(weights: weights, seed: random.seed, console: console)
        let wide = try network.entry().make(
            key: key, positionRule: backbone.positionRule, dtype: .float64)
        wide.positionGrid = backbone.positionGrid
        for (parameter, source) in zip(wide.namedParameters, backbone.namedParameters) {
            parameter.parameter.tensor = source.parameter.tensor.converted(to: .float64)
        }
        let map = GradientErrorMap(
            network: backbone, wide: wide, images: images, tile: Tile(tokens: tile), key: key)
        let progress = common.progress()
        let ordinary = try map.ordinary()
        let measured = try map.measure(points: points) { done, total in
            progress.update(done: done, total: total, "coefficient pairs")
        }
        progress.finish()
        if let output {
            try AtomicFile.write(chart(measured, name: backbone.name).svg(), to: output)
        }
        let result = Result(
            backbone: backbone.name, inputShape: images.shape, output: output,
            ordinaryError: ordinary, path: Self.path, points: measured)
        try console.result(result) { result.text }
    }

    /// The smallest usual input: sides of 64 pixels or the next multiple, 8 frames.
    private static func shape(_ layout: InputLayout) -> [Int] {
        func next(_ size: Int, _ multiple: Int) -> Int {
            (size + multiple - 1) / multiple * multiple
        }
        let side = next(max(64, layout.minimum), layout.multiple)
        return layout.isClip
            ? [1, 3, next(8, layout.frameMultiple), side, side] : [2, 3, side, side]
    }

    /// The published schedule in ten steps.
    private static var path: [[Double]] {
        (0...10).map { step in
            let pair = CoefficientPolicy.paper(period: 10).plan(step: step).pair
            return [pair.alpha, pair.beta]
        }
    }

    private func chart(_ points: [GradientErrorMap.Point], name: String) -> HeatMap {
        let (alphas, betas) = GradientErrorMap.axes(self.points)
        func panel(
            _ title: String, _ value: (GradientErrorMap.Point) -> Double?
        ) -> HeatMap.Panel {
            let rows = alphas.indices.map { row in
                points[row * betas.count..<(row + 1) * betas.count].map { value($0) ?? .nan }
            }
            return HeatMap.Panel(title: title, values: rows)
        }
        let pair = CoefficientPolicy.default.plan(step: 0).pair
        return HeatMap(
            title: "Relative gradient error of \(name), float32", xLabel: "β", yLabel: "α",
            columns: betas, rows: alphas,
            panels: [
                panel("float: as in the published equations") { $0.float },
                panel("exact: reversed bit for bit") { $0.exact },
            ],
            path: (name: "published schedule", points: Self.path.map { ($0[1], $0[0]) }),
            mark: (name: "balanced, the default", point: (pair.beta, pair.alpha)))
    }

    /// What is printed.
    private struct Result: Encodable {
        let backbone: String
        let inputShape: [Int]
        let output: String?
        let ordinaryError: Double?
        /// (α, β) of the published schedule.
        let path: [[Double]]
        let points: [GradientErrorMap.Point]

        var text: String {
            let betas = points.prefix { $0.alpha == points[0].alpha }.map(\.beta)
            func table(_ name: String, _ value: (GradientErrorMap.Point) -> Double?) -> String {
                var table = TextTable(
                    ["\(name), α \\ β"] + betas.map { NumberText.short($0) },
                    numbers: Set(1...betas.count))
                for first in stride(from: 0, to: points.count, by: betas.count) {
                    let row = points[first..<first + betas.count]
                    table.append(
                        [NumberText.short(points[first].alpha)]
                            + row.map { value($0).map { Self.short($0) } ?? "not finite" })
                }
                return table.text
            }
            let ordinary = ordinaryError.map { Self.short($0) } ?? "not finite"
            return [
                table("float") { $0.float }, "", table("exact") { $0.exact }, "",
                "ordinary backpropagation of the pretrained network: \(ordinary)",
            ].joined(separator: "\n") + (output.map { "\n\($0)" } ?? "")
        }

        private static func short(_ value: Double) -> String {
            String(format: "%.1e", value)
        }
    }
}
