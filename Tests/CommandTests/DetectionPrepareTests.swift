// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

@Suite("Detection prepare command") struct DetectionPrepareTests {
    /// A folder with one image of 40 x 30 pixels and annotations in COCO's form.
    private func folder(_ boxes: [String]) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        _ = try folder.write(
            Data("P6 40 30 255\n".utf8) + Data(repeating: 90, count: 3600), as: "a.ppm")
        let annotations = boxes.enumerated().map {
            #"{"id": \#($0), "image_id": 1, "category_id": 1, "bbox": \#($1)}"#
        }.joined(separator: ", ")
        _ = try folder.write(
            #"{"images": [{"id": 1, "file_name": "a.ppm", "width": 40, "height": 30}], "#
                + #""categories": [{"id": 1, "name": "tree"}], "annotations": [\#(annotations)]}"#,
            as: "truth.json")
        return folder
    }

    private func prepare(_ folder: TemporaryFolder, _ more: [String] = []) throws -> CommandRun {
        try CommandRun(
            [
                "detect", "prepare", "--annotations", folder.path("truth.json"), "--format", "coco",
                "--images", folder.path, "--output", folder.path("index.json"),
            ] + more)
    }

    @Test func theIndexIsWhatEvaluateReads() throws {
        let folder = try folder(["[1, 2, 6, 6]", "[30, 20, 20, 10]"])
        let run = try prepare(folder, ["--json"])
        #expect(run.code == 0, "\(run.complaint)")
        let summary = try run.object()
        #expect(summary["boxes"] as? Int == 2 && summary["clippedBoxes"] as? Int == 1)
        let sizes = try #require(summary["sizes"] as? [[String: Any]])
        #expect(sizes.map { $0["boxes"] as? Int } == [1, 1, 0, 0, 0])
        let results = try folder.write(
            #"[{"image_id": 1, "category_id": 1, "bbox": [1, 2, 6, 6], "score": 0.9}]"#,
            as: "results.json")
        let score = try CommandRun([
            "detect", "evaluate", "--ground-truth", folder.path("index.json"), "--predictions",
            results, "--json",
        ])
        #expect(try score.object()["AR100"] as? Double == 0.5)
    }

    @Test func aFaultIsOneLineAndLeavesNoIndex() throws {
        let folder = try folder(["[1, 2, 6, 6]", "[100, 20, 20, 10]"])
        let run = try prepare(folder)
        #expect(run.code == 1 && run.output.isEmpty && run.complaintLines.count == 1)
        #expect(run.complaint.contains("box 1 (\"tree\")"), "\(run.complaint)")
        #expect(try folder.names() == ["a.ppm", "truth.json"])
        let kept = try prepare(folder, ["--keep-going"])
        #expect(kept.code == 0 && kept.output.contains("lies outside"))
    }

    @Test func tilesAreCutDrawnAndCutOnce() throws {
        let folder = try folder(["[1, 2, 6, 6]", "[30, 20, 8, 8]"])
        let arguments = [
            "--tiles", folder.path("tiles"), "--tile-size", "20", "--tile-overlap", "0",
            "--kept-area", "1", "--histogram", folder.path("sizes.svg"), "--json",
        ]
        let run = try prepare(folder, arguments)
        #expect(run.code == 0, "\(run.complaint)")
        let tiles = try #require(try run.object()["tiles"] as? [String: Any])
        #expect(tiles["tiles"] as? Int == 2 && tiles["written"] as? Int == 2)
        #expect(tiles["empty"] as? Int == 2 && tiles["boxes"] as? Int == 2)
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path("tiles"))
        #expect(
            names.filter { $0 != ".lock" }.sorted() == [
                "1-a-0-0-20x20.png", "1-a-20-10-20x20.png", "index.json",
            ])
        #expect(
            try String(contentsOfFile: folder.path("sizes.svg"), encoding: .utf8).contains("<svg"))
        let again = try prepare(folder, arguments)
        #expect((try again.object()["tiles"] as? [String: Any])?["written"] as? Int == 0)
        let text = try prepare(folder, ["--tiles", folder.path("tiles"), "--keep-empty"])
        #expect(text.output.contains("1 tiles with 2 boxes") && text.output.contains("####"))
    }

    /// A recipe whose training has two sets, which are those of the folder.
    private func recipe(_ folder: TemporaryFolder) throws -> String {
        try folder.write(
            Data(
                """
                task: detect
                steps: 1
                data:
                  trainingAnnotations: [truth.json, truth.json]
                  trainingImages: .
                  validationAnnotations: truth.json
                  validationImages: .
                  size: 32
                  tileOverlap: 0
                backbone: {name: vit-tiny-16}

                """.utf8), as: "recipe.yaml")
    }

    @Test func aRecipeSaysWhatNoOptionSays() throws {
        let folder = try folder(["[1, 2, 6, 6]", "[30, 20, 20, 10]"])
        let recipe = try recipe(folder)
        let checked = try CommandRun(["detect", "prepare", recipe, "--json"])
        #expect(checked.code == 0, "\(checked.complaint)")
        let object = try checked.object(), sets = object["sets"] as? [[String: Any]] ?? []
        #expect(object["checked"] as? Int == 3 && object["written"] as? Int == 0)
        #expect(
            sets.map { $0["name"] as? String } == ["training", "training-2", "validation"])
        #expect(sets.allSatisfy { $0["boxes"] as? Int == 2 && $0["output"] == nil })
        #expect(try folder.names() == ["a.ppm", "recipe.yaml", "truth.json"])
        let written = try CommandRun([
            "detect", "prepare", recipe, "--output", folder.path("index.json"), "--tiles",
            folder.path("tiles"),
        ])
        #expect(written.code == 0, "\(written.complaint)")
        #expect(written.output.contains("3 checked, 3 written"), "\(written.output)")
        for name in ["training", "training-2", "validation"] {
            let tiles = try FileManager.default.contentsOfDirectory(
                atPath: folder.path("tiles/\(name)"))
            #expect(tiles.contains("1-a-0-0-32x30.png") && tiles.contains("index.json"))
            #expect(try folder.names().contains("index-\(name).json"))
        }
        // An option wins, and annotations take the place of the recipe's sets.
        let own = try CommandRun([
            "detect", "prepare", recipe, "--annotations", folder.path("truth.json"), "--images",
            folder.path, "--output", folder.path("own.json"), "--tiles", folder.path("own"),
            "--tile-size", "20", "--json",
        ])
        #expect(own.code == 0, "\(own.complaint)")
        #expect(try own.object()["output"] as? String == folder.path("own.json"))
        #expect((try own.object()["tiles"] as? [String: Any])?["size"] as? Int == 20)
    }

    @Test func keepGoingIsTheRecipesKey() throws {
        let folder = try folder(["[1, 2, 6, 6]", "[100, 20, 20, 10]"])
        let recipe = try recipe(folder)
        let refused = try CommandRun(["detect", "prepare", recipe])
        #expect(refused.code == 1 && refused.complaint.contains("lies outside"))
        for more in [["--keep-going"], ["--set", "data.keepGoing=true"]] {
            let kept = try CommandRun(["detect", "prepare", recipe] + more)
            #expect(kept.code == 0 && kept.output.contains("lies outside"), "\(kept.complaint)")
        }
    }

    @Test func whatIsWrittenDoesNotDependOnTheThreads() throws {
        let folder = try folder(["[1, 2, 6, 6]", "[30, 20, 8, 8]"])
        var found: [[String: Data?]] = []
        for threads in ["1", "4"] {
            let tiles = folder.path("tiles-\(threads)"), index = folder.path("i\(threads).json")
            let run = try CommandRun([
                "detect", "prepare", try recipe(folder), "--output", index, "--tiles", tiles,
                "--tile-size", "20", "--tile-overlap", "5", "--threads", threads, "--quiet",
                "--check-pixels",
            ])
            #expect(run.code == 0 && run.complaint.isEmpty, "\(run.complaint)")
            var bytes: [String: Data?] = [:]
            for case let name as String in FileManager.default.enumerator(atPath: tiles)?
                .allObjects ?? [] where !name.hasSuffix(".lock")
            { bytes[name] = FileManager.default.contents(atPath: "\(tiles)/\(name)") }
            bytes["index"] = FileManager.default.contents(
                atPath: folder.path("i\(threads)-validation.json"))
            found.append(bytes)
        }
        #expect(found[0] == found[1] && found[0].count > 6)
        #expect(try !folder.names().contains { $0.hasSuffix("partial.json") })
    }

    @Test func optionsWithoutTilesOrOfNoSenseAreUsageErrors() throws {
        let folder = try folder(["[1, 2, 6, 6]"])
        for more in [
            ["--tile-size", "20"], ["--keep-empty"], ["--tiles", "x", "--tile-overlap", "400"],
            ["--tiles", "x", "--kept-area", "0"], ["--tiles", "x", "--tile-size", "0"],
            ["--orientation", "upright"], ["--orientation", "unsaid"], ["--bands", "1,2"],
            ["--range", "5"], ["--range", "5,1"], ["--set", "a=1"], ["--seed", "1"],
        ] {
            let run = try prepare(folder, more)
            #expect(run.code == 64 && run.output.isEmpty, "\(more): \(run.code)")
        }
    }

    /// Prepares one box on a fixture's picture.
    private func prepare(picture name: String, _ more: [String] = []) throws -> CommandRun {
        let folder = try TemporaryFolder()
        let fixture = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Fixtures/Images/\(name)")
        let file = fixture.lastPathComponent
        _ = try folder.write(try Data(contentsOf: fixture), as: file)
        _ = try folder.write(
            #"{"images": [{"id": 1, "file_name": "\#(file)"}], "categories": [{"id": 1, "#
                + #""name": "a"}], "annotations": [{"id": 1, "image_id": 1, "category_id": 1, "#
                + #""bbox": [0, 0, 1, 1]}]}"#, as: "truth.json")
        return try prepare(folder, ["--check-pixels", "--tiles", folder.path("tiles")] + more)
    }

    @Test(arguments: [
        "rows/one-pixel.png", "whole/cmyk.jpg", "rows/scene-lib-cmyk.tif", "whole/interlaced.png",
        "rows/scene-lib-deep8.tif", "tiff/jpeg-ycbcr.tif",
        "rows/palette4.png", "rows/grey-deep.png", "rows/scene-deep.tif", "whole/exif-loop.jpg",
    ])
    func oddPicturesAreCut(name: String) throws {
        let run = try prepare(picture: name)
        #expect(run.code == 0 && run.output.contains("1 tiles with 1 boxes"), "\(run.complaint)")
    }

    @Test("what a picture's samples need is asked for or said")
    func picturesThatNeedAWord() throws {
        let turned = try prepare(picture: "turned.jpg")
        #expect(turned.code == 1 && turned.complaintLines.count == 1)
        #expect(turned.complaint.contains("--orientation stored"), "\(turned.complaint)")
        #expect(try prepare(picture: "turned.jpg", ["--orientation", "stored"]).code == 0)
        let twelve = try prepare(picture: "tiff/twelve.tif")
        #expect(twelve.code == 0 && twelve.complaint.contains("--range low,high"))
        let ranged = try prepare(picture: "tiff/twelve.tif", ["--range", "0,4095"])
        #expect(ranged.code == 0 && !ranged.complaint.contains("--range"))
        let bands = try prepare(picture: "tiff/bands.tif", ["--bands", "9"])
        #expect(bands.code == 1 && bands.complaint.contains("expected band 9"))
    }

    @Test(arguments: [
        ("giant.png", "in 253 bytes"), ("giant.jpg", "as a whole and needs 46 GiB"),
        ("scene.rgb", "scene.rgb"),
    ])
    func picturesThatCannotBeReadAreOneLine(name: String, part: String) throws {
        let run = try prepare(picture: name)
        #expect(run.code == 1 && run.output.isEmpty && run.complaintLines.count == 1)
        #expect(run.complaint.contains(part), "\(run.complaint)")
    }

    @Test func imagesThatLieAreOneLine() throws {
        let folder = try folder(["[1, 2, 6, 6]"])
        _ = try folder.write(Data("P6 60000 60000 255\n".utf8), as: "a.ppm")
        let run = try prepare(folder)
        #expect(run.code == 1 && run.complaintLines.count == 1, "\(run.complaint)")
        #expect(run.complaint.contains("a.ppm"))
    }
}
