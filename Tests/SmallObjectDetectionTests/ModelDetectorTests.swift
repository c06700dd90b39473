// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Backbones
import Layers
import Regions
import Reversible
import SmallObjectDetection
import Tensors
import TestSupport
import Testing
import Training

@Suite("Pyramid detector") struct ModelDetectorTests {
    private let key = RandomKey(seed: 51)

    private func head(levels: Int) -> FCOSHead {
        var configuration = FCOSConfiguration(classCount: 2, levelCount: levels)
        configuration.channels = 8
        configuration.towerDepth = 1
        configuration.normalizationGroups = 4
        return FCOSHead(configuration, key: key.child("head"))
    }

    private func swin() -> PyramidDetector {
        let backbone = SwinTransformer(
            name: "tiny",
            configuration: SwinConfiguration(
                width: 8, depths: [2, 2, 2, 2], heads: [1, 2, 2, 2], window: [3, 3],
                patch: [4, 4]), key: key)
        let pyramid = LateralPyramid(
            inputWidths: [8, 16, 32, 64], channels: 8, normalizesInputs: true, key: key)
        return PyramidDetector(backbone: backbone, pyramid: pyramid, head: head(levels: 5))
    }

    private func transformer() -> PyramidDetector {
        let backbone = VisionTransformer(
            name: "tiny",
            configuration: VisionTransformerConfiguration(
                width: 16, depth: 2, heads: 2, patchSize: 14, gridSize: 4, hasLayerScale: true,
                positionRule: .antialiased), key: key)
        let pyramid = SimplePyramid(inputWidth: 16, channels: 8, key: key)
        return PyramidDetector(backbone: backbone, pyramid: pyramid, head: head(levels: 4))
    }

    /// The loss and every parameter's gradient.
    private func step(
        _ detector: PyramidDetector, side: Int, _ way: FinetuningWay
    ) throws -> (loss: Double, gradients: [(name: String, gradient: Tensor?)]) {
        let images = Tensor(normal: [2, 3, side, side], key: key.child("images"))
        let targets = [
            [Item(Box(x1: 10, y1: 12, x2: 30, y2: 28), label: 1)],
            [Item(Box(x1: 2, y1: 3, x2: 54, y2: 50), label: 0)],
        ]
        detector.clearGradients()
        let context = Context(tape: Tape(), isTraining: true)
        let output = try detector(Variable(images), context.running(way))
        let losses = detector.head.losses(
            output, targets: targets, assigner: AdaptiveAssigner(), context)
        context.tape?.backward(from: losses.total)
        return (
            losses.total.tensor.item,
            detector.namedParameters.map { ($0.name, $0.parameter.gradient) }
        )
    }

    @Test(arguments: [false, true]) func everyWayTrainsEveryParameter(_ isSwin: Bool) throws {
        let detector = isSwin ? swin() : transformer()
        let side = isSwin ? 64 : 56
        let output = try detector(
            Variable(Tensor(zeros: [1, 3, side, side])), .inference)
        #expect(
            output.grid.levels.map(\.stride) == (isSwin ? [4, 8, 16, 32, 64] : [3.5, 7, 14, 28]))
        #expect(output.grid.levels.map(\.height) == (isSwin ? [16, 8, 4, 2, 1] : [16, 8, 4, 2]))
        let plain = try step(detector, side: side, .conventional)
        let checkpointed = try step(detector, side: side, .checkpointed)
        #expect(abs(plain.loss - checkpointed.loss) < 1e-5 * plain.loss)
        let coefficients = StreamCoefficients(alpha: 0.9, beta: 0.1)
        let reversible = try step(
            detector, side: side, .dr2net(.uniform(coefficients), .exact))
        for (index, (name, gradient)) in plain.gradients.enumerated() {
            let expected = try #require(gradient, "\(name)")
            let again = try #require(checkpointed.gradients[index].gradient, "\(name)")
            #expect(relativeError(again, expected) < 1e-3, "\(name)")
            let other = try #require(reversible.gradients[index].gradient, "\(name)")
            #expect(other.doubles.allSatisfy { $0.isFinite }, "\(name)")
        }
        let frozen = try step(detector, side: side, .frozen)
        for (name, gradient) in frozen.gradients {
            #expect((gradient == nil) == name.hasPrefix("backbone."), "\(name)")
        }
    }
}
