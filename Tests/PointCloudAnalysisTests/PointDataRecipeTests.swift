// SPDX-License-Identifier: Apache-2.0
import Foundation
import PointCloudAnalysis
import Recipes
import Testing
import Training

@Suite("Data of point recipes") struct PointDataRecipeTests {
    @Test func defaultsAreThePublishedOnes() throws {
        let scenes = try DataFixture.recipe("/data/a.las", "split: {axis: y, at: 3, gap: 1}")
        #expect(scenes.sampling.points == 16_384 && scenes.grid == 0.04)
        #expect(scenes.sampling.spheres == .init(radius: 2, count: 2000))
        #expect(scenes.sampling.features == [.position, .color, .height])
        #expect(scenes.sampling.featureWidth == 7)
        #expect(scenes.prepared.hasPrefix("/data/prepared-grid-0.04/"))
        #expect(scenes.split?.axis == 1 && scenes.split?.place == 3 && scenes.split?.gap == 1)
        #expect(
            scenes.augmentation
                == PointAugmentation(
                    autoContrast: 0.2, scale: 0.9...1.1, rotation: .z, jitter: 0.005,
                    jitterClip: 0.02, colorDrop: 0.2))
        #expect(scenes.classes?.codes == [[2], [6]] && scenes.classes?.ignoredCodes == [1])
        let shapes = try DataFixture.recipe("/data/m", kind: "modelnet")
        #expect(shapes.sampling.points == 1024 && shapes.sampling.spheres == nil)
        #expect(shapes.augmentation.rotation == .y && shapes.augmentation.jitter == 0)
    }

    @Test(arguments: [
        ("split: {axis: w, at: 3}", "split.axis"), ("split: {axis: x}", "split.at is missing"),
        ("grid: 0", "data.grid"), ("split: {at: 1}\nradius: 0.01", "less than data.grid"),
        ("training: [a.las]", "data.split"),
        ("training: [a.las]\nvalidation: [a.las]", "keep it in one"),
        ("split: {at: 1}\nfeatures: [position, normal]", "normal"),
        ("split: {at: 1}\nfeatures: []", "empty"),
        ("split: {at: 1}\nscoreWithout: [tree]", "tree"),
        ("split: {at: 1}\naugmentation: {scale: [1.1, 0.9]}", "falls"),
        ("split: {at: 1}\naugmentation: {rotation: x}", "one of none, y, z"),
        ("split: {at: 1}\nspheres: 0", "spheres"), ("split: {at: 1}\nsphere: 3", "sphere"),
    ])
    func mistakesAreOneLine(lines: String, text: String) {
        expectLine(text) { try DataFixture.recipe("/data", lines) }
    }

    @Test(arguments: [
        ("{}", "missing"), ("{a: [1], b: [1]}", "for one class only"), ("{a: [1.5]}", "whole"),
        ("{a: []}", "list"), ("{a: [-1]}", "data.ignore"), ("{a.b: [1]}", "without dots"),
    ])
    func classesAreChecked(classes: String, text: String) {
        expectLine(text) {
            try DataFixture.recipe(
                text: "data: {source: /data, split: {at: 1}, classes: \(classes)}")
        }
    }

    @Test(arguments: [
        ("scenes", "training: [a.las]\nvalidation: [b.las]"),
        ("scenes", "split: {axis: z, at: 2, training: above}\nfeatures: [position, intensity]"),
        ("s3dis", "validationAreas: [1, 5]\nvotes: true"), ("modelnet", "choice: farthest"),
        ("furniture", "heldOut: Scopia"), ("scanobjectnn", "features: [position, height]"),
    ])
    func theResolvedRecipeReadsTheSame(kind: String, lines: String) throws {
        func read(_ text: String) throws -> (PointDataRecipe, String) {
            let reader = RecipeReader(try RecipeDocument(text: text), dataFolder: "/nowhere")
            let recipe = try PointDataRecipe(try reader.section("data"))
            try reader.finish()
            return (recipe, reader.resolved.yaml)
        }
        let classes = kind == "scenes" ? ", classes: {low: [2, 3], high: [6]}" : ""
        let base = "data: {kind: \(kind), source: /data\(classes)}"
        var document = try RecipeDocument(text: base)
        for line in lines.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            try document.override("data.\(parts[0])=\(parts[1])")
        }
        let reader = RecipeReader(document, dataFolder: "/nowhere")
        let first = try PointDataRecipe(try reader.section("data"))
        try reader.finish()
        let (second, yaml) = try read(reader.resolved.yaml)
        #expect(yaml == reader.resolved.yaml)
        #expect(first.sampling == second.sampling && first.augmentation == second.augmentation)
        #expect(first.split == second.split && first.classes == second.classes)
        #expect(first.training == second.training && first.prepared == second.prepared)
        #expect(first.validationAreas == second.validationAreas)
        #expect(first.heldOut == second.heldOut && first.grid == second.grid)
    }

    @Test(arguments: [
        ("furniture", "radius: 3"), ("modelnet", "split: {at: 1}"), ("s3dis", "surfacePoints: 99"),
        ("scanobjectnn", "augmentation: {colorDrop: 0.1}"), ("s3dis", "classes: {a: [1]}"),
        ("modelnet", "votes: true"), ("scanobjectnn", "heldOut: x"),
        ("s3dis", "features: [position]\ncolorMean: [0, 0, 0]"),
    ])
    func whatAKindHasNoUseForIsRefused(kind: String, lines: String) {
        expectLine("unknown key data.") { try DataFixture.recipe("/data", lines, kind: kind) }
    }

    @Test(arguments: ["lidar", "furniture", "s3dis", "scanobjectnn", "modelnet40"])
    func recipesInTheFolderAreRight(name: String) throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let path = root.appendingPathComponent("tasks/point-cloud-analysis/recipes/\(name).yaml")
        let recipe = try PointRecipe(
            try RecipeDocument(path: path.path), dataFolder: "/nowhere")
        #expect(recipe.data.prepared.hasPrefix("/nowhere/\(name.prefix(5))"))
    }

    @Test func shapesHaveNoColors() {
        expectLine("color") {
            try DataFixture.recipe("/data", "features: [position, color]", kind: "furniture")
        }
    }

    @Test(
        arguments: [
            (
                "scenes",
                [
                    "split: {at: 1}", "split: {at: 2}", "split: {at: 1, gap: 1}",
                    "split: {axis: y, at: 1}", "split: {at: 1, training: above}",
                    "split: {at: 1}\ngrid: 0.1", "split: {at: 1}\ncolorRange: 255",
                    "split: {at: 1}\nfields: {label: semantic}",
                    "split: {at: 1}\ntraining: [a.las]",
                    "training: [a.las]\nvalidation: [b.las]",
                    "training: [b.las]\nvalidation: [a.las]",
                ]
            ), ("s3dis", ["", "validationAreas: [1]", "grid: 0.1"]),
            ("modelnet", ["", "surfacePoints: 99"]), ("scanobjectnn", ["", "surfacePoints: 99"]),
            (
                "furniture",
                ["", "surfacePoints: 99", "heldOut: Scopia", "categories: [Lights, Vehicles]"]
            ),
        ] as [(String, [String])])
    func everySettingThatShapesPointsHasItsFolder(kind: String, lines: [String]) throws {
        let folders = try lines.map { try DataFixture.recipe("/data", $0, kind: kind).prepared }
        #expect(Set(folders).count == lines.count)
        for line in lines {
            let named = line + "\nprepared: /points"
            let own = try DataFixture.recipe("/data", named, kind: kind).prepared
            #expect(try DataFixture.recipe("/other", named, kind: kind).prepared != own)
            #expect(try DataFixture.recipe("/data/", named, kind: kind).prepared == own)
        }
        // What training does with the points makes no others.
        let more = try DataFixture.recipe("/data", lines[0] + "\npoints: 100", kind: kind)
        #expect(more.prepared == folders[0])
    }
}
