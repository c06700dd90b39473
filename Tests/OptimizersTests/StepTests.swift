// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Checkpoints
import Layers
import Optimizers
import Tensors
import Testing

/// Loops as a library's user writes them, without recipes, run folders or ranks.
@Suite("A step by one function") struct StepTests {
    /// A small classifier of random rows, which its labels follow from.
    private final class Classifier: Module {
        let first: Linear, second: Linear

        init(hidden: Int = 16) {
            first = Linear(6, hidden, key: RandomKey(seed: 1))
            second = Linear(hidden, 3, key: RandomKey(seed: 2))
        }

        func register(in registry: inout ModuleRegistry) {
            registry.child("first", first)
            registry.child("second", second)
        }

        func loss(_ rows: Range<Int>, _ context: Context) -> Variable {
            let x = Tensor(normal: [rows.count, 6], key: RandomKey(seed: 3).child(rows.lowerBound))
            let noise = Tensor(
                normal: [rows.count, 6], standardDeviation: 0.01, key: context.key)
            let labels = rows.indices.map { row in
                Int32(x.floats[6 * (row - rows.lowerBound)] > 0 ? 1 : 0)
            }
            return second(first(Variable(x + noise), context).gelu(), context)
                .smoothCrossEntropy(targets: labels, smoothing: 0)
        }

        var bits: [[UInt32]] {
            namedParameters.map { $0.parameter.tensor.floats.map(\.bitPattern) }
        }
    }

    @Test("equals tape, context, backward and update written by hand, bit for bit")
    func equalsTheCeremony() throws {
        let settings = AdamW.Settings(clipNorm: 0.1)
        let network = Classifier(), other = Classifier()
        let optimizer = AdamW(network, rate: 0.01, settings: settings)
        let byHand = AdamW(other, rate: 0.01, settings: settings)
        for number in 0..<4 {
            let outcome = try optimizer.step(number) { network.loss(0..<8, $0) }
            let tape = Tape()
            let context = Context(
                tape: tape, isTraining: true, key: RandomKey(seed: 0).pass(0, ofStep: number))
            let loss = other.loss(0..<8, context)
            tape.backward(from: loss)
            let bytes = other.namedParameters.reduce(0) {
                $0 + ($1.parameter.gradient?.byteCount ?? 0)
            }
            let norm = try byHand.update(rates: ["": 0.01], step: number + 1)
            #expect(outcome.loss == loss.tensor.item && outcome.gradientNorm == norm)
            #expect(outcome.gradientBytes == bytes && outcome.rates == ["": 0.01])
            #expect(network.bits == other.bits)
        }
    }

    @Test("updates in the backward pass give the bits of held gradients", arguments: [false, true])
    func inBackwardEqualsHeld(hasSmallMoments: Bool) throws {
        // Above the size from which moments take 8 bits.
        func train(_ inBackward: Bool) throws -> (bits: [[UInt32]], norms: [Double], bytes: Int) {
            let network = Classifier(hidden: 1024)
            let optimizer = AdamW(
                network, rate: 0.01,
                settings: .init(
                    updatesInBackward: inBackward, moments: hasSmallMoments ? .blocks : .full))
            let outcomes = try (0..<3).map { number in
                try optimizer.step(number) { network.loss(0..<8, $0) }
            }
            return (network.bits, outcomes.map(\.gradientNorm), outcomes[2].gradientBytes)
        }
        let held = try train(false), immediate = try train(true)
        #expect(held.bits == immediate.bits && held.norms == immediate.norms)
        #expect(held.bytes > 0 && immediate.bytes == 0)
    }

    @Test("several passes add their gradients in order and average their losses")
    func passesAreSummed() throws {
        let network = Classifier(), other = Classifier()
        let optimizer = AdamW(network, rate: 0.01), byHand = AdamW(other, rate: 0.01)
        let outcome = try optimizer.step(0, passes: 3) { context, pass in
            let loss = network.loss(4 * pass..<4 * pass + 4, context)
            return StepLosses(total: loss, named: [("entropy", loss.tensor.item)])
        }
        var losses = 0.0
        var sums: [Tensor?] = other.namedParameters.map { _ in nil }
        for pass in 0..<3 {
            let tape = Tape()
            let loss = other.loss(
                4 * pass..<4 * pass + 4,
                Context(
                    tape: tape, isTraining: true, key: RandomKey(seed: 0).pass(pass, ofStep: 0)))
            losses += loss.tensor.item * (1 / 3.0)
            tape.backward(from: loss, gradient: Tensor(repeating: 1 / 3.0, shape: loss.shape))
            for (index, entry) in other.namedParameters.enumerated() {
                guard let gradient = entry.parameter.gradient.take() else { continue }
                if sums[index] == nil {
                    sums[index] = gradient
                } else {
                    sums[index]?.add(gradient)
                }
            }
        }
        for (entry, sum) in zip(other.namedParameters, sums) { entry.parameter.gradient = sum }
        try byHand.update(rates: ["": 0.01], step: 1)
        #expect(outcome.loss == losses && outcome.parts == ["entropy": losses])
        #expect(network.bits == other.bits)
    }

    @Test("a loop without recipes lowers the loss") func learns() throws {
        let network = Classifier()
        let optimizer = AdamW(
            network, rate: 0.02, schedule: LearningRateSchedule(warmupSteps: 5, totalSteps: 60))
        let losses = try (0..<60).map { number in
            try optimizer.step(number) { network.loss(0..<32, $0) }.loss
        }
        #expect(losses[59] < 0.3 * losses[0], "\(losses[0]) to \(losses[59])")
    }

    @Test("groups train at their own rates, each from its own start") func groups() throws {
        let network = Classifier()
        let optimizer = AdamW(
            [
                ParameterGroup("early", network.first, rate: 0.01, start: 2),
                ParameterGroup("late", network.second, rate: 0.1),
            ], settings: .init(weightDecay: 0))
        var moved: [[Double]] = []
        for number in 0..<3 {
            let before = network.namedParameters.map(\.parameter.tensor)
            let outcome = try optimizer.step(number) { network.loss(0..<8, $0) }
            #expect(outcome.rates == ["early": number < 2 ? 0 : 0.01, "late": 0.1])
            moved.append(
                zip(before, network.namedParameters).map { old, entry in
                    zip(old.floats, entry.parameter.tensor.floats).map { Double(abs($0 - $1)) }
                        .max() ?? 0
                })
        }
        // The first update moves a weight by the rate.
        #expect(moved[0][0] == 0 && moved[1][0] == 0 && abs(moved[2][0] - 0.01) < 1e-4)
        #expect(abs(moved[0][2] - 0.1) < 1e-3)
    }

    @Test("state of 8 bits goes out and comes back") func smallMoments() throws {
        let settings = AdamW.Settings(moments: .blocks)
        let network = Classifier(hidden: 1024), other = Classifier(hidden: 1024)
        let first = AdamW(network, rate: 0.01, settings: settings)
        for number in 0..<2 { try first.step(number) { network.loss(0..<8, $0) } }
        var state = StateDict()
        first.addState(to: &state, prefix: "")
        #expect(state["m.first.weight"]?.shape != network.first.weight.shape)
        for (new, old) in zip(other.namedParameters, network.namedParameters) {
            new.parameter.tensor = old.parameter.tensor
        }
        let second = AdamW(other, rate: 0.01, settings: settings)
        try second.restore(from: state, prefix: "")
        for number in 2..<4 {
            try first.step(number) { network.loss(0..<8, $0) }
            try second.step(number) { other.loss(0..<8, $0) }
        }
        #expect(network.bits == other.bits)
    }

    @Test("what can't be done is one line and changes nothing") func errors() throws {
        let network = Classifier(), optimizer = AdamW(network, rate: 0.01), before = network.bits
        func fails(_ kind: OptimizerError.Kind, _ text: String, _ body: () throws -> Void) {
            do {
                try body()
                Issue.record("no error, expected: \(text)")
            } catch let error as OptimizerError {
                #expect(error.kind == kind && "\(error)".hasPrefix(text), "\(error)")
            } catch { Issue.record("another error: \(error)") }
        }
        fails(.loss, "the loss is nan at step 4 (part is inf); lower") {
            try optimizer.step(3, passes: 1) { context, _ in
                let loss = network.loss(0..<8, context).scaled(by: .nan)
                return StepLosses(total: loss, named: [("part", .infinity)])
            }
        }
        fails(.unused, "no trainable parameter took part in the loss at step 1; a") {
            try optimizer.step(0) { _ in Variable(Tensor([1.0], shape: [1])) }
        }
        fails(.gradient, "the gradient of first.weight has") {
            try optimizer.step(0) { context in
                let loss = network.loss(0..<8, context)
                return .operation(loss.tensor, inputs: [loss]) { _ in
                    [Tensor(repeating: .nan, shape: loss.shape)]
                }
            }
        }
        #expect(network.bits == before && optimizer.stateBytes == 0)
        fails(.state, "there are 1 arrays of optimizer state where the model takes 0") {
            try optimizer.restore(from: StateDict([("m.other", Tensor(zeros: [1]))]), prefix: "")
        }
    }
}
