// SPDX-License-Identifier: Apache-2.0

/// Which properties of a PLY vertex mean what.
struct PLYColumns: Sendable {
    /// Properties that are read, rising: their positions in the element.
    let used: [Int]
    private let coordinates: [Int]
    private let channels: [Int]?
    private let channelScale: Double?
    private let intensity: Int?
    private let label: Int?

    private static let labels = ["label", "class", "classification"]

    init(_ vertex: PLYHeader.Element, _ source: PointSource) throws(PointFileError) {
        if let list = vertex.list {
            throw source.error(
                "the vertices have the list \(list.name), expected scalars only; write the cloud "
                    + "anew without it")
        }
        let names = vertex.properties.map { property in
            let name = property.name.lowercased()
            return name.hasPrefix("scalar_") ? String(name.dropFirst(7)) : name
        }
        func places(_ wanted: [String]) -> [Int]? {
            let found = wanted.compactMap { names.firstIndex(of: $0) }
            return found.count == wanted.count ? found : nil
        }
        guard let xyz = places(["x", "y", "z"]) else {
            throw source.error("the vertices lack x, y or z; it holds no points")
        }
        let rgb = places(["red", "green", "blue"]) ?? places(["r", "g", "b"])
        let intensity = names.firstIndex(of: "intensity")
        let label = PLYColumns.labels.lazy.compactMap { names.firstIndex(of: $0) }.first
        let used = Set(xyz + (rgb ?? []) + [intensity, label].compactMap(\.self)).sorted()
        func column(_ property: Int) -> Int { used.firstIndex(of: property) ?? 0 }
        self.used = used
        coordinates = xyz.map(column)
        channels = rgb?.map(column)
        self.intensity = intensity.map(column)
        self.label = label.map(column)
        channelScale =
            switch rgb.map({ vertex.properties[$0[0]].scalar }) {
            case .int8, .uint8: 257
            case .float32, .float64: 65535
            case .int16, .uint16, .int32, .uint32: 1
            case nil: nil
            }
    }

    /// Points of columns, one for each of ``used``.
    func block(
        _ values: [[Double]], from first: Int, _ source: PointSource
    ) throws(PointFileError) -> PointBlock {
        let x = values[coordinates[0]], y = values[coordinates[1]], z = values[coordinates[2]]
        let positions = x.indices.map { SIMD3(x[$0], y[$0], z[$0]) }
        try positions.checkFinite(from: first, in: source)
        var block = PointBlock(positions: positions)
        block.intensities = intensity.map { values[$0].map { Float($0) } }
        if let channels, let channelScale {
            let scaled = channels.map { values[$0].map { PLYColumns.channel($0 * channelScale) } }
            block.colors = x.indices.map { SIMD3(scaled[0][$0], scaled[1][$0], scaled[2][$0]) }
        }
        if let label {
            var labels: [Int32] = []
            labels.reserveCapacity(x.count)
            for value in values[label] {
                guard let number = Int32(exactly: value) else {
                    throw source.error(
                        "point \(first + labels.count) has the class \(value), expected a whole "
                            + "32-bit number")
                }
                labels.append(number)
            }
            block.labels = labels
        }
        return block
    }

    private static func channel(_ value: Double) -> UInt16 {
        value > 0 ? UInt16(min(65535, value.rounded())) : 0
    }
}
