// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Foundation
import Tensors
import Testing

/// Tiny data, faulty data and a finished run of every task, made once and gone with the process.
final class TaskWorkplace: Sendable {
    private let films: TemporalDataset
    private let pictures: TemporaryFolder
    private let clouds: TemporaryFolder
    /// A recipe of temporal detection.
    let temporalRecipe: String

    /// The workplace of all tests.
    static let shared: Result<TaskWorkplace, any Error> = Result {
        atexit {
            guard case .success(let place) = TaskWorkplace.shared else { return }
            for folder in [place.films.folder, place.pictures, place.clouds] { folder.remove() }
        }
        return try TaskWorkplace()
    }

    private init() throws {
        films = try TemporalDataset()
        temporalRecipe = try films.recipe(steps: 1, backboneStart: 0)
        pictures = try TemporaryFolder()
        clouds = try PointTrainTests().scenes()
        try addFaultyFilms()
        try addFaultyPictures()
        try addFaultyClouds()
        for (task, recipe, folder) in [
            ("tad", temporalRecipe, films.folder), ("detect", detection("recipe.yaml"), pictures),
            ("points", points("recipe.yaml"), clouds),
        ] {
            let run = try CommandRun([
                task, "train", recipe, "--run", folder.path("run"), "--quiet",
            ])
            try #require(run.code == 0, "\(run.complaint)")
        }
    }

    /// Files of temporal detection.
    func temporal(_ name: String) -> String { films.folder.path(name) }

    /// Files of detection in pictures.
    func detection(_ name: String) -> String { pictures.path(name) }

    /// Files of points.
    func points(_ name: String) -> String { clouds.path(name) }

    /// Arguments that score segments.
    func scored(_ predictions: String) -> [String] {
        ["--ground-truth", temporal("annotations.json"), "--predictions", temporal(predictions)]
    }

    /// Arguments that score boxes.
    func boxes(_ predictions: String) -> [String] {
        ["--ground-truth", detection("boxes.json"), "--predictions", detection(predictions)]
    }

    /// Arguments that score labels.
    func labels(_ truth: String) -> [String] {
        [
            "--ground-truth", points(truth), "--predictions", points("labels.npy"), "--classes",
            "2",
        ]
    }

    private func addFaultyFilms() throws {
        _ = try films.folder.write("no film", as: "bad.mp4")
        let entry = { (end: String) in
            #"{"segment": [1, \#(end)], "label": "bright", "score": 0.9}"#
        }
        for (name, extra) in [("predictions", ""), ("faulty", ", " + entry("NaN"))] {
            _ = try films.folder.write(
                #"{"results": {"c": [\#(entry("3"))\#(extra)]}}"#, as: name + ".json")
        }
        _ = try films.folder.write(
            TemporalDataset.annotations("a") {
                $0["annotations"] = [
                    ["segment": [3, 1], "label": "bright"] as [String: Any],
                    ["segment": [1, 3], "label": "bright"], ["segment": [5, 7], "label": "dark"],
                ]
            }, as: "reversed.json")
        let recipe = try films.recipe(steps: 1, backboneStart: 0, annotations: "reversed.json")
        try FileManager.default.moveItem(atPath: recipe, toPath: temporal("faulty.yaml"))
    }

    private func addFaultyPictures() throws {
        try DetectionTrainTests.write(pictures)
        _ = try pictures.write("P6 80 64 255\nshort", as: "bad.ppm")
        _ = try pictures.write(
            #"[{"image_id": 10, "category_id": 7, "bbox": [1, 2, NaN, 4], "score": 1}]"#,
            as: "faulty.json")
        let boxes = try String(contentsOfFile: detection("boxes.json"), encoding: .utf8)
        _ = try pictures.write(
            boxes.replacingOccurrences(of: "[4, 8, 12, 12]", with: "[4, 8, -12, 12]"),
            as: "reversed.json")
        let recipe = try String(contentsOfFile: detection("recipe.yaml"), encoding: .utf8)
        _ = try pictures.write(
            recipe.replacingOccurrences(of: "boxes.json", with: "reversed.json"),
            as: "faulty.yaml")
    }

    private func addFaultyClouds() throws {
        _ = try clouds.write("no cloud", as: "bad.ply")
        try FileManager.default.createDirectory(
            atPath: points("both"), withIntermediateDirectories: false)
        for name in ["a.ply", "bad.ply"] {
            try FileManager.default.copyItem(atPath: points(name), toPath: points("both/" + name))
        }
        let recipe = try String(contentsOfFile: points("recipe.yaml"), encoding: .utf8)
        _ = try clouds.write(
            recipe.replacingOccurrences(of: "source: a.ply", with: "source: both"),
            as: "faulty.yaml")
        _ = try clouds.write(
            "OFF\n4 2 0\n0 0 0\n1 0 0\n0 1 0\n0 0 1\n3 0 1 2\n3 0 1 3\n", as: "mesh.off")
        for (name, labels) in [("labels", [0, 1, 1, 0]), ("strange", [0, 1, 9, 0])] {
            _ = try clouds.write(
                NpyText.labels(labels.map { UInt8($0) }), as: name + ".npy")
        }
    }
}

/// Arrays of labels.
enum NpyText {
    /// A `.npy` array of bytes.
    static func labels(_ values: [UInt8]) -> Data {
        let text = "{'descr': '|u1', 'fortran_order': False, 'shape': (\(values.count),), }"
        let header = text + String(repeating: " ", count: 117 - text.utf8.count) + "\n"
        return Data([0x93]) + Data("NUMPY".utf8) + Data([1, 0, 118, 0]) + Data(header.utf8)
            + Data(values)
    }
}
