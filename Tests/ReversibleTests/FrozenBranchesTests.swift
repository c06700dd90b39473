// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Reversible
import Tensors
import TestSupport
import Testing

/// A stage of which the first branches don't train, and how often each branch runs.
private struct FrozenToy {
    private final class Counts {
        var runs: [Int]
        init(_ count: Int) { runs = Array(repeating: 0, count: count) }
    }

    private static let perBranch = 5
    let toy: ToyStage
    private let stage: Stage
    private let counts: Counts

    init(branches: Int, frozen: Int, takesSide: Bool = false) {
        let toy = ToyStage(branches: branches), counts = Counts(branches)
        for parameter in toy.parameters.prefix(frozen * FrozenToy.perBranch) {
            parameter.isTrainable = false
        }
        self.toy = toy
        self.counts = counts
        stage = Stage(
            name: "toy",
            branches: toy.stage.branches.enumerated().map { index, branch in
                Branch(name: branch.name, unit: .token, takesSide: takesSide) { x, context in
                    counts.runs[index] += 1
                    return branch.value(x, context)
                }
            }, branchesPerBlock: 2)
    }

    /// Gradients of the parameters, the input's and the side input's, nil where there is none.
    func step(
        way: FinetuningWay, tile: Tile?, needsInput: Bool = false, needsSide: Bool? = nil,
        tail: Parameter? = nil
    ) throws -> (output: Variable, gradients: [[Float]?], runs: [Int]) {
        try exclusively {
            let x = ToyStage.input([3, 5, 8]), tape = Tape()
            for index in counts.runs.indices { counts.runs[index] = 0 }
            let input = needsInput ? tape.input(x) : Variable(x)
            let side = needsSide.map { $0 ? tape.input(x) : Variable(x) }
            let layers = tail.map { tail in
                Rerun(units: 15, rows: (1, 1), tile: tile?.tokens, outputShape: [3, 5, 8]) {
                    x, context in
                    x.linear(weight: context.use(tail))
                }
            }
            let output = try stage(
                input, side: side, Context(tape: tape).running(way, tile: tile), tail: layers)
            let weights = Tensor(
                uniform: x.shape, in: -1...1, key: RandomKey(seed: 9), dtype: .float32)
            tape.backward(from: output, gradient: weights)
            let gradients =
                toy.parameters.map { $0.gradient?.floats }
                + [
                    tape.gradient(of: input)?.floats,
                    side.flatMap { tape.gradient(of: $0)?.floats },
                ]
            return (output, gradients, counts.runs)
        }
    }
}

@Suite("stages of which the first branches don't train")
struct FrozenBranchesTests {
    private static let ways: [FinetuningWay] = [
        .conventional, .checkpointed,
        .dr2net(.uniform(StreamCoefficients(alpha: 0.9, beta: 0.1, branch: 1)), .exact),
        .dr2net(.uniform(StreamCoefficients(alpha: 0.5, beta: 0.5, branch: 1)), .float),
    ]

    @Test(
        "the others' gradients are the same, to the bit, and frozen branches run once",
        arguments: ways.indices, [0, 3, 4])
    func reachesWhatTrains(way: Int, frozen: Int) throws {
        let way = FrozenBranchesTests.ways[way]
        for tile in [nil, Tile(tokens: 4)] {
            let all = try FrozenToy(branches: 6, frozen: 0).step(
                way: way, tile: tile, needsInput: true)
            let some = try FrozenToy(branches: 6, frozen: frozen).step(way: way, tile: tile)
            let trained = frozen * 5..<30
            #expect(some.output.tensor.floats == all.output.tensor.floats)
            #expect(some.gradients[trained] == all.gradients[trained])
            #expect(all.gradients[trained].allSatisfy { $0 != nil })
            #expect(some.gradients[..<trained.lowerBound].allSatisfy { $0 == nil })
            // A block of two is what `checkpointed` runs again.
            let isCut = way != .conventional && tile != nil
            #expect(
                some.runs.prefix(frozen / 2 * 2)
                    .allSatisfy { $0 == (isCut ? 4 : 1) })
        }
    }

    @Test("nothing is kept where nothing trains", arguments: ways.indices)
    func isConstantWithoutTrainedParameters(way: Int) throws {
        let result = try FrozenToy(branches: 4, frozen: 4).step(
            way: FrozenBranchesTests.ways[way], tile: nil)
        #expect(!result.output.needsGradient)
        #expect(result.gradients.allSatisfy { $0 == nil })
    }

    @Test(
        "who asks for the gradient by an input gets it through frozen branches",
        arguments: ways.indices)
    func passesGradientsToInputs(way: Int) throws {
        let way = FrozenBranchesTests.ways[way]
        let all = try FrozenToy(branches: 4, frozen: 0, takesSide: true).step(
            way: way, tile: nil, needsInput: true, needsSide: true)
        for (needsInput, needsSide) in [(true, false), (false, true)] {
            let some = try FrozenToy(branches: 4, frozen: 4, takesSide: true).step(
                way: way, tile: nil, needsInput: needsInput, needsSide: needsSide)
            #expect(some.gradients[20] == (needsInput ? all.gradients[20] : nil))
            #expect(some.gradients[21] == (needsSide ? all.gradients[21] : nil))
            #expect(all.gradients[20] != nil && all.gradients[21] != nil)
        }
    }

    @Test("layers behind a frozen stage train", arguments: ways.indices)
    func trainsTheTail(way: Int) throws {
        let way = FrozenBranchesTests.ways[way]
        func gradient(frozen: Int, isTrainable: Bool = true) throws -> [Float]? {
            let tail = Parameter(Tensor(normal: [8, 8], key: RandomKey(seed: 4), dtype: .float32))
            tail.isTrainable = isTrainable
            let result = try FrozenToy(branches: 4, frozen: frozen).step(
                way: way, tile: Tile(tokens: 4), tail: tail)
            #expect(result.output.needsGradient == (frozen < 4 || isTrainable))
            return tail.gradient?.floats
        }
        let expected = try gradient(frozen: 0)
        #expect(expected != nil)
        #expect(try gradient(frozen: 4) == expected)
        #expect(try gradient(frozen: 4, isTrainable: false) == nil)
    }
}
