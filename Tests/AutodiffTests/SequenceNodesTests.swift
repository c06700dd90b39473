// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Tensors
import TestSupport
import Testing

@Suite("Sequence nodes") struct SequenceNodesTests {
    private func draw(_ shape: [Int], _ seed: UInt64) -> Tensor {
        Tensor(normal: shape, key: RandomKey(seed: seed), dtype: .float64)
    }

    @Test func activationsHaveTheirGradients() {
        let x = [draw([3, 7], 1)]
        #expect(GradientCheck.worstError(x) { $0[0].relu() } < 1e-7)
        #expect(GradientCheck.worstError(x) { $0[0].sigmoid() } < 1e-7)
    }

    @Test func poolingHasItsGradient() {
        let x = [draw([2, 9, 3], 2)]
        #expect(GradientCheck.worstError(x) { $0[0].maxPool1d(kernel: 2, stride: 2) } < 1e-7)
        let error = GradientCheck.worstError(x) {
            $0[0].maxPool1d(kernel: 3, stride: 2, padding: 1)
        }
        #expect(error < 1e-7)
    }

    @Test func groupNormalisationHasItsGradient() {
        let inputs = [draw([2, 5, 6], 3), draw([6], 4), draw([6], 5)]
        let error = GradientCheck.worstError(inputs) {
            $0[0].groupNorm(groups: 3, weight: $0[1], bias: $0[2])
        }
        #expect(error < 1e-7)
    }

    @Test func gatheringHasItsGradient() {
        let x = [draw([5, 4], 6)]
        #expect(GradientCheck.worstError(x) { $0[0].gatherRows([3, 3, -1, 0]) } < 1e-7)
        let indices: [Int32] = [0, 1, 2, 4, 4, 3, 2, 0, 1]
        #expect(GradientCheck.worstError(x) { $0[0].gatherMax(indices, neighbours: 3) } < 1e-7)
    }

    @Test(arguments: [InterpolationMode.nearest, .linear, .linearAligned])
    func resamplingHasItsGradient(_ mode: InterpolationMode) {
        let x = [draw([2, 5, 3], 7)]
        for length in [3, 11] {
            #expect(GradientCheck.worstError(x) { $0[0].interpolated(to: length, mode) } < 1e-7)
        }
    }

    @Test(arguments: [0, 1, 2]) func slicingHasItsGradient(_ axis: Int) {
        let inputs = [draw([3, 3, 3], 8), draw([3, 3, 3], 9)]
        let error = GradientCheck.worstError(inputs) {
            let joined = Variable.concatenated($0, axis: axis)
            return joined.slice(1..<5, axis: axis) * joined.slice(2..<6, axis: axis)
        }
        #expect(error < 1e-7)
    }
}
