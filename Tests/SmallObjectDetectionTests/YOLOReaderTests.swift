// SPDX-License-Identifier: Apache-2.0
import Files
import Foundation
import Regions
import SmallObjectDetection
import Testing

@Suite("YOLO layouts") struct YOLOReaderTests {
    private func read(
        _ folder: DataFolder, _ path: String, images: String = "images", classes: [String]? = nil,
        split: YOLODataset.Split? = nil, keepGoing: Bool = false
    ) throws(InputError) -> (index: DetectionIndex, faults: DetectionFaults) {
        var faults = DetectionFaults(keepGoing: keepGoing)
        let index = try AnnotationReader(
            format: .yolo, imageFolder: "\(folder.path)/\(images)", classes: classes, split: split
        ).read("\(folder.path)/\(path)", faults: &faults)
        return (index, faults)
    }

    private func picture(_ folder: DataFolder, _ names: String...) throws {
        for name in names {
            try folder.write(VOCFixture.bitmap(width: 40, height: 20), "images/\(name)")
        }
    }

    @Test("pictures without a text are background, lists of classes are none")
    func picturesWithoutTexts() throws {
        let folder = try DataFolder()
        try picture(folder, "a.bmp", "b.BMP", "deep/c.bmp")
        try folder.write("0 0.5 0.5 0.5 0.5\n", "labels/a.txt")
        try folder.write("1 0.5 0.5 0.5 0.5\n", "labels/deep/c.txt")
        try folder.write("\u{FEFF}tree\r\nbush\r\n\n", "labels/classes.txt")
        try folder.write("images/a.bmp\n", "labels/train.txt")
        try folder.write("names: [x]", "labels/data.yaml")
        let (index, faults) = try read(folder, "labels")
        #expect(index.images.map(\.file) == ["a.bmp", "b.BMP", "deep/c.bmp"])
        #expect(index.categories == [.init(id: 1, name: "tree"), .init(id: 2, name: "bush")])
        #expect(
            index.boxes == [
                AnnotatedBox(Item(Rectangle(x: 10, y: 5, width: 20, height: 10), label: 0)),
                AnnotatedBox(Item(Rectangle(x: 10, y: 5, width: 20, height: 10), label: 1, in: 2)),
            ])
        #expect(faults.count == 0)
        #expect(
            faults.remarks == [
                "classes from \(folder.path)/labels/classes.txt: tree, bush",
                "1 image has no label file: background",
            ])
    }

    @Test(
        "endings count in any case of letters",
        arguments: ["JPG", "Jpg", "BMP", "jfif", "gif", "WEBP", "TiFf", "png"])
    func endings(ending: String) throws {
        let folder = try DataFolder()
        // What is inside decides how a picture is read.
        try picture(folder, "a.\(ending)")
        try folder.write("0 0.5 0.5 0.5 0.5", "labels/a.txt")
        try folder.write(VOCFixture.text, "voc/a.xml")
        #expect(
            try read(folder, "labels", classes: ["x"]).index.images.map(\.file) == ["a.\(ending)"])
        var faults = DetectionFaults(keepGoing: false)
        let reader = AnnotationReader(format: .voc, imageFolder: folder.path + "/images")
        #expect(
            try reader.read(folder.path + "/voc", faults: &faults).images.map(\.file) == [
                "a.\(ending)"
            ])
    }

    @Test("two pictures of one name are an error") func twoOfOneName() throws {
        let folder = try DataFolder()
        try picture(folder, "a.bmp", "a.BMP", "b.bmp")
        try folder.write("0 0.5 0.5 0.5 0.5", "labels/a.txt")
        try folder.write("1,2,3,4,1,4,0,0", "visdrone/a.txt")
        let found = COCOFixture.complaint {
            _ = try read(folder, "labels", classes: ["x"])
        }
        #expect(found.contains("a.BMP: and a.bmp have one name"), "\(found)")
        let kept = try read(folder, "labels", classes: ["x"], keepGoing: true)
        #expect(kept.index.images.map(\.file) == ["b.bmp"] && kept.faults.count == 1)
        let other = COCOFixture.complaint {
            var faults = DetectionFaults(keepGoing: false)
            _ = try AnnotationReader(format: .visDrone, imageFolder: folder.path + "/images")
                .read(folder.path + "/visdrone", faults: &faults)
        }
        #expect(other.contains("have one name"), "\(other)")
    }

    @Test("polygons give their box, rounding is cut off, marks are passed over")
    func polygons() throws {
        let folder = try DataFolder()
        try picture(folder, "a.bmp")
        try folder.write(
            "\u{FEFF}0 0.25 0.5 0.5 0.25 0.75 0.5 0.5 1.0004\n0 0.5 0.5 1.0004 1\n"
                + "0 " + Array(repeating: "0.5 0.25", count: 200).joined(separator: " ")
                + " 0.75 1\n",
            "labels/a.txt")
        let index = try read(folder, "labels", classes: ["x"]).index
        var faults = DetectionFaults(keepGoing: false)
        let checked = try IndexCheck(imageFolder: folder.path + "/images").run(
            index, faults: &faults)
        #expect(
            checked.index.boxes == [
                AnnotatedBox(
                    Item(Rectangle(x: 10, y: 5, width: 20, height: 15), label: 0), area: 300),
                AnnotatedBox(
                    Item(Rectangle(x: 0, y: 0, width: 40, height: 20), label: 0), area: 800),
                AnnotatedBox(Item(Rectangle(x: 20, y: 5, width: 10, height: 15), label: 0)),
            ])
        #expect(checked.clippedBoxes == 2)
    }

    @Test(
        "a data.yaml names classes and pictures",
        arguments: [
            ("names: [tree, bush]\ntrain: images/t\nval: images/v\n", "data.yaml"),
            (
                "path: ..\nnames:\n  0: tree\n  1: bush\ntrain: [images/t]\nval: [images/v]\n",
                "sub/d.yml"
            ),
            (
                "\u{FEFF}names: {1: bush, 0: tree}\ntrain: train.txt\nvalid: ../images/v\n",
                "data.yaml"
            ),
        ])
    func datasetFiles(text: String, name: String) throws {
        let folder = try DataFolder()
        try picture(folder, "t/a.bmp", "t/b.bmp", "v/c.bmp")
        try folder.write("1 0.5 0.5 0.5 0.5", "labels/t/a.txt")
        try folder.write("0 0.5 0.5 0.5 0.5", "labels/v/c.txt")
        try folder.write("./images/t/a.bmp\n./images/t/b.bmp\n", "train.txt")
        let path = try folder.write(text, name)
        for (split, files, label) in [
            (YOLODataset.Split.train, ["a.bmp", "b.bmp"], 1), (.val, ["c.bmp"], 0),
        ] {
            let pictures = try YOLODataset(path).pictures(split)
            var faults = DetectionFaults(keepGoing: false)
            let index = try AnnotationReader(
                format: .yolo, imageFolder: pictures.folder, split: split
            ).read(path, faults: &faults)
            #expect(
                index.images.map { URL(fileURLWithPath: $0.file).lastPathComponent } == files)
            #expect(index.categories.map(\.name) == ["tree", "bush"])
            #expect(index.boxes.map(\.item.label) == [label])
            let checked = try IndexCheck(imageFolder: pictures.folder).run(index, faults: &faults)
            #expect(checked.index.boxes.count == 1)
        }
    }

    @Test(
        "what a data.yaml lacks is named",
        arguments: [
            ("train: images\n", "no list of different names"),
            ("names: {0: a, 2: b}\ntrain: images\n", "every number from 0 to 1"),
            ("names: [a, a]\ntrain: images\n", "different names"),
            ("names: [a]\n", "names no train images"),
            ("names: [a]\ntrain: nowhere\n", "names nowhere"), ("- a\n", "expected keys"),
        ])
    func badDatasetFiles(text: String, part: String) throws {
        let folder = try DataFolder()
        let path = try folder.write(text, "data.yaml")
        let found = COCOFixture.complaint {
            _ = try YOLODataset(path).pictures(.train)
        }
        #expect(found.contains(part), "\(found)")
    }

    @Test("texts without a picture, and no names, are named") func lostTexts() throws {
        let folder = try DataFolder()
        try picture(folder, "a.bmp")
        try folder.write("0 0.5 0.5 0.5 0.5", "labels/b.txt")
        #expect(
            COCOFixture.complaint {
                _ = try read(folder, "labels", classes: ["x"])
            }.contains("labels/b.txt: has no picture b.*"))
        #expect(
            COCOFixture.complaint { _ = try read(folder, "labels") }
                .contains("expected their names"))
    }

    @Test("a recipe takes both parts from one data.yaml") func recipes() throws {
        let fixture = try DetectionFixture()
        let manager = FileManager.default
        for name in ["images/train", "images/val", "labels/train", "labels/val"] {
            try manager.createDirectory(
                atPath: "\(fixture.path)/\(name)", withIntermediateDirectories: true)
        }
        for (number, part) in ["train", "train", "val"].enumerated() {
            try manager.copyItem(
                atPath: "\(fixture.path)/\(number).png",
                toPath: "\(fixture.path)/images/\(part)/\(number).png")
        }
        for name in ["labels/train/0.txt", "labels/val/2.txt"] {
            try "0 0.5 0.5 0.25 0.25\n".write(
                toFile: "\(fixture.path)/\(name)", atomically: true, encoding: .utf8)
        }
        try "names: [square]\ntrain: images/train\nval: images/val\n".write(
            toFile: fixture.path + "/data.yaml", atomically: true, encoding: .utf8)
        let recipe = try fixture.recipe([
            "data.format=yolo", "data.trainingAnnotations=\(fixture.path)/data.yaml",
            "data.validationAnnotations=\(fixture.path)/data.yaml", "data.trainingImages=null",
            "data.validationImages=null",
        ])
        let split = try DetectionSplit.read(recipe.data, note: { _ in })
        #expect(split.training.index.images.map(\.file) == ["0.png", "1.png"])
        #expect(split.validation.index.images.map(\.file) == ["2.png"])
        #expect(split.classes.names == ["square"])
        #expect(split.training.objects.map(\.count) == [1, 0])
    }
}
