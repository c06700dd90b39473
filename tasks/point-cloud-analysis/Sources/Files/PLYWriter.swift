// SPDX-License-Identifier: Apache-2.0
import Checkpoints
package import Files
import Foundation

/// Writes binary little-endian PLY: float64 x, y, z, then what the points have.
///
/// The properties are called x, y, z, red, green, blue (8 bits), intensity and label, which
/// CloudCompare and MeshLab show.
package struct PLYWriter: PointSink {
    /// What points have beside their places.
    package struct Contents: OptionSet, Sendable {
        /// One bit a field.
        package let rawValue: Int

        /// The fields of some bits.
        package init(rawValue: Int) { self.rawValue = rawValue }

        /// 8-bit red, green and blue.
        package static let colors = Contents(rawValue: 1)
        /// float32.
        package static let intensities = Contents(rawValue: 2)
        /// int32.
        package static let labels = Contents(rawValue: 4)
    }

    private static let countDigits = 18

    private let handle: FileHandle
    private let contents: Contents
    private let probabilities: Int
    private var count = 0

    /// Writes a file that is complete or not there.
    ///
    /// - Parameters:
    ///   - contents: What points have; 0 where a block brings none.
    ///   - probabilities: Names of classes whose probabilities all blocks bring, as float32 `p_NAME`.
    ///   - body: Appends the points, block by block.
    package static func write(
        to path: String, contents: Contents, probabilities: [String] = [],
        body: (inout any PointSink) throws -> Void
    ) throws(InputError) {
        try AtomicFile.write(to: path) { handle in
            try handle.write(contentsOf: header(0, contents, probabilities))
            var sink: any PointSink = PLYWriter(
                handle: handle, contents: contents, probabilities: probabilities.count)
            try body(&sink)
            guard let writer = sink as? PLYWriter, writer.count > 0 else {
                throw InputError("0 points to write, expected at least one", path: path)
            }
            try handle.seek(toOffset: 0)
            try handle.write(contentsOf: header(writer.count, contents, probabilities))
        }
    }

    private init(handle: FileHandle, contents: Contents, probabilities: Int) {
        self.handle = handle
        self.contents = contents
        self.probabilities = probabilities
    }

    /// Writes points behind those before.
    package mutating func append(_ block: PointBlock) throws {
        precondition(
            block.probabilities.count == block.count * probabilities,
            "\(block.probabilities.count) probabilities of \(block.count) points")
        var bytes: [UInt8] = []
        bytes.reserveCapacity(block.count * (35 + 4 * probabilities))
        for point in block.positions.indices {
            for axis in 0..<3 { bytes.append(number: block.positions[point][axis]) }
            if contents.contains(.colors) {
                let color = block.colors?[point] ?? SIMD3(0, 0, 0)
                for channel in 0..<3 { bytes.append(PLYWriter.byte(color[channel])) }
            }
            if contents.contains(.intensities) {
                bytes.append(number: block.intensities?[point] ?? 0)
            }
            if contents.contains(.labels) { bytes.append(number: block.labels?[point] ?? 0) }
            for label in 0..<probabilities {
                bytes.append(number: block.probabilities[point * probabilities + label])
            }
        }
        try handle.write(contentsOf: Data(bytes))
        count += block.count
    }

    /// The nearest of 0...255 to a channel in 0...65535.
    private static func byte(_ channel: UInt16) -> UInt8 { UInt8((UInt32(channel) + 128) / 257) }

    /// A header whose length does not depend on the count, so that the count can be set at the end.
    private static func header(
        _ count: Int, _ contents: Contents, _ probabilities: [String]
    ) -> Data {
        let number = String(count)
        let padding = String(repeating: " ", count: countDigits - number.count)
        var lines = [
            "ply", "format binary_little_endian 1.0", "comment\(padding) dr2net",
            "element vertex \(number)", "property double x", "property double y",
            "property double z",
        ]
        if contents.contains(.colors) {
            lines += ["red", "green", "blue"].map { "property uchar \($0)" }
        }
        if contents.contains(.intensities) { lines.append("property float intensity") }
        if contents.contains(.labels) { lines.append("property int label") }
        lines += PointFile.probabilityNames(probabilities).map { "property float \($0.field)" }
        return Data((lines + ["end_header", ""]).joined(separator: "\n").utf8)
    }
}
