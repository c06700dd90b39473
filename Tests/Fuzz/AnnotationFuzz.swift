// SPDX-License-Identifier: Apache-2.0
import Regions
import SmallObjectDetection

/// What is done with damaged annotations and results of boxes.
enum AnnotationFuzz {
    /// Reads annotations and scores them; reads a list as results for some annotations.
    static func readCOCO(_ bytes: [UInt8]) throws {
        guard bytes.first == UInt8(ascii: "[") else {
            for keepGoing in [true, false] {
                var faults = DetectionFaults(keepGoing: keepGoing)
                let index = try COCOReader.parse(bytes, name: "input", faults: &faults)
                for rules in [DetectionProtocol.visDrone, .aiTOD] {
                    _ = try DetectionEvaluation.evaluate(index, [], by: rules)
                }
            }
            return
        }
        let index = DetectionIndex(
            images: [
                .init(id: 3, file: "a", width: 9, height: 9),
                .init(id: 7, file: "b", width: 9, height: 9),
            ],
            categories: [.init(id: 2, name: "bush"), .init(id: 9, name: "tree")],
            boxes: [AnnotatedBox(Item(Rectangle(x: 1, y: 2, width: 3, height: 4), label: 1))])
        var faults = DetectionFaults(keepGoing: false)
        let reading = try COCOResults.parse(bytes, name: "input", for: index, faults: &faults)
        _ = try DetectionEvaluation.evaluate(
            index, reading.results, by: .coco, breaksDownErrors: true)
    }
}
