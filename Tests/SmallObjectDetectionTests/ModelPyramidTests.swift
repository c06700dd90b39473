// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Layers
import SmallObjectDetection
import Tensors
import TestSupport
import Testing

@Suite("Detection pyramids") struct ModelPyramidTests {
    private let key = RandomKey(seed: 41)

    /// torchvision's pyramid and FCOS towers, forwards and backwards.
    @Test(arguments: [false, true]) func lateralPyramidAndHeadEqualTorchvisions(
        _ recomputes: Bool
    ) throws {
        let fixture = try ModelFixture("lateral-pyramid")
        let pyramid = LateralPyramid(inputWidths: [3, 5, 4, 6], channels: 4, key: key)
        var configuration = FCOSConfiguration(classCount: 3, levelCount: 5)
        configuration.channels = 4
        configuration.towerDepth = 2
        configuration.normalizationGroups = 2
        configuration.recomputesTowers = recomputes
        let head = FCOSHead(configuration, key: key)
        head.convert(to: .float64)
        var registry = ModuleRegistry()
        registry.child("pyramid", pyramid)
        registry.child("head", head)
        let entries = registry.entries.filter { !$0.name.contains("scales") }
        #expect(registry.entries.count == entries.count + 5)
        try fixture.load(into: entries)
        let tape = Tape(), context = Context(tape: tape)
        let inputs = try (0..<4).map { tape.input(try fixture.tensor("input.\($0)")) }
        let levels = pyramid(
            inputs.enumerated().map { PyramidLevel(values: $1, stride: Double(4 << $0)) }, context)
        #expect(levels.map(\.stride) == [4, 8, 16, 32, 64])
        let output = head(levels, context)
        #expect(output.grid.count == 99 + 30 + 9 + 4 + 1)
        let all =
            levels.enumerated().map { (name: "level.\($0)", value: $1.values) }
            + [(name: "logits", value: output.logits), (name: "codes", value: output.codes)]
        try fixture.check(inputs: inputs, outputs: all, entries: entries, tape: tape)
    }

    @Test func simplePyramidEqualsPyTorchs() throws {
        let fixture = try ModelFixture("simple-pyramid")
        let pyramid = SimplePyramid(inputWidth: 8, channels: 4, key: key)
        try fixture.load(into: pyramid.namedParameters)
        let tape = Tape(), context = Context(tape: tape)
        let input = tape.input(try fixture.tensor("input.0"))
        let levels = pyramid([PyramidLevel(values: input, stride: 14)], context)
        #expect(levels.map(\.stride) == [3.5, 7, 14, 28])
        try fixture.check(
            inputs: [input],
            outputs: levels.enumerated().map { (name: "level.\($0)", value: $1.values) },
            entries: pyramid.namedParameters, tape: tape)
    }

    @Test func normsComeBeforeAllMapsButTheLast() {
        let pyramid = LateralPyramid(
            inputWidths: [4, 6], channels: 8, furtherLevels: 2, normalizesInputs: true, key: key)
        #expect(
            pyramid.namedParameters.map(\.name) == [
                "norms.0.weight", "norms.0.bias", "inner_blocks.0.0.weight",
                "inner_blocks.0.0.bias", "inner_blocks.1.0.weight", "inner_blocks.1.0.bias",
                "layer_blocks.0.0.weight", "layer_blocks.0.0.bias", "layer_blocks.1.0.weight",
                "layer_blocks.1.0.bias", "extra_blocks.p4.weight", "extra_blocks.p4.bias",
                "extra_blocks.p5.weight", "extra_blocks.p5.bias",
            ])
        func maps(_ scale: Double) -> [PyramidLevel] {
            let fine = Tensor(normal: [1, 4, 4, 4], key: key.child(1)).scaled(by: scale)
            let coarse = Tensor(normal: [1, 2, 2, 6], key: key.child(2))
            return [
                PyramidLevel(values: Variable(fine), stride: 4),
                PyramidLevel(values: Variable(coarse), stride: 8),
            ]
        }
        let plain = pyramid(maps(1), .inference), scaled = pyramid(maps(100), .inference)
        let sides = [4, 2, 1, 1]
        #expect(plain.map(\.values.shape) == sides.map { [1, $0, $0, 8] })
        for (one, two) in zip(plain, scaled) {
            #expect(relativeError(two.values.tensor, one.values.tensor) < 1e-4)
        }
    }
}
