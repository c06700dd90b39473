// SPDX-License-Identifier: Apache-2.0
import Foundation
import Testing

/// `dr2net data` with sets that are fetched by hand, on small folders laid out like them.
@Suite("Data sets fetched by hand") struct DataByHandTests {
    /// Files by their paths below a set's folder.
    private func lay(_ files: [String: Data]) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        for (path, data) in files {
            try FileManager.default.createDirectory(
                atPath: (folder.path(path) as NSString).deletingLastPathComponent,
                withIntermediateDirectories: true)
            _ = try folder.write(data, as: path)
        }
        return folder
    }

    private static func text(_ text: String) -> Data { Data(text.utf8) }
    private static let film = TestVideo.data(frames: 10)
    private static let picture = text("P6 4 3 255\n") + Data(repeating: 90, count: 36)
    private static let junk = text("neither picture nor film")

    private func verify(_ name: String, _ folder: TemporaryFolder, _ options: [String] = []) throws
        -> (run: CommandRun, text: String)
    {
        let run = try CommandRun(["data", "verify", name, "--in", folder.path] + options)
        let lines = run.output.replacingOccurrences(of: folder.path, with: "DIR")
            .replacing(/tasks\/[a-z-]+\/recipes/, with: "RECIPES")
            .components(separatedBy: "\n")
        // What is wrong with a file is the readers' own line, and their tests'.
        let text = lines.map { line in
            line.hasPrefix("  ") && !line.hasPrefix("  dr2net")
                ? line.replacing(/: .+/, with: ": REASON") : line
        }
        return (run, text.joined(separator: "\n"))
    }

    @Test func thumos14() throws {
        let folder = try lay([
            "annotations/validation/BaseballPitch_val.txt": Self.text(
                "video_validation_0000001  0.1 0.5\nvideo_validation_0000002  0.1 0.5\n"
                    + "video_validation_0000003  0.2 0.4\n"),
            "annotations/test/BaseballPitch_test.txt": Self.text("video_test_0000004  0.1 0.5\n"),
            "annotations/test/Ambiguous_test.txt": Self.text("video_test_0001292  0.1 0.5\n"),
            "validation/video_validation_0000001.y4m": Self.film,
            "validation/video_validation_0000003.mp4": Self.junk,
            "validation/video_validation_0000009.y4m": Self.film,
            "test/video_test_0000004.Y4M": Self.film,
            "test/notes.txt": Self.junk,
        ])
        let (run, text) = try verify("thumos14", folder)
        #expect(run.code == 1)
        #expect(
            run.complaint.hasSuffix(
                "dr2net: thumos14: 1 missing and 1 damaged in \(folder.path), expected none; get those "
                    + "again (`dr2net data show thumos14` says from whom)\n"))
        #expect(
            text == """
                thumos14 in DIR

                part               place        expected  found  missing  damaged
                annotations        annotations         1      1        0        0
                validation videos  validation          3      2        1        1
                test videos        test                1      1        0        0
                validation I3D     not here
                test I3D           not here
                validation TSN     not here
                test TSN           not here
                annotations, validation: videos 3, published 200; segments 3, published 3007; classes 1, published 20
                annotations, test: videos 1, published 212; segments 1, published 3358; classes 1, published 20
                validation videos: 1 missing: video_validation_0000002
                validation videos: 1 damaged:
                  video_validation_0000003.mp4: REASON
                validation videos: 1 other files beside them: video_validation_0000009.y4m
                test videos: 1 other files beside them: notes.txt
                validation I3D: looked for i3d_features, features/i3d_features
                test I3D: looked for i3d_features, features/i3d_features
                validation TSN: looked for tsn_features, features/tsn_features
                test TSN: looked for tsn_features, features/tsn_features

                opened 4 of 4 files

                train with one of:
                  dr2net tad prepare RECIPES/big-buck-bunny.yaml --set data.annotations=DIR/annotations --set 'data.videos=[DIR/validation, DIR/test]' --set data.trainingSubset=validation --set data.validationSubset=test --set data.keepGoing=true
                  dr2net tad train RECIPES/big-buck-bunny.yaml --set data.annotations=DIR/annotations --set 'data.videos=[DIR/validation, DIR/test]' --set data.trainingSubset=validation --set data.validationSubset=test --set data.keepGoing=true
                not enough for RECIPES/thumos14-actionformer-i3d.yaml: no validation I3D, no test I3D
                not enough for RECIPES/thumos14-vsgn-tsn.yaml: no validation TSN, no test TSN

                """)
    }

    @Test func coco() throws {
        let images = (1...3).map {
            #"{"id": \#($0), "file_name": "\#($0).ppm", "width": 4, "height": 3}"#
        }
        let boxes = #"[{"id": 1, "image_id": 1, "category_id": 7, "bbox": [0, 0, 2, 2]}]"#
        let annotations = Self.text(
            #"{"images": [\#(images.joined(separator: ", "))], "#
                + #""categories": [{"id": 7, "name": "cat"}], "annotations": \#(boxes)}"#)
        let folder = try lay([
            "coco/annotations/instances_train2017.json": annotations,
            "coco/annotations/instances_val2017.json": annotations,
            "coco/train2017/1.ppm": Self.picture, "coco/train2017/2.PPM": Self.picture,
            "coco/train2017/3.ppm": Self.junk, "coco/train2017/list.txt": Self.junk,
        ])
        let (run, text) = try verify("coco", folder)
        #expect(run.code == 1)
        #expect(
            text == """
                coco in DIR/coco

                part                    place                                 expected  found  missing  damaged
                training annotations    annotations/instances_train2017.json         1      1        0        0
                training images         train2017                                    3      2        1        1
                validation annotations  annotations/instances_val2017.json           1      1        0        0
                validation images       not here
                training annotations, training: images 3, published 118287; boxes 1, published 860001; classes 1, published 80
                training images: 1 missing: 2.ppm
                training images: 1 damaged:
                  3.ppm: REASON
                training images: 2 other files beside them: 2.PPM list.txt
                training images: 1 of the missing are here under another name (2.ppm: there is 2.PPM); rename such files
                validation annotations, validation: images 3, published 5000; boxes 1, published 36781; classes 1, published 80
                validation images: looked for val2017, images/val2017

                opened 4 of 4 files
                not enough for RECIPES/coco.yaml: no validation images

                """)
    }

    @Test func visDrone() throws {
        let boxes = Self.text("1,1,2,2,1,4,0,0\n")
        let folder = try lay([
            "VisDrone2019-DET-val/annotations/a.txt": boxes,
            "VisDrone2019-DET-val/annotations/b.txt": boxes,
            "VisDrone2019-DET-val/annotations/c.txt": Self.junk,
            "VisDrone2019-DET-val/images/a.ppm": Self.picture,
            "VisDrone2019-DET-val/images/c.ppm": Self.picture,
        ])
        let (run, text) = try verify("visdrone", folder, ["--subset", "validation"])
        #expect(run.code == 1)
        #expect(
            text == """
                visdrone in DIR

                part                    place                             expected  found  missing  damaged
                validation annotations  VisDrone2019-DET-val/annotations       548      3      545        1
                validation images       VisDrone2019-DET-val/images              3      2        1        0
                validation annotations: 545 missing
                validation annotations: 1 damaged:
                  c.txt: REASON
                validation images: 1 missing: b

                opened 5 of 5 files
                not enough for RECIPES/visdrone.yaml: no training annotations, no training images

                """)
    }

    @Test func s3dis() throws {
        let points = Self.text("1 2 3 4 5 6\n2 3 4 5 6 7\n")
        let folder = try lay([
            "Area_5/hallway_1/Annotations/wall_1.txt": points,
            "Area_5/office_1/Annotations/robot_1.txt": points,
            "Area_5/Area_5_alignmentAngle.txt": points,
        ])
        let (run, text) = try verify("s3dis", folder, ["--subset", "Area_5"])
        #expect(run.code == 1)
        #expect(
            text == """
                s3dis in DIR

                part    place  expected  found  missing  damaged
                area 5  .            68      2       66        1
                area 5: 66 missing
                area 5: 1 damaged:
                  Area_5/office_1: REASON
                area 5: 1 other files beside them: Area_5/Area_5_alignmentAngle.txt

                opened 2 of 2 files
                not enough for RECIPES/s3dis.yaml: no area 1, no area 2, no area 3, no area 4, no area 6

                """)
    }

    @Test func modelNet40() throws {
        let mesh = Self.text("OFF3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 2\n")
        let folder = try lay([
            "ModelNet40/chair/train/chair_0001.off": mesh,
            "ModelNet40/chair/train/chair_0002.OFF": mesh,
            "ModelNet40/chair/test/chair_0003.off": Self.text("OFF\n3 1 0\n0 0 0\n"),
            "ModelNet40/chair/test/readme.txt": Self.junk,
        ])
        let (run, text) = try verify("modelnet40", folder)
        #expect(run.code == 1)
        #expect(
            text == """
                modelnet40 in DIR

                part             place       expected  found  missing  damaged
                training models  ModelNet40      9843      2     9841        0
                test models      ModelNet40      2468      1     2467        1
                training models: 9841 missing
                test models: 2467 missing
                test models: 1 damaged:
                  chair/test/chair_0003.off: REASON
                test models: 1 other files beside them: chair/test/readme.txt

                opened 3 of 3 files

                train with one of:
                  dr2net points prepare RECIPES/modelnet40.yaml --set data.source=DIR/ModelNet40
                  dr2net points train RECIPES/modelnet40.yaml --set data.source=DIR/ModelNet40

                """)
    }

    /// Every command that a manifest names runs, and its recipe knows the keys.
    @Test(arguments: [
        "activitynet", "ai-tod", "ai-tod-v2", "coco", "modelnet40", "s3dis", "scanobjectnn",
        "thumos14", "visdrone",
    ])
    func theTrainingCommandsRead(name: String) throws {
        let shown = try CommandRun(["data", "show", name, "--json"]).object()
        let uses = try #require(shown["training"] as? [[String: Any]])
        #expect(!uses.isEmpty)
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().path
        let folder = try TemporaryFolder()
        for use in uses {
            let recipe = try #require(use["recipe"] as? String)
            let command = try #require((use["commands"] as? [String])?.last).split(separator: " ")
            let keys = try #require(use["keys"] as? [String: [String]]).keys.sorted()
            let settings = keys.map { "\($0)=/none/here" } + (use["settings"] as? [String] ?? [])
            let run = try CommandRun(
                command.map(String.init) + [
                    "\(root)/\(recipe)", "--quiet", "--run", folder.path("run"),
                ]
                    + settings.flatMap { ["--set", $0] })
            #expect(run.code == 1, "\(run.complaint)")
            #expect(run.complaint.contains("/none/here"), "\(run.complaint)")
        }
    }

    @Test func fetchAndListSayThatTheyAreByHand() throws {
        let fetch = try CommandRun(["data", "fetch", "thumos14"])
        #expect(fetch.code == 1)
        #expect(
            fetch.complaint
                == "dr2net: thumos14 is fetched by hand: `dr2net data show thumos14` says "
                + "from whom, and `dr2net data verify thumos14 --in DIR` looks through what you have\n"
        )
        let list = try CommandRun(["data", "list"])
        let parts = list.output.components(separatedBy: "\n\nfetched by hand (")
        #expect(parts.count == 2)
        #expect(parts[0].contains("big-buck-bunny") && !parts[0].contains("thumos14"))
        #expect(parts[1].contains("\nthumos14      absent  THUMOS14, temporal action detection\n"))
    }

    @Test func optionsOfTheOtherKindAreRefused() throws {
        for option in [["--sample", "3"], ["--subset", "test"]] {
            let run = try CommandRun(["data", "verify", "lidar"] + option)
            #expect(run.code == 1)
            #expect(run.complaint.contains("for sets that are fetched by hand"), "\(run.complaint)")
        }
        #expect(try CommandRun(["data", "verify", "coco", "--sample", "0"]).code == 64)
    }
}
