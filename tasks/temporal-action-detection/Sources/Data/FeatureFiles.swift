// SPDX-License-Identifier: Apache-2.0
import Checkpoints
package import Files
import Foundation
package import Tensors

/// Precomputed features of a data set's videos, a `.npy` file each.
package struct FeatureFiles: Sendable {
    /// The videos whose files can be used.
    package let videos: [SourceVideo]
    /// Channels.
    package let width: Int
    /// Videos that are left out, with their reasons.
    package let skipped: [(id: String, reason: String)]
    private let recipe: FeatureRecipe
    private let paths: [String]

    /// Finds the file of each annotated video and looks at its shape.
    ///
    /// A video whose file is missing, damaged or of another width is left out with its reason.
    ///
    /// - Parameter keepGoing: Whether videos whose features are much longer or shorter than they,
    ///   or whose rates contradict each other, are left out instead of refused.
    /// - Throws: One line where no file can be used, and for the first such video.
    package init(
        _ recipe: FeatureRecipe, annotations: ActivityNetAnnotations, keepGoing: Bool = false
    ) throws {
        self.recipe = recipe
        var videos: [SourceVideo] = [], paths: [String] = []
        var skipped: [(id: String, reason: String)] = []
        var width = recipe.width
        var refused: [String] = []
        var backbone: (text: String, path: String)?
        for video in annotations.videos {
            do {
                let path = try FeatureFiles.path(of: video.id, in: recipe.folder)
                let shape = try FeatureFiles.shape(path, width: width)
                let origin = try FeatureOrigin.read(beside: path)
                if let origin, let other = backbone, other.text != origin.backbone {
                    throw FeatureTimeError(
                        "\(path): extracted with \(origin.backbone), \(other.path) with "
                            + "\(other.text); expected one network; extract again")
                }
                let clock = try recipe.clock(
                    FeatureTimes(
                        name: path, count: shape[0], fps: video.fps, duration: video.duration,
                        origin: origin))
                let count = recipe.length ?? shape[0]
                videos.append(
                    SourceVideo(
                        id: video.id, subset: video.subset,
                        duration: video.duration ?? Double(count) / clock.rate, count: count,
                        clock: clock))
                paths.append(path)
                width = shape[1]
                if let origin { backbone = backbone ?? (origin.backbone, path) }
            } catch let error as FeatureTimeError {
                refused.append(error.description)
                skipped.append((video.id, error.description))
            } catch let error as InputError {
                skipped.append((video.id, error.description))
            }
        }
        if !keepGoing, let first = refused.first {
            let more = refused.count > 1 ? " (and \(refused.count - 1) more videos)" : ""
            throw InputError(
                "\(first)\(more), or leave such videos out with data.keepGoing: true")
        }
        guard let width, !videos.isEmpty else {
            let first = skipped.first?.reason ?? "the annotation names no video"
            throw InputError("\(recipe.folder): no features can be used: \(first)")
        }
        self.width = width
        self.videos = videos
        self.paths = paths
        self.skipped = skipped
    }

    /// The file of a video.
    func path(of video: Int) -> String { paths[video] }

    /// The features of a video as the head takes them, `[positions, D]`.
    package func features(_ video: Int) throws(InputError) -> Tensor {
        recipe.resampled(try FeatureFiles.read(paths[video], width: width))
    }

    /// Seconds of a video by its features.
    ///
    /// - Throws: One line where its file can't be used, or does not say.
    static func duration(of id: String, _ recipe: FeatureRecipe) throws -> Double {
        let path = try path(of: id, in: recipe.folder)
        let count = try shape(path, width: recipe.width)[0]
        let origin = try FeatureOrigin.read(beside: path)
        if let origin { return origin.duration }
        let clock = try recipe.clock(FeatureTimes(name: path, count: count))
        return Double(recipe.length ?? count) / clock.rate
    }

    /// The file of a video: the id, with or without ActivityNet's `v_`.
    private static func path(of id: String, in folder: String) throws(InputError) -> String {
        // Letters may be composed differently in the folder.
        let spellings =
            id.utf8.allSatisfy { $0 < 128 }
            ? [id]
            : [
                id, id.precomposedStringWithCanonicalMapping,
                id.decomposedStringWithCanonicalMapping,
            ]
        for id in spellings {
            for name in ["\(id).npy", "v_\(id).npy", "\(PreparedFrames.fileName(id)).npy"] {
                let path = "\(folder)/\(name)"
                if FileManager.default.fileExists(atPath: path) { return path }
            }
        }
        throw InputError(
            "video \(id): no file \(id).npy or v_\(id).npy in \(folder); put it there or correct "
                + "data.features")
    }

    /// A file's array `[T, D]` in float32.
    ///
    /// - Parameter width: What D must be; nil takes any.
    static func read(_ path: String, width: Int?) throws(InputError) -> Tensor {
        _ = try shape(path, width: width)
        return try Npy.readTensor(path).converted(to: .float32)
    }

    /// The shape of a file's array, checked.
    private static func shape(_ path: String, width: Int?) throws(InputError) -> [Int] {
        let shape = try Npy.shape(path)
        guard shape.count == 2, shape[0] > 0, shape[1] > 0, shape[1] == width ?? shape[1] else {
            let columns = width.map(String.init) ?? "channels"
            throw InputError(
                "\(path): an array of shape \(shape); expected [vectors, \(columns)], with one row "
                    + "at least; correct the file or data.featureWidth")
        }
        return shape
    }
}

extension FeatureRecipe {
    /// The vectors of a video at the recipe's length.
    func resampled(_ features: Tensor) -> Tensor {
        guard let length, length != features.shape[0] else { return features }
        return features.reshaped(to: [1] + features.shape).interpolated(to: length, .linear)
            .reshaped(to: [length, features.shape[1]])
    }
}
