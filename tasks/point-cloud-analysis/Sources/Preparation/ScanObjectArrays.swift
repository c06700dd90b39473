// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Files
import Foundation
import Tensors

/// ScanObjectNN converted to arrays: `training_points.npy` `[N, P, 3]` and `training_labels.npy`
/// `[N]`, and the same for `test`.
enum ScanObjectArrays {
    /// The fifteen classes (Uy et al., ICCV 2019).
    static let classes = [
        "bag", "bin", "box", "cabinet", "chair", "desk", "display", "door", "shelf", "table", "bed",
        "pillow", "sink", "sofa", "toilet",
    ]

    private static let conversion = """
        python -c "import h5py, numpy as np; [(np.save(f'{n}_points.npy', f['data'][:].astype\
        ('f4')), np.save(f'{n}_labels.npy', f['label'][:].astype('i8'))) for n in ('training', \
        'test') for f in [h5py.File(f'{n}_objectdataset_augmentedrot_scale75.h5')]]" \
        (pip install h5py)
        """

    static func items(
        _ data: PointDataRecipe
    ) throws -> (classes: PointClasses, items: [PointItem]) {
        let known = data.classes ?? PointClasses(names: classes)
        let lookup = ClassLookup(known)
        var items: [PointItem] = []
        for (name, subset) in [
            ("training", PointIndex.Subset.training), ("test", .validation),
        ] {
            items += try part(name, subset, data, lookup)
        }
        return (known, items)
    }

    private static func part(
        _ name: String, _ subset: PointIndex.Subset, _ data: PointDataRecipe, _ lookup: ClassLookup
    ) throws -> [PointItem] {
        let path = "\(data.source)/\(name)_points.npy"
        let labelPath = "\(data.source)/\(name)_labels.npy"
        for path in [path, labelPath] where !FileManager.default.fileExists(atPath: path) {
            throw InputError(
                "missing; convert the .h5 files, beside them, with: \(conversion)", path: path)
        }
        let points = try Npy.readTensor(path)
        let labels = try Npy.readIntegers(labelPath)
        guard points.rank == 3, points.shape[2] == 3, points.shape[1] > 0,
            labels.shape == [points.shape[0]]
        else {
            throw InputError(
                "points of shape \(points.shape) and labels of shape \(labels.shape), expected "
                    + "[N, P, 3] and [N]", path: path)
        }
        return try labels.values.enumerated().compactMap { row, value in
            guard let code = Int32(exactly: value), let label = lookup.label(of: code) else {
                throw lookup.unknown(
                    Int32(clamping: value), points: points.shape[1], path: labelPath)
            }
            guard label >= 0 else { return nil }
            return PointItem(
                id: "\(name)-\(row)", subset: subset, name: "\(name)_points.npy row \(row)",
                paths: [path, labelPath], mark: "class \(label), ",
                content: .shape(label: label) {
                    try shape(points.rows(row..<row + 1).floats, limit: data.surfacePoints, path)
                })
        }
    }

    private static func shape(
        _ values: [Float], limit: Int, _ path: String
    ) throws -> [SIMD3<Float>] {
        let points = (0..<min(limit, values.count / 3)).map {
            SIMD3(values[3 * $0], values[3 * $0 + 1], values[3 * $0 + 2])
        }
        guard values.allSatisfy(\.isFinite), points.contains(where: { $0 != points[0] }) else {
            throw InputError(
                "a shape with coordinates that are not finite, or whose points are all equal",
                path: path)
        }
        return points
    }
}
