// SPDX-License-Identifier: Apache-2.0

/// The color of each point.
struct Palette: Sendable {
    private let coloring: PointView.Coloring
    private let range: (low: Double, high: Double)
    private let labels: [Int32: SIMD3<UInt8>]

    /// From dark blue to yellow; lightness rises evenly, so that grey prints keep the order.
    private static let scale: [SIMD3<Double>] = [
        [48, 18, 92], [46, 62, 142], [34, 108, 142], [30, 150, 130], [84, 192, 92], [180, 216, 52],
        [250, 232, 70],
    ]

    /// Colors that stay apart; used round where there are more labels.
    private static let distinct: [SIMD3<UInt8>] = [
        [127, 127, 127], [214, 158, 46], [178, 118, 70], [144, 206, 110], [76, 168, 76],
        [20, 102, 50], [204, 60, 52], [240, 80, 200], [60, 110, 200], [72, 190, 220],
        [120, 80, 170], [250, 180, 160], [170, 170, 60], [30, 60, 110], [240, 140, 40],
        [100, 60, 40],
    ]

    init(_ coloring: PointView.Coloring, _ survey: Survey) {
        self.coloring = coloring
        range = coloring == .intensity ? survey.intensities.range : survey.heights.range
        var labels: [Int32: SIMD3<UInt8>] = [:]
        if coloring == .label {
            // ASPRS codes and class numbers are small: their color does not depend on the file.
            for label in survey.labels {
                labels[label] = Palette.color(ofLabel: label)
            }
        }
        self.labels = labels
    }

    /// The color of a label, whatever the cloud.
    static func color(ofLabel label: Int32) -> SIMD3<UInt8> {
        let count = Int32(distinct.count)
        return distinct[Int(((label % count) + count) % count)]
    }

    /// The color of a point of a block that has what is shown.
    func color(of point: Int, in block: PointBlock) -> SIMD3<UInt8> {
        switch coloring {
        case .height: return scaled(block.positions[point].z)
        case .intensity:
            let share = share(Double(block.intensities?[point] ?? 0))
            let grey = UInt8(40 + 200 * share)
            return SIMD3(grey, grey, grey)
        case .rgb:
            let color = (block.colors?[point] ?? SIMD3(0, 0, 0)) &>> 8
            return SIMD3(truncatingIfNeeded: color)
        case .label:
            return labels[block.labels?[point] ?? 0] ?? Palette.distinct[0]
        }
    }

    /// The color of each label as `#rrggbb`.
    var legend: [Int: String] {
        var legend: [Int: String] = [:]
        for (label, color) in labels {
            legend[Int(label)] =
                "#"
                + (0..<3).map {
                    (color[$0] < 16 ? "0" : "") + String(color[$0], radix: 16)
                }.joined()
        }
        return legend
    }

    private func share(_ value: Double) -> Double {
        let share = (value - range.low) / (range.high - range.low)
        return share > 0 ? min(1, share) : 0
    }

    private func scaled(_ value: Double) -> SIMD3<UInt8> {
        let place = share(value) * Double(Palette.scale.count - 1)
        let first = min(Int(place), Palette.scale.count - 2)
        let part = place - Double(first)
        let color = Palette.scale[first] * (1 - part) + Palette.scale[first + 1] * part
        return SIMD3(UInt8(color.x), UInt8(color.y), UInt8(color.z))
    }
}
