// SPDX-License-Identifier: Apache-2.0
import Files
import Foundation
package import Preparation

/// Makes the folder that training reads of a recipe's points.
///
/// Resumable: what is finished and whose source hasn't changed is left as it is. What can't be used
/// is left out with its reason, or refused.
package struct PointPreparation: Sendable {
    private let data: PointDataRecipe
    private let classes: PointClasses
    private let items: [PointItem]
    private let loop: PreparationLoop
    /// Points that each thread holds at a time at most.
    private let slabPoints: Int

    /// The preparation of a recipe's data.
    ///
    /// - Parameters:
    ///   - keepGoing: Whether what can't be used is left out instead of refused.
    ///   - slabPoints: Points of a cloud that each thread holds in memory at a time at most.
    /// - Throws: One line where the source is missing or laid out differently.
    package init(
        _ data: PointDataRecipe, keepGoing: Bool = true, slabPoints: Int = 1 << 23
    ) throws {
        self.data = data
        self.slabPoints = slabPoints
        (classes, items) = try PointSources.items(data)
        loop = PreparationLoop(
            data.kind.isSegmentation ? "scene" : "shape", inputs: items.map(\.id),
            keepGoing: keepGoing)
        if let unknown = data.scoreWithout.first(where: { !classes.names.contains($0) }) {
            throw InputError(
                "data.scoreWithout has \"\(unknown)\", expected some of "
                    + classes.names.joined(separator: ", "), path: data.source)
        }
    }

    /// Makes what isn't there yet and writes the index.
    ///
    /// - Parameters:
    ///   - threads: Scenes or shapes that are made at a time; the files do not depend on it.
    ///   - report: Told of every scene and shape.
    @discardableResult
    package func run(
        threads: Int = 1, report: PreparationLoop.Report = { _ in }
    ) throws -> PreparedPoints {
        let folder = PreparedFolder<PointIndex>(data.prepared)
        return try PreparedFiles.locked(
            folder.path, parts: ["scenes", "shapes"], remedy: "choose another data.prepared"
        ) {
            let former = PreparedPoints.known(folder.path, settings: data.settings)
            let known = KnownItems(former, classes: classes, features: data.sampling.features)
            // Both parts of a split cloud, and all rows of an array, are of one source.
            let stamps = SharedValues<[String], String>()
            let surveys = SharedValues<[String], CloudSurvey>()
            var hasMade = false
            let index = try folder.prepare(loop, threads: threads) {
                { number, notes in
                    let item = items[number]
                    let stamp =
                        try item.mark
                        + stamps.value(item.paths) { try SourceStamp.of(item.paths) }
                    if let entry = known.entry(of: item, stamp: stamp) {
                        return .init(entry, .known)
                    }
                    return try make(item, stamp: stamp, surveys, &notes)
                }
            } report: { event in
                if case .written = event.outcome { hasMade = true }
                report(event)
            } index: { products in
                var index = PointIndex(settings: data.settings, classes: classes)
                for item in products.items { item.add(to: &index) }
                index.skipped = products.skipped
                return index
            }
            if hasMade { clear(folder.path, keeping: index.stems.union(former?.stems ?? [])) }
            return try PreparedPoints(folder: folder.path)
        }
    }

    /// Deletes the points of sources that are no more.
    ///
    /// Those of the index before this one stay: a run that trains on them still scores with them.
    private func clear(_ folder: String, keeping stems: Set<String>) {
        for part in ["scenes", "shapes"] {
            for name in FileSystem.names(in: "\(folder)/\(part)")
            where !stems.contains((name as NSString).deletingPathExtension) {
                try? FileManager.default.removeItem(atPath: "\(folder)/\(part)/\(name)")
            }
        }
    }

    private func make(
        _ item: PointItem, stamp: String, _ surveys: SharedValues<[String], CloudSurvey>,
        _ notes: inout [String]
    ) throws -> PreparationLoop.Product<PointEntry> {
        switch item.content {
        case .scene(let open, let region):
            let survey = try surveys.value(item.paths) {
                let survey = try CloudSurvey(open())
                notes += survey.notes
                return survey
            }
            let scene = try scene(item, open, region, survey, stamp)
            return .init(.scene(scene), .written("\(scene.points) points"))
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
            return .init(.shape(shape), .written("\(shape.points) points"))
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
