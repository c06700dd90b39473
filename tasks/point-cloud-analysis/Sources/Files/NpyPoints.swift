// SPDX-License-Identifier: Apache-2.0
import Checkpoints
package import Files
import Tensors

/// Points in a `.npy` array of real numbers, a row each.
///
/// Columns: x y z; or x y z and intensity; or x y z and red green blue, whose range follows from the
/// data; or those six and a class, as S3DIS is often kept. The array is held whole in memory.
package struct NpyPoints: PointReader {
    /// The file.
    package let path: String
    private let array: Tensor
    private let columns: PLYColumns
    private let colors: ColorRange?
    private var given = 0

    private static let widths = [3, 4, 6, 7]

    /// Reads an array and checks its shape.
    package init(_ path: String, _ reading: PointReading = .all) throws(InputError) {
        self.path = path
        array = try Npy.readTensor(path)
        guard array.rank == 2, NpyPoints.widths.contains(array.shape[1]), array.shape[0] > 0 else {
            throw InputError(
                "an array of shape \(array.shape), expected [N, 3], [N, 4] (intensity), [N, 6] "
                    + "(color) or [N, 7] (color and class) with N at least 1", path: path)
        }
        let width = array.shape[1]
        let names =
            ["x", "y", "z"] + (width == 4 ? ["intensity"] : [])
            + (width >= 6 ? ["red", "green", "blue"] : []) + (width == 7 ? ["class"] : [])
        let vertex = PLYHeader.Element(
            name: "vertex", count: array.shape[0],
            properties: names.map {
                PLYHeader.Property(name: $0, scalar: .float64, isList: false)
            })
        // Columns have no names of their own that a recipe could name.
        columns = try PLYColumns(
            vertex, PointSource(bytes: [], path: path), PointReading(reading.fields))
        guard let channels = columns.colors else {
            colors = nil
            return
        }
        if let range = reading.colorRange {
            colors = ColorRange(range)
            return
        }
        var largest = 0.0, first = 0
        while first < array.shape[0], !ColorRange.isSettled(largest) {
            let rows = first..<min(array.shape[0], first + PointFile.blockSize)
            let values = array.rows(rows).doubles
            for row in 0..<rows.count {
                for channel in channels { largest = max(largest, values[row * width + channel]) }
            }
            first = rows.upperBound
        }
        colors = ColorRange(largest: largest, isReal: true, isShort: false)
    }

    /// Points of the file, where its header states them.
    package var count: Int? { array.shape[0] }
    /// What people should know of how the file is read.
    package var notes: [String] { [colors?.note].compactMap(\.self) }
    /// What the brightest channel is in the file, where it is known.
    package var colorRange: Double? { colors?.top }

    /// The points that follow, at most `limit`; nil at the end.
    package mutating func next(_ limit: Int) throws(InputError) -> PointBlock? {
        let size = min(max(1, limit), array.shape[0] - given)
        guard size > 0 else { return nil }
        let width = array.shape[1]
        let values = array.rows(given..<given + size).doubles
        let first = given
        given += size
        func column(_ place: Int) -> [Double] {
            (0..<size).map { values[$0 * width + place] }
        }
        return try columns.block(
            columns.used.map(column), colors: colors, from: first,
            PointSource(bytes: [], path: path))
    }
}
