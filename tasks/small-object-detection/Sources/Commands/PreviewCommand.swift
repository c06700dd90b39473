// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Checkpoints
import CommandLineSupport
import Datasets
import Files
import Recipes
import Regions
import Reports
import Tensors
import Training

/// `dr2net detect preview`: what training sees.
struct PreviewCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "preview",
        abstract: "Draw what training will see: augmented inputs with their boxes, as one PNG.",
        discussion: """
            The inputs are those of the recipe's first steps, bit for bit. Objects are drawn in \
            their class's color, regions in which nothing counts in grey.
            """)

    @OptionGroup var recipe: RecipeOptions

    @Option(help: "The picture to write (.png).", completion: .file(extensions: ["png"]))
    var output: String

    @Option(help: "Inputs to draw.")
    var count = 16

    @Option(help: "The step to begin with, from 0.")
    var step = 0

    @OptionGroup var pictures: PictureOptions
    @OptionGroup var common: CommonOptions

    func validate() throws {
        if !(1...256).contains(count) {
            throw ValidationError("--count \(count): expected 1 to 256")
        }
        if step < 0 { throw ValidationError("--step \(step): expected 0 or more") }
    }

    func run() throws {
        let console = common.start()
        try OutputPlan.check(output, endings: ["png"])
        let recipe = try DetectionRecipe(
            recipe.document(adding: pictures.overrides, console), dataFolder: DataCache().root)
        let (training, _, classes) = try DetectionSplit.read(recipe.data) { console.note($0) }
        let images = try TrainingImages(training, recipe, note: { console.note($0) })
        let sheet = try ContactSheet(images, recipe).draw(count: count, step: step)
        try AtomicFile.write(sheet.picture.png(), to: output)
        let result = Result(
            output: output, inputs: count, boxes: sheet.boxes, classes: classes.names,
            samples: images.tiles.samples.count)
        try console.result(result) {
            "\(count) inputs with \(sheet.boxes) boxes in \(output); \(result.samples) training "
                + "tiles; classes: " + classes.names.joined(separator: ", ")
        }
    }

    private struct Result: Encodable {
        let output: String
        let inputs, boxes: Int
        let classes: [String]
        let samples: Int
    }
}
