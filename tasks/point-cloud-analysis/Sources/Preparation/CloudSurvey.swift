// SPDX-License-Identifier: Apache-2.0
import Files

/// What must be known of a cloud before it is laid on a grid; made by reading it once.
struct CloudSurvey: Sendable {
    /// Points of the whole cloud.
    private(set) var total = 0
    /// The box of the whole cloud.
    private(set) var lower = SIMD3<Double>(repeating: .infinity)
    private(set) var upper = SIMD3<Double>(repeating: -.infinity)
    /// Whether all points have a color, a strength, a class.
    private(set) var hasColors = true, hasIntensities = true, hasLabels = true
    private(set) var largestChannel: UInt16 = 0
    /// What people should know of how the file is read.
    private(set) var notes: [String] = []
    /// What the file calls its fields, where it names them.
    private(set) var fieldNames: [String] = []
    /// Points of each number that the file uses for classes, at most 4096 numbers.
    private(set) var codes: [Int32: Int] = [:]
    /// Whether these numbers are those of LAS.
    let isLAS: Bool

    /// Reads a cloud to its end.
    ///
    /// - Throws: What reading throws; one line for a cloud whose points are all equal.
    init(_ reader: any PointReader) throws(InputError) {
        var reader = reader
        isLAS = reader is LASReader
        var small = [Int](repeating: 0, count: 256)
        while let block = try reader.next(PointFile.blockSize) {
            total += block.count
            hasColors = hasColors && block.colors != nil
            hasIntensities = hasIntensities && block.intensities != nil
            hasLabels = hasLabels && block.labels != nil
            var low = lower, high = upper
            for position in block.positions {
                low.replace(with: position, where: position .< low)
                high.replace(with: position, where: position .> high)
            }
            lower = low
            upper = high
            for color in block.colors ?? [] { largestChannel = max(largestChannel, color.max()) }
            for code in block.labels ?? [] {
                if code >= 0, code < 256 {
                    small[Int(code)] += 1
                } else if codes[code] != nil || codes.count < 4096 {
                    codes[code, default: 0] += 1
                }
            }
        }
        notes = reader.notes
        fieldNames = reader.fieldNames
        for (code, count) in small.enumerated() where count > 0 { codes[Int32(code)] = count }
        guard total > 0 else {
            throw InputError("0 points, expected at least one", path: reader.path)
        }
        guard lower != upper else {
            throw InputError(
                "all \(total) points lie at \(lower.x) \(lower.y) \(lower.z), expected a cloud; "
                    + "the file is damaged or its scale is wrong", path: reader.path)
        }
    }

    /// Whether colors say something.
    var hasUsefulColors: Bool { hasColors && largestChannel > 0 }
}
