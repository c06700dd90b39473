// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Reversible
import Tensors
import TestSupport
import Testing

private func uniform(_ alpha: Double, _ beta: Double, _ c: Double = 1) -> CoefficientPlan {
    .uniform(StreamCoefficients(alpha: alpha, beta: beta, branch: c))
}

private let plans: [CoefficientPlan] = [
    uniform(1, 0.1), uniform(15.0 / 16, 1.0 / 16), uniform(1, 0.01), uniform(0.5, 0.5),
    uniform(0, 1), uniform(0.7, 0.3), uniform(1.3, -0.3),
    CoefficientPolicy.momentum(0.9).plan(step: 0),
    CoefficientPolicy.bdia(magnitude: 0.5).plan(step: 4, key: RandomKey(seed: 8)),
]

@Suite("reversible stage")
struct StageTests {
    @Test("the input pair comes back bit for bit", arguments: [24, 72], plans.indices)
    func reversesExactly(branches: Int, plan: Int) throws {
        let toy = ToyStage(branches: branches, scale: branches == 24 ? 0.5 : 0.1)
        let x = ToyStage.input([3, 5, 8])
        let context = Context(isTraining: true)
        try exclusively {
            let start = try FixedPointPair(x, fractionBits: FixedPointPair.fractionBits(for: x))
            let (pair, remainders) = try toy.stage.advance(x, plan: plans[plan], context)
            #expect(!pair.isIdentical(to: start))
            toy.stage.retreat(pair, remainders, plan: plans[plan], context)
            #expect(pair.isIdentical(to: start))
        }
    }

    @Test(
        "gradients are as good as those of ordinary float32 backpropagation",
        arguments: [24, 72], plans.indices)
    func gradientsAgree(branches: Int, plan: Int) throws {
        let scale = branches == 24 ? 0.5 : 0.1
        let toy = ToyStage(branches: branches, scale: scale)
        let wide = ToyStage(branches: branches, scale: scale, dtype: .float64)
        let reference = wide.ordinaryGradients(
            ToyStage.input([3, 5, 8], dtype: .float64), plan: plans[plan])
        let x = ToyStage.input([3, 5, 8])
        let ordinary = toy.ordinaryGradients(x, plan: plans[plan])
        let exact = try toy.gradients(x, way: .dr2net(plans[plan], .exact))
        func error(_ gradients: [Tensor]) -> Double {
            zip(gradients, reference.gradients).map { relativeError($0, $1) }.max() ?? 1
        }
        #expect(exact.gradients.count == toy.parameters.count + 1)
        #expect(error(exact.gradients) <= 2 * error(ordinary.gradients))
    }

    @Test("float reversal is right where β is 1 and wrong at the paper's start")
    func floatReversalDegrades() throws {
        let toy = ToyStage(branches: 24)
        let x = ToyStage.input([3, 5, 8])
        func error(_ plan: CoefficientPlan) throws -> Double {
            let reference = toy.ordinaryGradients(x, plan: plan).gradients
            let float = try toy.gradients(x, way: .dr2net(plan, .float)).gradients
            return zip(float, reference).map { relativeError($0, $1) }.max() ?? 1
        }
        #expect(try error(uniform(0, 1)) < 1e-4)
        #expect(!(try error(uniform(1, 0.1)) < 1e-2))
    }

    @Test("float reversal in float64 equals ordinary backpropagation")
    func floatReversalIsTheSameMathematics() throws {
        let toy = ToyStage(branches: 4, dtype: .float64)
        let x = ToyStage.input([2, 3, 8], dtype: .float64)
        for plan in plans {
            let reference = toy.ordinaryGradients(x, plan: plan)
            let float = try toy.gradients(x, way: .dr2net(plan, .float))
            #expect(relativeError(float.output, reference.output) < 1e-12)
            for (a, b) in zip(float.gradients, reference.gradients) {
                #expect(relativeError(a, b) < 1e-6)
            }
        }
    }

    @Test("at α = 1 and β towards 0 the output is the pretrained network's")
    func becomesThePretrainedNetwork() throws {
        let toy = ToyStage(branches: 12)
        let x = ToyStage.input([2, 4, 8])
        let pretrained = try toy.gradients(x, way: .conventional).output
        let surrogate = try toy.gradients(x, way: .dr2net(uniform(1, 1e-4), .exact)).output
        #expect(relativeError(surrogate, pretrained) < 1e-2)
        let nearer = try toy.gradients(x, way: .dr2net(uniform(1, 1.0 / 65536), .exact)).output
        #expect(relativeError(nearer, pretrained) < 2e-4)
        let plain = try toy.stage(
            Variable(x), .inference.running(.dr2net(.pretrained, .exact)))
        #expect(relativeError(plain.tensor, pretrained) < 1e-6)
    }

    @Test("on α + β = 1 the merged stream is x_0 + Σ F_i / (1 + β)")
    func balancedLineKeepsTheStream() throws {
        let toy = ToyStage(branches: 10, dtype: .float64)
        let x = ToyStage.input([2, 4, 8], dtype: .float64)
        let beta = 0.25
        var current = x, previous = x, sum = x
        for branch in toy.stage.branches {
            let f = branch.value(Variable(current), .inference).tensor
            sum.add(f, scaledBy: 1 / (1 + beta))
            var next = Tensor.axpby(1 - beta, current, beta, previous)
            next.add(f)
            previous = current
            current = next
        }
        let output = try toy.gradients(x, way: .dr2net(uniform(1 - beta, beta), .exact)).output
        #expect(relativeError(output, sum) < 1e-8)
    }

    @Test("all ways of the pretrained network give the same output and gradients")
    func waysAgree() throws {
        let toy = ToyStage(branches: 8, dropPathRate: 0.3, unit: .sample)
        let x = ToyStage.input([6, 5, 8])
        let conventional = try toy.gradients(x, way: .conventional, isTraining: true)
        for tile in [nil, Tile(tokens: 7)] {
            let kept = try toy.gradients(x, way: .checkpointed, tile: tile, isTraining: true)
            #expect(relativeError(kept.output, conventional.output) < 1e-6)
            for (a, b) in zip(kept.gradients, conventional.gradients) {
                #expect(relativeError(a, b) < 1e-5)
            }
        }
        let frozen = try toy.gradients(x, way: .frozen, isTraining: true)
        #expect(frozen.gradients.isEmpty || frozen.gradients.allSatisfy { $0.sum() == 0 })
        #expect(relativeError(frozen.output, conventional.output) < 1e-6)
    }

    @Test("tiles change nothing but rounding, and repeat to the same bits", arguments: [3, 8, 100])
    func tilesAgree(tokens: Int) throws {
        let toy = ToyStage(branches: 12)
        let x = ToyStage.input([3, 5, 8])
        let way = FinetuningWay.dr2net(uniform(15.0 / 16, 1.0 / 16), .exact)
        let (whole, tiled, again) = try exclusively {
            (
                try toy.gradients(x, way: way),
                try toy.gradients(x, way: way, tile: Tile(tokens: tokens)),
                try toy.gradients(x, way: way, tile: Tile(tokens: tokens))
            )
        }
        for (a, b) in zip(tiled.gradients, whole.gradients) { #expect(relativeError(a, b) < 1e-4) }
        for (a, b) in zip(tiled.gradients, again.gradients) { #expect(a.isIdentical(to: b)) }
    }

    @Test(
        "a tail gives the same as layers behind the stage, and lets its output go",
        arguments: [nil, 6])
    func tailsAgree(tokens: Int?) throws {
        let toy = ToyStage(branches: 6, dtype: .float64)
        let x = ToyStage.input([3, 5, 8], dtype: .float64)
        let tile = tokens.map { Tile(tokens: $0) }
        let weight = Parameter(
            Tensor(normal: [4, 8], key: RandomKey(seed: 4), dtype: .float64))
        let tail = Rerun(units: 15, rows: (1, 1), tile: tokens, outputShape: [3, 5, 4]) {
            x, context in
            x.linear(weight: context.use(weight), bias: nil)
        }
        let slope = Tensor(normal: [3, 5, 4], key: RandomKey(seed: 5), dtype: .float64)
        let ways: [FinetuningWay] = [
            .conventional, .checkpointed, .dr2net(uniform(15.0 / 16, 1.0 / 16), .exact),
            .dr2net(uniform(0.5, 0.5), .float),
        ]
        for way in ways {
            func run(isTail: Bool) throws -> [Tensor] {
                weight.gradient = nil
                let tape = Tape(), input = tape.input(x)
                let context = Context(tape: tape, isTraining: true).running(way, tile: tile)
                let y =
                    isTail
                    ? try toy.stage(input, context, tail: tail)
                    : tail.recorded(try toy.stage(input, context), context)
                let value = y.tensor
                tape.backward(from: y, gradient: slope)
                return [value, tape.gradient(of: input), weight.gradient].compactMap(\.self)
            }
            for (a, b) in zip(try run(isTail: true), try run(isTail: false)) {
                #expect(relativeError(a, b) < 1e-9, "\(way)")
            }
        }
    }

    @Test("drop path is replayed in the backward and drawn anew with another key")
    func dropPathReplays() throws {
        let toy = ToyStage(branches: 12, dropPathRate: 0.4, unit: .sample)
        let x = ToyStage.input([6, 5, 8])
        let plan = uniform(0.75, 0.25)
        let reference = toy.ordinaryGradients(x, plan: plan, isTraining: true)
        let exact = try toy.gradients(x, way: .dr2net(plan, .exact), isTraining: true)
        for (a, b) in zip(exact.gradients, reference.gradients) {
            #expect(relativeError(a, b) < 1e-4)
        }
        let other = try toy.gradients(
            x, way: .dr2net(plan, .exact), isTraining: true, key: RandomKey(seed: 4))
        #expect(relativeError(other.output, exact.output) > 1e-3)
    }

    @Test("live bytes in the forward grow with depth by the remainder bits alone")
    func memoryDoesNotGrowWithDepth() throws {
        let x = ToyStage.input([4, 16, 8])
        func kept(_ branches: Int, _ plan: CoefficientPlan) throws -> Int {
            let toy = ToyStage(branches: branches, scale: 0.05)
            let result = try toy.stage.advance(x, plan: plan, .inference)
            return result.pair.byteCount + result.remainders.reduce(0) { $0 + $1.byteCount }
        }
        let elements = x.count
        for (beta, bits) in [(0.5, 1), (1.0 / 16, 4), (0.1, 4), (0.3, 3), (0.01, 7)] {
            let plan = uniform(1 - beta, beta)
            #expect(StreamRemainder.bits(beta: beta) == bits)
            #expect(
                try kept(48, plan) - kept(24, plan) == 24 * elements * bits / 8,
                "β = \(beta)")
            #expect(try kept(24, plan) == 2 * 4 * elements + 24 * elements * bits / 8)
        }
        #expect(StreamRemainder.bits(beta: 1) == 0)
        #expect(StreamRemainder.bits(beta: -1) == 0)
    }

    @Test("a stream beyond the range is reported with stage, branch and value")
    func overflowIsReported() throws {
        let toy = ToyStage(branches: 2)
        let huge = Tensor(repeating: .infinity, shape: [1, 2, 8])
        let error = #expect(throws: ReversibleError.self) {
            try toy.gradients(huge, way: .dr2net(uniform(0, 1), .exact))
        }
        #expect(error?.description.contains("stage toy, branch input") == true)
        let wild = ToyStage(branches: 2, scale: 1e12)
        let inside = #expect(throws: ReversibleError.self) {
            try wild.gradients(ToyStage.input([1, 2, 8]), way: .dr2net(uniform(0, 1), .exact))
        }
        #expect(inside?.description.contains("stage toy, branch 0") == true)
        let broken = Tensor(repeating: .nan, shape: [1, 2, 8])
        #expect(throws: ReversibleError.self) {
            try toy.gradients(broken, way: .dr2net(uniform(0, 1), .exact))
        }
    }

    @Test("one thread and two give the same bits")
    func threadsAgree() throws {
        let toy = ToyStage(branches: 6, width: 64)
        let x = ToyStage.input([4, 96, 64])
        let way = FinetuningWay.dr2net(uniform(15.0 / 16, 1.0 / 16), .exact)
        let results = try withThreadCounts { try toy.gradients(x, way: way) }
        #expect(results[0].output.isIdentical(to: results[1].output))
        for (a, b) in zip(results[0].gradients, results[1].gradients) {
            #expect(a.isIdentical(to: b))
        }
    }
}
