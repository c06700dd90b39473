// SPDX-License-Identifier: Apache-2.0
import CKernels

/// Softmax attention inside windows, with a bias of every pair of tokens (Liu and others 2021).
///
/// The weights exist for a few query rows of one head of one window at a time.
extension Tensor {
    /// Sizes and offsets of one window attention, all fixed by shapes alone.
    private struct WindowPlan {
        let windows: Int, tokens: Int, width: Int, heads: Int, depth: Int, size: Int
        /// Windows of which one thread works out a head.
        let chunk: Int
        /// Windows after which the labels of regions come again.
        let labelled: Int
        var scale: Double { 1 / Double(depth).squareRoot() }
        var chunks: Int { (windows + chunk - 1) / chunk }

        /// - Parameter largest: Chunks there may be at most.
        init(
            _ qkv: Tensor, heads: Int, bias: Tensor, regions: [Int32]?,
            largest: (_ matrix: Int) -> Int
        ) {
            precondition(
                qkv.rank == 3 && heads > 0 && qkv.shape[2] % (3 * heads) == 0,
                "window attention: \(qkv.shape) can't be cut into 3 x \(heads) heads")
            windows = qkv.shape[0]
            tokens = qkv.shape[1]
            width = qkv.shape[2] / 3
            self.heads = heads
            depth = width / heads
            size = qkv.dtype.byteSize
            precondition(
                bias.shape == [heads, tokens, tokens] && bias.dtype == qkv.dtype,
                "window attention: a bias \(bias.shape) \(bias.dtype) for \(heads) heads of "
                    + "\(tokens) tokens, \(qkv.dtype)")
            let labels = regions?.count ?? 0
            labelled = tokens > 0 ? labels / tokens : 0
            precondition(
                regions == nil
                    || labelled * tokens == labels && windows % max(1, labelled) == 0
                        && labelled > 0
                    || qkv.count == 0,
                "window attention: \(labels) labels for \(windows) windows of \(tokens) tokens")
            let wanted = max(1, min(windows, largest(tokens * tokens * size)))
            chunk = max(1, (windows + wanted - 1) / wanted)
        }

        /// Bytes before a head's part of a window's rows of `parts` times the width.
        func rows(_ window: Int, _ head: Int, parts: Int) -> Int {
            (window * tokens * parts * width + head * depth) * size
        }

        /// Calls `body` for each window and head, with scratch and the number of the chunk.
        func forEach(
            _ dtype: DType, isGradient: Bool,
            _ body: (_ window: Int, _ head: Int, _ chunk: Int, _ scratch: UnsafeMutableRawPointer)
                -> Void
        ) {
            guard windows > 0, tokens > 0, depth > 0 else { return }
            let scalars = dr_window_scratch(tokens, depth, isGradient ? 1 : 0)
            Parallel.forEach(chunks * heads) { piece in
                let (part, head) = (piece / heads, piece % heads)
                let scratch = Tensor(uninitialized: [scalars], dtype: dtype)
                withExtendedLifetime(scratch) {
                    for window in part * chunk..<min(windows, (part + 1) * chunk) {
                        body(window, head, part, scratch.storage.pointer)
                    }
                }
            }
        }

        /// The labels of a window's tokens.
        func labels(_ regions: UnsafePointer<Int32>?, _ window: Int) -> UnsafePointer<Int32>? {
            regions.map { $0 + window % labelled * tokens }
        }
    }

    /// Attention of every head inside each window: softmax(q k^T / sqrt(depth) + bias) v.
    ///
    /// This tensor is `[W, N, 3C]`: queries, keys and values, each heads x depth.
    ///
    /// - Parameters:
    ///   - heads: A divisor of C.
    ///   - bias: Added to the scaled products, `[heads, N, N]`.
    ///   - regions: Labels of the tokens of all W windows, or of the first windows whose labels
    ///     all others repeat; -100 is added between tokens of a window whose labels differ.
    ///     Nil: every token sees its whole window.
    /// - Returns: The result `[W, N, C]`, and the log-sum-exp of each row of scores,
    ///   `[W, heads, N]`, which the backward pass needs.
    package func windowAttention(
        heads: Int, bias: Tensor, regions: [Int32]?
    ) -> (result: Tensor, logSums: Tensor) {
        let plan = WindowPlan(self, heads: heads, bias: bias, regions: regions) { _ in 64 }
        let (tokens, width, size, type) = (plan.tokens, plan.width, plan.size, dtype)
        let kernels = Kernels.table(type)
        let results = Tensor.make(
            shapes: [[plan.windows, tokens, width], [plan.windows, heads, tokens]], type,
            reading: [self, bias]
        ) { output, input in
            Tensor.withLabels(regions) { regions in
                plan.forEach(type, isGradient: false) { window, head, _, scratch in
                    kernels.window_attention(
                        input[0] + plan.rows(window, head, parts: 3),
                        input[1] + head * tokens * tokens * size, plan.labels(regions, window),
                        output[0] + plan.rows(window, head, parts: 1),
                        output[1] + (window * heads + head) * tokens * size, scratch, tokens,
                        plan.depth, width, plan.scale)
                }
            }
        }
        return (results[0], results[1])
    }

    /// The gradients of a window attention by its fused input and by its bias.
    ///
    /// This tensor is the input `[W, N, 3C]`. The weights are worked out again, tile by tile.
    ///
    /// - Parameters:
    ///   - gradient: By the result, `[W, N, C]`.
    ///   - logSums: As the forward pass returned them, `[W, heads, N]`.
    ///   - needsBias: Whether the gradient by the bias is wanted.
    /// - Returns: `[W, N, 3C]` and `[heads, N, N]`.
    package func windowAttentionGradient(
        of gradient: Tensor, logSums: Tensor, heads: Int, bias: Tensor, regions: [Int32]?,
        needsBias: Bool = true
    ) -> (qkv: Tensor, bias: Tensor?) {
        // Chunks add up their own gradients of the bias, the first one in the result itself:
        // as many as 8 MiB hold.
        let plan = WindowPlan(self, heads: heads, bias: bias, regions: regions) { matrix in
            needsBias ? min(64, 1 + (8 << 20) / max(1, heads * matrix)) : 64
        }
        let (tokens, width, size, type) = (plan.tokens, plan.width, plan.size, dtype)
        precondition(
            gradient.shape == [plan.windows, tokens, width]
                && logSums.shape == [plan.windows, heads, tokens],
            "window attention: \(shape), log-sums \(logSums.shape), gradient \(gradient.shape)")
        let kernels = Kernels.table(type), matrix = tokens * tokens
        var biasGradient = Tensor(zeros: needsBias ? bias.shape : [0], dtype: type)
        var partial = Tensor(
            zeros: needsBias ? [plan.chunks - 1, heads * matrix] : [0], dtype: type)
        let qkv = Tensor.make(shape, type, reading: [self, bias, gradient, logSums]) {
            output, input in
            Tensor.withLabels(regions) { regions in
                biasGradient.write { total in
                    partial.write { parts in
                        plan.forEach(type, isGradient: true) { window, head, chunk, scratch in
                            let at =
                                chunk == 0 ? total : parts + (chunk - 1) * heads * matrix * size
                            kernels.window_attention_gradient(
                                input[0] + plan.rows(window, head, parts: 3),
                                input[1] + head * matrix * size, plan.labels(regions, window),
                                input[2] + plan.rows(window, head, parts: 1),
                                input[3] + (window * heads + head) * tokens * size,
                                output + plan.rows(window, head, parts: 3),
                                needsBias ? at + head * matrix * size : nil, scratch, tokens,
                                plan.depth, width, plan.scale)
                        }
                    }
                }
            }
        }
        guard needsBias else { return (qkv, nil) }
        biasGradient.update(reading: [partial]) { total, parts in
            Parallel.forRanges(heads * matrix, chunk: 1 << 14) { range in
                let to = total + range.lowerBound * size
                for chunk in 0..<plan.chunks - 1 {
                    kernels.add(
                        to, parts[0] + (chunk * heads * matrix + range.lowerBound) * size, to,
                        range.count)
                }
            }
        }
        return (qkv, biasGradient)
    }

    /// Runs `body` with the labels' memory.
    private static func withLabels(
        _ labels: [Int32]?, _ body: (UnsafePointer<Int32>?) -> Void
    ) {
        guard let labels else { return body(nil) }
        labels.withUnsafeBufferPointer { body($0.baseAddress) }
    }
}
