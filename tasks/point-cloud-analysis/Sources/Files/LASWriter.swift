// SPDX-License-Identifier: Apache-2.0
import Checkpoints
package import Files
import Foundation

/// Writes LAS 1.4, point format 7 with colors or 6 without; labels become the classification.
package struct LASWriter: PointSink {
    private static let headerLength = 375

    private let handle: FileHandle
    private let path: String
    private let scale: SIMD3<Double>
    private let hasColors: Bool
    private var offset: SIMD3<Double>?
    private var count: UInt64 = 0
    private var lower = SIMD3<Double>(repeating: .infinity)
    private var upper = SIMD3<Double>(repeating: -.infinity)

    /// Writes a file that is complete or not there.
    ///
    /// - Parameters:
    ///   - scale: The size of a coordinate's step, an axis each, in the file's units.
    ///   - offset: What integer coordinates count from; whole numbers near the first point where
    ///     nil.
    ///   - hasColors: Whether points have colors; black where a block brings none.
    ///   - body: Appends the points, block by block.
    package static func write(
        to path: String, scale: SIMD3<Double> = SIMD3(repeating: 0.001),
        offset: SIMD3<Double>? = nil, hasColors: Bool, body: (inout any PointSink) throws -> Void
    ) throws(InputError) {
        precondition(
            (0..<3).allSatisfy { scale[$0].isFinite && scale[$0] > 0 }, "LAS scale \(scale)")
        try AtomicFile.write(to: path) { handle in
            try handle.write(contentsOf: Data(count: headerLength))
            var sink: any PointSink = LASWriter(
                handle: handle, path: path, scale: scale, hasColors: hasColors, offset: offset)
            try body(&sink)
            guard let writer = sink as? LASWriter, writer.count > 0 else {
                throw InputError("0 points to write, expected at least one", path: path)
            }
            try handle.seek(toOffset: 0)
            try handle.write(contentsOf: writer.header())
        }
    }

    /// What a cloud's intensities are multiplied by to fill 16 bits: more than 1 where they are
    /// fractions up to 1, less where one is above 65535.
    static func intensityScale(of reader: any PointReader) throws(InputError) -> Float {
        var reader = reader
        var largest: Float = 0, hasFractions = false
        while let block = try reader.next(PointFile.blockSize) {
            for value in block.intensities ?? [] where value.isFinite {
                largest = max(largest, value)
                hasFractions = hasFractions || value != value.rounded()
            }
        }
        if largest > 65535 { return 65535 / largest }
        return hasFractions && largest <= 1 ? 65535 : 1
    }

    private init(
        handle: FileHandle, path: String, scale: SIMD3<Double>, hasColors: Bool,
        offset: SIMD3<Double>?
    ) {
        self.handle = handle
        self.path = path
        self.scale = scale
        self.hasColors = hasColors
        self.offset = offset
    }

    /// Writes points behind those before.
    package mutating func append(_ block: PointBlock) throws {
        guard let first = block.positions.first else { return }
        let offset = self.offset ?? first.rounded(.down)
        self.offset = offset
        var bytes: [UInt8] = []
        bytes.reserveCapacity(block.count * (hasColors ? 36 : 30))
        for point in block.positions.indices {
            let place = ((block.positions[point] - offset) / scale).rounded(
                .toNearestOrAwayFromZero)
            for axis in 0..<3 {
                guard let integer = Int32(exactly: place[axis]) else {
                    throw InputError(
                        "point \(count) has the coordinate \(block.positions[point][axis]), which "
                            + "is no 32-bit number of steps of \(scale[axis]) from \(offset[axis]); "
                            + "choose a larger scale", path: path)
                }
                bytes.append(number: integer)
            }
            let intensity = block.intensities.map { min(65535, max(0, $0[point].rounded())) } ?? 0
            bytes.append(number: intensity.isNaN ? 0 : UInt16(intensity))
            // The first return of one; no flags.
            bytes.append(number: UInt16(0x0011))
            let label = block.labels?[point] ?? 0
            guard let class8 = UInt8(exactly: label) else {
                throw InputError(
                    "point \(count) has the class \(label), expected 0 to 255; write PLY instead",
                    path: path)
            }
            bytes.append(class8)
            // User data, scan angle, source and time are unknown: 0.
            bytes.append(contentsOf: repeatElement(0, count: 13))
            if hasColors {
                let color = block.colors?[point] ?? SIMD3(0, 0, 0)
                for channel in 0..<3 { bytes.append(number: color[channel]) }
            }
            // The header's box is that of the places as they are stored.
            let stored = place * scale + offset
            lower = pointwiseMin(lower, stored)
            upper = pointwiseMax(upper, stored)
            count += 1
        }
        try handle.write(contentsOf: Data(bytes))
    }

    private func header() -> Data {
        var bytes = [UInt8](repeating: 0, count: LASWriter.headerLength)
        bytes.replaceSubrange(0..<4, with: Array("LASF".utf8))
        // Bit 4: a coordinate system, if any, would be well-known text, as formats 6 to 8 require.
        bytes.replace(at: 6, with: UInt16(16))
        bytes[24] = 1
        bytes[25] = 4
        bytes.replaceSubrange(58..<64, with: Array("dr2net".utf8))
        bytes.replace(at: 94, with: UInt16(LASWriter.headerLength))
        bytes.replace(at: 96, with: UInt32(LASWriter.headerLength))
        bytes[104] = hasColors ? 7 : 6
        bytes.replace(at: 105, with: UInt16(hasColors ? 36 : 30))
        let offset = offset ?? SIMD3(repeating: 0)
        for axis in 0..<3 {
            bytes.replace(at: 131 + 8 * axis, with: scale[axis])
            bytes.replace(at: 155 + 8 * axis, with: offset[axis])
            bytes.replace(at: 179 + 16 * axis, with: upper[axis])
            bytes.replace(at: 187 + 16 * axis, with: lower[axis])
        }
        bytes.replace(at: 247, with: count)
        bytes.replace(at: 255, with: count)
        return Data(bytes)
    }
}
