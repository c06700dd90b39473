// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Tensors
import TestSupport
import Testing

@Suite("tape")
struct TapeTests {
    @Test func arithmeticHasTheRightGradients() {
        let a = Tensor(normal: [3, 4], key: RandomKey(seed: 1), dtype: .float64)
        let b = Tensor(normal: [3, 4], key: RandomKey(seed: 2), dtype: .float64)
        let row = Tensor(normal: [4], key: RandomKey(seed: 3), dtype: .float64)
        let error = GradientCheck.worstError([a, b, row]) { v in
            let product = (v[0] * v[1] + v[0]).multiplyingRow(v[2]).scaled(by: 0.5)
            return product.scalingRows(by: Tensor([1, 0, 2] as [Double], shape: [3])).reshaped(to: [
                2, -1,
            ])
                + (v[1] * v[1]).mean().sum().scaled(by: 3).spread(to: [2, 6])
        }
        #expect(error < 1e-8)
    }

    @Test("a value that is used twice gets both gradients")
    func fansOut() {
        let tape = Tape()
        let x = tape.input(Tensor([3.0] as [Double], shape: [1]))
        tape.backward(from: x * x + x)
        #expect(tape.gradient(of: x)?.item == 7)
    }

    @Test func parametersAccumulateOverTapes() {
        let parameter = Parameter(Tensor([2.0] as [Double], shape: [1]))
        for _ in 0..<3 {
            let tape = Tape()
            let w = tape.leaf(parameter)
            tape.backward(from: w * w)
        }
        #expect(parameter.gradient?.item == 12)
    }

    @Test func frozenParametersAndConstantsGetNone() {
        let parameter = Parameter(Tensor([2.0] as [Double], shape: [1]))
        parameter.isTrainable = false
        let tape = Tape()
        let x = tape.input(Tensor([5.0] as [Double], shape: [1]))
        let w = Context(tape: tape).use(parameter)
        #expect(!w.needsGradient)
        tape.backward(from: w * x)
        #expect(parameter.gradient == nil)
        #expect(tape.gradient(of: x)?.item == 2)
        #expect(Context.inference.use(parameter).tape == nil)
    }

    @Test("100,000 nodes in a chain neither overflow the stack nor keep their tensors")
    func longChains() {
        let tape = Tape()
        let x = tape.input(Tensor([1.0] as [Double], shape: [1]))
        var y = x
        for _ in 0..<100_000 { y = y.scaled(by: 1) }
        tape.backward(from: y)
        #expect(tape.gradient(of: x)?.item == 1)
    }

    @Test("mixing two tapes stops")
    func twoTapesTrap() async {
        await #expect(processExitsWith: .failure) {
            let a = Tape().input(Tensor(zeros: [1])), b = Tape().input(Tensor(zeros: [1]))
            _ = a + b
        }
    }
}

extension Variable {
    /// One scalar repeated, for a test of sums.
    fileprivate func spread(to shape: [Int]) -> Variable {
        let count = shape.reduce(1, *)
        return (Variable(Tensor(repeating: 1, shape: [count, 1], dtype: .float64)))
            .multiplyingRow(self).reshaped(to: shape)
    }
}
