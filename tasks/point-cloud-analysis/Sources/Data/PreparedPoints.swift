// SPDX-License-Identifier: Apache-2.0
package import Files
import Foundation
import Preparation
import Tensors

/// A folder that `dr2net points prepare` has made.
///
/// `index.json`; `scenes/ID.STAMP.points` with a voxel each 24 bytes; `scenes/ID.STAMP.originals` of
/// scenes for validation: for each original point the nearest voxel and the class, 8 bytes;
/// `shapes/ID.STAMP.points` with x y z as float32. All numbers are little endian. STAMP is a digest
/// of the source: who has opened a folder reads the points of its own index, or finds them gone.
package struct PreparedPoints: Sendable {
    /// The folder.
    package let folder: String
    /// What it holds.
    package let index: PointIndex

    /// Bytes of an original point: the nearest voxel (uint32) and the class (int32).
    static let originalLength = 8

    /// Opens a folder and checks that every file is as long as the index says.
    package init(folder: String) throws(InputError) {
        let files = PreparedFolder<PointIndex>(folder)
        let damaged = "is no index of this version; run `dr2net points prepare RECIPE` again"
        guard let index = try files.index(orElse: damaged) else {
            throw InputError(
                "missing; run `dr2net points prepare RECIPE` first, or correct data.prepared",
                path: files.indexPath)
        }
        guard index.classes.isConsistent else {
            throw InputError(damaged, path: files.indexPath)
        }
        self.init(folder: folder, index: index)
        let broken =
            index.scenes.filter { !isWhole($0) }.map(\.id)
            + index.shapes.filter { !isWhole($0) }.map(\.id)
        if let first = broken.first {
            throw InputError(
                "\(broken.count) prepared files are missing or cut short, the first of them "
                    + "\(first); run `dr2net points prepare RECIPE` again", path: folder)
        }
    }

    /// Checks that the points are those of a recipe: its sources, split, classes and grid.
    package func check(are data: PointDataRecipe) throws(InputError) {
        guard index.settings == data.settings else {
            throw InputError(
                "holds points of \(index.settings); the recipe has \(data.settings): prepare "
                    + "again, or give each recipe a data.prepared of its own", path: folder)
        }
    }

    init(folder: String, index: PointIndex) {
        self.folder = folder
        self.index = index
    }

    /// The scenes of a subset.
    package func scenes(_ subset: PointIndex.Subset) -> [PointIndex.Scene] {
        index.scenes.filter { $0.subset == subset }
    }

    /// The shapes of a subset.
    package func shapes(_ subset: PointIndex.Subset) -> [PointIndex.Shape] {
        index.shapes.filter { $0.subset == subset }
    }

    /// Reads a scene.
    package func load(_ scene: PointIndex.Scene) throws(InputError) -> PointScene {
        let source = try source(path(of: scene))
        let bytes = try source.read(
            0, scene.points * PointScene.recordLength, of: "the voxels of \(scene.id)")
        var loaded = PointScene(
            bytes: bytes, origin: SIMD3(scene.origin[0], scene.origin[1], scene.origin[2]))
        loaded.noise = index.classes.noise(isLAS: scene.isLAS)
        let bound = Int32(index.classes.count)
        guard loaded.labels.allSatisfy({ $0 >= PointClasses.ignored && $0 < bound }),
            loaded.positions.allSatisfy({ ($0 * 0) == SIMD3(0, 0, 0) })
        else {
            throw source.error("holds impossible numbers; delete it and prepare again")
        }
        return loaded
    }

    /// Reads the points of a shape, in the file's units.
    package func load(_ shape: PointIndex.Shape) throws(InputError) -> [SIMD3<Float>] {
        let source = try source(path(of: shape))
        let numbers = ByteNumbers(
            bytes: try source.read(0, shape.points * 12, of: "the points of \(shape.id)"))
        let points = (0..<shape.points).map {
            SIMD3(numbers.float(12 * $0), numbers.float(12 * $0 + 4), numbers.float(12 * $0 + 8))
        }
        guard points.allSatisfy({ ($0 * 0) == SIMD3(0, 0, 0) }) else {
            throw source.error("holds impossible numbers; delete it and prepare again")
        }
        return points
    }

    /// Gives the nearest voxel and the class of each original point of a scene, some at a time.
    ///
    /// - Precondition: The scene is for validation.
    package func forEachOriginal(
        of scene: PointIndex.Scene, _ body: (_ voxel: Int, _ label: Int32) -> Void
    ) throws(InputError) {
        precondition(scene.subset == .validation, "the original points of \(scene.id)")
        let length = PreparedPoints.originalLength
        let source = try source(originalsPath(of: scene))
        for first in stride(from: 0, to: scene.originals, by: PointFile.blockSize) {
            let count = min(PointFile.blockSize, scene.originals - first)
            let numbers = ByteNumbers(
                bytes: try source.read(first * length, count * length, of: "points from \(first)"))
            for point in 0..<count {
                let voxel = Int(numbers.integer(point * length, as: UInt32.self))
                let label: Int32 = numbers.integer(point * length + 4)
                guard voxel < scene.points, label >= PointClasses.ignored,
                    label < index.classes.count
                else { throw source.error("holds impossible numbers; delete it and prepare again") }
                body(voxel, label)
            }
        }
    }

    /// The median number of points in spheres of a radius, round 64 points of the first training
    /// scene; nil where there is none of at most 4 million points, for the memory's sake.
    package func sphereMedian(radius: Double) throws(InputError) -> Int? {
        guard let entry = scenes(.training).first(where: { $0.points <= 4_000_000 }) else {
            return nil
        }
        let positions = try load(entry).positions
        let tree = PointTree(positions)
        let key = RandomKey(seed: 0).child("spheres")
        let sizes = (0..<64).map { draw in
            let centre = positions[key.integer(below: positions.count, draw)]
            return tree.points(within: Float(radius), of: centre).count
        }
        return sizes.sorted()[32]
    }

    // MARK: Files

    static func scenePath(_ folder: String, _ id: String, stamp: String) -> String {
        "\(folder)/scenes/\(PointIndex.stem(id, stamp: stamp)).points"
    }
    static func shapePath(_ folder: String, _ id: String, stamp: String) -> String {
        "\(folder)/shapes/\(PointIndex.stem(id, stamp: stamp)).points"
    }

    /// The file of a scene's points.
    package func path(of scene: PointIndex.Scene) -> String {
        PreparedPoints.scenePath(folder, scene.id, stamp: scene.stamp)
    }

    /// The file of the original points of a scene for validation.
    package func originalsPath(of scene: PointIndex.Scene) -> String {
        "\(folder)/scenes/\(PointIndex.stem(scene.id, stamp: scene.stamp)).originals"
    }

    /// The file of a shape's points.
    package func path(of shape: PointIndex.Shape) -> String {
        PreparedPoints.shapePath(folder, shape.id, stamp: shape.stamp)
    }

    private func source(_ path: String) throws(InputError) -> PointSource {
        guard FileManager.default.fileExists(atPath: path) else {
            throw InputError(
                "is gone: it was deleted, or other sources were prepared in its place since this "
                    + "command began; begin again", path: path)
        }
        return try PointSource(path: path)
    }

    func isWhole(_ scene: PointIndex.Scene) -> Bool {
        scene.origin.count == 3 && scene.isConsistent(classes: index.classes.count)
            && PreparedFiles.isLong(path(of: scene), scene.points, PointScene.recordLength)
            && (scene.subset == .training
                || PreparedFiles.isLong(
                    originalsPath(of: scene), scene.originals, PreparedPoints.originalLength))
    }

    func isWhole(_ shape: PointIndex.Shape) -> Bool {
        shape.label >= 0 && shape.label < index.classes.count
            && PreparedFiles.isLong(path(of: shape), shape.points, 12)
    }

    /// What an earlier preparation with these settings has finished.
    static func known(_ folder: String, settings: String) -> PointIndex? {
        var result: PointIndex?
        for var index in PreparedFolder<PointIndex>(folder).indices
        where index.classes.isConsistent && index.settings == settings {
            let files = PreparedPoints(folder: folder, index: index)
            index.scenes = (result?.scenes ?? []) + index.scenes.filter { files.isWhole($0) }
            index.shapes = (result?.shapes ?? []) + index.shapes.filter { files.isWhole($0) }
            result = index
        }
        return result
    }
}
