// SPDX-License-Identifier: Apache-2.0
import CKernels

/// Softmax attention from one fused tensor of queries, keys and values.
///
/// Works by query tiles, so that the matrix of weights is never stored beyond one tile
/// (Rabe and Staats 2021; Dao et al. 2022, without the tiling of keys).
extension Tensor {
    /// Sizes and offsets of one attention, all fixed by shapes alone.
    private struct AttentionPlan {
        let batch: Int, tokens: Int, width: Int, heads: Int, depth: Int
        let reach: AttentionReach?
        /// Query rows of a tile: about 512 KiB of float32 weights, 16 rows at least; of a band
        /// about as many as its width.
        let tile: Int
        var tiles: Int { (tokens + tile - 1) / tile }
        var scale: Double { 1 / Double(depth).squareRoot() }

        init(_ qkv: Tensor, heads: Int, reach: AttentionReach?) {
            precondition(
                qkv.rank == 3 && heads > 0 && qkv.shape[2] % (3 * heads) == 0,
                "attention: \(qkv.shape) can't be cut into 3 x \(heads) heads")
            precondition(
                reach.map {
                    $0.lengths.count == qkv.shape[0]
                        && $0.lengths.allSatisfy { $0 <= qkv.shape[1] }
                } ?? true,
                "attention: lengths \(reach?.lengths.prefix(8) ?? []) for \(qkv.shape)")
            batch = qkv.shape[0]
            tokens = qkv.shape[1]
            width = qkv.shape[2] / 3
            self.heads = heads
            depth = width / heads
            self.reach = reach
            let whole = max(1, min(tokens, max(16, (1 << 17) / max(1, tokens))))
            tile = reach?.radius.map { min(whole, max(32, 2 * $0)) } ?? whole
        }

        /// Query rows of a tile that are real.
        func rows(_ sample: Int, from first: Int) -> Int {
            max(0, min(tile, (reach?.lengths[sample] ?? tokens) - first))
        }

        /// The keys that some query row of a tile sees.
        func keys(_ sample: Int, from first: Int, rows: Int) -> Range<Int> {
            let length = reach?.lengths[sample] ?? tokens
            guard let radius = reach?.radius else { return 0..<length }
            return max(0, first - radius)..<min(length, first + rows + radius)
        }

        /// Keys of a tile at most.
        var mostKeys: Int { min(tokens, reach?.radius.map { tile + 2 * $0 } ?? tokens) }

        /// Takes the weights of a tile outside of the band away.
        func limit(
            _ weights: UnsafeMutableRawPointer, _ kernels: dr_kernels, rows: Int, first: Int,
            keys: Range<Int>
        ) {
            guard let radius = reach?.radius else { return }
            unsafe kernels.limit_band(weights, rows, keys.count, keys.lowerBound - first, radius)
        }

        /// Drops weights of a tile, where there is a dropout.
        func drop(
            _ weights: UnsafeMutableRawPointer, _ dtype: DType, _ dropout: AttentionDropout?,
            _ sample: Int, _ head: Int, first: Int, rows: Int, keys: Range<Int>
        ) {
            unsafe dropout?.apply(
                to: weights, dtype, sample: sample, head: (head, heads), first: first, rows: rows,
                keys: keys, tokens: tokens)
        }

        /// Scalars before the queries of a head from a row on; keys and values follow `width`
        /// and `2 * width` later.
        func query(_ sample: Int, _ head: Int, _ row: Int) -> Int {
            (sample * tokens + row) * 3 * width + head * depth
        }

        /// Scalars before a head's rows in the output.
        func output(_ sample: Int, _ head: Int, _ row: Int) -> Int {
            (sample * tokens + row) * width + head * depth
        }

        /// scale * Q K^T (or dO V^T) of a tile: `[rows, keys]`.
        func weights(_ rows: Int, _ keys: Int, strideA: Int, scale: Double) -> MatrixProduct {
            MatrixProduct(
                m: rows, n: keys, k: depth, transposeB: .transposed, strideA: strideA,
                strideB: 3 * width, strideC: keys, alpha: scale)
        }
    }

    /// Attention of every head over all tokens.
    ///
    /// This tensor is `[B, N, 3C]`: queries, keys and values, each heads x depth.
    ///
    /// - Parameters:
    ///   - reach: Which tokens see each other; nil for all.
    ///   - dropout: Of the weights behind the softmax.
    /// - Returns: The result `[B, N, C]`, and the log-sum-exp of each row of scaled products,
    ///   `[B, heads, N]`, which the backward pass needs.
    package func attention(
        heads: Int, reach: AttentionReach? = nil, dropout: AttentionDropout? = nil
    ) -> (result: Tensor, logSums: Tensor) {
        let plan = AttentionPlan(self, heads: heads, reach: reach)
        let (tokens, width, depth, size) = (plan.tokens, plan.width, plan.depth, dtype.byteSize)
        let kernels = Kernels.table(dtype), dtype = dtype
        let work = WorkSpace(
            pieces: plan.batch * heads * plan.tiles, scalars: plan.tile * (plan.mostKeys + 1),
            dtype)
        DryRun.countProducts(tokens, tokens, depth, count: 2 * plan.batch * heads)
        let results = unsafe Tensor.make(
            shapes: [[plan.batch, tokens, width], [plan.batch, heads, tokens]], dtype,
            reading: [self]
        ) { output, input in
            if reach != nil {
                unsafe kernels.fill_rows(nil, output[0], plan.batch * tokens, width)
                unsafe kernels.fill_rows(nil, output[1], plan.batch * heads, tokens)
            }
            unsafe work.forEach { piece, weights in
                let tile = piece % plan.tiles
                let (sample, head) = (piece / plan.tiles / heads, piece / plan.tiles % heads)
                let first = tile * plan.tile
                let rows = plan.rows(sample, from: first)
                guard rows > 0 else { return }
                let keys = plan.keys(sample, from: first, rows: rows), count = keys.count
                let q = unsafe input[0] + plan.query(sample, head, first) * size
                let k = unsafe input[0] + (plan.query(sample, head, keys.lowerBound) + width) * size
                let v = unsafe k + width * size
                let out = unsafe output[0] + plan.output(sample, head, first) * size
                let logSums = unsafe output[1] + ((sample * heads + head) * tokens + first) * size
                let inverse = unsafe weights + rows * count * size
                unsafe plan.weights(rows, count, strideA: 3 * width, scale: plan.scale)
                    .run(dtype, q, k, weights)
                unsafe plan.limit(weights, kernels, rows: rows, first: first, keys: keys)
                unsafe kernels.softmax_rows(weights, inverse, logSums, rows, count)
                unsafe plan.drop(
                    weights, dtype, dropout, sample, head, first: first, rows: rows, keys: keys)
                unsafe MatrixProduct(
                    m: rows, n: depth, k: count, strideA: count, strideB: 3 * width,
                    strideC: width
                ).run(dtype, weights, v, out)
                unsafe kernels.scale_rows_strided(out, inverse, rows, depth, width)
            }
        }
        return (results[0], results[1])
    }

    /// The gradient of an attention by its fused input.
    ///
    /// This tensor is the input `[B, N, 3C]`. The weights are worked out again, tile by tile.
    ///
    /// - Parameters:
    ///   - gradient: By the result, `[B, N, C]`.
    ///   - result: The result, `[B, N, C]`.
    ///   - logSums: As the forward pass returned them, `[B, heads, N]`.
    ///   - reach: As in the forward pass.
    ///   - dropout: As in the forward pass.
    /// - Returns: `[B, N, 3C]`.
    package func attentionGradient(
        of gradient: Tensor, result: Tensor, logSums: Tensor, heads: Int,
        reach: AttentionReach? = nil, dropout: AttentionDropout? = nil
    ) -> Tensor {
        let plan = AttentionPlan(self, heads: heads, reach: reach)
        let (tokens, width, depth, size) = (plan.tokens, plan.width, plan.depth, dtype.byteSize)
        precondition(
            gradient.shape == [plan.batch, tokens, width] && result.shape == gradient.shape,
            "attention: \(shape), result \(result.shape) and gradient \(gradient.shape)")
        let kernels = Kernels.table(dtype), dtype = dtype
        let work = WorkSpace(
            pieces: plan.batch * heads, scalars: plan.tile * (2 * plan.mostKeys + 1), dtype)
        DryRun.countProducts(tokens, tokens, depth, count: 5 * plan.batch * heads)
        return unsafe .make(shape, dtype, reading: [self, gradient, result, logSums]) {
            output, input in
            if reach != nil {
                unsafe kernels.fill_rows(nil, output, plan.batch * tokens, 3 * width)
            }
            unsafe work.forEach { piece, weights in
                let (sample, head) = (piece / heads, piece % heads)
                let part = plan.tile * plan.mostKeys * size
                let slopes = unsafe weights + part, dots = unsafe slopes + part
                for first in stride(from: 0, to: tokens, by: plan.tile) {
                    let rows = plan.rows(sample, from: first)
                    guard rows > 0 else { break }
                    let keys = plan.keys(sample, from: first, rows: rows)
                    let count = keys.count
                    let query = plan.query(sample, head, first) * size
                    let key = (plan.query(sample, head, keys.lowerBound) + width) * size
                    let value = key + width * size
                    let out = plan.output(sample, head, first) * size
                    let g = unsafe input[1] + out
                    unsafe kernels.row_dots_strided(g, input[2] + out, dots, rows, depth, width)
                    unsafe plan.weights(rows, count, strideA: 3 * width, scale: plan.scale)
                        .run(dtype, input[0] + query, input[0] + key, weights)
                    unsafe plan.limit(weights, kernels, rows: rows, first: first, keys: keys)
                    unsafe plan.weights(rows, count, strideA: width, scale: 1)
                        .run(dtype, g, input[0] + value, slopes)
                    unsafe plan.drop(
                        slopes, dtype, dropout, sample, head, first: first, rows: rows,
                        keys: keys)
                    unsafe kernels.softmax_backward(
                        weights, slopes, input[3] + (piece * tokens + first) * size, dots,
                        plan.scale, rows, count)
                    unsafe plan.drop(
                        weights, dtype, dropout, sample, head, first: first, rows: rows,
                        keys: keys)
                    // dV += P^T dO, dQ = dS K, dK += dS^T Q.
                    var sums = MatrixProduct(
                        m: count, n: depth, k: rows, transposeA: .transposed,
                        strideA: count, strideB: width, strideC: 3 * width,
                        beta: first == 0 && reach == nil ? 0 : 1)
                    unsafe sums.run(dtype, weights, g, output + value)
                    sums.strideB = 3 * width
                    unsafe sums.run(dtype, slopes, input[0] + query, output + key)
                    unsafe MatrixProduct(
                        m: rows, n: depth, k: count, strideA: count, strideB: 3 * width,
                        strideC: 3 * width
                    ).run(dtype, slopes, input[0] + key, output + query)
                }
            }
        }
    }
}
