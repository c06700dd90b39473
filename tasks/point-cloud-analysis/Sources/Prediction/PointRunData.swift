// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Files
import Foundation

/// What prediction must know of the training data, `points.json` in the run folder.
struct PointRunData: Codable, Sendable, Equatable {
    /// The classes and the numbers that files use for them.
    let classes: PointClasses
    /// How spheres or shapes are cut, with the training points' intensities.
    let sampling: PointSampling
    /// Points of a training scene's grid within a sphere's radius of one of them, the median.
    var neighbours: Double?

    static let fileName = "points.json"

    /// Writes `points.json` of a run folder.
    func write(_ folder: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        try AtomicFile.write(
            try encoder.encode(self), to: "\(folder)/\(PointRunData.fileName)")
    }

    /// Reads `points.json` of a run folder.
    static func read(_ folder: String) throws(InputError) -> PointRunData {
        let path = "\(folder)/\(fileName)"
        guard let data = FileManager.default.contents(atPath: path),
            let value = try? JSONDecoder().decode(PointRunData.self, from: data),
            value.classes.count > 0, value.sampling.points > 0, !value.sampling.features.isEmpty
        else {
            throw InputError(
                "missing or damaged; expected the folder of a dr2net points train run", path: path)
        }
        return value
    }
}
