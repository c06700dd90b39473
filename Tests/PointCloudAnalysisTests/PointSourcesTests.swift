// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Foundation
import PointCloudAnalysis
import Testing

@Suite("Sources of points") struct PointSourcesTests {
    private func write(_ text: String, to path: String) throws {
        try FileManager.default.createDirectory(
            atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try AtomicFile.write(text, to: path)
    }

    @Test func areasOfS3DISJoinTheirRooms() throws {
        try withFolder { folder in
            for (room, shift) in [
                ("Area_1/hall_1", 0), ("Area_1/hall_2", 8), ("Area_5/office_1", 0),
            ] {
                for (name, height) in [("floor_1", 0), ("ceiling_1", 3)] {
                    let lines = (0..<20).map {
                        "\($0 + shift * 5) \($0 % 3) \(height) \($0 * 9) 20 30"
                    }
                    try write(
                        lines.joined(separator: "\n"),
                        to: "\(folder)/\(room)/Annotations/\(name).txt"
                    )
                }
            }
            // Junk as in the published data.
            try write(
                "1 2 3 4 5 6\n185\u{10}187 1 2 3 4 5\n",
                to: "\(folder)/Area_5/office_1/Annotations/stairs_1.txt")
            func prepare() throws -> PreparedPoints {
                try PointPreparation(DataFixture.recipe(folder, "grid: 0.5", kind: "s3dis")).run()
            }
            let prepared = try prepare()
            #expect(prepared.index.scenes.map(\.id) == ["Area_1", "Area_5"])
            #expect(prepared.index.scenes.map(\.subset) == [.training, .validation])
            #expect(prepared.index.scenes.map(\.originals) == [80, 41])
            #expect(prepared.index.counts(.training)[..<2] == [40, 40])
            // Stairs are clutter.
            #expect(prepared.index.counts(.validation)[12] == 1)
            try FileManager.default.removeItem(atPath: "\(folder)/Area_1")
            try FileManager.default.removeItem(atPath: "\(folder)/Area_5")
            expectLine("Area_1 to Area_6") { try prepare() }
        }
    }

    private static let pyramid = "v 0 0 0\nv 4 0 0\nv 0 4 0\nv 0 0 4\nf 1 2 3\nf 1 2 4\nf 1 3 4\n"

    private func collection(_ models: Int) -> Data {
        var catalogue = "# made up\nid=a\n", members: [(String, String)] = []
        for model in 1...models {
            let category = model % 2 == 0 ? "Lights" : model % 3 == 0 ? "Kitchen" : "Vehicles"
            catalogue += "category#\(model)=\(category)\nmodel#\(model)=/m/\(model).obj\n"
            members.append(("m/\(model).obj", PointSourcesTests.pyramid))
        }
        return storedZip([("PluginFurnitureCatalog.properties", catalogue)] + members)
    }

    @Test func everyFifthModelOfAClassAndCollectionIsForValidation() throws {
        try withFolder { folder in
            try AtomicFile.write(collection(24), to: "\(folder)/One.sh3f")
            try AtomicFile.write(collection(9), to: "\(folder)/Two.sh3f")
            func prepare(_ more: String) throws -> PointIndex {
                try PointPreparation(
                    DataFixture.recipe(
                        folder, "surfacePoints: 50\npoints: 16\nprepared: \(folder)/out\n" + more,
                        kind: "furniture")
                ).run().index
            }
            let index = try prepare("categories: [Lights, Vehicles]")
            // Lights are 12 and 4, vehicles 8 and 3: the fifth and the tenth of each.
            #expect(index.counts(.training) == [14, 10] && index.counts(.validation) == [2, 1])
            #expect(
                index.shapes.filter { $0.subset == .validation }.map(\.id)
                    == ["One-10", "One-13", "One-20"])
            let held = try prepare("categories: [Lights, Vehicles]\nheldOut: Two")
            #expect(held.counts(.validation) == [4, 3])
            expectLine("no model of the category \"Boats\"") { try prepare("categories: [Boats]") }
            var cut = collection(9)
            cut.removeLast(40)
            try AtomicFile.write(cut, to: "\(folder)/Two.sh3f")
            expectLine("Two.sh3f") { try prepare("categories: [Lights]") }
        }
    }

    @Test func aModelThatCanNotBeUsedIsLeftOut() throws {
        try withFolder { folder in
            let catalogue =
                "category#1=Lights\nmodel#1=/a.obj\ncategory#2=Lights\n"
                + "model#2=/b.obj\ncategory#3=Lights\nmodel#3=/c.obj\n"
            try AtomicFile.write(
                storedZip([
                    ("PluginFurnitureCatalog.properties", catalogue),
                    ("a.obj", PointSourcesTests.pyramid), ("b.obj", "v 0 0 0\nf 1 2 9\n"),
                ]), to: "\(folder)/One.sh3f")
            let index = try PointPreparation(
                DataFixture.recipe(
                    folder, "surfacePoints: 50\npoints: 16\ncategories: [Lights]",
                    kind: "furniture")
            ).run().index
            #expect(index.shapes.map(\.id) == ["One-1"])
            #expect(index.skipped.map(\.id) == ["One-2", "One-3"])
            #expect(index.skipped.last?.reason.contains("no member c.obj") == true)
        }
    }
}
