// SPDX-License-Identifier: Apache-2.0
package import Files

/// The vertices of a PLY file: ascii, or binary of either byte order.
///
/// Read are x, y, z, and where they exist red, green, blue, `intensity` and one of `label`, `class`
/// and `classification`, also with CloudCompare's prefix `scalar_`; or what ``PointReading`` names.
package struct PLYReader: PointReader {
    private let columns: PLYColumns
    private let colors: ColorRange?
    private var vertices: PLYVertices
    private var given = 0

    /// Opens a file and checks its header.
    package init(path: String, _ reading: PointReading = .all) throws(InputError) {
        try self.init(PointSource(path: path), reading)
    }

    init(_ source: PointSource, _ reading: PointReading = .all) throws(InputError) {
        // Vertices without places are told before what lies in front of them is looked at.
        columns = try PLYColumns(try PLYHeader(source).vertex, source, reading)
        vertices = try PLYVertices(source)
        colors = try PLYReader.colorRange(vertices, columns, reading)
    }

    /// The file.
    package var path: String { vertices.source.path }
    /// Points of the file, where its header states them.
    package var count: Int? { vertices.header.vertex.count }
    /// What people should know of how the file is read.
    package var notes: [String] { [colors?.note].compactMap(\.self) }
    /// What the brightest channel is in the file, where it is known.
    package var colorRange: Double? { colors?.top }
    /// What the file calls its fields.
    package var fieldNames: [String] { vertices.header.vertex.properties.map(\.name) }

    private static func colorRange(
        _ vertices: PLYVertices, _ columns: PLYColumns, _ reading: PointReading
    ) throws(InputError) -> ColorRange? {
        guard let properties = columns.colors else { return nil }
        if let range = reading.colorRange { return ColorRange(range) }
        let scalars = properties.map { vertices.header.vertex.properties[$0].scalar }
        if scalars.allSatisfy({ $0.size == 1 }) { return ColorRange(255) }
        var vertices = vertices
        var largest = 0.0
        // The channels may stand in any order.
        let used = properties.sorted()
        while vertices.left > 0, !ColorRange.isSettled(largest) {
            let values = try vertices.columns(used, min(PointFile.blockSize, vertices.left)).columns
            for column in values { for value in column where value > largest { largest = value } }
        }
        return ColorRange(
            largest: largest, isReal: scalars.contains(where: \.isReal),
            isShort: scalars.allSatisfy { $0 == .uint16 })
    }

    /// The points that follow, at most `limit`; nil at the end.
    package mutating func next(_ limit: Int) throws(InputError) -> PointBlock? {
        let size = min(max(1, limit), vertices.left)
        guard size > 0 else { return nil }
        let values = try vertices.columns(columns.used, size).columns
        let block = try columns.block(values, colors: colors, from: given, vertices.source)
        given += size
        return block
    }
}
