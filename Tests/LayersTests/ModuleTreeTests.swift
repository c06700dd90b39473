// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Layers
import Tensors
import Testing

@Suite("Trees of modules") struct ModuleTreeTests {
    /// A block of a norm and an MLP.
    private final class Block: Module {
        let norm = LayerNorm(4)
        let mlp: MLP

        init(hidden: Int = 6) { mlp = MLP(4, hidden: hidden, key: RandomKey(seed: 1)) }

        func register(in registry: inout ModuleRegistry) {
            registry.child("norm", norm)
            registry.child("mlp", mlp)
        }
    }

    /// Blocks, some of them alike, with a parameter of its own and one module's names as its own.
    private final class Network: Module {
        let position = Parameter(Tensor(zeros: [1, 5, 4]))
        let blocks = [Block(), Block(), Block(hidden: 8), Block()]
        let head = Linear(4, 1000, hasBias: false, key: RandomKey(seed: 2))
        let merged = LayerScale(4)

        func register(in registry: inout ModuleRegistry) {
            registry.parameter("position", position)
            registry.children("blocks", blocks)
            registry.child("head", head)
            registry.child("", merged)
        }
    }

    @Test("a line a module, neighbours that are alike in one")
    func description() {
        let network = Network()
        network.position.isTrainable = false
        #expect(
            ModuleTree(network).description == """
                Network                                        4,306
                  position    [1, 5, 4]                           20
                  gamma       [4]                                  4
                  blocks.0-1  2 × Block of 66                    132
                    norm      LayerNorm  weight [4], bias [4]      8
                    mlp       MLP                                 58
                      fc1     Linear  weight [6, 4], bias [6]     30
                      fc2     Linear  weight [4, 6], bias [4]     28
                  blocks.2    Block                               84
                    norm      LayerNorm  weight [4], bias [4]      8
                    mlp       MLP                                 76
                      fc1     Linear  weight [8, 4], bias [8]     40
                      fc2     Linear  weight [4, 8], bias [4]     36
                  blocks.3    Block                               66
                    norm      LayerNorm  weight [4], bias [4]      8
                    mlp       MLP                                 58
                      fc1     Linear  weight [6, 4], bias [6]     30
                      fc2     Linear  weight [4, 6], bias [4]     28
                  head        Linear  weight [1000, 4]         4,000
                4,286 of 4,306 train
                """)
    }

    @Test func countsWhatTheModuleCounts() {
        let network = Network(), tree = ModuleTree(network)
        #expect(tree.parameterCount == network.parameterCount)
        #expect(tree.trainableCount == network.trainableCount)
        #expect(tree.children.map(\.name) == (0..<4).map { "blocks.\($0)" } + ["head"])
        #expect(tree.children[2].children[1].children[0].parameters[0].shape == [8, 4])
        network.blocks[1].norm.setTrainable(false)
        #expect(ModuleTree(network).children[0] != ModuleTree(network).children[1])
    }
}
