// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Files
import Foundation

/// What extracted features say about themselves: the file `VIDEO.features.json` beside `VIDEO.npy`.
///
/// It travels with the features, so that nobody has to remember their rate, and wins over what
/// annotations say of the films.
package struct FeatureOrigin: Codable, Sendable, Equatable {
    /// Frames a second that the backbone saw.
    package var framesPerSecond: Double
    /// Frames from one vector to the next.
    package var featureStride: Double
    /// From a vector's first frame to its own time, in vectors.
    package var featureOffset: Double
    /// Vectors of the file.
    package var vectors: Int
    /// Seconds of the video.
    package var duration: Double
    /// The network and its weights, for people.
    package var backbone: String
    /// The stamp of the film and of all settings that shaped the features.
    package var source: String

    /// The file that tells of `path`, a `.npy` file.
    static func path(beside path: String) -> String {
        (path.hasSuffix(".npy") ? String(path.dropLast(4)) : path) + ending
    }

    private static let ending = ".features.json"

    /// What is told of features; nil for those made elsewhere.
    ///
    /// - Throws: One line where the file is damaged.
    static func read(beside features: String) throws(InputError) -> FeatureOrigin? {
        let path = path(beside: features)
        guard let data = FileManager.default.contents(atPath: path) else { return nil }
        guard let origin = try? JSONDecoder().decode(FeatureOrigin.self, from: data),
            (0.001...1e5).contains(origin.framesPerSecond),
            (1e-3...1e6).contains(origin.featureStride),
            (0...1000).contains(origin.featureOffset), origin.vectors > 0,
            origin.duration.isFinite, origin.duration > 0
        else {
            throw InputError(
                "\(path): damaged, or not what dr2net tad extract writes; extract again")
        }
        return origin
    }

    /// The network of the first extracted features in a folder; nil where there are none.
    static func backbone(in folder: String) -> String? {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        let first = names.filter { $0.hasSuffix(ending) }.min()
        return first.flatMap { name in
            (try? read(beside: "\(folder)/\(name.dropLast(ending.count)).npy"))?.backbone
        }
    }

    /// Writes it beside the features.
    func write(beside features: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try AtomicFile.write(encoder.encode(self), to: FeatureOrigin.path(beside: features))
    }
}
