// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Reversible
import Tensors
import Testing

@Suite("way and tile in a context")
struct RunningTests {
    @Test("stages run conventionally and whole where nobody says otherwise")
    func defaults() {
        #expect(Context.inference.way == .conventional && Context.inference.tile == nil)
    }

    @Test("child contexts run the same way, and the context it came from stays")
    func childrenInherit() {
        let context = Context(isTraining: true, key: RandomKey(seed: 1))
        let running = context.running(.checkpointed, tile: Tile(tokens: 5))
        let child = running.scoped("stage").scoped("branch")
        #expect(child.way == .checkpointed && child.tile == Tile(tokens: 5))
        #expect(child.isTraining)
        #expect(context.way == .conventional && context.tile == nil)
    }

    @Test("the last word holds, for the tile too")
    func saysAnew() {
        let context = Context.inference.running(.checkpointed, tile: .standard).running(.frozen)
        #expect(context.way == .frozen && context.tile == nil)
    }
}
