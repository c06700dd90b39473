// SPDX-License-Identifier: Apache-2.0
package import Files
import Foundation
import TextFormats

/// A room of S3DIS as it is shipped: `Annotations/CLASS_NUMBER.txt`, lines of x y z r g b.
///
/// Labels are positions in ``classes``; "stairs" counts as clutter, as everywhere in the field.
package struct S3DISRoom: PointReader {
    /// The thirteen classes.
    package static let classes = [
        "ceiling", "floor", "wall", "beam", "column", "window", "door", "table", "chair", "sofa",
        "bookcase", "board", "clutter",
    ]

    /// The file.
    package let path: String
    /// Lines that were left out because they hold no point, by the names of their files.
    package private(set) var skippedLines: [String: Int] = [:]
    /// Files whose rest was left out, and why.
    private var brokenFiles: [String] = []
    private let keepsGoing: Bool
    /// The files to read, last one first.
    private var files: [(path: String, label: Int32)]
    private var lines: LineReader?
    private var label: Int32 = 0
    private var given = 0

    /// Finds a room's files.
    ///
    /// - Parameters:
    ///   - path: The folder of the room, or its `Annotations`.
    ///   - keepsGoing: Whether lines with junk are left out and counted instead of thrown: the
    ///     published data has one (`Area_5/hallway_6/Annotations/ceiling_1.txt`).
    package init(_ path: String, keepsGoing: Bool = false) throws(InputError) {
        self.path = path
        self.keepsGoing = keepsGoing
        let inner = "\(path)/Annotations"
        var isFolder: ObjCBool = false
        let hasInner =
            unsafe FileManager.default.fileExists(atPath: inner, isDirectory: &isFolder)
            && isFolder.boolValue
        let folder = hasInner ? inner : path
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: folder)
        } catch {
            throw InputError("cannot list the folder; check the path", path: folder)
        }
        files = []
        for name in names.sorted().reversed()
        where name.hasSuffix(".txt") && !name.hasPrefix(".") {
            let stem = name.prefix { $0 != "_" && $0 != "." }
            let known = stem == "stairs" ? "clutter" : String(stem)
            guard let label = S3DISRoom.classes.firstIndex(of: known) else {
                throw InputError(
                    "the class \"\(stem)\" of \(name), expected one of "
                        + S3DISRoom.classes.joined(separator: ", "), path: folder)
            }
            files.append(("\(folder)/\(name)", Int32(label)))
        }
        guard !files.isEmpty else {
            throw InputError(
                "no Annotations/CLASS_NUMBER.txt in the folder; expected a room of S3DIS",
                path: path)
        }
    }

    /// The rooms in the folder of an area, by name; none where the folder is a room itself.
    static func rooms(in folder: String) -> [String] {
        func hasAnnotations(_ path: String) -> Bool {
            var isFolder: ObjCBool = false
            return unsafe FileManager.default.fileExists(
                atPath: "\(path)/Annotations", isDirectory: &isFolder) && isFolder.boolValue
        }
        guard !hasAnnotations(folder),
            let names = try? FileManager.default.contentsOfDirectory(atPath: folder)
        else { return [] }
        return names.sorted().map { "\(folder)/\($0)" }.filter(hasAnnotations)
    }

    /// What people should know of how the file is read.
    package var notes: [String] {
        skippedLines.sorted { $0.key < $1.key }.map { file, count in
            "\(file): \(count) \(count == 1 ? "line" : "lines") without a point left out"
        } + brokenFiles
    }

    /// Unknown before the lines are counted.
    package var count: Int? { nil }

    /// The points that follow, at most `limit`; nil at the end.
    package mutating func next(_ limit: Int) throws(InputError) -> PointBlock? {
        var block = PointBlock(positions: [], colors: [], labels: [])
        while block.count < max(1, limit) {
            if lines == nil {
                guard let file = files.popLast() else { break }
                lines = LineReader(try PointSource(path: file.path))
                label = file.label
            }
            guard let line = try nextLine() else {
                lines = nil
                continue
            }
            var fields = Fields(line)
            guard let first = fields.next() else { continue }
            guard let values = S3DISRoom.values(first, &fields) else {
                if keepsGoing {
                    skippedLines[lines?.source.path ?? path, default: 0] += 1
                    continue
                }
                throw lines?.error(line, expected: "x y z r g b with colors in 0...255")
                    ?? InputError("a line with junk", path: path)
            }
            block.positions.append(SIMD3(values[0], values[1], values[2]))
            block.colors?.append(
                SIMD3(UInt16(values[3]), UInt16(values[4]), UInt16(values[5])) &* 257)
            block.labels?.append(label)
        }
        given += block.count
        guard block.count > 0 else {
            guard given > 0 else {
                throw InputError("0 points in the room's files", path: path)
            }
            return nil
        }
        return block
    }

    /// The next line of the present file; nil at its end, or where it is no text from here on.
    private mutating func nextLine() throws(InputError) -> ArraySlice<UInt8>? {
        do {
            return try lines?.next()
        } catch {
            guard keepsGoing else { throw error }
            brokenFiles.append("\(error.description); the rest of the file is left out")
            return nil
        }
    }

    /// Six numbers and nothing behind them.
    private static func values(
        _ first: ArraySlice<UInt8>, _ fields: inout Fields
    ) -> [Double]? {
        var values: [Double] = []
        var field: ArraySlice<UInt8>? = first
        while let text = field {
            guard values.count < 6, let value = DecimalNumber.double(text), value.isFinite else {
                return nil
            }
            values.append(value)
            field = fields.next()
        }
        guard values.count == 6, values[3...].allSatisfy({ (0...255).contains($0) }) else {
            return nil
        }
        return values
    }
}
