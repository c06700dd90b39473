// SPDX-License-Identifier: Apache-2.0
import Files

/// The survey of the last cloud: both parts of a split cloud need it.
struct LastSurvey {
    private var known: (paths: [String], survey: CloudSurvey)?
    private var notes: [String] = []

    mutating func survey(
        of paths: [String], _ open: () throws -> any PointReader
    ) throws -> CloudSurvey {
        if let known, known.paths == paths { return known.survey }
        let survey = try CloudSurvey(open())
        known = (paths, survey)
        notes = survey.notes
        return survey
    }

    /// What people should know of how the cloud is read, once.
    mutating func takeNotes() -> [String] {
        defer { notes = [] }
        return notes
    }
}

/// The stamp of the last source: the items of one source follow each other.
struct LastStamp {
    private var known: (paths: [String], stamp: String)?

    /// A source that can't be read is left out like one that can't be parsed.
    mutating func stamp(of paths: [String]) throws(InputError) -> String {
        if let known, known.paths == paths { return known.stamp }
        let stamp = try SourceStamp.of(paths)
        known = (paths, stamp)
        return stamp
    }
}

/// What an earlier preparation has finished, by id.
struct KnownItems {
    private var scenes: [String: PointIndex.Scene] = [:]
    private var shapes: [String: PointIndex.Shape] = [:]

    init(_ index: PointIndex?, classes: PointClasses, features: [PointFeature]) {
        guard let index, index.classes == classes else { return }
        for scene in index.scenes
        where (scene.hasColors || !features.contains(.color))
            && (scene.hasIntensities || !features.contains(.intensity))
        { scenes[scene.id] = scene }
        for shape in index.shapes { shapes[shape.id] = shape }
    }

    /// Whether an item is finished; it then stands in the index.
    mutating func move(_ item: PointItem, stamp: String, to index: inout PointIndex) -> Bool {
        if let scene = scenes[item.id], scene.stamp == stamp, scene.subset == item.subset {
            index.scenes.append(scene)
            return true
        }
        if let shape = shapes[item.id], shape.stamp == stamp, shape.subset == item.subset {
            index.shapes.append(shape)
            return true
        }
        return false
    }
}
