// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Tensors
import TestSupport
import Testing

@Suite("Patch embedding node") struct PatchEmbeddingTests {
    @Test func gradientsMatchCentralDifferences() {
        func draw(_ shape: [Int], _ seed: UInt64) -> Tensor {
            Tensor(normal: shape, key: RandomKey(seed: seed), dtype: .float64)
        }
        let error = GradientCheck.worstError(
            [draw([2, 2, 5, 6], 1), draw([3, 2, 2, 2], 2), draw([3], 3)]
        ) { $0[0].patchEmbedding(weight: $0[1], bias: $0[2]) }
        #expect(error <= 1e-7)
        // Clips; a frame, a row and columns beyond the last whole tubelet.
        let clips = GradientCheck.worstError(
            [draw([2, 2, 5, 5, 6], 4), draw([3, 2, 2, 2, 2], 5), draw([3], 6)]
        ) { $0[0].patchEmbedding(weight: $0[1], bias: $0[2]) }
        #expect(clips <= 1e-7)
    }
}
