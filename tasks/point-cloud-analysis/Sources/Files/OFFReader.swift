// SPDX-License-Identifier: Apache-2.0
import Files
import TextFormats

/// The Object File Format (Geomview), ascii; also ModelNet's files with the counts behind `OFF`.
enum OFFReader {
    private static let magics = ["OFF", "COFF", "NOFF", "CNOFF", "STOFF"]
    private static let largestPolygon = 1 << 16

    /// Whether the first line that is neither empty nor a comment begins like OFF.
    static func isOFF(_ start: [UInt8]) -> Bool {
        var text = TextStart(start)
        guard let first = text.words()?[0] else { return false }
        return magics.contains { magic in
            first.hasPrefix(magic)
                && first.dropFirst(magic.count).first.map { $0.isASCII && $0.isNumber } ?? true
        }
    }

    static func read(_ source: PointSource) throws(InputError) -> TriangleMesh {
        let mark = TextStart.mark(try source.prefix(3))
        var lines = LineReader(source, from: mark)
        let counts = try counts(&lines)
        // A vertex needs three digits with a blank or line feed each, a triangle four.
        guard counts.vertices <= source.count / 6 + 1, counts.faces <= source.count / 2 + 1 else {
            throw source.error(
                "\(counts.vertices) vertices and \(counts.faces) faces declared in a file of "
                    + "\(source.count) bytes; it is cut short")
        }
        var mesh = TriangleMesh()
        mesh.vertices.reserveCapacity(counts.vertices)
        for _ in 0..<counts.vertices {
            var fields = Fields(try line(&lines, "vertex"))
            try mesh.addVertex(&fields, lines)
        }
        var polygon: [Int32] = []
        for _ in 0..<counts.faces {
            var fields = Fields(try line(&lines, "face"))
            let field = fields.next()
            guard let corners = field.flatMap({ DecimalNumber.integer($0) }),
                (0...largestPolygon).contains(corners)
            else { throw lines.error(field, expected: "the number of a face's corners") }
            polygon.removeAll(keepingCapacity: true)
            for _ in 0..<corners {
                let field = fields.next()
                guard let index = field.flatMap({ DecimalNumber.integer($0) }),
                    mesh.vertices.indices.contains(index)
                else {
                    throw lines.error(
                        field, expected: "a vertex from 0 to \(mesh.vertices.count - 1)")
                }
                polygon.append(Int32(index))
            }
            mesh.add(polygon: polygon)
        }
        return mesh
    }

    private static func counts(
        _ lines: inout LineReader
    ) throws(InputError) -> (vertices: Int, faces: Int) {
        var first = try line(&lines, "header")
        // The letters of the magic; the counts may follow at once.
        first = first.drop { $0 >= 0x41 }
        var fields = Fields(first)
        var field = fields.next()
        if field == nil {
            fields = Fields(try line(&lines, "header"))
            field = fields.next()
        }
        guard let vertices = field.flatMap({ DecimalNumber.integer($0) }), vertices >= 0 else {
            throw lines.error(field, expected: "the number of vertices")
        }
        field = fields.next()
        guard let faces = field.flatMap({ DecimalNumber.integer($0) }), faces >= 0 else {
            throw lines.error(field, expected: "the number of faces")
        }
        return (vertices, faces)
    }

    /// The next line that is neither empty nor a comment.
    private static func line(
        _ lines: inout LineReader, _ what: String
    ) throws(InputError) -> ArraySlice<UInt8> {
        while let line = try lines.next() {
            var fields = Fields(line)
            if let first = fields.next(), first.first != 0x23 { return line }
        }
        throw lines.source.error(
            "the file ends where a \(what) is due; it is cut short: fetch it again")
    }
}
