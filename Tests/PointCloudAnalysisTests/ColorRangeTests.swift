// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Foundation
import PointCloudAnalysis
import Preparation
import Tensors
import Testing

@Suite("Ranges of colors and intensities") struct ColorRangeTests {
    /// Red of some points; green is the first of them, blue the last.
    private static let bytes: [Double] = [0, 1, 7, 100, 254, 255]
    /// The same in 0...65535.
    private static let wide: [UInt16] = [0, 257, 1799, 25700, 65278, 65535]

    private func ply(_ type: String, _ red: [Double]) -> [UInt8] {
        let isReal = type == "float" || type == "double"
        func text(_ value: Double) -> String { isReal ? "\(value)" : "\(Int(value))" }
        let last = red.last ?? 0
        let lines = red.map { "0 0 0 \(text($0)) \(text(red[0])) \(text(last))" }
        return Array(
            """
            ply
            format ascii 1.0
            element vertex \(red.count)
            property float x
            property float y
            property float z
            property \(type) red
            property \(type) green
            property \(type) blue
            end_header
            \(lines.joined(separator: "\n"))

            """.utf8)
    }

    private func colors(
        _ bytes: [UInt8], range: Double? = nil
    ) throws -> (red: [UInt16], notes: [String]) {
        var reading = PointReading.all
        reading.colorRange = range
        var reader = try PointFile.open(bytes: bytes, name: "input", reading)
        let colors = try #require(try reader.rest().colors)
        #expect(colors.allSatisfy { $0.y == colors[0].x && $0.z == colors[colors.count - 1].x })
        return (colors.map(\.x), reader.notes)
    }

    @Test(arguments: ["uchar", "short", "ushort", "int", "uint", "float", "double"])
    func eightBitsAreEightBitsInEveryType(type: String) throws {
        let found = try colors(ply(type, ColorRangeTests.bytes))
        #expect(found.red == ColorRangeTests.wide)
        #expect(
            found.notes
                == (type == "uchar"
                    ? []
                    : [
                        "colors are taken as 0 to 255, as the largest is 255; data.colorRange says "
                            + "otherwise"
                    ]))
    }

    @Test(arguments: ["ushort", "int", "uint", "float", "double"])
    func sixteenBitsAreSixteenBitsInEveryType(type: String) throws {
        let values: [UInt16] = [0, 1, 256, 30000, 65535]
        let found = try colors(ply(type, values.map(Double.init)))
        #expect(found.red == values)
        #expect(found.notes.count == (type == "ushort" ? 0 : 1))
    }

    @Test(arguments: ["float", "double"]) func fractionsGoToOne(type: String) throws {
        let found = try colors(ply(type, [0, 0.5, .nan, -1, 0.25, 1]))
        #expect(found.red == [0, 32768, 0, 0, 16384, 65535])
        #expect(found.notes[0].contains("0 to 1, as the largest is 1;"))
    }

    @Test func theRecipeOverridesTheData() throws {
        #expect(try colors(ply("uchar", [0, 1]), range: 1).red == [0, 65535])
        #expect(try colors(ply("ushort", [0, 100]), range: 65535).red == [0, 100])
        #expect(try colors(ply("ushort", [0, 4095, 5000]), range: 4095).red == [0, 65535, 65535])
        #expect(try colors(ply("float", [0, 0.5]), range: 255).red == [0, 129])
        #expect(try colors(ply("ushort", [0, 100]), range: 255).notes == [])
        #expect(
            try DataFixture.recipe("/x", DataFixture.split + "\ncolorRange: 4095").reading
                .colorRange == 4095)
    }

    @Test(arguments: [2, 3, 5, 7, 8, 10]) func lasMayKeepEightBits(format: Int) throws {
        try withFolder { folder in
            var sample = LASSample(format: format)
            // Only the last point shows that there are 16 bits.
            for last in [250, 256] as [UInt16] {
                sample.color = { SIMD3(UInt16($0 * 5), 3, $0 == 39 ? last : 0) }
                var reader = try PointFile.open(bytes: sample.bytes, name: "input")
                let block = try reader.rest()
                let scale: UInt16 = last < 256 ? 257 : 1
                #expect(block.colors?[30] == SIMD3(150, 3, 0) &* scale)
                #expect(reader.notes.count == (last < 256 ? 1 : 0))
                guard last < 256 else { continue }
                // Written to PLY the values are the file's own.
                let source = "\(folder)/a.las", output = "\(folder)/a.ply"
                try Data(sample.bytes).write(to: URL(fileURLWithPath: source))
                try CloudCopy(of: source, to: output, codes: [1]).write {
                    PointPrediction(codes: $0.map { _ in 1 })
                }
                let written = try Data(contentsOf: URL(fileURLWithPath: output))
                // float64 x y z, three bytes, float32, int32.
                let tail = Array(written.suffix(40 * 35))
                #expect(tail[30 * 35 + 24..<30 * 35 + 27] == [150, 3, 0])
                #expect(tail[39 * 35 + 24..<39 * 35 + 27] == [195, 3, 250])
            }
        }
    }

    @Test func arraysHaveAnyRange() throws {
        for (values, expected) in [
            (ColorRangeTests.bytes, ColorRangeTests.wide),
            ([0, 0.5, 1], [0, 32768, 65535]), ([0, 300, 65535], [0, 300, 65535]),
        ] as [([Double], [UInt16])] {
            try withFolder { folder in
                let path = "\(folder)/a.npy"
                let rows = values.flatMap { [1, 2, 3, $0, values[0], 0] as [Double] }
                try Npy.write(Tensor(rows, shape: [values.count, 6]), to: path)
                var reader = try PointFile.open(path)
                #expect(try reader.rest().colors?.map(\.x) == expected)
                #expect(reader.notes.count == 1)
            }
        }
    }

    @Test func theRangeIsFoundOnceAndSaidOnce() throws {
        try withFolder { folder in
            let path = "\(folder)/a.ply"
            try Data(ply("float", ColorRangeTests.bytes)).write(to: URL(fileURLWithPath: path))
            let open = PointFile.opener(path)
            let notes = try (0..<3).map { _ in try open().notes.count }
            #expect(notes == [1, 0, 0])
        }
    }

    @Test func preparationSaysTheRangeOfEachFile() throws {
        try withFolder { folder in
            var block = DataFixture.cloud(500)
            block.colors = block.colors.map { $0.map { SIMD3($0.x % 256, 1, 250) } }
            try DataFixture.writeLAS(block, to: "\(folder)/cloud.las")
            var lines: [String] = []
            try PointPreparation(DataFixture.recipe(folder, DataFixture.split)).run {
                event in lines += event.notes.map { "\(event.id): \($0)" }
            }
            #expect(
                lines == [
                    "cloud-training: colors are taken as 0 to 255, as the largest is 250; "
                        + "data.colorRange says otherwise"
                ])
        }
    }

    @Test(
        arguments: [
            ("0.25 0.5 1", [16384, 32768, 65535]), ("1 2.4 300", [1, 2, 300]),
            ("0 1 1", [0, 1, 1]),
            ("0 65535 131070", [0, 32768, 65535]),
        ] as [(String, [Float])])
    func intensitiesFillWhatLASHolds(values: String, expected: [Float]) throws {
        try withFolder { folder in
            let source = "\(folder)/a.ply", output = "\(folder)/a.las"
            let lines = values.split(separator: " ").map { "0 0 0 \($0)\n" }.joined()
            try """
            ply\nformat ascii 1.0\nelement vertex 3\nproperty float x\nproperty float y
            property float z\nproperty float intensity\nend_header\n\(lines)
            """.write(toFile: source, atomically: true, encoding: .utf8)
            try CloudCopy(of: source, to: output, codes: [1]).write {
                PointPrediction(codes: $0.map { _ in 1 })
            }
            var reader = try PointFile.open(output)
            #expect(try reader.rest().intensities == expected)
        }
    }
}
