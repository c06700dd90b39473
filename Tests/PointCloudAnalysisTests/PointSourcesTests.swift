// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Files
import Foundation
import PointCloudAnalysis
import Preparation
import Tensors
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

    /// Overwrites a file by another of its length and time.
    private func replace(_ path: String, with bytes: Data) throws {
        let old = try FileManager.default.attributesOfItem(atPath: path)
        #expect((old[.size] as? NSNumber)?.intValue == bytes.count)
        try AtomicFile.write(bytes, to: path)
        let date = try #require(old[.modificationDate] as? Date)
        try FileManager.default.setAttributes([.modificationDate: date], ofItemAtPath: path)
    }

    @Test(arguments: ["scenes", "s3dis", "modelnet", "furniture", "scanobjectnn"])
    func sourcesReplacedByOthersOfTheirLengthAreMadeAgain(kind: String) throws {
        try withFolder { folder in
            var lines = "surfacePoints: 50\npoints: 16", changed = ""
            var other = Data()
            func bytes(_ path: String) throws -> Data {
                try Data(contentsOf: URL(fileURLWithPath: path))
            }
            switch kind {
            case "scenes":
                lines = "training: [a.las]\nvalidation: [b.las]\ngrid: 0.5\nradius: 2"
                for (name, seed) in [("b", UInt64(1)), ("a", 2)] {
                    try DataFixture.writeLAS(
                        DataFixture.cloud(200, seed: seed), to: "\(folder)/\(name).las")
                }
                changed = "\(folder)/b.las"
                other = try bytes("\(folder)/a.las")
            case "s3dis":
                lines = "grid: 0.5\nradius: 2"
                for area in [1, 5] {
                    try write(
                        "1 2 3 4 5 6\n2 2 3 4 5 6\n",
                        to: "\(folder)/Area_\(area)/hall_1/Annotations/floor_1.txt")
                }
                changed = "\(folder)/Area_5/hall_1/Annotations/floor_1.txt"
                other = Data("1 2 3 4 5 6\n7 2 3 4 5 6\n".utf8)
            case "modelnet":
                let mesh = "OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n"
                for part in ["train", "test"] { try write(mesh, to: "\(folder)/cup/\(part)/a.off") }
                changed = "\(folder)/cup/test/a.off"
                other = Data(mesh.replacing("0 1 0\n3", with: "0 7 0\n3").utf8)
            case "furniture":
                lines += "\ncategories: [Lights]"
                changed = "\(folder)/One.sh3f"
                try AtomicFile.write(collection(24), to: changed)
                other = try bytes(changed)
                let place = try #require(other.firstRange(of: Data("v 4 0 0".utf8)))
                other.replaceSubrange(place, with: Data("v 5 0 0".utf8))
            default:
                lines = "surfacePoints: 16\npoints: 8"
                for part in ["training", "test"] {
                    let values = (0..<24).map { Double($0 * $0 % 17) }
                    try Npy.write(
                        Tensor(values, shape: [2, 4, 3], dtype: .float32),
                        to: "\(folder)/\(part)_points.npy")
                    try Npy.write(
                        IntegerArray([0, 1], shape: [2]), to: "\(folder)/\(part)_labels.npy")
                }
                changed = "\(folder)/test_labels.npy"
                other = try bytes(changed)
                other[other.count - 8] = 2
            }
            let recipe = try DataFixture.recipe(folder, lines, kind: kind)
            func made() throws -> Int {
                var made = 0
                try PointPreparation(recipe).run {
                    if $0.outcome != .known { made += 1 }
                }
                return made
            }
            #expect(try made() > 0 && made() == 0)
            try replace(changed, with: other)
            #expect(try made() > 0)
        }
    }
}
