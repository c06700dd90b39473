// SPDX-License-Identifier: Apache-2.0
import Files

/// Which properties of a PLY vertex mean what.
struct PLYColumns: Sendable {
    /// Properties that are read, rising: their positions in the element.
    let used: [Int]
    /// The properties that hold red, green and blue.
    let colors: [Int]?
    private let coordinates: [Int]
    private let channels: [Int]?
    private let intensity: Int?
    private let label: Int?

    private static let labels = ["label", "class", "classification"]

    init(
        _ vertex: PLYHeader.Element, _ source: PointSource, _ reading: PointReading = .all
    ) throws(InputError) {
        if let list = vertex.list {
            throw source.error(
                "the vertices have the list \(list.name), expected scalars only; write the cloud "
                    + "anew without it")
        }
        let names = vertex.properties.map { PLYColumns.plain($0.name) }
        func places(_ wanted: [String]) -> [Int]? {
            let found = wanted.compactMap { names.firstIndex(of: $0) }
            return found.count == wanted.count ? found : nil
        }
        func place(
            _ name: String?, _ kind: PointReading.Fields, _ usual: [String]
        ) throws(InputError) -> Int? {
            guard reading.fields.contains(kind) else { return nil }
            guard let name else {
                return usual.lazy.compactMap { names.firstIndex(of: $0) }.first
            }
            return try PLYColumns.named(name, vertex, source)
        }
        guard let xyz = places(["x", "y", "z"]) else {
            throw source.error("the vertices lack x, y or z; it holds no points")
        }
        var rgb: [Int]?
        if reading.fields.contains(.color) {
            if let names = reading.color {
                var found: [Int] = []
                for name in names { found.append(try PLYColumns.named(name, vertex, source)) }
                rgb = found
            } else {
                rgb = places(["red", "green", "blue"]) ?? places(["r", "g", "b"])
            }
        }
        let intensity = try place(reading.intensity, .intensity, ["intensity"])
        let label = try place(reading.label, .label, PLYColumns.labels)
        let used = Set(xyz + (rgb ?? []) + [intensity, label].compactMap(\.self)).sorted()
        func column(_ property: Int) -> Int { used.firstIndex(of: property) ?? 0 }
        self.used = used
        colors = rgb
        coordinates = xyz.map(column)
        channels = rgb?.map(column)
        self.intensity = intensity.map(column)
        self.label = label.map(column)
    }

    /// The property that holds the class, nil where there is none.
    static func label(_ vertex: PLYHeader.Element, _ reading: PointReading) -> Int? {
        let names = vertex.properties.map { plain($0.name) }
        guard let name = reading.label else {
            return labels.lazy.compactMap { names.firstIndex(of: $0) }.first
        }
        return vertex.properties.firstIndex { $0.name == name }
            ?? names.firstIndex(of: plain(name))
    }

    /// A name without CloudCompare's prefix, in small letters.
    private static func plain(_ name: String) -> String {
        let name = name.lowercased()
        return name.hasPrefix("scalar_") ? String(name.dropFirst(7)) : name
    }

    private static func named(
        _ name: String, _ vertex: PLYHeader.Element, _ source: PointSource
    ) throws(InputError) -> Int {
        let exact = vertex.properties.firstIndex { $0.name == name }
        guard
            let place = exact
                ?? vertex.properties.firstIndex(where: { plain($0.name) == plain(name) })
        else {
            throw source.error(
                "no property \(name), which data.fields names; the points have "
                    + vertex.properties.map(\.name).joined(separator: ", "))
        }
        return place
    }

    /// Places of columns, one for each of ``used``.
    func positions(
        _ values: [[Double]], from first: Int, _ source: PointSource
    ) throws(InputError) -> [SIMD3<Double>] {
        let x = values[coordinates[0]], y = values[coordinates[1]], z = values[coordinates[2]]
        let positions = x.indices.map { SIMD3(x[$0], y[$0], z[$0]) }
        try positions.checkFinite(from: first, in: source)
        return positions
    }

    /// Points of columns, one for each of ``used``.
    func block(
        _ values: [[Double]], colors range: ColorRange?, from first: Int, _ source: PointSource
    ) throws(InputError) -> PointBlock {
        var block = PointBlock(positions: try positions(values, from: first, source))
        block.intensities = intensity.map { values[$0].map { Float($0) } }
        if let channels, let range {
            let scaled = channels.map { values[$0].map { range.channel($0) } }
            block.colors = block.positions.indices.map {
                SIMD3(scaled[0][$0], scaled[1][$0], scaled[2][$0])
            }
        }
        if let label { block.labels = try PointBlock.labels(values[label], from: first, source) }
        return block
    }

    /// The largest channel of columns, those that are no numbers left out.
    func largestChannel(_ values: [[Double]]) -> Double {
        (channels ?? []).reduce(0) { values[$1].reduce($0) { $1 > $0 ? $1 : $0 } }
    }
}
