// SPDX-License-Identifier: Apache-2.0
import Foundation
package import Tensors

/// A file of points that is read a block at a time, so that its size does not matter.
package protocol PointReader: Sendable {
    /// The file.
    var path: String { get }

    /// The number of points, where the file says it before it is read.
    var count: Int? { get }

    /// The next points, at most `limit`, or nil at the end.
    ///
    /// - Throws: One line for the first point that cannot be used.
    mutating func next(_ limit: Int) throws(PointFileError) -> PointBlock?
}

extension PointReader {
    /// All points that were not given yet.
    package mutating func rest() throws(PointFileError) -> PointBlock {
        guard var all = try next(PointFile.blockSize) else { return PointBlock(positions: []) }
        while let block = try next(PointFile.blockSize) { all.append(block) }
        return all
    }
}

/// Opens files of points, by content.
package enum PointFile {
    /// Points that are read at a time: a few mebibytes.
    package static let blockSize = 1 << 16

    /// Opens LAS, PLY, `.npy`, OFF, OBJ or the folder of an S3DIS room.
    ///
    /// - Parameters:
    ///   - samples: Points that are drawn on the surface of a mesh (OFF, OBJ).
    ///   - key: The random stream of those draws.
    package static func open(
        _ path: String, samples: Int = 100_000, key: RandomKey = RandomKey(seed: 0)
    ) throws(PointFileError) -> any PointReader {
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue
        {
            return try S3DISRoom(path)
        }
        return try open(PointSource(path: path), samples: samples, key: key)
    }

    /// Opens a file that lies in memory; `name` is its name for messages.
    package static func open(
        bytes: [UInt8], name: String, samples: Int = 1000, key: RandomKey = RandomKey(seed: 0)
    ) throws(PointFileError) -> any PointReader {
        try open(PointSource(bytes: bytes, path: name), samples: samples, key: key)
    }

    private static func open(
        _ source: PointSource, samples: Int, key: RandomKey
    ) throws(PointFileError) -> any PointReader {
        let start = try source.prefix(512)
        if start.starts(with: Array("LASF".utf8)) { return try LASReader(source) }
        if PLYHeader.isPLY(start) { return try PLYReader(source) }
        if start.starts(with: [0x93] + Array("NUMPY".utf8)) { return try NpyPoints(source.path) }
        guard let mesh = try TriangleMesh.read(source, beginning: start) else {
            throw source.error(
                start.isEmpty
                    ? "the file is empty; fetch it again"
                    : "found neither LAS, PLY, .npy, OFF nor OBJ; convert the cloud to LAS or PLY")
        }
        return SampledMesh(
            path: source.path,
            positions: try mesh.sample(samples, key: key, path: source.path))
    }
}

/// Points drawn on a mesh.
private struct SampledMesh: PointReader {
    let path: String
    let positions: [SIMD3<Double>]
    private var given = 0

    init(path: String, positions: [SIMD3<Double>]) {
        self.path = path
        self.positions = positions
    }

    var count: Int? { positions.count }

    mutating func next(_ limit: Int) throws(PointFileError) -> PointBlock? {
        guard given < positions.count else { return nil }
        let range = given..<min(positions.count, given + max(1, limit))
        given = range.upperBound
        return PointBlock(positions: Array(positions[range]))
    }
}
