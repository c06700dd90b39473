// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import CommandLineSupport

extension AnnotationFormat: ExpressibleByArgument {}

/// `dr2net detect prepare`: checks annotations and images and writes one index.
struct PrepareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prepare",
        abstract: "Check annotated images of any format and write them as one COCO JSON index.",
        discussion: """
            Reads COCO JSON (AI-TOD too), Pascal VOC XML, VisDrone text and YOLO text. Every image \
            must be there, be an image and have the annotated size; every box must have an area, a \
            known class and at least half of itself inside. The first fault ends the work with one \
            line; with --keep-going what is faulty is left out and listed.
            """)

    @Option(
        help: "The annotations: a JSON file, or a folder of XML or text files.",
        completion: .file())
    var annotations: String

    @Option(help: "The format of the annotations.")
    var format: AnnotationFormat

    @Option(help: "The folder of the images.", completion: .directory)
    var images: String

    @Option(help: "The index to write (COCO JSON).", completion: .file(extensions: ["json"]))
    var output: String

    @Option(help: "Names of the classes in order, separated by commas; YOLO needs them.")
    var classes: String?

    @Flag(help: "Leave out and list what is faulty instead of failing.")
    var keepGoing = false

    @OptionGroup var common: CommonOptions

    func validate() throws { _ = try names() }

    func run() throws {
        let console = common.start()
        var faults = DetectionFaults(keepGoing: keepGoing)
        let reader = AnnotationReader(format: format, imageFolder: images, classes: try names())
        let index = try reader.read(annotations, faults: &faults)
        let outcome = try IndexCheck(imageFolder: images).run(index, faults: &faults) {
            if $0 % 1000 == 0 { console.note("\($0)/\($1) images checked") }
        }
        try COCOWriter.write(outcome.index, to: output)
        let summary = PrepareSummary(outcome, faults: faults, output: output)
        try console.result(summary) { summary.text }
    }

    private func names() throws -> [String]? {
        guard let classes else {
            if format == .yolo {
                throw ValidationError("--format yolo: expected the classes' names in --classes")
            }
            return nil
        }
        let names = classes.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        guard names.allSatisfy({ !$0.isEmpty }), Set(names).count == names.count else {
            throw ValidationError(
                "--classes \(classes): expected different names separated by commas")
        }
        if format == .visDrone {
            throw ValidationError("--classes: VisDrone's classes are fixed; leave the option out")
        }
        return names
    }
}
