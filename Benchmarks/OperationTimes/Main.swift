// SPDX-License-Identifier: Apache-2.0
import Foundation
import Tensors

/// Prints seconds of window attention and of convolution layers, one JSON line a size;
/// `Benchmarks/window_attention` and `Benchmarks/convolution` read it.
///
/// Arguments: repeats, then sizes as WINDOWS,TOKENS,HEADS or SAMPLES,SIDE,INPUTS,OUTPUTS.
/// DR2NET_THREADS sets the threads.
@main struct Main {
    /// What one size took, and numbers by which another program can check its results.
    private struct Times: Encodable {
        var windows: Int, tokens: Int, heads: Int
        /// The quickest call, in seconds.
        var forward: Double, backward: Double, backwardWithoutBias: Double
        /// The dot products of the result with its gradient, of the input's gradient with the
        /// input, and of the bias's gradient, which sums to nearly zero, with itself.
        var result: Double, qkvGradient: Double, biasGradient: Double
        var kernel = BLAS.kernelName, level = Kernels.level.name
    }

    static func main() throws {
        let numbers = CommandLine.arguments.dropFirst().map {
            $0.split(separator: ",").compactMap { Int($0) }
        }
        guard let repeats = numbers.first?.first,
            numbers.dropFirst().allSatisfy({ $0.count == 3 || $0.count == 4 })
        else {
            FileHandle.standardError.write(
                Data(
                    ("usage: OperationTimes REPEATS "
                        + "WINDOWS,TOKENS,HEADS|SAMPLES,SIDE,INPUTS,OUTPUTS ...\n").utf8))
            exit(64)
        }
        // The pool gives back what lies above its high water: raise that first.
        _ = Tensor(zeros: [1 << 28]).count
        for size in numbers.dropFirst() {
            let encoder = JSONEncoder()
            let line =
                size.count == 4
                ? try encoder.encode(ConvolutionTimes(size, repeats))
                : try encoder.encode(
                    measure(windows: size[0], tokens: size[1], heads: size[2], repeats))
            print(String(decoding: line, as: UTF8.self))
        }
    }

    /// The quickest of some calls, in seconds.
    static func quickest(_ repeats: Int, _ body: () -> Void) -> Double {
        let clock = ContinuousClock()
        return (0..<max(1, repeats)).map { _ in clock.measure(body) / .seconds(1) }.min() ?? 0
    }

    /// Numbers in -1..<1 that a line of any language works out alike.
    static func values(_ shape: [Int], _ seed: UInt32) -> Tensor {
        unsafe Tensor(shape: shape) { output in
            for i in output.indices {
                let bits = UInt32(truncatingIfNeeded: i) &* 2_654_435_761 &+ seed
                unsafe output[i] = Float(Double(bits) / 2_147_483_648 - 1)
            }
        }
    }

    private static func measure(windows: Int, tokens: Int, heads: Int, _ repeats: Int) -> Times {
        let width = 32 * heads
        let qkv = values([windows, tokens, 3 * width], 1)
        let bias = values([heads, tokens, tokens], 2), slopes = values([windows, tokens, width], 3)
        let regions = (0..<windows * tokens).map { Int32($0 / max(1, tokens / 2) % 3) }
        let (result, logSums) = qkv.windowAttention(heads: heads, bias: bias, regions: regions)
        func backward(needsBias: Bool) -> (qkv: Tensor, bias: Tensor?) {
            qkv.windowAttentionGradient(
                of: slopes, logSums: logSums, heads: heads, bias: bias, regions: regions,
                needsBias: needsBias)
        }
        let gradients = backward(needsBias: true)
        return Times(
            windows: windows, tokens: tokens, heads: heads,
            forward: quickest(repeats) {
                _ = qkv.windowAttention(heads: heads, bias: bias, regions: regions)
            },
            backward: quickest(repeats) { _ = backward(needsBias: true) },
            backwardWithoutBias: quickest(repeats) { _ = backward(needsBias: false) },
            result: result.dot(slopes), qkvGradient: gradients.qkv.dot(qkv),
            biasGradient: gradients.bias.map { $0.dot($0) } ?? 0)
    }
}
