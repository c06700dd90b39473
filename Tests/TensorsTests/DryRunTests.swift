// SPDX-License-Identifier: Apache-2.0
import Tensors
import TestSupport
import Testing

@Suite("dry run")
struct DryRunTests {
    /// Every operation that has work space or inputs of its own once, forwards and backwards.
    private static func walk() {
        func made(_ shape: [Int]) -> Tensor { Tensor(repeating: 0.5, shape: shape) }
        let tokens = made([2, 70, 96])
        let (result, logSums) = tokens.attention(heads: 4)
        _ = tokens.attentionGradient(of: result, result: result, logSums: logSums, heads: 4)
        let bias = made([4, 49, 49]), windows = made([9, 49, 96])
        let attended = windows.windowAttention(heads: 4, bias: bias, regions: nil)
        _ = windows.windowAttentionGradient(
            of: attended.result, logSums: attended.logSums, heads: 4, bias: bias, regions: nil)
        let images = made([2, 3, 56, 42]), patches = made([16, 3, 14, 14])
        let embedded = images.patchEmbedding(weight: patches, bias: nil)
        _ = images.patchEmbeddingWeightGradient(of: embedded, shape: patches.shape)
        _ = embedded.patchEmbeddingInputGradient(weight: patches, images: images.shape)
        let map = made([2, 17, 19, 8]), kernel = made([12, 8, 3, 3])
        for stride in [1, 2] {
            let taps = Convolution2DShape(stride: stride, padding: 1)
            let out = map.convolved2D(kernel, bias: nil, taps)
            _ = out.convolution2DInputGradient(kernel, height: 17, width: 19, taps)
            _ = out.convolution2DWeightGradient(map, kernel: 3, taps)
        }
        _ = made([2, 100, 16]).nearestPositions(k: 4)
        _ = tokens.linear(weight: made([40, 96]), bias: made([40])).columnSums()
        _ = made([12, 7]).softmaxCrossEntropy(
            targets: Array(repeating: 1, count: 12), weights: Array(repeating: 1, count: 12),
            wantsGradient: true)
    }

    @Test("counts what the same operations count, and allocates nothing")
    func countsTheSame() async {
        // In a process of its own: the count is of the whole process.
        await #expect(processExitsWith: .success) {
            Parallel.setThreadCount(2)
            DryRunTests.walk()
            let counted = StoragePool.measure { DryRunTests.walk() }.peak
            let before = StoragePool.usage
            StoragePool.resetPeak()
            let dry = DryRun.measure { DryRunTests.walk() }.usage
            #expect(dry.peak == counted)
            #expect(dry.live == 0)
            #expect(StoragePool.usage.peak == before.live)
        }
    }

    @Test("readers see zeros, losses are zero, and tensors with values keep them")
    func readsZeros() {
        let values = Tensor([1, 2, 3] as [Float], shape: [3])
        let read = DryRun.measure { () -> [Double] in
            var sum = values + values
            sum.add(values)
            var own = values
            own.scale(by: 2)
            return sum.doubles + own.doubles + [sum.dot(sum), sum.sum()]
        }
        #expect(read.result == Array(repeating: 0, count: 8))
        #expect(values.floats == [1, 2, 3])
    }

    @Test("tells streams, remainders and products apart")
    func purposes() throws {
        let coefficients = [StreamCoefficients(alpha: 0.5, beta: 0.5, branch: 1)]
        let usage = try DryRun.measure { () -> DryRun.Usage in
            let pair = try FixedPointPair(
                Tensor(placeholder: [1, 10, 16]), fractionBits: 20)
            let remainder = try pair.advance(
                branch: Tensor(placeholder: [1, 10, 16]), coefficients: coefficients)
            _ = Tensor(placeholder: [3, 4]).matmul(Tensor(placeholder: [4, 5]))
            return withExtendedLifetime((pair, remainder)) { DryRun.usage }
        }.result
        #expect(usage.streams == 2 * 160 * 4)
        #expect(usage.remainders == 160 / 8)
        #expect(usage.operations == 2 * 3 * 4 * 5)
    }

    @Test("a part of a dry run is counted in the whole")
    func nested() {
        let outer = DryRun.measure { () -> Tensor in
            let first = Tensor(placeholder: [100])
            let inner = DryRun.measure { Tensor(placeholder: [50]) }
            #expect(inner.usage.live == 600)
            return first
        }
        #expect(outer.usage.peak == 600)
    }

    @Test("weights of any size are drawn for nothing")
    func drawsNothing() {
        let usage = DryRun.measure {
            Tensor(
                truncatedNormal: [1 << 20, 1 << 12], standardDeviation: 1, key: RandomKey(seed: 1))
        }.usage
        #expect(usage.live == 1 << 34)
    }
}
