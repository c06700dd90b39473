// SPDX-License-Identifier: Apache-2.0
import Datasets
import Foundation
import Testing

@Suite("The project's manifests") struct ManifestTests {
    @Test func allDecodeAndAreComplete() throws {
        let manifests = try repositoryCatalog.manifests().filter { !$0.isByHand }
        #expect(
            manifests.map(\.name)
                == [
                    "action-clips", "big-buck-bunny", "deepforest-trees", "dinov2-small",
                    "furniture", "lidar",
                    "test-clips",
                ])
        for manifest in manifests {
            for file in manifest.files {
                #expect(file.sha256.wholeMatch(of: /[0-9a-f]{64}/) != nil)
                #expect(file.bytes > 0)
            }
            for source in manifest.sources where source.kind != .project {
                let archive = try #require(source.archive)
                let version = try #require(source.version)
                let upstream = version.split(separator: "-")[0]
                #expect(archive.name.contains("\(upstream)"))
                #expect(archive.sha256.wholeMatch(of: /[0-9a-f]{64}/) != nil)
            }
        }
    }

    /// Archive sizes and hashes as measured when the data was chosen.
    @Test(arguments: [
        ("big-buck-bunny", 58_431_438, "c80cb568", "bbb.mp4", 50_195_281, "475fbbf3"),
        ("dinov2-small", 90_210_194, "90a0b02e", "vit_s_focus.onnx", 97_447_603, "198644e3"),
        ("test-clips", 2_255_186, "4fc131e5", "bikes.mp4", 509_868, "91028f9d"),
        (
            "deepforest-trees", 20_639_595, "8c2798d8", "OSBS_029.xml", 20_526, "1f68c401"
        ),
        ("action-clips", 9_265_179, "ced67e1c", "basketball.mp4", 771_052, "f23724a4"),
        ("lidar", 1_929_624, "f56feb54", "scene.las", 763_642, "58bc14d3"),
        ("furniture", 119_782_356, "3ccb90c6", "Scopia.sh3f", 60_777_983, "b4505451"),
    ])
    func statesTheMeasuredNumbers(
        name: String, archiveBytes: Int, archiveHash: String, path: String, bytes: Int, hash: String
    ) throws {
        let manifest = try repositoryCatalog.manifest(named: name)
        let archive = try #require(manifest.sources[0].archive)
        let file = try #require(manifest.files.first { $0.path == path })
        #expect(archive.bytes == archiveBytes)
        #expect(archive.sha256.hasPrefix(archiveHash))
        #expect(file.bytes == bytes)
        #expect(file.sha256.hasPrefix(hash))
    }

    @Test func aManifestSurvivesJSON() throws {
        let manifest = try repositoryCatalog.manifest(named: "big-buck-bunny")
        let data = try JSONEncoder().encode(manifest)
        #expect(try JSONDecoder().decode(Manifest.self, from: data) == manifest)
    }

    @Test func theDescriptionNamesLicenceFilesAndSplits() throws {
        let text = try repositoryCatalog.manifest(named: "big-buck-bunny").describe()
        for part in [
            "CC-BY-3.0", "Blender Foundation", "pip-sdist moviepy 2.2.1", "bbb.mp4, 50195281 bytes",
            "split training: 10 items, 117 segments, 343.0 s",
        ] {
            #expect(text.contains(part), "\(part)")
        }
    }

    /// The annotation and the manifest must tell the same: parts, subsets, segments, classes.
    @Test func theFilmsAnnotationAgreesWithItsSplits() throws {
        struct Annotation: Decodable {
            struct Part: Decodable {
                struct Segment: Decodable {
                    let segment: [Double]
                    let label: String
                }
                let subset: String
                let duration: Double
                let annotations: [Segment]
            }
            let database: [String: Part]
        }
        let path = "\(repositoryCatalog.folder)/big-buck-bunny/annotations.json"
        let data = try #require(FileManager.default.contents(atPath: path))
        let database = try JSONDecoder().decode(Annotation.self, from: data).database
        let manifest = try repositoryCatalog.manifest(named: "big-buck-bunny")
        #expect(manifest.splits.map(\.name) == ["training", "validation"])
        for split in manifest.splits {
            let parts = database.filter { $0.value.subset == split.name }
            let segments = parts.values.flatMap(\.annotations)
            #expect(parts.keys.sorted() == split.items)
            #expect(segments.count == split.segments)
            let seconds = parts.values.reduce(0) { $0 + $1.duration }
            #expect(abs(seconds - (split.seconds ?? 0)) < 0.06)
            let counts = Dictionary(grouping: segments, by: \.label).mapValues(\.count)
            #expect(counts == split.classes)
            for (name, part) in parts {
                for segment in part.annotations {
                    let isInside =
                        segment.segment.count == 2 && segment.segment[0] >= 0
                        && segment.segment[0] < segment.segment[1]
                        && segment.segment[1] <= part.duration
                    #expect(isInside, "\(name): \(segment.segment)")
                }
            }
        }
    }

    @Test func projectFilesAreTheOnesThatTheManifestPins() throws {
        for manifest in try repositoryCatalog.manifests() {
            for source in manifest.sources where source.kind == .project {
                for file in source.files {
                    let path = "\(repositoryCatalog.folder)/\(manifest.name)/\(file.members[0])"
                    #expect(try size(path) == file.bytes, "\(path)")
                    #expect(try sha256(path) == file.sha256, "\(path)")
                }
            }
        }
    }
}
