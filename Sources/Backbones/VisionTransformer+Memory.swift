// SPDX-License-Identifier: Apache-2.0
import Layers
package import Reversible
package import Tensors

/// Memory and arithmetic from shapes alone.
extension VisionTransformer {
    /// The stages as a memory plan sees them.
    package func stagePlans(_ inputShape: [Int]) -> [StagePlan] {
        let patches = configuration.grid(inputShape).reduce(1, *)
        return [
            StagePlan(
                stage: stage, tokens: configuration.leadingTokens + patches,
                width: configuration.width)
        ]
    }

    /// The shapes of a training step, for memory plans.
    package func memoryShape(_ inputShape: [Int], dtype: DType) -> MemoryPlan.Network {
        let c = configuration.width, samples = inputShape[0]
        let grid = configuration.grid(inputShape)
        let patches = grid.reduce(1, *),
            pretrained = configuration.gridSize * configuration.gridSize
        let weight = [c, 3] + configuration.patch
        let work = Tensor.patchEmbeddingScratch(images: inputShape, weight: weight)
        let isResized = grid.contains { $0 != configuration.gridSize }
        let forward: Int, positions: Int
        if configuration.isVideo {
            // Patches, with positions; the table of sines beside them.
            forward = 2 * samples * patches * c + patches * c
            positions = 0
        } else {
            // Patches, with the class token, with positions.
            let matrix = isResized ? (1 + patches) * (1 + pretrained) : 0
            forward = 3 * samples * (1 + patches) * c + matrix
            positions = (1 + pretrained) * c
        }
        return MemoryPlan.Network(
            stages: stagePlans(inputShape), samples: samples, parameters: parameterCount,
            trained: trainableCount, inputs: inputShape.reduce(1, *),
            embedding: LayerFootprint(
                kept: 0, forward: max(forward, samples * patches * c + work.forward),
                // The gradient by the weight, behind that by the positions.
                backward: work.backward + weight.reduce(1, *) + positions,
                output: 0, parameters: 0, recomputes: false),
            reachesEmbedding: embeddingTrains,
            dtype: dtype)
    }

    /// Operations of matrix products in a forward pass.
    package func operations(_ inputShape: [Int]) -> Double {
        let c = Double(configuration.width)
        let patches = Double(configuration.grid(inputShape).reduce(1, *))
        let tokens = patches + Double(configuration.leadingTokens)
        let embedding = 2 * patches * 3 * Double(configuration.patch.reduce(1, *)) * c
        let block =
            2 * tokens * (4 + 2 * Double(configuration.mlpRatio)) * c * c
            + 4 * tokens * tokens * c
        return Double(inputShape[0]) * (embedding + Double(configuration.depth) * block)
    }
}
