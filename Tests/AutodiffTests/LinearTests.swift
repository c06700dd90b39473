// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Tensors
import TestSupport
import Testing

@Suite("Linear nodes") struct LinearTests {
    private let key = RandomKey(seed: 5)

    private func draw(_ shape: [Int], _ name: String) -> Tensor {
        Tensor(normal: shape, key: key.child(name), dtype: .float64)
    }

    @Test func linearGradientsMatchCentralDifferences() {
        let error = GradientCheck.worstError(
            [draw([2, 3, 5], "x"), draw([4, 5], "w"), draw([4], "b")]
        ) { $0[0].linear(weight: $0[1], bias: $0[2]) }
        #expect(error <= 1e-7)
        let plain = GradientCheck.worstError([draw([3, 5], "x"), draw([4, 5], "w")]) {
            $0[0].linear(weight: $0[1])
        }
        #expect(plain <= 1e-7)
    }

    @Test func linearGELUGradientsMatchCentralDifferences() {
        let error = GradientCheck.worstError(
            [draw([2, 3, 5], "x"), draw([7, 5], "w"), draw([7], "b")]
        ) { $0[0].linearGELU(weight: $0[1], bias: $0[2]) }
        #expect(error <= 1e-7)
        let gelu = GradientCheck.worstError([draw([2, 9], "x")]) { $0[0].gelu() }
        #expect(gelu <= 1e-7)
    }

    @Test func fusedGELUEqualsGELUOfLinear() {
        let x = Variable(draw([6, 5], "x")), w = Variable(draw([7, 5], "w"))
        let b = Variable(draw([7], "b"))
        let tape = Tape()
        let (recorded, fused) = exclusively {
            (
                tape.input(x.tensor).linearGELU(weight: w, bias: b).tensor,
                x.linearGELU(weight: w, bias: b).tensor
            )
        }
        #expect(relativeError(fused, x.linear(weight: w, bias: b).gelu().tensor) < 1e-15)
        #expect(recorded.isIdentical(to: fused))
    }

    @Test func frozenPartsGetNoGradientAndKeepNothing() {
        let weight = Parameter(draw([4, 5], "w")), bias = Parameter(draw([4], "b"))
        weight.isTrainable = false
        let tape = Tape()
        let x = tape.input(draw([3, 5], "x"))
        let y = x.linear(weight: tape.leaf(weight), bias: tape.leaf(bias))
        tape.backward(from: y)
        #expect(weight.gradient == nil)
        #expect(bias.gradient?.doubles == [3, 3, 3, 3])
        #expect(tape.gradient(of: x)?.shape == [3, 5])
    }

    /// One gradient of the hidden size and one of the input's: the GELU's is made in place.
    @Test func geluGradientTakesNoMemoryOfItsOwn() {
        let x = Tensor(zeros: [1024, 256]), w = Variable(Tensor(zeros: [2048, 256]))
        let tape = Tape()
        let y = tape.input(x).linearGELU(weight: w).scaled(by: 2)
        let g = Tensor(repeating: 1, shape: y.shape)
        let peak = exclusively {
            StoragePool.measure { tape.backward(from: y, gradient: g) }.peak
        }
        #expect(Double(peak) < 1.6 * Double(g.byteCount))
    }
}
