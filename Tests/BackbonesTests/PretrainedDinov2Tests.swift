// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Backbones
import Checkpoints
import Datasets
import Foundation
import Reversible
import Tensors
import TestSupport
import Testing

/// The published DINOv2 ViT-S/14 against transformers in float64 (dinov2_onnx_reference.py).
@Suite("pretrained DINOv2")
struct PretrainedDinov2Tests {
    private func path(_ file: String) -> String {
        DataCache().path(of: file, in: "dinov2-small")
    }

    @Test("features of a film frame are transformers'")
    func featuresAgree() throws {
        let files = ["vit_s_focus.onnx", "reference/input.npy", "reference/features.npy"].map(path)
        if let absent = files.first(where: { !FileManager.default.fileExists(atPath: $0) }) {
            print(
                "skipped: \(absent) is absent; fetch dinov2-small and run "
                    + "Tests/Fixtures/Backbones/dinov2_onnx_reference.py, or set DR2NET_DATA")
            return
        }
        let entry = try #require(BackboneCatalog.entry("dinov2-small-14"))
        let network = entry.make(key: RandomKey(seed: 1), positionRule: .bicubic)
        let loaded = try PretrainedWeights.load(
            try CheckpointFile.read(files[0]), into: network, from: files[0])
        #expect(loaded.family == .transformersDinov2)
        let input = try Npy.readTensor(files[1]), reference = try Npy.readTensor(files[2])
        let features = try network.features(
            Variable(input.converted(to: .float32)), .inference)
        #expect(features.shape == reference.shape)
        var difference = features.tensor.converted(to: .float64)
        difference.add(reference.converted(to: .float64), scaledBy: -1)
        let expected = reference.converted(to: .float64)
        let error = (difference.dot(difference) / expected.dot(expected)).squareRoot()
        print("DINOv2 ViT-S/14 against transformers: relative error \(error)")
        #expect(error <= 1e-4)
    }
}
