// SPDX-License-Identifier: Apache-2.0
import Files
package import Regions

/// Detections as VisDrone's evaluation takes them.
package enum VisDroneLines {
    /// One line a detection, best first: x, y, width, height, score, class, -1, -1.
    ///
    /// - Parameter ids: The data set's number of each label.
    package static func text(_ detections: [Item<Box>], ids: [Int]) -> String {
        detections.map { detection in
            let box = detection.place
            let numbers = [box.x1, box.y1, box.width, box.height, detection.score]
                .map(MessageText.number)
            return (numbers + ["\(ids[detection.label])", "-1", "-1"]).joined(separator: ",") + "\n"
        }.joined()
    }
}
