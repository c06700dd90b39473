// SPDX-License-Identifier: Apache-2.0
import Foundation
import FuzzSupport
import SmallObjectDetection
import Testing

/// Damaged annotations: reading must end in an index or in one line, never in a trap.
///
/// `DR2NET_FUZZ_INPUTS=1000000 swift test --filter AnnotationFuzzTests` reads many more.
@Suite("Damaged annotations") struct AnnotationFuzzTests {
    private static let rounds =
        ProcessInfo.processInfo.environment["DR2NET_FUZZ_INPUTS"].flatMap(Int.init) ?? 3000

    private func check(
        _ inputs: FuzzInputs, _ read: ([UInt8]) throws(DetectionError) -> Void
    ) {
        var refused = 0
        for index in 0..<Self.rounds {
            do throws(DetectionError) {
                try read(inputs[index])
            } catch {
                refused += 1
                #expect(!error.description.contains("\n"), "input \(index)")
                #expect(error.description.utf8.count < 4096, "input \(index)")
            }
        }
        #expect(refused > Self.rounds / 10, "damage went unseen")
    }

    private static let jsonTokens = [
        "{", "}", "[", "]", ",", ":", "\"", "\\u0000", "\\ud83d", "NaN", "-Infinity", "1e999",
        "-1", "0", "1e-400", "9223372036854775808", "null", "true", "\"images\":[]", "\"id\":1",
        "\"bbox\":[0,0,1e308,1e308]", "\"iscrowd\":1", "\"area\":-0.0", " ",
    ]

    @Test func cocoNeverTraps() {
        let annotation =
            #"{"id": 1, "image_id": 3, "category_id": 9, "bbox": [1, 2.5, 3e1, 4], "area": 9.25, "iscrowd": 1}"#
        let original = Array(
            COCOFixture.truth(annotation + "," + COCOFixture.annotation(2, image: 7)).utf8)
        let inputs = FuzzInputs(
            label: "coco", tokens: Self.jsonTokens, originals: [original], seed: 1)
        for keepGoing in [false, true] {
            check(inputs) { (bytes) throws(DetectionError) in
                var faults = DetectionFaults(keepGoing: keepGoing)
                let index = try COCOReader.parse(bytes, name: "input", faults: &faults)
                // What was read can be scored too.
                _ = try DetectionEvaluation.evaluate(index, [], by: .visDrone)
            }
        }
    }

    @Test func resultsNeverTrap() throws {
        let index = try COCOFixture.index(COCOFixture.truth(COCOFixture.annotation(1))).index
        let result = #"{"image_id": 3, "category_id": 9, "bbox": [1, 2, 3, 4], "score": 0.5}"#
        let inputs = FuzzInputs(
            label: "results", tokens: Self.jsonTokens,
            originals: [Array("[\(result), \(result)]".utf8)], seed: 1)
        check(inputs) { (bytes) throws(DetectionError) in
            var faults = DetectionFaults(keepGoing: false)
            let results = try COCOResults.parse(bytes, name: "input", for: index, faults: &faults)
            _ = try DetectionEvaluation.evaluate(index, results, by: .coco)
        }
    }

    @Test func vocNeverTraps() {
        let tokens = [
            "<", ">", "</", "/>", "&", "&amp;", "&#x41;", "&#1114112;", "<!DOCTYPE a>", "<!--",
            "-->", "<![CDATA[", "]]>", "<?xml", "?>", "\"", "<object>", "</object>", "<bndbox>",
            "</bndbox>", "<xmin>NaN</xmin>", "1e308", "-", "\u{0}", "<a b=\"c\"/>",
        ]
        let inputs = FuzzInputs(
            label: "voc", tokens: tokens, originals: [Array(VOCFixture.text.utf8)], seed: 1)
        check(inputs) { (bytes) throws(DetectionError) in
            _ = try VOCAnnotation.parse(bytes, name: "input")
        }
    }
}
