// SPDX-License-Identifier: Apache-2.0
import Files
import Regions
import SmallObjectDetection
import Testing

@Suite("COCO results") struct COCOResultsTests {
    private let good = #"{"image_id": 7, "category_id": 9, "bbox": [1, 2, 3, 4], "score": 0.5}"#

    @Test func valuesArrive() throws {
        let (results, faults) = try COCOFixture.results("[\(good)]")
        #expect(
            results == [
                Item(Rectangle(x: 1, y: 2, width: 3, height: 4), label: 1, score: 0.5, in: 1)
            ])
        #expect(faults.count == 0)
        #expect(try COCOFixture.results("[]").results.isEmpty)
    }

    @Test(arguments: [
        (#"{"category_id": 9, "bbox": [1, 2, 3, 4], "score": 0.5}"#, "no image_id"),
        (#"{"image_id": 7, "bbox": [1, 2, 3, 4], "score": 0.5}"#, "no category_id"),
        (#"{"image_id": 7, "category_id": 9, "score": 0.5}"#, "no bbox"),
        (#"{"image_id": 7, "category_id": 9, "bbox": [1, 2, 3, 4]}"#, "no score"),
        (
            #"{"image_id": 7, "category_id": 9, "bbox": [1, 2, 3, 4], "score": NaN}"#,
            "NaN or Infinity as score"
        ),
        (
            #"{"image_id": 7, "category_id": 9, "bbox": [1, 2, 3, 4], "score": "1"}"#,
            "a text as score"
        ),
        (
            #"{"image_id": 8, "category_id": 9, "bbox": [1, 2, 3, 4], "score": 1}"#,
            "of image 8, which is not among the 3"
        ),
        (
            #"{"image_id": "7", "category_id": 9, "bbox": [1, 2, 3, 4], "score": 1}"#,
            "of image \"7\", which is not among the 3"
        ),
        (
            #"{"image_id": 7, "category_id": 9, "bbox": [1, 2, 3], "score": 1}"#,
            "of image 7 has a bbox of 3 numbers"
        ),
    ])
    func faultyResultsAreNamedOrDropped(result: String, part: String) throws {
        let text = "[\(good), \(result), \(good)]"
        let found = COCOFixture.complaint {
            _ = try COCOFixture.results(text)
        }
        #expect(found.contains(part), "\(found)")
        #expect(found.hasPrefix("p.json: result 1 "), "\(found)")
        let (results, faults) = try COCOFixture.results(text, keepGoing: true)
        #expect(results.count == 2 && faults.count == 1)
    }

    @Test func classesOutsideTheAnnotationsAreCounted() throws {
        let (index, _) = try COCOFixture.index(COCOFixture.truth(""))
        let other = good.replacing("9,", with: "8,")
        var faults = DetectionFaults(keepGoing: false)
        let reading = try COCOResults.parse(
            Array("[\(other), \(good), \(other)]".utf8), name: "p.json", for: index,
            faults: &faults)
        #expect(reading.results.map(\.label) == [-1, 1, -1])
        #expect(reading.outside == [8: 2])
    }

    @Test func annotationsAreNoResults() {
        let found = COCOFixture.complaint {
            _ = try COCOFixture.results(COCOFixture.truth(""))
        }
        #expect(found.contains("an object, as annotations are"))
    }
}
