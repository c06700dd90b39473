// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Backbones
import Layers
import Tensors
import TestSupport
import Testing

@Suite("backbone catalog")
struct BackboneCatalogTests {
    @Test(
        "parameters are as many as published",
        arguments: [
            // timm without head; DINOv2 as in timm, without a mask token.
            ("vit-tiny-16", 5_524_416), ("vit-small-16", 21_665_664),
            ("vit-base-16", 85_798_656), ("dinov2-small-14", 22_056_192),
            ("dinov2-base-14", 86_579_712),
            // torchvision without head.
            ("swin-tiny", 28_288_354 - 769_000), ("swin-small", 49_606_258 - 769_000),
            ("swin-base", 87_768_224 - 1_025_000), ("video-swin-tiny", 28_158_070 - 307_600),
            ("video-swin-base", 88_048_984 - 410_000),
            // transformers with the norm before pooling.
            ("videomae-base-16", 86_227_200), ("video-swin-small", 49_509_078),
        ])
    func countsAgree(name: String, published: Int) throws {
        let entry = try #require(BackboneCatalog.entry(name))
        #expect(entry.parameterCount == published)
        // Random weights take a while without optimisation: the two kinds' smallest are built.
        if ["vit-tiny-16", "dinov2-small-14"].contains(name) {
            #expect(entry.make(key: RandomKey(seed: 1)).parameterCount == published)
        }
    }

    @Test("names are unique, and an unknown one has no entry")
    func namesAreUnique() {
        let names = BackboneCatalog.entries.map(\.name)
        #expect(Set(names).count == names.count)
        #expect(BackboneCatalog.entry("vit-small") == nil)
    }

    @Test("DINOv2 takes ImageNet's pixels, timm's augreg ViTs values from -1 to 1")
    func pixelStatisticsArePublished() throws {
        let dino = try #require(BackboneCatalog.entry("dinov2-small-14"))
        #expect(dino.normalization.mean == [0.485, 0.456, 0.406])
        #expect(dino.normalization.deviation == [0.229, 0.224, 0.225])
        #expect(dino.input.multiple == 14)
        #expect(dino.families == [.timm, .transformersDinov2])
        let vit = try #require(BackboneCatalog.entry("vit-base-16"))
        #expect(vit.normalization == .symmetric)
        #expect(vit.normalization.mean == [0.5, 0.5, 0.5])
        #expect(vit.normalization.deviation == [0.5, 0.5, 0.5])
        #expect(vit.input.multiple == 16)
        #expect(vit.families == [.timm, .transformersViT])
    }

    @Test("a key decides the random weights")
    func keysDecide() throws {
        let configuration = try BackboneFixture("vit-patch4-wide").configuration
        func network(_ seed: UInt64) -> VisionTransformer {
            VisionTransformer(
                name: "tiny", configuration: configuration, key: RandomKey(seed: seed))
        }
        let (a, b, c) = (network(1), network(1), network(2))
        for (index, one) in a.namedParameters.enumerated() {
            let tensor = one.parameter.tensor
            #expect(tensor.isIdentical(to: b.namedParameters[index].parameter.tensor))
            let isConstant = one.name.hasSuffix("bias") || one.name.contains("norm")
            #expect(
                tensor.isIdentical(to: c.namedParameters[index].parameter.tensor) == isConstant,
                "\(one.name)")
        }
    }
}
