// SPDX-License-Identifier: Apache-2.0
import Checkpoints
package import Datasets

/// Opens rooms, meshes and arrays of points for `dr2net data verify`.
package struct PointPartReader: PartReader {
    /// Points of a room that are read: its files are there and are lines of points.
    private static let roomPoints = 1000

    /// A reader.
    package init() {}

    /// The kinds of parts that this reads.
    package var kinds: Set<Manifest.PartKind> { [.room, .mesh, .array] }

    /// Endings of a kind's files; nil for any.
    package func endings(of kind: Manifest.PartKind) -> Set<String>? {
        switch kind {
        case .mesh: ["off", "obj"]
        case .array: ["npy"]
        default: nil
        }
    }

    /// Whether files of a kind list others, or say how many there are.
    package func lists(_ kind: Manifest.PartKind) -> Bool { kind == .array }

    /// Opens a file to see that it can be used.
    package func open(_ path: String, as kind: Manifest.PartKind) throws {
        switch kind {
        case .room:
            var room = try S3DISRoom(path, keepsGoing: true)
            _ = try room.next(Self.roomPoints)
        case .mesh: _ = try TriangleMesh.read(path)
        default: _ = try Npy.shape(path)
        }
    }

    /// What a file lists.
    package func contents(
        of path: String, as kind: Manifest.PartKind
    ) throws -> PartContents {
        return PartContents(counts: [nil: ["scans": try Npy.shape(path).first ?? 0]])
    }
}
