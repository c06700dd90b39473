// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Files
import Foundation
import Tensors

/// Makes the folder that training reads of a recipe's points.
///
/// Resumable: what is finished and whose source hasn't changed is left as it is. What can't be used
/// is left out with its reason; training goes on without it.
package struct PointPreparation {
    /// What happened to a scene or shape.
    package enum Outcome: Sendable {
        /// Made now.
        case made(points: Int)
        /// Was there already.
        case present
        /// Left out.
        case skipped(String)
        /// How its file is read; what happened follows.
        case noted(String)
    }

    private let data: PointDataRecipe
    private let classes: PointClasses
    private let items: [PointItem]
    /// Points held at a time at most.
    private let slabPoints: Int

    /// The preparation of a recipe's data.
    ///
    /// - Parameter slabPoints: Points of a cloud that are held in memory at a time at most.
    /// - Throws: One line where the source is missing or laid out differently.
    package init(_ data: PointDataRecipe, slabPoints: Int = 1 << 23) throws {
        self.data = data
        self.slabPoints = slabPoints
        (classes, items) = try PointSources.items(data)
        if let unknown = data.scoreWithout.first(where: { !classes.names.contains($0) }) {
            throw InputError(
                "data.scoreWithout has \"\(unknown)\", expected some of "
                    + classes.names.joined(separator: ", "), path: data.source)
        }
    }

    /// Makes what isn't there yet and writes the index.
    ///
    /// - Parameter report: Told of every scene and shape.
    @discardableResult
    package func run(
        report: (_ done: Int, _ total: Int, _ id: String, Outcome) -> Void = { _, _, _, _ in }
    ) throws -> PreparedPoints {
        let folder = data.prepared
        do {
            for name in ["scenes", "shapes"] {
                try FileManager.default.createDirectory(
                    atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
            }
        } catch {
            throw InputError(
                "can't create the folder; choose another data.prepared", path: folder)
        }
        let lock = try FolderLock(folder: folder)
        defer { withExtendedLifetime(lock) {} }
        let former = PreparedPoints.known(folder: folder, settings: data.settings)
        var known = KnownItems(former, classes: classes, features: data.sampling.features)
        var hasMade = false
        var index = PointIndex(settings: data.settings, classes: classes)
        var saved = ContinuousClock.now
        var surveys = LastSurvey(), stamps = LastStamp()
        for (number, item) in items.enumerated() {
            func tell(_ outcome: Outcome) { report(number + 1, items.count, item.id, outcome) }
            do {
                let stamp = try item.mark + stamps.stamp(of: item.paths)
                if known.move(item, stamp: stamp, to: &index) {
                    tell(.present)
                } else {
                    defer { for line in surveys.takeNotes() { tell(.noted(line)) } }
                    let points = try make(item, stamp: stamp, &surveys, &index)
                    hasMade = true
                    tell(.made(points: points))
                }
            } catch let error as InputError where !error.isStorage {
                // Only what is wrong with the source: a full disk ends the preparation.
                index.skipped.append(.init(id: item.id, reason: error.description))
                tell(.skipped(error.description))
            }
            if saved.duration(to: .now) > .seconds(5) {
                try write(index, to: PreparedPoints.journalPath(folder))
                saved = .now
            }
        }
        guard !index.scenes.isEmpty || !index.shapes.isEmpty else {
            let first = index.skipped.first?.reason ?? "\(data.source): no points to prepare"
            throw InputError(first)
        }
        try write(index, to: PreparedPoints.indexPath(folder))
        try? FileManager.default.removeItem(atPath: PreparedPoints.journalPath(folder))
        if hasMade { clear(folder, keeping: index.stems.union(former?.stems ?? [])) }
        return try PreparedPoints(folder: folder)
    }

    /// Deletes the points of sources that are no more.
    ///
    /// Those of the index before this one stay: a run that trains on them still scores with them.
    private func clear(_ folder: String, keeping stems: Set<String>) {
        for part in ["scenes", "shapes"] {
            let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(part)"))
            for name in names ?? []
            where !stems.contains((name as NSString).deletingPathExtension) {
                try? FileManager.default.removeItem(atPath: "\(folder)/\(part)/\(name)")
            }
        }
    }

    private func write(_ index: PointIndex, to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try AtomicFile.write(encoder.encode(index), to: path)
    }

    private func make(
        _ item: PointItem, stamp: String, _ surveys: inout LastSurvey, _ index: inout PointIndex
    ) throws -> Int {
        switch item.content {
        case .scene(let open, let region):
            let survey = try surveys.survey(of: item.paths, open)
            let scene = try scene(item, open, region, survey, stamp)
            index.scenes.append(scene)
            return scene.points
        case .shape(let label, let read):
            let positions = try read()
            let shape = PointIndex.Shape(
                id: item.id, subset: item.subset, source: item.name, stamp: stamp,
                points: positions.count, label: label)
            var bytes: [UInt8] = []
            bytes.reserveCapacity(positions.count * 12)
            for position in positions {
                for axis in 0..<3 { bytes.append(number: position[axis]) }
            }
            try AtomicFile.write(
                Data(bytes), to: PreparedPoints.shapePath(data.prepared, item.id, stamp: stamp))
            index.shapes.append(shape)
            return shape.points
        }
    }

    private func scene(
        _ item: PointItem, _ open: () throws -> any PointReader, _ region: CloudRegion,
        _ survey: CloudSurvey, _ stamp: String
    ) throws -> PointIndex.Scene {
        let path = item.paths[0]
        guard survey.hasLabels else {
            throw InputError(
                "the points have no class, expected a label of each; "
                    + (survey.fieldNames.isEmpty
                        ? "add them to the file"
                        : "name one of \(survey.fieldNames.joined(separator: ", ")) in "
                            + "data.fields.label, or add them to the file"),
                path: path)
        }
        let features = data.sampling.features
        if features.contains(.color), !survey.hasUsefulColors {
            throw InputError(
                survey.hasColors ? "all colors are black" : "the points have no color",
                orTake: "color", path: path)
        }
        if features.contains(.intensity), !survey.hasIntensities {
            throw InputError("the points have no intensity", orTake: "intensity", path: path)
        }
        let subsampler = SceneSubsampler(
            grid: data.grid, lookup: ClassLookup(classes), slabPoints: slabPoints)
        var summary = SceneSubsampler.Summary()
        let file = PreparedPoints.scenePath(data.prepared, item.id, stamp: stamp)
        try AtomicFile.write(to: file) { file in
            summary = try subsampler.run(open, survey: survey, region: region) {
                try file.write(contentsOf: Data($0.bytes))
            }
            guard summary.ignored < summary.originals else {
                throw InputError(
                    "none of \(summary.originals) points has a class that counts; correct "
                        + "data.classes", path: path)
            }
        }
        let scene = PointIndex.Scene(
            id: item.id, subset: item.subset, source: item.name, stamp: stamp,
            origin: (0..<3).map { summary.origin[$0] }, points: summary.points,
            originals: summary.originals, ignored: summary.ignored, counts: summary.counts,
            hasColors: survey.hasUsefulColors, hasIntensities: survey.hasIntensities,
            isLAS: survey.isLAS,
            intensitySum: summary.intensitySum, intensitySquares: summary.intensitySquares)
        if item.subset == .validation { try originals(of: scene, open, region, survey) }
        return scene
    }

    /// Writes the nearest voxel and the class of each original point.
    private func originals(
        of scene: PointIndex.Scene, _ open: () throws -> any PointReader, _ region: CloudRegion,
        _ survey: CloudSurvey
    ) throws {
        let index = PointIndex(settings: data.settings, classes: classes)
        let prepared = PreparedPoints(folder: data.prepared, index: index)
        let voxels = try prepared.load(scene).positions
        let tree = PointTree(voxels)
        let lookup = ClassLookup(classes)
        try AtomicFile.write(to: prepared.originalsPath(of: scene)) { file in
            var reader = try open()
            while let block = try reader.next(PointFile.blockSize) {
                let inside = block.positions.indices.filter {
                    region.contains(block.positions[$0], lower: survey.lower)
                }
                let nearest = tree.nearest(
                    to: inside.map { SIMD3<Float>(block.positions[$0] - survey.lower) }, k: 1)
                var bytes: [UInt8] = []
                bytes.reserveCapacity(inside.count * PreparedPoints.originalLength)
                for (place, point) in inside.enumerated() {
                    bytes.append(number: UInt32(nearest.indices[place]))
                    let label = block.labels.flatMap { lookup.label(of: $0[point]) }
                    bytes.append(number: label ?? PointClasses.ignored)
                }
                try file.write(contentsOf: Data(bytes))
            }
        }
    }
}

extension InputError {
    fileprivate init(_ found: String, orTake feature: String, path: String) {
        self.init(
            "\(found), which data.features asks for; leave \(feature) out of it", path: path)
    }
}
