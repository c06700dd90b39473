// SPDX-License-Identifier: Apache-2.0
import CKernels

/// Softmax attention inside windows, with a bias of every pair of tokens (Liu and others 2021).
///
/// The weights exist for a few query rows of one head of one window at a time.
extension Tensor {
    /// Sizes and offsets of one window attention, all fixed by shapes alone.
    private struct WindowPlan {
        let windows: Int, tokens: Int, width: Int, heads: Int, depth: Int, size: Int
        /// Windows and heads that one thread takes at a time: so many heads that their biases
        /// and the gradients of these stay in its cache.
        let chunk: Int, group: Int
        /// Windows after which the labels of regions come again.
        let labelled: Int
        var scale: Double { 1 / Double(depth).squareRoot() }
        var chunks: Int { (windows + chunk - 1) / chunk }
        var groups: Int { (heads + group - 1) / group }
        /// Bytes of one head's bias.
        var matrix: Int { tokens * tokens * size }

        /// One head of one window, and the one that the thread takes next.
        @safe struct Place {
            var window: Int, head: Int, chunk: Int
            var next: (window: Int, head: Int)
            let scratch: UnsafeMutableRawPointer
        }

        /// - Parameters:
        ///   - isGradient: Whether each chunk but one holds a matrix of every head, of which
        ///     10 MiB may be.
        init(
            windows: Int, tokens: Int, width: Int, heads: Int, size: Int, labelled: Int = 0,
            isGradient: Bool
        ) {
            self.windows = windows
            self.tokens = tokens
            self.width = width
            self.heads = heads
            self.size = size
            self.labelled = labelled
            depth = width / heads
            let matrix = max(1, tokens * tokens * size)
            group = max(1, min(heads, (1 << 17) / matrix))
            let groups = (heads + group - 1) / group
            // About so many pairs of a chunk and a group.
            let wanted = ((isGradient ? 16 : 64) + groups - 1) / groups
            let held = isGradient ? 1 + (10 << 20) / (heads * matrix) : wanted
            let chunks = max(1, min(windows, wanted, held))
            chunk = max(1, (windows + chunks - 1) / chunks)
        }

        init(_ qkv: Tensor, heads: Int, bias: Tensor, regions: [Int32]?, isGradient: Bool) {
            precondition(
                qkv.rank == 3 && heads > 0 && qkv.shape[2] > 0 && qkv.shape[2] % (3 * heads) == 0,
                "window attention: \(qkv.shape) can't be cut into 3 x \(heads) heads")
            let windows = qkv.shape[0], tokens = qkv.shape[1]
            precondition(
                bias.shape == [heads, tokens, tokens] && bias.dtype == qkv.dtype,
                "window attention: a bias \(bias.shape) \(bias.dtype) for \(heads) heads of "
                    + "\(tokens) tokens, \(qkv.dtype)")
            let labels = regions?.count ?? 0
            let labelled = labels / max(1, tokens)
            precondition(
                labelled * tokens == labels && windows % max(1, labelled) == 0
                    && (regions == nil || labelled > 0 || qkv.count == 0),
                "window attention: \(labels) labels for \(windows) windows of \(tokens) tokens")
            self.init(
                windows: windows, tokens: tokens, width: qkv.shape[2] / 3, heads: heads,
                size: qkv.dtype.byteSize, labelled: labelled, isGradient: isGradient)
        }

        /// Bytes before a head's part of a window's rows of `parts` times the width.
        func rows(_ window: Int, _ head: Int, parts: Int) -> Int {
            (window * tokens * parts * width + head * depth) * size
        }

        /// Bytes before the log-sums of a window's head.
        func sums(_ place: Place) -> Int { (place.window * heads + place.head) * tokens * size }

        /// What threads need for a head of a window, and its gradients.
        func workSpace(_ dtype: DType, isGradient: Bool) -> WorkSpace {
            DryRun.countProducts(
                tokens, tokens, depth, count: (isGradient ? 5 : 2) * windows * heads)
            return WorkSpace(
                pieces: chunks * groups,
                scalars: tokens > 0 ? dr_window_scratch(tokens, depth, isGradient ? 1 : 0) : 0,
                dtype)
        }

        /// Calls `body` for each head of each window.
        func forEach(_ work: WorkSpace, _ body: (Place) -> Void) {
            guard windows > 0, tokens > 0 else { return }
            unsafe work.forEach { piece, scratch in
                let (part, firstHead) = (piece / groups, piece % groups * group)
                let own = part * chunk..<min(windows, (part + 1) * chunk)
                let last = min(heads, firstHead + group) - 1
                for window in own {
                    for head in firstHead...last {
                        let following = (min(window + 1, own.upperBound - 1), firstHead)
                        unsafe body(
                            Place(
                                window: window, head: head, chunk: part,
                                next: head < last ? (window, head + 1) : following,
                                scratch: scratch))
                    }
                }
            }
        }

        /// The labels of a window's tokens.
        func labels(_ regions: UnsafePointer<Int32>?, _ window: Int) -> UnsafePointer<Int32>? {
            unsafe labelled == 0 ? nil : regions.map { unsafe $0 + window % labelled * tokens }
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
        let plan = WindowPlan(self, heads: heads, bias: bias, regions: regions, isGradient: false)
        let (tokens, width, type) = (plan.tokens, plan.width, dtype)
        let kernels = Kernels.table(type), work = plan.workSpace(type, isGradient: false)
        let results = unsafe Tensor.make(
            shapes: [[plan.windows, tokens, width], [plan.windows, heads, tokens]], type,
            reading: [self, bias]
        ) { output, input in
            unsafe Tensor.withLabels(regions) { regions in
                plan.forEach(work) { at in
                    unsafe kernels.window_attention(
                        input[0] + plan.rows(at.window, at.head, parts: 3),
                        input[0] + plan.rows(at.next.window, at.next.head, parts: 3),
                        input[1] + at.head * plan.matrix, plan.labels(regions, at.window),
                        output[0] + plan.rows(at.window, at.head, parts: 1),
                        output[1] + plan.sums(at), at.scratch, tokens, plan.depth, width,
                        plan.scale)
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
        // Each chunk adds up a gradient of the bias, the first one in the result itself.
        let plan = WindowPlan(
            self, heads: heads, bias: bias, regions: regions, isGradient: needsBias)
        let (tokens, width, type) = (plan.tokens, plan.width, dtype)
        precondition(
            gradient.shape == [plan.windows, tokens, width]
                && logSums.shape == [plan.windows, heads, tokens],
            "window attention: \(shape), log-sums \(logSums.shape), gradient \(gradient.shape)")
        let kernels = Kernels.table(type), parts = max(1, plan.chunks)
        var total = Tensor(uninitialized: needsBias ? bias.shape : [0], dtype: type)
        var partial = Tensor(uninitialized: [needsBias ? parts - 1 : 0] + bias.shape, dtype: type)
        let work = plan.workSpace(type, isGradient: true)
        let qkv = unsafe Tensor.make(shape, type, reading: [self, bias, gradient, logSums]) {
            output, input in
            unsafe Tensor.withLabels(regions) { regions in
                unsafe total.write { first in
                    unsafe partial.write { others in
                        plan.forEach(work) { at in
                            let sum =
                                unsafe at.chunk == 0
                                ? first : others + (at.chunk - 1) * heads * plan.matrix
                            unsafe kernels.window_attention_gradient(
                                input[0] + plan.rows(at.window, at.head, parts: 3),
                                input[0] + plan.rows(at.next.window, at.next.head, parts: 3),
                                input[1] + at.head * plan.matrix, plan.labels(regions, at.window),
                                input[2] + plan.rows(at.window, at.head, parts: 1),
                                input[2] + plan.rows(at.next.window, at.next.head, parts: 1),
                                input[3] + plan.sums(at),
                                output + plan.rows(at.window, at.head, parts: 3),
                                needsBias ? sum + at.head * plan.matrix : nil,
                                at.window > at.chunk * plan.chunk ? 1 : 0, at.scratch, tokens,
                                plan.depth, width, plan.scale)
                        }
                    }
                }
            }
        }
        guard needsBias else { return (qkv, nil) }
        guard plan.windows > 0 else { return (qkv, Tensor(zeros: bias.shape, dtype: type)) }
        unsafe total.update(reading: [partial]) { output, others in
            Parallel.forRanges(bias.count, chunk: 1 << 14) { range in
                let to = unsafe output + range.lowerBound * plan.size
                for chunk in 0..<parts - 1 {
                    let part = unsafe others[0] + chunk * heads * plan.matrix
                    unsafe kernels.add(to, part + range.lowerBound * plan.size, to, range.count)
                }
            }
        }
        return (qkv, total)
    }

    /// Runs `body` with the labels' memory.
    private static func withLabels(
        _ labels: [Int32]?, _ body: (UnsafePointer<Int32>?) -> Void
    ) {
        guard let labels else { return body(nil) }
        unsafe labels.withUnsafeBufferPointer { unsafe body($0.baseAddress) }
    }
}
