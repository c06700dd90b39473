// SPDX-License-Identifier: Apache-2.0
import Foundation
import PointCloudAnalysis
import Testing

@Suite("Fields of clouds by name") struct PointReadingTests {
    private static let text = """
        ply
        format ascii 1.0
        element vertex 4
        property float x
        property float y
        property float z
        property float reflectance
        property uchar sem_class
        property float label
        property uchar a
        property uchar b
        property uchar c
        end_header
        0 0 0 0.5 6 nan 1 2 3
        1 0 0 0.25 2 0.5 4 5 6
        2 0 0 7 2 inf 7 8 9
        3 1 0 8 6 0 10 11 12

        """

    private static let names = """
        fields: {label: sem_class, intensity: reflectance, color: [c, b, a]}
        """

    @Test func theRecipeNamesThem() throws {
        let reading = try DataFixture.recipe(
            "/x", DataFixture.split + "\n" + PointReadingTests.names
        ).reading
        var reader = try PointFile.open(
            bytes: Array(PointReadingTests.text.utf8), name: "input", reading)
        let block = try reader.rest()
        #expect(block.labels == [6, 2, 2, 6] && block.intensities == [0.5, 0.25, 7, 8])
        #expect(block.colors?[1] == SIMD3(6, 5, 4) &* 257)
    }

    @Test func aNameThatTheFileLacksIsToldWithThoseItHas() throws {
        var reading = PointReading.all
        reading.label = "semantic"
        let bytes = Array(PointReadingTests.text.utf8)
        expectLine(
            "input: no property semantic, which data.fields names; the points have x, y, z, "
                + "reflectance, sem_class, label, a, b, c"
        ) { try PointFile.open(bytes: bytes, name: "input", reading) }
        reading.label = "extra1"
        expectLine("no extra bytes extra1") {
            try PointFile.open(bytes: PointFixture.bytes("extra3.las"), name: "input", reading)
        }
        reading.label = "extrau1"
        var reader = try PointFile.open(
            bytes: PointFixture.bytes("extra3.las"), name: "input", reading)
        #expect(try reader.rest().labels == Array(0..<16))
        expectLine("color") {
            try DataFixture.recipe("/x", DataFixture.split + "\nfields: {color: [a, b]}")
        }
    }

    @Test func junkInAFieldThatIsNotReadDoesNotMatter() throws {
        let bytes = Array(PointReadingTests.text.utf8)
        func open(_ fields: PointReading.Fields) throws -> any PointReader {
            try PointFile.open(bytes: bytes, name: "input", PointReading(fields))
        }
        expectLine("point 0 has the class nan") {
            var reader = try open(.all)
            return try reader.rest()
        }
        var reader = try open([.intensity, .color])
        #expect(try reader.rest().labels == nil)
        // A picture of heights, or of what is left where nothing is chosen.
        for (coloring, expected) in [(.height, .height), (nil, .height)]
            as [(PointView.Coloring?, PointView.Coloring)]
        {
            let view = PointView(width: 32, height: 32, direction: .top, coloring: coloring)
            #expect(try view.draw(open).coloring == expected)
        }
        // Prediction reads no class.
        try withFolder { folder in
            let path = "\(folder)/a.ply"
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            let scene = try PointScene.read(path, grid: 1, features: [.position])
            #expect(scene.count == 4)
            expectLine("no intensity") {
                try PointScene.read(path, grid: 1, features: [.intensity])
            }
            var reading = PointReading.all
            reading.intensity = "reflectance"
            reading.label = "semantic"
            #expect(
                try PointScene.read(path, grid: 1, features: [.intensity], reading: reading)
                    .intensities == [0.5, 0.25, 7, 8])
        }
    }

    @Test func aCloudWithoutClassesTellsItsFields() throws {
        try withFolder { folder in
            let text = PointReadingTests.text.replacing("float label", with: "float other")
            try text.write(toFile: "\(folder)/a.ply", atomically: true, encoding: .utf8)
            expectLine("name one of x, y, z, reflectance, sem_class, other, a, b, c in data.fields")
            {
                try PointPreparation(
                    DataFixture.recipe(
                        folder, "split: {axis: x, at: 2}\ngrid: 0.5\nfeatures: [position]")
                ).run()
            }
            // The same prepared folder isn't taken for other names.
            let named =
                "split: {axis: x, at: 2}\ngrid: 0.5\nfeatures: [position]\n"
                + "fields: {label: sem_class}"
            let index = try PointPreparation(DataFixture.recipe(folder, named)).run().index
            #expect(index.scenes.map(\.counts) == [[1, 1], [1, 1]])
        }
    }
}
