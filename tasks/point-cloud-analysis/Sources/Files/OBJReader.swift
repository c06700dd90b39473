// SPDX-License-Identifier: Apache-2.0
import Files
import TextFormats

/// Wavefront OBJ: vertices (`v`) and faces (`f`); everything else is skipped.
enum OBJReader {
    private static let keywords: Set<String> = [
        "v", "vn", "vt", "vp", "f", "l", "p", "o", "g", "s", "mtllib", "usemtl",
    ]

    /// Whether the first line that is neither empty nor a comment begins like a line of OBJ.
    static func isOBJ(_ start: [UInt8]) -> Bool {
        var text = TextStart(start)
        return text.words().map { keywords.contains($0[0]) } ?? false
    }

    static func read(_ source: PointSource) throws(InputError) -> TriangleMesh {
        let mark = TextStart.mark(try source.prefix(3))
        var lines = LineReader(source, from: mark)
        var mesh = TriangleMesh()
        var polygon: [Int32] = []
        // The largest vertex that a face names, and where.
        var largest: (index: Int, line: Int) = (-1, 0)
        while let line = try lines.next() {
            var fields = Fields(line)
            guard let keyword = fields.next() else { continue }
            if keyword.elementsEqual([0x76]) {
                try mesh.addVertex(&fields, lines)
            } else if keyword.elementsEqual([0x66]) {
                polygon.removeAll(keepingCapacity: true)
                while let corner = fields.next() {
                    let index = try vertex(corner, mesh.vertices.count, lines)
                    if index > largest.index { largest = (index, lines.number) }
                    polygon.append(Int32(index))
                }
                guard polygon.count >= 2 else {
                    throw lines.error(nil, expected: "a face of three corners or more")
                }
                mesh.add(polygon: polygon)
            }
        }
        // A face may come before its vertices.
        guard largest.index < mesh.vertices.count else {
            throw source.error(
                "line \(largest.line): a face names vertex \(largest.index + 1) of "
                    + "\(mesh.vertices.count); the file is damaged or cut short")
        }
        return mesh
    }

    /// The vertex of a corner `v`, `v/vt`, `v//vn` or `v/vt/vn`, from 0; negative ones count back.
    private static func vertex(
        _ corner: ArraySlice<UInt8>, _ count: Int, _ lines: LineReader
    ) throws(InputError) -> Int {
        let text = corner.prefix { $0 != 0x2F }
        guard let number = DecimalNumber.integer(text), number != 0, number >= -count,
            number <= Int(Int32.max)
        else {
            throw lines.error(
                corner, expected: "a vertex from 1, or from -\(count) to -1 counted back")
        }
        return number > 0 ? number - 1 : count + number
    }
}
