// SPDX-License-Identifier: Apache-2.0

/// What the index has of a prepared item.
enum PointEntry: Sendable {
    case scene(PointIndex.Scene)
    case shape(PointIndex.Shape)

    /// Puts it into an index.
    func add(to index: inout PointIndex) {
        switch self {
        case .scene(let scene): index.scenes.append(scene)
        case .shape(let shape): index.shapes.append(shape)
        }
    }
}

/// What an earlier preparation has finished, by id.
struct KnownItems: Sendable {
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

    /// What the index has of an item; nil where it isn't finished.
    func entry(of item: PointItem, stamp: String) -> PointEntry? {
        if let scene = scenes[item.id], scene.stamp == stamp, scene.subset == item.subset {
            return .scene(scene)
        }
        if let shape = shapes[item.id], shape.stamp == stamp, shape.subset == item.subset {
            return .shape(shape)
        }
        return nil
    }
}
