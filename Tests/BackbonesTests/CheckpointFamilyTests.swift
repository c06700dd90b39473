// SPDX-License-Identifier: Apache-2.0
import Backbones
import Checkpoints
import Foundation
import Tensors
import Testing

/// A tiny network of `Tests/Fixtures/Backbones/families` under our names and under a library's.
struct FamilyFixture: Sendable, CustomTestStringConvertible {
    let kind: String
    let family: CheckpointFamily
    let candidates: [CheckpointFamily]

    static let all =
        CheckpointFamily.swinFamilies.map {
            FamilyFixture(kind: "swin", family: $0, candidates: CheckpointFamily.swinFamilies)
        }
        + [CheckpointFamily.torchvisionVideoSwin, .swin].map {
            FamilyFixture(
                kind: "video-swin", family: $0, candidates: CheckpointFamily.videoSwinFamilies)
        }
        + CheckpointFamily.videoMAEFamilies.map {
            FamilyFixture(
                kind: "videomae", family: $0, candidates: CheckpointFamily.videoMAEFamilies)
        }

    var testDescription: String { "\(kind) as \(family.rawValue)" }

    static func read(_ name: String) throws -> StateDict {
        try Safetensors.read(BackboneFixture.path("families/\(name).safetensors"))
    }

    static func expected(_ state: StateDict) -> [WeightMatch.Expected] {
        state.tensors.map { .init(name: $0.name, shape: $0.tensor.shape) }
    }

    /// The network under our names.
    func native() throws -> StateDict { try Self.read(kind) }

    /// The network as the library saves it.
    func file() throws -> StateDict {
        family == candidates[0] ? try native() : try Self.read("\(kind).\(family.rawValue)")
    }

    func match(
        _ file: StateDict, _ native: StateDict, allowing: KeyTolerance = .none
    ) throws -> WeightMatch {
        try #require(
            WeightMatch(
                file, Self.expected(native), families: candidates, window: nil, allowing: allowing))
    }
}

@Suite("Checkpoint families") struct CheckpointFamilyTests {
    private func isSame(_ match: WeightMatch, _ native: StateDict) -> Bool {
        match.values.count == native.count
            && zip(match.values, native.tensors).allSatisfy {
                $0?.isIdentical(to: $1.tensor) == true
            }
    }

    /// The script has checked that both files give the same features in their own libraries.
    @Test(arguments: FamilyFixture.all, ["", "backbone.", "module.model."])
    func libraryWeightsBecomeOurs(_ fixture: FamilyFixture, prefix: String) throws {
        let native = try fixture.native()
        var file = try fixture.file().renamed { prefix + $0 }
        if !prefix.isEmpty { file["cls_head.fc_cls.weight"] = Tensor(zeros: [2, 3]) }
        let match = try fixture.match(file, native)
        #expect(match.family == fixture.family)
        #expect(match.report.isEmpty, "\(match.report)")
        #expect(isSame(match, native))
        #expect(match.notes.isEmpty && match.warnings.isEmpty && match.kept.isEmpty)
    }

    @Test(arguments: FamilyFixture.all)
    func exportGivesTheLibrarysTensors(_ fixture: FamilyFixture) throws {
        let native = try fixture.native(), file = try fixture.file()
        var exported = PretrainedWeights.export(native.tensors, family: fixture.family)
        if fixture.family == .transformersVideoMAE {
            // The model without a classifier has its last norm under another name.
            exported = try exported.renamed {
                $0.hasPrefix("layernorm.")
                    ? $0.replacing("layernorm.", with: "fc_norm.") : "videomae." + $0
            }
        }
        for (name, tensor) in exported.tensors {
            // mmaction2's Video Swin and Microsoft's differ in the name of the last norm.
            #expect(file[name]?.isIdentical(to: tensor) == true, "\(name)")
        }
        let match = try fixture.match(exported, native)
        #expect(isSame(match, native) && match.leftOut.isEmpty)
    }

    /// Lists of four-stage networks as their libraries make them.
    @Test(arguments: [
        ("torchvision-swin", "torchvision-swin"), ("torchvision-swin", "official-swin"),
        ("torchvision-swin", "timm-swin"), ("torchvision-swin", "mmdetection-swin"),
        ("torchvision-swin", "transformers-swin"),
        ("torchvision-video-swin", "torchvision-video-swin"),
        ("torchvision-video-swin", "official-video-swin"),
        ("torchvision-video-swin", "mmaction2-video-swin"),
    ])
    func everyNameIsFound(native: String, file: String) throws {
        let isVideo = native.contains("video")
        let expected = try list(native).filter {
            !$0.name.hasPrefix("head.") && !$0.name.hasSuffix("relative_position_index")
        }
        let state = StateDict(try list(file).map { ($0.name, Tensor(zeros: $0.shape)) })
        let match = try #require(
            WeightMatch(
                state, expected.map { .init(name: $0.name, shape: $0.shape) },
                families: isVideo
                    ? CheckpointFamily.videoSwinFamilies : CheckpointFamily.swinFamilies,
                window: nil))
        #expect(match.report.isEmpty, "\(match.report)")
        #expect(match.values.allSatisfy { $0 != nil })
        let families: [String: CheckpointFamily] = [
            "official-swin": .swin, "official-video-swin": .swin, "mmaction2-video-swin": .swin,
        ]
        #expect(match.family == families[file] ?? CheckpointFamily(rawValue: file))
        // Heads, tables and the norms of other outputs, and nothing else.
        #expect(
            match.leftOut.allSatisfy {
                $0.hasPrefix("head.") || $0.hasPrefix("classifier.") || $0.hasPrefix("norm")
                    || $0.hasSuffix("relative_position_index") || $0.hasSuffix("attn_mask")
            }, "\(match.leftOut)")
    }

    /// transformers 5 names its modules otherwise than its files.
    @Test func modulesInMemoryAreRead() throws {
        for (kind, names, families) in [
            ("swin", "transformers-swin-in-memory", CheckpointFamily.swinFamilies),
            ("videomae", "transformers-videomae-in-memory", CheckpointFamily.videoMAEFamilies),
            ("video-swin", "mmaction2-video-swin-tiny", CheckpointFamily.videoSwinFamilies),
        ] {
            let native = try FamilyFixture.read(kind)
            let state = StateDict(try list(names).map { ($0.name, Tensor(zeros: $0.shape)) })
            let match = try #require(
                WeightMatch(
                    state, FamilyFixture.expected(native), families: families, window: nil))
            #expect(match.report.isEmpty, "\(match.report)")
        }
        for (isDinov2, family) in [
            (false, CheckpointFamily.transformersViT), (true, .transformersDinov2),
        ] {
            let network = VisionTransformer(
                name: "tiny",
                configuration: .init(
                    width: 16, depth: 2, heads: 2, patchSize: 4, gridSize: 4,
                    hasLayerScale: isDinov2, positionRule: .bicubic), key: RandomKey(seed: 0))
            let state = StateDict(
                try list("\(family.rawValue)-in-memory").map { ($0.name, Tensor(zeros: $0.shape)) })
            let loaded = try PretrainedWeights.load(state, into: network, from: "file")
            #expect(loaded.family == family)
        }
    }

    private func list(_ name: String) throws -> [(name: String, shape: [Int])] {
        let path = BackboneFixture.path("families/names/\(name).txt")
        return try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map {
            let parts = $0.split(separator: " ", omittingEmptySubsequences: false)
            return (
                String(parts[0]),
                parts.count > 1 ? parts[1].split(separator: ",").compactMap { Int($0) } : []
            )
        }
    }

    /// Video Swin's own code has inflated the same image network.
    @Test(arguments: [[2, 2, 2], [2, 3, 3]])
    func imagesInflateToClips(_ window: [Int]) throws {
        let name = "inflated." + window.map(String.init).joined(separator: "x")
        let reference = try FamilyFixture.read(name)
        for family in CheckpointFamily.swinFamilies {
            let image = try FamilyFixture(
                kind: "swin", family: family, candidates: CheckpointFamily.swinFamilies
            ).file()
            let match = try #require(
                WeightMatch(
                    image, FamilyFixture.expected(reference),
                    families: CheckpointFamily.videoSwinFamilies, window: window))
            #expect(match.family == family)
            #expect(match.report.isEmpty, "\(match.report)")
            // The patches and the table of each of three blocks.
            #expect(match.notes.count == 4, "\(match.notes)")
            for (value, (name, tensor)) in zip(match.values, reference.tensors) {
                let difference = zip(value?.doubles ?? [], tensor.doubles).map { abs($0 - $1) }
                #expect(value?.shape == tensor.shape, "\(name)")
                #expect(difference.max() ?? 1 < 1e-6, "\(name)")
            }
        }
    }

    @Test func otherTablesAreMisshaped() throws {
        let fixture = FamilyFixture.all[0]
        let native = try fixture.native()
        let table = "features.1.0.attn.relative_position_bias_table"
        for shape in [[25, 1], [8, 1], [16, 1], [9, 2], [9], [0, 1], [40_000, 1]] {
            var file = native
            file[table] = Tensor(zeros: shape)
            let match = try #require(
                WeightMatch(
                    file, FamilyFixture.expected(native), families: fixture.candidates,
                    window: [2, 2]))
            // A window of 3 is resized; the rest are no tables of a square window.
            #expect(match.report.misshaped.count == (shape == [25, 1] ? 0 : 1), "\(shape)")
        }
    }
}
