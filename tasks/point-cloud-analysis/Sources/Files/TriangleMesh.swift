// SPDX-License-Identifier: Apache-2.0
package import Files
package import Tensors
import TextFormats

/// A surface of triangles.
package struct TriangleMesh: Sendable, Equatable {
    /// Corners, all finite.
    package var vertices: [SIMD3<Double>] = []
    /// Three positions in ``vertices`` each.
    package var triangles: [SIMD3<Int32>] = []

    /// An empty surface.
    package init() {}

    /// Reads OFF or OBJ.
    package static func read(_ path: String) throws(InputError) -> TriangleMesh {
        try read(PointSource(path: path))
    }

    /// Reads OFF or OBJ that lies in memory; `name` is its name for messages.
    package static func read(
        bytes: [UInt8], name: String
    ) throws(InputError) -> TriangleMesh {
        try read(PointSource(bytes: bytes, path: name))
    }

    private static func read(_ source: PointSource) throws(InputError) -> TriangleMesh {
        guard let mesh = try read(source, beginning: try source.prefix(1 << 16)) else {
            throw source.error("found neither OFF nor OBJ; convert the mesh to one of them")
        }
        return mesh
    }

    /// The mesh, or nil where the file begins like neither format.
    static func read(
        _ source: PointSource, beginning start: [UInt8]
    ) throws(InputError) -> TriangleMesh? {
        if OFFReader.isOFF(start) { return try OFFReader.read(source) }
        return OBJReader.isOBJ(start) ? try OBJReader.read(source) : nil
    }

    /// Adds the vertex whose coordinates are the next three fields of a line.
    mutating func addVertex(_ fields: inout Fields, _ reader: LineReader) throws(InputError) {
        var vertex = SIMD3<Double>()
        for axis in 0..<3 {
            let field = fields.next()
            guard let value = field.flatMap({ DecimalNumber.double($0) }) else {
                throw reader.error(field, expected: "a coordinate")
            }
            vertex[axis] = value
        }
        let zero = vertex - vertex
        guard zero.x + zero.y + zero.z == 0 else {
            throw reader.error(
                "the vertex \(vertex.x) \(vertex.y) \(vertex.z), expected finite numbers")
        }
        guard vertices.count < Int(Int32.max) else {
            throw reader.error("more than \(Int32.max) vertices; split the mesh")
        }
        vertices.append(vertex)
    }

    /// Adds a polygon as a fan of triangles round its first corner; right for convex polygons.
    mutating func add(polygon: [Int32]) {
        for corner in polygon.indices.dropFirst(2) {
            triangles.append(SIMD3(polygon[0], polygon[corner - 1], polygon[corner]))
        }
    }

    /// Points drawn evenly on the surface: a triangle by its area, then a place in it.
    ///
    /// Point i is a function of the key and of i alone. A place in a triangle is
    /// (1 - √u) a + √u (1 - v) b + √u v c (Osada et al., "Shape distributions", 2002, eq. 1).
    ///
    /// - Parameters:
    ///   - count: The number of points.
    ///   - path: The file's name for messages.
    /// - Returns: `count` places in the file's units.
    /// - Throws: Where the surface has no area, or an infinite one.
    package func sample(
        _ count: Int, key: RandomKey, path: String
    ) throws(InputError) -> [SIMD3<Double>] {
        var sums: [Double] = []
        sums.reserveCapacity(triangles.count)
        var total = 0.0
        for triangle in triangles {
            total += area(triangle)
            sums.append(total)
        }
        guard total > 0, total.isFinite else {
            throw InputError(
                "\(triangles.count) triangles with an area of \(total), expected a surface; the "
                    + "mesh has no faces, or all its points are equal", path: path)
        }
        let choices = key.child("triangle"), places = key.child("place")
        return Parallel.map(count, chunk: 4096) { range in
            range.map { index in
                let triangle = triangles[
                    TriangleMesh.first(in: sums, above: choices.uniform(index) * total)]
                let u = places.uniform(2 * index).squareRoot(), v = places.uniform(2 * index + 1)
                let a = vertices[Int(triangle.x)]
                let b = vertices[Int(triangle.y)]
                let c = vertices[Int(triangle.z)]
                return a * (1 - u) + b * (u * (1 - v)) + c * (u * v)
            }
        }.flatMap { $0 }
    }

    private func area(_ triangle: SIMD3<Int32>) -> Double {
        let a = vertices[Int(triangle.x)]
        let p = vertices[Int(triangle.y)] - a
        let q = vertices[Int(triangle.z)] - a
        let normal = SIMD3(p.y * q.z - p.z * q.y, p.z * q.x - p.x * q.z, p.x * q.y - p.y * q.x)
        return (normal * normal).sum().squareRoot() / 2
    }

    /// The first position whose sum is above `value`; the last one with an area where rounding
    /// leaves none.
    private static func first(in sums: [Double], above value: Double) -> Int {
        var low = 0, high = sums.count - 1
        while low < high {
            let middle = (low + high) / 2
            if sums[middle] > value { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
