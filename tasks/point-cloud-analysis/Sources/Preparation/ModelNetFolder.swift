// SPDX-License-Identifier: Apache-2.0
import Files
import Foundation
import Tensors

/// ModelNet as it is shipped: `CLASS/train/NAME.off` and `CLASS/test/NAME.off`; classes by name.
enum ModelNetFolder {
    static func items(
        _ data: PointDataRecipe
    ) throws -> (classes: PointClasses, items: [PointItem]) {
        let files = try PointSources.files(in: data.source, endings: ["off"])
        let parts = files.map { $0.split(separator: "/").map(String.init) }
        if let odd = parts.first(where: { $0.count != 3 || !["train", "test"].contains($0[1]) }) {
            throw InputError(
                "found \(odd.joined(separator: "/")), expected CLASS/train/NAME.off and "
                    + "CLASS/test/NAME.off", path: data.source)
        }
        let names = Set(parts.map { $0[0] }).sorted()
        guard !names.isEmpty else {
            throw InputError(
                "no CLASS/train/NAME.off; expected ModelNet10 or ModelNet40", path: data.source)
        }
        let items = zip(files, parts).map { file, parts in
            let path = "\(data.source)/\(file)"
            return PointItem(
                id: PointSources.identifier(file),
                subset: parts[1] == "train" ? .training : .validation, name: file, paths: [path],
                content: .shape(label: Int32(names.firstIndex(of: parts[0]) ?? 0)) {
                    try SurfacePoints.sample(
                        TriangleMesh.read(path), count: data.surfacePoints, name: file, path: path)
                })
        }
        return (PointClasses(names: names), items)
    }
}

/// Points on the surface of a mesh, the same for the same name.
enum SurfacePoints {
    static func sample(
        _ mesh: TriangleMesh, count: Int, name: String, path: String
    ) throws -> [SIMD3<Float>] {
        let key = RandomKey(seed: 0).child("surface").child(name)
        let places = try mesh.sample(count, key: key, path: path)
        // Modelling units may lie far from 0, where float32 is coarse.
        let centre = places.reduce(SIMD3<Double>()) { $0 + $1 } / Double(places.count)
        return places.map { SIMD3<Float>($0 - centre) }
    }
}
