// SPDX-License-Identifier: Apache-2.0
import CKernels

/// Cutting images into square patches, or clips into tubelets, and projecting each one.
extension Tensor {
    /// Sizes of one patch embedding, and the blocks of patch rows it works by.
    private struct PatchPlan {
        let samples: Int, channels: Int, frames: Int, height: Int, width: Int
        /// Side of a patch in pixels, and its frames: 1 for images.
        let patch: Int, tubelet: Int
        let steps: Int, down: Int, across: Int
        /// Scalars of one patch.
        let depth: Int
        /// Patch rows of a block, all of one time step: about 256 patches.
        let block: Int
        /// Patches of a sample.
        var tokens: Int { steps * down * across }
        /// Blocks of a time step.
        var blocks: Int { (down + block - 1) / block }
        /// Blocks of the whole batch.
        var pieces: Int { samples * steps * blocks }
        /// Blocks that a weight gradient gathers at a time: about 4,096 patches.
        var group: Int { max(1, 4096 / (block * across)) }
        /// Patches that so many blocks hold at most.
        func patches(_ pieces: Int) -> Int {
            min(samples * tokens, min(pieces, self.pieces) * block * across)
        }

        /// Room for the patches of a block, with the products of a pass to `width` channels.
        func workSpace(_ dtype: DType, width: Int) -> WorkSpace {
            DryRun.countProducts(samples * tokens, width, depth)
            return WorkSpace(pieces: pieces, scalars: patches(1) * depth, dtype)
        }

        init(_ images: [Int], weight: [Int]) {
            let isClip = images.count == 5
            let side = weight.last ?? 0, time = isClip && weight.count == 5 ? weight[2] : 1
            let frames = isClip ? images[2] : 1
            let size = images.suffix(2)
            precondition(
                (images.count == 4 || isClip) && weight.count == images.count
                    && weight[1] == images[1] && weight[weight.count - 2] == side && side > 0
                    && time > 0 && images[0] > 0 && size.allSatisfy { $0 >= side }
                    && frames >= time,
                "patches \(weight) of images \(images)")
            samples = images[0]
            channels = images[1]
            self.frames = frames
            height = images[images.count - 2]
            width = images[images.count - 1]
            patch = side
            tubelet = time
            steps = frames / time
            down = height / side
            across = width / side
            depth = channels * time * side * side
            block = min(down, max(1, 256 / across))
        }

        /// The rows of a block: scalars before its time step in the images, first patch row,
        /// number of patch rows, and patches before it.
        func piece(_ index: Int) -> (image: Int, first: Int, rows: Int, token: Int) {
            let step = index / blocks, first = index % blocks * block
            let sample = step / steps
            let frame = sample * channels * frames + step % steps * tubelet
            return (
                frame * height * width, first, min(block, down - first),
                (step * down + first) * across
            )
        }

        func gather(
            _ kernels: dr_kernels, _ image: UnsafeRawPointer, _ patches: UnsafeMutableRawPointer,
            first: Int, rows: Int
        ) {
            unsafe kernels.patches_gather(
                image, patches, channels, frames * height * width, tubelet, height, width, patch,
                first, rows)
        }
    }

    /// Projects each patch: a convolution whose stride is its kernel.
    ///
    /// Pixels and frames beyond the last whole patch are left out.
    ///
    /// - Parameters:
    ///   - weight: `[C, channels, p, p]`, or `[C, channels, t, p, p]` for clips.
    ///   - bias: `[C]`.
    /// - Returns: `[B, N, C]` for images `[B, channels, H, W]` or clips `[B, channels, T, H, W]`,
    ///   patches in row order, time steps in order.
    package func patchEmbedding(weight: Tensor, bias: Tensor?) -> Tensor {
        let plan = PatchPlan(shape, weight: weight.shape)
        precondition(weight.dtype == dtype, "patchEmbedding: \(dtype) by \(weight.dtype)")
        let c = weight.shape[0], size = dtype.byteSize, dtype = dtype
        precondition(bias.map { $0.shape == [c] } ?? true, "patchEmbedding: bias for \(c)")
        let kernels = Kernels.table(dtype), work = plan.workSpace(dtype, width: c)
        let inputs = [self, weight] + (bias.map { [$0] } ?? [])
        return unsafe .make([plan.samples, plan.tokens, c], dtype, reading: inputs) {
            output, input in
            unsafe work.forEach { index, patches in
                let piece = plan.piece(index)
                let count = piece.rows * plan.across
                unsafe plan.gather(
                    kernels, input[0] + piece.image * size, patches, first: piece.first,
                    rows: piece.rows)
                let to = unsafe output + piece.token * c * size
                unsafe MatrixProduct(
                    m: count, n: c, k: plan.depth, transposeB: .transposed,
                    strideA: plan.depth, strideB: plan.depth, strideC: c
                ).run(dtype, patches, input[1], to)
                if unsafe input.count == 3 {
                    unsafe kernels.bias_add(to, input[2], count, c, c)
                }
            }
        }
    }

    /// The gradient by the weight of a patch embedding; this tensor is the images or clips.
    ///
    /// - Parameters:
    ///   - gradient: By the result, `[B, N, C]`.
    ///   - weightShape: The weight's shape.
    package func patchEmbeddingWeightGradient(of gradient: Tensor, shape weightShape: [Int])
        -> Tensor
    {
        let plan = PatchPlan(shape, weight: weightShape)
        let c = weightShape[0], size = dtype.byteSize, dtype = dtype
        let kernels = Kernels.table(dtype)
        let patches = Tensor(
            uninitialized: [plan.patches(plan.group), plan.depth], dtype: dtype)
        var product = MatrixProduct(
            m: c, n: plan.depth, k: 0, transposeA: .transposed, strideA: c, strideB: plan.depth,
            strideC: plan.depth, beta: 0)
        DryRun.countProducts(plan.samples * plan.tokens, c, plan.depth)
        return withExtendedLifetime(patches) {
            unsafe .make(weightShape, dtype, reading: [self, gradient]) { output, input in
                let scratch = unsafe patches.storage.pointer
                for first in stride(from: 0, to: plan.pieces, by: plan.group) {
                    let last = min(plan.pieces, first + plan.group) - 1
                    let start = plan.piece(first).token, end = plan.piece(last)
                    Parallel.forEach(last - first + 1) { index in
                        let piece = plan.piece(first + index)
                        unsafe plan.gather(
                            kernels, input[0] + piece.image * size,
                            scratch + (piece.token - start) * plan.depth * size,
                            first: piece.first, rows: piece.rows)
                    }
                    product.k = end.token + end.rows * plan.across - start
                    product.beta = first == 0 ? 0 : 1
                    unsafe product.runParallel(dtype, input[1] + start * c * size, scratch, output)
                }
            }
        }
    }

    /// The gradient by the images or clips of a patch embedding.
    ///
    /// This tensor is the gradient by the result, `[B, N, C]`. Pixels beyond the last whole
    /// patch get zero.
    package func patchEmbeddingInputGradient(weight: Tensor, images shape: [Int]) -> Tensor {
        let plan = PatchPlan(shape, weight: weight.shape)
        let c = weight.shape[0], size = dtype.byteSize, dtype = dtype
        let kernels = Kernels.table(dtype), work = plan.workSpace(dtype, width: c)
        var result = Tensor(zeros: shape, dtype: dtype)
        unsafe result.update(reading: [self, weight]) { output, input in
            unsafe work.forEach { index, patches in
                let piece = plan.piece(index)
                let count = piece.rows * plan.across
                unsafe MatrixProduct(
                    m: count, n: plan.depth, k: c, strideA: c, strideB: plan.depth,
                    strideC: plan.depth
                ).run(dtype, input[0] + piece.token * c * size, input[1], patches)
                unsafe kernels.patches_scatter(
                    patches, output + piece.image * size, plan.channels,
                    plan.frames * plan.height * plan.width, plan.tubelet, plan.height,
                    plan.width, plan.patch, piece.first, piece.rows)
            }
        }
        return result
    }
}
