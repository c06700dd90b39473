// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Reversible
import Tensors
import TestSupport
import Testing

/// Writes down when parameters' gradients are complete, and takes them away then.
private final class Recorder: GradientObserver {
    let indices: [ObjectIdentifier: Int]
    var pending: [Int: Int] = [:]
    var order: [Int] = []
    var gradients: [Int: Tensor] = [:]

    init(_ parameters: [Parameter]) {
        indices = Dictionary(
            uniqueKeysWithValues: zip(
                parameters.map(ObjectIdentifier.init), parameters.indices))
    }

    func willUse(_ parameter: Parameter) {
        guard let index = indices[ObjectIdentifier(parameter)] else { return }
        pending[index, default: 0] += 1
    }

    func didFinish(_ parameter: Parameter) {
        guard let index = indices[ObjectIdentifier(parameter)] else { return }
        pending[index, default: 0] -= 1
        guard pending[index] == 0 else { return }
        order.append(index)
        gradients[index] = parameter.gradient.take()
    }
}

@Suite("gradients that are complete before the backward pass ends")
struct GradientObserverTests {
    private static let ways: [FinetuningWay] = [
        .conventional, .checkpointed,
        .dr2net(.uniform(StreamCoefficients(alpha: 0.9, beta: 0.1, branch: 1)), .exact),
        .dr2net(.uniform(StreamCoefficients(alpha: 0.5, beta: 0.5, branch: 1)), .float),
    ]

    @Test(
        "every branch's are reported once, whole, last branch first", arguments: ways.indices,
        [nil, 4])
    func areReportedBranchByBranch(way: Int, tile: Int?) throws {
        let way = GradientObserverTests.ways[way], slices = tile.map { Tile(tokens: $0) }
        let toy = ToyStage(branches: 6, dropPathRate: 0.3)
        let x = ToyStage.input([3, 5, 8])
        let expected = try toy.gradients(x, way: way, tile: slices, isTraining: true).gradients
        try exclusively {
            for parameter in toy.parameters { parameter.gradient = nil }
            let recorder = Recorder(toy.parameters)
            var context = Context(isTraining: true, key: RandomKey(seed: 3))
                .running(way, tile: slices)
            context.observer = recorder
            let tape = Tape(for: context)
            context.tape = tape
            let output = try toy.stage(tape.input(x), context)
            let weights = Tensor(
                uniform: x.shape, in: -1...1, key: RandomKey(seed: 9), dtype: .float64
            ).converted(to: x.dtype)
            tape.backward(from: output, gradient: weights)
            #expect(recorder.order.count == toy.parameters.count)
            let branches = recorder.order.map { $0 / 5 }
            #expect(branches == branches.sorted(by: >))
            for (index, parameter) in toy.parameters.enumerated() {
                #expect(parameter.gradient == nil)
                #expect(recorder.gradients[index]?.floats == expected[index].floats)
            }
        }
    }
}
