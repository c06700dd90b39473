// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Tensors

/// Points in a `.npy` array of real numbers, a row each.
///
/// Columns: x y z; or x y z and intensity; or x y z and red green blue in 0...255; or those six and
/// a class, as S3DIS is often kept. The array is held whole in memory.
package struct NpyPoints: PointReader {
    package let path: String
    private let array: Tensor
    private var given = 0

    private static let widths = [3, 4, 6, 7]

    /// Reads an array and checks its shape.
    package init(_ path: String) throws(PointFileError) {
        self.path = path
        do throws(CheckpointError) {
            array = try Npy.readTensor(path)
        } catch { throw PointFileError(error) }
        guard array.rank == 2, NpyPoints.widths.contains(array.shape[1]), array.shape[0] > 0 else {
            throw PointFileError(
                "an array of shape \(array.shape), expected [N, 3], [N, 4] (intensity), [N, 6] "
                    + "(color) or [N, 7] (color and class) with N at least 1", path: path)
        }
    }

    package var count: Int? { array.shape[0] }

    package mutating func next(_ limit: Int) throws(PointFileError) -> PointBlock? {
        let size = min(max(1, limit), array.shape[0] - given)
        guard size > 0 else { return nil }
        let width = array.shape[1]
        let values = array.rows(given..<given + size).doubles
        let first = given
        given += size
        func column(_ place: Int) -> [Double] {
            (0..<size).map { values[$0 * width + place] }
        }
        let source = PointSource(bytes: [], path: path)
        let channels = width >= 6 ? "rgb" : ""
        let names =
            ["x", "y", "z"] + (width == 4 ? ["intensity"] : []) + channels.map { String($0) }
            + (width == 7 ? ["class"] : [])
        let vertex = PLYHeader.Element(
            name: "vertex", count: size,
            properties: names.map {
                PLYHeader.Property(
                    name: $0, scalar: "rgb".contains($0) ? .uint8 : .float64, isList: false)
            })
        let columns = try PLYColumns(vertex, source)
        return try columns.block(columns.used.map(column), from: first, source)
    }
}
