// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Checkpoints
import CommandLineSupport
import Files
import Reports
import Tensors

extension PointView.Coloring: ExpressibleByArgument {}
extension PointView.Direction: ExpressibleByArgument {}

/// `dr2net points view`: a picture of a cloud.
struct ViewCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "view",
        abstract: "Draw a cloud or mesh as a PNG picture.",
        discussion: """
            Reads LAS, PLY, .npy, OFF, OBJ and rooms of S3DIS, a block at a time: the memory is \
            that of the picture. Without --color the file decides: colors that are not all black, \
            else labels that are not all one, else height.
            """)

    @Argument(help: "The cloud, mesh or room.", completion: .file())
    var file: String

    @Option(help: "Where the picture goes (.png).", completion: .file(extensions: ["png"]))
    var output: String

    @Option(help: "What the colors show: height, intensity, rgb or label.")
    var color: PointView.Coloring?

    @Option(help: "Where from: top (north up) or oblique (from the south-east, 35° up).")
    var from = PointView.Direction.oblique

    @Option(help: "The picture's width in pixels.")
    var width = 1280

    @Option(help: "The picture's height in pixels.")
    var height = 960

    @Option(help: "Points drawn on the surface of a mesh.")
    var samples = 200_000

    @OptionGroup var random: SeedOption
    @OptionGroup var common: CommonOptions

    func validate() throws {
        guard (16...8192).contains(width), (16...8192).contains(height) else {
            throw ValidationError("--width \(width) --height \(height): expected 16 to 8192")
        }
        guard (1...100_000_000).contains(samples) else {
            throw ValidationError("--samples \(samples): expected 1 to 100,000,000")
        }
    }

    func run() throws {
        let console = common.start()
        try OutputPlan.check(output, endings: ["png"], inputs: [file])
        let view = PointView(
            width: width, height: height, direction: from, coloring: color)
        let key = RandomKey(seed: random.seed).child("surface")
        let drawing = try view.draw { fields in
            try PointFile.open(file, PointReading(fields), samples: samples, key: key)
        }
        for line in drawing.notes { console.note(line.hasPrefix(file) ? line : "\(file): \(line)") }
        try AtomicFile.write(drawing.image.png(), to: output)
        let result = Result(
            output: output, points: drawing.points, color: drawing.coloring.rawValue,
            from: from.rawValue, labels: drawing.labels)
        try console.result(result) {
            let labels = drawing.labels.sorted { $0.key < $1.key }.map { label, colors in
                "\n  label \(label): \(colors)"
            }
            return "\(output): \(drawing.points) points by \(drawing.coloring.rawValue)"
                + labels.joined()
        }
    }

    /// What is printed.
    private struct Result: Encodable {
        let output: String
        let points: Int
        let color, from: String
        /// The color of each label, where labels are shown.
        let labels: [Int: String]
    }
}
