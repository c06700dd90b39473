// SPDX-License-Identifier: Apache-2.0
import Checkpoints
import Files
import Foundation
import Recipes
import TemporalActionDetection
import Tensors
import Testing
import Training

/// When precomputed features are: by what lies beside them, the recipe and the annotation.
@Suite("Times of features") struct FeatureTimesTests {
    /// The files of videos "a" (20 s) and "b" (8 s) as a recipe reads them.
    private func files(
        a: Int, b: Int, fps: Double?, _ data: String, keepGoing: Bool = false, origin: String? = nil
    ) throws -> FeatureFiles {
        let folder = FileManager.default.temporaryDirectory
            .appending(path: "dr2net-times-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for (name, count) in [("a", a), ("b", b)] {
            try Npy.write(Tensor(zeros: [count, 3]), to: "\(folder.path)/\(name).npy")
            if let origin {
                let text =
                    origin.replacing("COUNT", with: "\(count)")
                    .replacing("SECONDS", with: name == "a" ? "20" : "8")
                try Data(text.utf8).write(
                    to: folder.appending(path: "\(name).features.json"))
            }
        }
        let rate = fps.map { "\"fps\": \($0), " } ?? ""
        let annotations = """
            {"database": {"a": {\(rate)"subset": "training", "duration": 20, "annotations": []},
             "b": {\(rate)"subset": "training", "duration": 8, "annotations": []}}}
            """
        try Data(annotations.utf8).write(to: folder.appending(path: "annotations.json"))
        let text = """
            steps: 2
            way: frozen
            data: {annotations: \(folder.path)/annotations.json, features: \(folder.path)\
            \(data.isEmpty ? "" : ", " + data)}
            """
        let recipe = try TemporalRecipe(RecipeDocument(text: text), dataFolder: "/data")
        return try FeatureFiles(
            #require(recipe.data.features), annotations: .read(recipe.data.annotations[0]),
            keepGoing: keepGoing)
    }

    private static let origin = """
        {"framesPerSecond": 4, "featureStride": 2, "featureOffset": 0.25, "vectors": COUNT,
         "duration": SECONDS, "backbone": "any", "source": "any"}
        """

    @Test func whatLiesBesideExtractedFeaturesWins() throws {
        for keys in ["", "framesPerSecond: 4, featureStride: 2, featureOffset: 0.25"] {
            let found = try files(a: 40, b: 16, fps: 25, keys, origin: Self.origin)
            #expect(
                found.videos.map(\.clock)
                    == Array(repeating: .init(rate: 2, offset: 0.25), count: 2))
        }
        let resampled = try files(
            a: 40, b: 16, fps: 25, "featureLength: 10", origin: Self.origin)
        #expect(resampled.videos.map(\.clock.rate) == [0.5, 1.25])
    }

    @Test(arguments: [
        ("framesPerSecond: 25, featureStride: 2", "data.framesPerSecond is 25"),
        ("featureStride: 1", "data.featureStride is 1"),
        ("featureOffset: 0.5", "data.featureOffset is 0.5"),
    ])
    func aRecipeThatContradictsThemIsRefused(keys: String, expected: String) throws {
        let error = #expect(throws: InputError.self) {
            try files(a: 40, b: 16, fps: nil, keys, origin: Self.origin)
        }
        #expect(error?.description.contains(expected) == true, "\(String(describing: error))")
        #expect(error?.description.contains("remove the key (and 1 more videos)") == true)
    }

    @Test func damagedWordsAndOtherNetworksAreNotBelieved() throws {
        for origin in ["{", "{\"framesPerSecond\": -1}"] {
            #expect(throws: InputError.self) {
                try files(a: 40, b: 16, fps: nil, "", origin: origin)
            }
        }
        let counts = Self.origin.replacing("COUNT", with: "7")
        let wrong = #expect(throws: InputError.self) {
            try files(a: 40, b: 16, fps: nil, "", origin: counts)
        }
        #expect(wrong?.description.contains("extraction wrote 7") == true)
        let mixed = Self.origin.replacing("\"any\", \"source\"", with: "\"of SECONDS\", \"source\"")
        let error = #expect(throws: InputError.self) {
            try files(a: 40, b: 16, fps: nil, "", origin: mixed)
        }
        #expect(error?.description.contains("expected one network") == true)
    }

    /// The film's rate beside features of another rate.
    @Test func theFilmsRateIsNotTakenForThatOfTheFeatures() throws {
        let keys = "framesPerSecond: 4, featureStride: 1"
        let error = #expect(throws: InputError.self) {
            try files(a: 80, b: 32, fps: 25, keys)
        }
        #expect(error?.description.contains("expected one rate") == true)
        // A film of its own rate, which its features have too: the key is for videos without.
        let fitting = try files(a: 500, b: 200, fps: 25, "framesPerSecond: 30, featureStride: 1")
        #expect(fitting.videos.map(\.clock.rate) == [25, 25])
        #expect(try files(a: 80, b: 32, fps: nil, keys).videos.map(\.clock.rate) == [4, 4])
    }

    @Test(arguments: [20, 77, 84, 240]) func featuresOfAnotherLengthAreRefused(_ count: Int) throws
    {
        // 80 vectors would be 20 s; a second more or less may be.
        let keys = "framesPerSecond: 4, featureStride: 1"
        if (76...84).contains(count) {
            #expect(try files(a: count, b: 32, fps: nil, keys).videos.count == 2)
            return
        }
        let error = #expect(throws: InputError.self) {
            try files(a: count, b: 32, fps: nil, keys)
        }
        #expect(error?.description.contains("expected the video's 20 s within 1 s") == true)
        let found = try files(a: count, b: 32, fps: nil, keys, keepGoing: true)
        #expect(found.videos.map(\.id) == ["b"] && found.skipped.map(\.id) == ["a"])
    }

    /// Vectors over 16 frames every 4: the last one begins 12 frames before the end.
    @Test func vectorsMayReachBeyondTheirStride() throws {
        let keys = "framesPerSecond: 8, featureStride: 4, featureOffset: 8"
        // 160 frames: 25 vectors of 64 frames; 64 frames: one.
        #expect(try files(a: 25, b: 1, fps: nil, keys).videos.count == 2)
    }
}
