// SPDX-License-Identifier: Apache-2.0
import CKernels

/// Cutting images into square patches and projecting each one.
extension Tensor {
    /// Sizes of one patch embedding, and the blocks of patch rows it works by.
    private struct PatchPlan {
        let samples: Int, channels: Int, height: Int, width: Int, patch: Int
        let down: Int, across: Int
        /// Scalars of one patch.
        let depth: Int
        /// Patch rows of a block: about 256 patches.
        let block: Int
        var tokens: Int { down * across }
        var blocks: Int { (down + block - 1) / block }

        init(_ images: [Int], patch: Int) {
            precondition(
                images.count == 4 && images[0] > 0 && patch > 0 && images[2] >= patch
                    && images[3] >= patch,
                "patches of \(patch) x \(patch) pixels from images \(images)")
            samples = images[0]
            channels = images[1]
            height = images[2]
            width = images[3]
            self.patch = patch
            down = height / patch
            across = width / patch
            depth = channels * patch * patch
            block = min(down, max(1, 256 / across))
        }

        /// The rows of a piece of work: its sample, first patch row and number of patch rows.
        func piece(_ index: Int) -> (sample: Int, first: Int, rows: Int) {
            let first = index % blocks * block
            return (index / blocks, first, min(block, down - first))
        }

        func gather(
            _ kernels: dr_kernels, _ image: UnsafeRawPointer, _ patches: UnsafeMutableRawPointer,
            first: Int, rows: Int
        ) {
            kernels.patches_gather(image, patches, channels, height, width, patch, first, rows)
        }
    }

    /// Projects each patch: a convolution whose stride is its kernel, without bias.
    ///
    /// Pixels beyond the last whole patch are left out.
    ///
    /// - Parameter weight: `[C, channels, p, p]`.
    /// - Returns: `[B, N, C]` for images `[B, channels, H, W]`, patches in row order.
    package func patchEmbedding(weight: Tensor, bias: Tensor?) -> Tensor {
        let plan = PatchPlan(shape, patch: weight.shape.last ?? 0)
        precondition(
            weight.rank == 4 && weight.count == weight.shape[0] * plan.depth
                && weight.dtype == dtype,
            "patchEmbedding: images \(shape) by weight \(weight.shape)")
        let c = weight.shape[0], size = dtype.byteSize, dtype = dtype
        precondition(bias.map { $0.shape == [c] } ?? true, "patchEmbedding: bias for \(c)")
        let kernels = Kernels.table(dtype)
        let imageBytes = plan.channels * plan.height * plan.width * size
        let inputs = [self, weight] + (bias.map { [$0] } ?? [])
        return .make([plan.samples, plan.tokens, c], dtype, reading: inputs) { output, input in
            Parallel.forEach(plan.samples * plan.blocks) { index in
                let (sample, first, rows) = plan.piece(index)
                let count = rows * plan.across
                let scratch = Tensor(uninitialized: [count, plan.depth], dtype: dtype)
                withExtendedLifetime(scratch) {
                    let patches = scratch.storage.pointer
                    plan.gather(
                        kernels, input[0] + sample * imageBytes, patches, first: first,
                        rows: rows)
                    let to = output + (sample * plan.tokens + first * plan.across) * c * size
                    MatrixProduct(
                        m: count, n: c, k: plan.depth, transposeB: .transposed,
                        strideA: plan.depth, strideB: plan.depth, strideC: c
                    ).run(dtype, patches, input[1], to)
                    if input.count == 3 { kernels.bias_add(to, input[2], count, c, c) }
                }
            }
        }
    }

    /// The gradient by the weight of a patch embedding; this tensor is the images.
    ///
    /// - Parameters:
    ///   - gradient: By the result, `[B, N, C]`.
    ///   - shape: The weight's shape.
    package func patchEmbeddingWeightGradient(of gradient: Tensor, shape weightShape: [Int])
        -> Tensor
    {
        let plan = PatchPlan(shape, patch: weightShape.last ?? 0)
        let c = weightShape[0], size = dtype.byteSize, dtype = dtype
        let kernels = Kernels.table(dtype)
        let imageBytes = plan.channels * plan.height * plan.width * size
        // Samples in groups, so that the patches beside the images stay small.
        let group = max(1, min(plan.samples, 4096 / max(1, plan.tokens)))
        let patches = Tensor(uninitialized: [group, plan.tokens, plan.depth], dtype: dtype)
        var product = MatrixProduct(
            m: c, n: plan.depth, k: 0, transposeA: .transposed, strideA: c, strideB: plan.depth,
            strideC: plan.depth, beta: 0)
        return withExtendedLifetime(patches) {
            let scratch = patches.storage.pointer
            return .make(weightShape, dtype, reading: [self, gradient]) { output, input in
                for first in stride(from: 0, to: plan.samples, by: group) {
                    let here = min(group, plan.samples - first)
                    Parallel.forEach(here) { sample in
                        plan.gather(
                            kernels, input[0] + (first + sample) * imageBytes,
                            scratch + sample * plan.tokens * plan.depth * size, first: 0,
                            rows: plan.down)
                    }
                    product.k = here * plan.tokens
                    product.beta = first == 0 ? 0 : 1
                    product.runParallel(
                        dtype, input[1] + first * plan.tokens * c * size, scratch, output)
                }
            }
        }
    }

    /// The gradient by the images of a patch embedding.
    ///
    /// This tensor is the gradient by the result, `[B, N, C]`. Pixels beyond the last whole
    /// patch get zero.
    package func patchEmbeddingInputGradient(weight: Tensor, images shape: [Int]) -> Tensor {
        let plan = PatchPlan(shape, patch: weight.shape.last ?? 0)
        let c = weight.shape[0], size = dtype.byteSize, dtype = dtype
        let kernels = Kernels.table(dtype)
        let image = plan.channels * plan.height * plan.width * size
        var result = Tensor(zeros: shape, dtype: dtype)
        result.update(reading: [self, weight]) { output, input in
            Parallel.forEach(plan.samples * plan.blocks) { index in
                let (sample, first, rows) = plan.piece(index)
                let count = rows * plan.across
                let scratch = Tensor(uninitialized: [count, plan.depth], dtype: dtype)
                withExtendedLifetime(scratch) {
                    let patches = scratch.storage.pointer
                    let at = (sample * plan.tokens + first * plan.across) * c * size
                    MatrixProduct(
                        m: count, n: plan.depth, k: c, strideA: c, strideB: plan.depth,
                        strideC: plan.depth
                    ).run(dtype, input[0] + at, input[1], patches)
                    kernels.patches_scatter(
                        patches, output + sample * image, plan.channels, plan.height, plan.width,
                        plan.patch, first, rows)
                }
            }
        }
        return result
    }
}
