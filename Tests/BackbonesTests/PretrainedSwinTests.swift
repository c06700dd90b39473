// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Backbones
import Checkpoints
import Layers
import Tensors
import Testing

/// The files of every library load into our own networks, strictly.
@Suite("Pretrained Swin and VideoMAE") struct PretrainedSwinTests {
    private func network(_ kind: String) -> any Backbone {
        let key = RandomKey(seed: 1)
        if kind == "videomae" {
            var configuration = VisionTransformerConfiguration(
                width: 8, depth: 2, heads: 2, patchSize: 4, gridSize: 2, hasLayerScale: false,
                positionRule: .antialiased)
            configuration.tubelet = 2
            return VisionTransformer(name: kind, configuration: configuration, key: key)
        }
        let isVideo = kind == "video-swin"
        return SwinTransformer(
            name: kind,
            configuration: .init(
                width: 4, depths: [2, 1], heads: [1, 2], window: isVideo ? [2, 2, 2] : [2, 2],
                patch: isVideo ? [2, 4, 4] : [4, 4]), key: key)
    }

    @Test(arguments: FamilyFixture.all)
    func filesLoadStrictly(_ fixture: FamilyFixture) throws {
        let network = network(fixture.kind)
        #expect(network.families == fixture.candidates)
        let loaded = try PretrainedWeights.load(
            fixture.file().renamed { "backbone." + $0 }, into: network, from: "file")
        #expect(loaded.family == fixture.family)
        let native = try fixture.native()
        for entry in network.namedParameters {
            let name =
                fixture.kind == "videomae" && entry.name.hasPrefix("norm.")
                ? "fc_" + entry.name : entry.name
            #expect(native[name]?.isIdentical(to: entry.parameter.tensor) == true, "\(name)")
        }
    }

    @Test func imagesInflateIntoVideoSwin() throws {
        let network = network("video-swin")
        let loaded = try PretrainedWeights.load(
            FamilyFixture.read("swin.mmdetection-swin"), into: network, from: "file")
        #expect(loaded.family == .mmdetectionSwin)
        #expect(loaded.notes.count == 4)
        let reference = try FamilyFixture.read("inflated.2x2x2")
        for entry in network.namedParameters {
            let expected = try #require(reference[entry.name]).doubles
            let found = entry.parameter.tensor.doubles
            #expect(zip(found, expected).allSatisfy { abs($0 - $1) < 1e-6 }, "\(entry.name)")
        }
    }
}
