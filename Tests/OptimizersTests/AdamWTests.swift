// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Checkpoints
import Foundation
import Layers
import Optimizers
import Tensors
import TestSupport
import Testing

@Suite("AdamW", .serialized) struct AdamWTests {
    /// The update as the paper writes it, in plain Double arithmetic.
    private struct Reference {
        var p: [Double]
        var m: [Double]
        var v: [Double]
        var t = 0

        init(_ p: [Double]) {
            self.p = p
            m = p.map { _ in 0 }
            v = m
        }

        mutating func update(
            _ g: [Double], rate: Double, decay: Double, b1: Double, b2: Double, epsilon: Double
        ) {
            t += 1
            for i in p.indices {
                m[i] = b1 * m[i] + (1 - b1) * g[i]
                v[i] = b2 * v[i] + (1 - b2) * g[i] * g[i]
                let mHat = m[i] / (1 - pow(b1, Double(t))), vHat = v[i] / (1 - pow(b2, Double(t)))
                p[i] -= rate * decay * p[i]
                p[i] -= rate * mHat / (vHat.squareRoot() + epsilon)
            }
        }
    }

    private func entry(_ name: String, _ tensor: Tensor) -> ModuleRegistry.Entry {
        var registry = ModuleRegistry()
        registry.parameter(name, Parameter(tensor))
        return registry.entries[0]
    }

    @Test(arguments: [(DType.float64, 1e-12), (DType.float32, 2e-6)])
    func agreesWithThePlainReferenceOverManySteps(_ dtype: DType, _ tolerance: Double) throws {
        // Above one chunk, so that several threads take part.
        let shape = [3, 13_001]
        let start = Tensor(normal: shape, key: RandomKey(seed: 1), dtype: dtype)
        let weight = entry("layer.weight", start)
        let bias = entry("layer.bias", Tensor(normal: [5], key: RandomKey(seed: 2), dtype: dtype))
        var references = [Reference(start.doubles), Reference(bias.parameter.tensor.doubles)]
        let optimizer = AdamW(
            [ParameterGroup("head", entries: [weight, bias], rate: 1)],
            settings: .init(weightDecay: 0.1, betas: (0.8, 0.95), epsilon: 1e-6))
        for step in 1...6 {
            for (index, own) in [weight, bias].enumerated() {
                let gradient = Tensor(
                    normal: own.parameter.shape, key: RandomKey(seed: 3).child(step).child(index),
                    dtype: dtype)
                own.parameter.accumulate(gradient)
                references[index].update(
                    gradient.doubles, rate: 0.01 * Double(step), decay: index == 0 ? 0.1 : 0,
                    b1: 0.8, b2: 0.95, epsilon: 1e-6)
            }
            try optimizer.update(rates: ["head": 0.01 * Double(step)], step: step)
        }
        for (index, own) in [weight, bias].enumerated() {
            let expected = Tensor(references[index].p, shape: own.parameter.shape)
            #expect(
                relativeError(own.parameter.tensor.converted(to: .float64), expected) < tolerance)
            #expect(own.parameter.gradient == nil)
        }
    }

    @Test func theFirstStepsFollowTheClosedForm() throws {
        // With a constant gradient both corrected moments are exact, so each step moves by
        // rate * g / (|g| + epsilon), and decay multiplies by 1 - rate * decay before.
        let weight = entry("weight", Tensor([2.0, -3, 0.5, 1], shape: [2, 2]))
        let optimizer = AdamW(
            [ParameterGroup("head", entries: [weight], rate: 1)], settings: .init(weightDecay: 0.5))
        var expected = [2.0, -3, 0.5, 1]
        let gradient = [0.3, -20, 4e-3, 7]
        for step in 1...5 {
            weight.parameter.accumulate(Tensor(gradient, shape: [2, 2]))
            try optimizer.update(rates: ["head": 0.1], step: step)
            for i in expected.indices {
                expected[i] = 0.95 * expected[i] - 0.1 * gradient[i] / (abs(gradient[i]) + 1e-8)
            }
        }
        #expect(relativeError(weight.parameter.tensor, Tensor(expected, shape: [2, 2])) < 1e-13)
    }

    @Test func bitsDoNotDependOnThreads() throws {
        let results = try withThreadCounts { () -> Tensor in
            let weight = entry("weight", Tensor(normal: [2, 100_003], key: RandomKey(seed: 4)))
            let optimizer = AdamW(
                [ParameterGroup("head", entries: [weight], rate: 1)], settings: .init(clipNorm: 1))
            for step in 1...3 {
                weight.parameter.accumulate(
                    Tensor(normal: [2, 100_003], key: RandomKey(seed: 5).child(step)))
                try optimizer.update(rates: ["head": 0.1], step: step)
            }
            return weight.parameter.tensor
        }
        #expect(results[0].isIdentical(to: results[1]))
    }

    @Test func averagesFollowTheWeights() throws {
        let weight = entry("weight", Tensor([0.0, 0, 0, 0], shape: [2, 2]))
        let optimizer = AdamW(
            [ParameterGroup("head", entries: [weight], rate: 1)],
            settings: .init(weightDecay: 0, averageDecay: 0.3))
        // After the first update the average is the weights; then decays 3/12 and 0.3.
        var expected: Tensor?
        for (step, decay) in zip(1..., [0, 3.0 / 12, 0.3, 0.3]) {
            weight.parameter.accumulate(
                Tensor(normal: [2, 2], key: RandomKey(seed: 3).child(step), dtype: .float64))
            try optimizer.update(rates: ["head": 0.1], step: step)
            let now = weight.parameter.tensor
            expected = expected.map { .axpby(decay, $0, 1 - decay, now) } ?? now
        }
        let trained = weight.parameter.tensor
        let average = optimizer.withAverages { weight.parameter.tensor }
        #expect(try relativeError(average, #require(expected)) < 1e-14)
        #expect(weight.parameter.tensor.isIdentical(to: trained))
        #expect(!average.isIdentical(to: trained))
    }

    @Test func clipsTheGlobalNormAndReportsTheOriginal() throws {
        func moved(clip: Double, scale: Double) throws -> (norm: Double, first: Tensor?) {
            let a = entry("a", Tensor(zeros: [2, 1, 2], dtype: .float64))
            let b = entry("b", Tensor(zeros: [1], dtype: .float64))
            let optimizer = AdamW(
                [
                    ParameterGroup("head", entries: [a], rate: 1),
                    ParameterGroup("backbone", entries: [b], rate: 1),
                ],
                settings: .init(betas: (0, 0), clipNorm: clip))
            a.parameter.accumulate(Tensor([2 * scale, 4 * scale, 0, 0], shape: [2, 1, 2]))
            b.parameter.accumulate(Tensor([-4 * scale], shape: [1]))
            let norm = try optimizer.update(rates: ["head": 1, "backbone": 1], step: 1)
            var state = StateDict()
            optimizer.addState(to: &state, prefix: "")
            return (norm, state["m.a"])
        }
        // sqrt(4 + 16 + 16) = 6: with a limit of 3 the moments see half of every gradient.
        let clipped = try moved(clip: 3, scale: 1)
        #expect(clipped.norm == 6)
        #expect(clipped.first?.doubles == [1, 2, 0, 0])
        #expect(try moved(clip: 6, scale: 1).first?.doubles == [2, 4, 0, 0])
        #expect(try moved(clip: 0, scale: 1e6).first?.doubles == [2e6, 4e6, 0, 0])
    }

    @Test func anInfiniteGradientIsNamedAndChangesNothing() throws {
        let good = entry("head.good", Tensor([1.0, 2], shape: [2]))
        let bad = entry("blocks.3.attn.qkv.weight", Tensor([1.0, 2, 3, 4], shape: [2, 2]))
        let optimizer = AdamW(
            [ParameterGroup("head", entries: [good, bad], rate: 1)], settings: .init())
        good.parameter.accumulate(Tensor([1.0, 1], shape: [2]))
        bad.parameter.accumulate(Tensor([0, .nan, .infinity, 1], shape: [2, 2]))
        let text = message { _ = try optimizer.update(rates: ["head": 0.1], step: 17) }
        #expect(
            text?.hasPrefix(
                "the gradient of blocks.3.attn.qkv.weight has 2 of 4 values that are not finite at "
                    + "step 17") == true)
        #expect(good.parameter.tensor.doubles == [1, 2])
        #expect(bad.parameter.tensor.doubles == [1, 2, 3, 4])
        #expect(optimizer.stateBytes == 0)
    }

    @Test(arguments: [
        ("blocks.0.attn.qkv.weight", [12, 4], true), ("head.conv.weight", [8, 4, 3], true),
        ("patch_embed.proj.weight", [4, 3, 14, 14], true),
        ("blocks.0.norm1.weight", [4], false), ("blocks.0.attn.qkv.bias", [12], false),
        ("blocks.0.ls1.gamma", [4], false), ("cls_token", [1, 1, 4], false),
        ("embeddings.position_embeddings", [1, 5, 4], false), ("pos_embed", [1, 5, 4], false),
        ("layer.0.layer_scale1.lambda1", [4], false), ("scale", [], false),
        ("layers.0.attn.relative_position_bias_table", [169, 3], false),
        ("head.conv.bias", [2, 3], false),
    ])
    func decaysMatricesAndFiltersOnly(_ name: String, _ shape: [Int], _ expected: Bool) {
        #expect(WeightDecayRule.applies(to: name, shape: shape) == expected)
    }

    @Test func stateGoesOutAndInAndForeignStateIsRefused() throws {
        func make() -> ([ModuleRegistry.Entry], AdamW) {
            let entries = [
                entry("a", Tensor([1.0, 2], shape: [2])), entry("b", Tensor([3.0], shape: [1])),
            ]
            return (
                entries,
                AdamW([ParameterGroup("head", entries: entries, rate: 1)], settings: .init())
            )
        }
        func train(_ entries: [ModuleRegistry.Entry], _ optimizer: AdamW, _ step: Int) throws {
            // b gets its first gradient at the second step only.
            entries[0].parameter.accumulate(Tensor([0.5, Double(step)], shape: [2]))
            if step > 1 { entries[1].parameter.accumulate(Tensor([0.1], shape: [1])) }
            try optimizer.update(rates: ["head": 0.1], step: step)
        }
        let (straight, first) = make()
        for step in 1...4 { try train(straight, first, step) }
        let (before, second) = make()
        for step in 1...2 { try train(before, second, step) }
        var state = StateDict()
        second.addState(to: &state, prefix: "optimizer.")
        let (after, third) = make()
        for (new, old) in zip(after, before) { new.parameter.tensor = old.parameter.tensor }
        try third.restore(from: state, prefix: "optimizer.")
        for step in 3...4 { try train(after, third, step) }
        for (a, b) in zip(straight, after) {
            #expect(a.parameter.tensor.isIdentical(to: b.parameter.tensor))
        }
        state["optimizer.m.c"] = Tensor([1.0], shape: [1])
        #expect(
            message { try third.restore(from: state, prefix: "optimizer.") }?.contains(
                "state where the model takes") == true)
        state["optimizer.m.c"] = nil
        state["optimizer.m.a"] = Tensor([1.0], shape: [1])
        #expect(
            message { try third.restore(from: state, prefix: "optimizer.") }?.contains("state of a")
                == true)
    }

    @Test func frozenParametersAndIdleGroupsStayAsTheyAre() throws {
        let frozen = entry("frozen", Tensor([1.0], shape: [1]))
        frozen.parameter.isTrainable = false
        let late = entry("late", Tensor([1.0], shape: [1]))
        let optimizer = AdamW(
            [ParameterGroup("backbone", entries: [frozen, late], rate: 1)], settings: .init())
        optimizer.setTrainable(step: 0)
        #expect(!frozen.parameter.isTrainable)
        late.parameter.accumulate(Tensor([1.0], shape: [1]))
        try optimizer.update(rates: ["head": 1, "backbone": 0], step: 1)
        #expect(late.parameter.tensor.doubles == [1])
        #expect(late.parameter.gradient == nil)
    }
}
