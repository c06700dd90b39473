// SPDX-License-Identifier: Apache-2.0
package import Files
import Foundation
import Synchronization
package import Tensors

/// A file of points that is read a block at a time, so that its size does not matter.
package protocol PointReader: Sendable {
    /// The file.
    var path: String { get }

    /// The number of points, where the file says it before it is read.
    var count: Int? { get }

    /// What people should know of how the file is read, a line each; complete at its end.
    var notes: [String] { get }

    /// What the brightest channel is in the file, where it is known.
    var colorRange: Double? { get }

    /// What the file calls its fields, where it names them.
    var fieldNames: [String] { get }

    /// The next points, at most `limit`, or nil at the end.
    ///
    /// - Throws: One line for the first point that cannot be used.
    mutating func next(_ limit: Int) throws(InputError) -> PointBlock?
}

extension PointReader {
    /// Nothing to say.
    package var notes: [String] { [] }
    /// Not known.
    package var colorRange: Double? { nil }
    /// No names.
    package var fieldNames: [String] { [] }

    /// All points that were not given yet.
    package mutating func rest() throws(InputError) -> PointBlock {
        guard var all = try next(PointFile.blockSize) else { return PointBlock(positions: []) }
        while let block = try next(PointFile.blockSize) { all.append(block) }
        return all
    }
}

/// Opens files of points, by content.
package enum PointFile {
    /// Points that are read at a time: a few mebibytes.
    package static let blockSize = 1 << 16

    /// Formats that keep fields which aren't read here.
    enum Format { case las, ply, other }

    /// Opens LAS, PLY, `.npy`, OFF, OBJ, the folder of an S3DIS room or that of its rooms.
    ///
    /// - Parameters:
    ///   - reading: What is read, and what the file calls it.
    ///   - samples: Points that are drawn on the surface of a mesh (OFF, OBJ).
    ///   - key: The random stream of those draws.
    package static func open(
        _ path: String, _ reading: PointReading = .all, samples: Int = 100_000,
        key: RandomKey = RandomKey(seed: 0)
    ) throws(InputError) -> any PointReader {
        var isFolder: ObjCBool = false
        if unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder),
            isFolder.boolValue
        {
            let rooms = S3DISRoom.rooms(in: path)
            // One line of the published data is damaged.
            return rooms.isEmpty
                ? try S3DISRoom(path, keepsGoing: true) : try S3DISArea(path, rooms)
        }
        return try open(PointSource(path: path), reading, samples: samples, key: key)
    }

    /// Opens a file that lies in memory; `name` is its name for messages.
    package static func open(
        bytes: [UInt8], name: String, _ reading: PointReading = .all, samples: Int = 1000,
        key: RandomKey = RandomKey(seed: 0)
    ) throws(InputError) -> any PointReader {
        try open(PointSource(bytes: bytes, path: name), reading, samples: samples, key: key)
    }

    /// Opens a file again and again: what the first opening finds out about it is kept.
    package static func opener(
        _ path: String, _ reading: PointReading = .all
    ) -> @Sendable () throws(InputError) -> any PointReader {
        let known = Mutex(reading)
        return { () throws(InputError) in
            let reading = known.withLock(\.self)
            let reader = try open(path, reading)
            if reading.colorRange == nil {
                known.withLock { $0.colorRange = reader.colorRange }
            }
            return reader
        }
    }

    /// The format of a file by its content; what can't be read is `other`.
    static func format(of path: String) -> Format {
        guard let source = try? PointSource(path: path), let start = try? source.prefix(16) else {
            return .other
        }
        return format(start)
    }

    private static func format(_ start: [UInt8]) -> Format {
        if start.starts(with: Array("LASF".utf8)) { return .las }
        return PLYHeader.isPLY(start) ? .ply : .other
    }

    private static func open(
        _ source: PointSource, _ reading: PointReading, samples: Int, key: RandomKey
    ) throws(InputError) -> any PointReader {
        let start = try source.prefix(1 << 16)
        switch format(start) {
        case .las: return try LASReader(source, reading)
        case .ply: return try PLYReader(source, reading)
        case .other: break
        }
        if start.starts(with: [0x93] + Array("NUMPY".utf8)) {
            return try NpyPoints(source.path, reading)
        }
        guard let mesh = try TriangleMesh.read(source, beginning: start) else {
            throw source.error(
                start.isEmpty ? "the file is empty; fetch it again" : ForeignFile.message(start))
        }
        return HeldPoints(
            path: source.path,
            positions: try mesh.sample(samples, key: key, path: source.path))
    }
}
