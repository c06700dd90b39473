// SPDX-License-Identifier: Apache-2.0
import Files
import Foundation
import Regions
import SmallObjectDetection

/// Reading of COCO texts, with the first line of what is wrong.
enum COCOFixture {
    /// A ground truth of three images and two classes around these annotations.
    static func truth(_ annotations: String) -> String {
        """
        {"info": {"year": 2026}, "images": [
         {"id": 7, "file_name": "b.png", "width": 100, "height": 80},
         {"id": 3, "file_name": "a.png", "width": 100, "height": 80}, {"id": 12}],
        "annotations": [\(annotations)],
        "categories": [{"id": 9, "name": "tree"}, {"id": 2, "name": "bush"}]}
        """
    }

    static func annotation(_ id: Int, image: Int = 3, category: Int = 9) -> String {
        """
        {"id": \(id), "image_id": \(image), "category_id": \(category), "bbox": [1, 2, 3, 4]}
        """
    }

    static func index(
        _ text: String, keepGoing: Bool = false
    ) throws(InputError) -> (index: DetectionIndex, faults: DetectionFaults) {
        var faults = DetectionFaults(keepGoing: keepGoing)
        let index = try COCOReader.parse(Array(text.utf8), name: "t.json", faults: &faults)
        return (index, faults)
    }

    static func results(
        _ text: String, keepGoing: Bool = false
    ) throws(InputError) -> (results: [Item<Rectangle>], faults: DetectionFaults) {
        let index = try index(truth("")).index
        var faults = DetectionFaults(keepGoing: keepGoing)
        let reading = try COCOResults.parse(
            Array(text.utf8), name: "p.json", for: index, faults: &faults)
        return (reading.results, faults)
    }

    /// What reading says is wrong.
    static func complaint(_ body: () throws -> Void) -> String {
        do {
            try body()
            return "no error"
        } catch {
            return "\(error)"
        }
    }
}
