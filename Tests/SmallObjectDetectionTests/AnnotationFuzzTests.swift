// SPDX-License-Identifier: Apache-2.0
import Files
import Foundation
import FuzzSupport
import SmallObjectDetection
import Testing

/// Damaged annotations: reading must end in an index or in one line, never in a trap.
///
/// `swift run -c release fuzz-files --format coco --format voc --inputs 1000000` reads many more.
@Suite("Damaged annotations") struct AnnotationFuzzTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Fixtures/Detection/seeds").path

    private func check(
        _ format: FuzzFormat, rounds: Int = 3000, _ read: ([UInt8]) throws(InputError) -> Void
    ) throws {
        let inputs = try FuzzInputs(format, folder: Self.folder, seed: 1)
        var refused = 0
        for index in 0..<rounds {
            do throws(InputError) {
                try read(inputs[index])
            } catch {
                refused += 1
                #expect(!error.description.contains("\n"), "input \(index)")
                #expect(error.description.utf8.count < 4096, "input \(index)")
            }
        }
        #expect(refused > rounds / 10, "damage went unseen")
    }

    @Test(arguments: [false, true]) func cocoNeverTraps(keepGoing: Bool) throws {
        let truth = try COCOFixture.index(COCOFixture.truth(COCOFixture.annotation(1))).index
        try check(.coco) { (bytes) throws(InputError) in
            var faults = DetectionFaults(keepGoing: keepGoing)
            guard bytes.first == UInt8(ascii: "{") else {
                let reading = try COCOResults.parse(
                    bytes, name: "input", for: truth, faults: &faults)
                _ = try DetectionEvaluation.evaluate(
                    truth, reading.results, by: .coco, breaksDownErrors: true)
                return
            }
            let index = try COCOReader.parse(bytes, name: "input", faults: &faults)
            // What was read can be scored too.
            _ = try DetectionEvaluation.evaluate(index, [], by: .visDrone)
        }
    }

    @Test func vocNeverTraps() throws {
        try check(.voc) { (bytes) throws(InputError) in
            _ = try VOCAnnotation.parse(bytes, name: "input")
        }
    }
}
