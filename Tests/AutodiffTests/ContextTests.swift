// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Tensors
import Testing

private struct Number: ContextKey {
    static let defaultValue = 7
}

private struct Name: ContextKey {
    static let defaultValue: String? = "none said"
}

extension Context {
    fileprivate var number: Int {
        get { self[Number.self] }
        set { self[Number.self] = newValue }
    }
}

@Suite("values of other modules in a context")
struct ContextTests {
    @Test("a key that nobody set has its default")
    func defaults() {
        #expect(Context.inference.number == 7)
        #expect(Context(isTraining: true)[Name.self] == "none said")
    }

    @Test("contexts made from one have its values, one by one")
    func childrenInherit() {
        var context = Context(key: RandomKey(seed: 1))
        context.number = 3
        context[Name.self] = "a"
        let child = context.scoped("block")
        #expect(child.number == 3 && child[Name.self] == "a")
        #expect(child.scoped("attention").number == 3)
    }

    @Test("a copy's values are its own")
    func copiesAreValues() {
        var context = Context()
        context.number = 3
        var copy = context
        copy.number = 4
        #expect(context.number == 3 && copy.number == 4)
        #expect(context.scoped("block").number == 3 && Context().number == 7)
    }

    @Test("a nil that was set is not the default")
    func nilIsAValue() {
        var context = Context()
        context[Name.self] = nil
        #expect(context[Name.self] == nil)
        #expect(context.scoped("block")[Name.self] == nil)
    }

    @Test("repeated passes and passes without a tape see the values")
    func recomputationSeesThem() {
        var context = Context()
        context.number = 3
        let tape = Tape(), x = tape.input(Tensor([1, 2], shape: [2]))
        context.tape = tape
        var seen: [Int] = []
        let y = x.recomputing(context) { x, context in
            seen.append(context.number)
            return x.scaled(by: Double(context.number))
        }
        tape.backward(from: y)
        #expect(seen == [3, 3])
        #expect(tape.gradient(of: x)?.doubles == [3, 3])
    }
}
