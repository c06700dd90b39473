// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Layers
package import Reversible
package import Tensors

/// Memory and arithmetic from shapes alone.
extension SwinTransformer {
    /// The stages as a memory plan sees them.
    package func stagePlans(_ inputShape: [Int]) -> [StagePlan] {
        let grids = configuration.grids(inputShape)
        return stages(grids).enumerated().map { index, stage in
            StagePlan(
                stage: stage, tokens: grids[index].reduce(1, *),
                width: configuration.width(stage: index))
        }
    }

    /// The shapes of a training step, for memory plans.
    package func memoryShape(_ inputShape: [Int], dtype: DType) -> MemoryPlan.Network {
        let samples = inputShape[0], plans = stagePlans(inputShape)
        return MemoryPlan.Network(
            stages: plans, samples: samples, parameters: parameterCount, trained: trainableCount,
            inputs: inputShape.reduce(1, *),
            embedding: embeddingFootprint(inputShape, tokens: samples * plans[0].tokens),
            reachesEmbedding: embeddingTrainableCount > 0,
            transitions: zip(plans, plans.dropFirst()).enumerated().map { index, pair in
                let layers = mergings[index].layers(
                    samples: samples, grid: configuration.grids(inputShape)[index], tile: 1)
                return mergingFootprint(
                    samples * pair.1.tokens, width: pair.0.width,
                    parameters: mergings[index].trainableCount,
                    units: (layers.slices.count, layers.slices[0].input.count))
            }, dtype: dtype)
    }

    /// Padding, patches (C a token) and their norm (C and two statistics).
    private func embeddingFootprint(_ inputShape: [Int], tokens: Int) -> LayerFootprint {
        let c = configuration.width, patch = configuration.patch
        var padded = Array(inputShape.prefix(2))
        for (size, patch) in zip(inputShape.dropFirst(2), patch) {
            padded.append(configuration.isVideo ? (size + patch - 1) / patch * patch : size)
        }
        let copy = padded == inputShape ? 0 : padded.reduce(1, *)
        let weight = [c, 3] + patch,
            work = Tensor.patchEmbeddingScratch(
                images: padded, weight: weight)
        let values = tokens * c
        return LayerFootprint(
            kept: values + 2 * tokens + copy,
            forward: copy + max(values + work.forward, 2 * values + 2 * tokens),
            backward: copy
                + max(
                    3 * values + 2 * tokens,
                    2 * values + work.backward + weight.reduce(1, *) + 2 * c),
            output: values, parameters: embeddingTrainableCount)
    }

    /// Four tokens side by side (4C), their norm (4C and two statistics), the map (2C).
    private func mergingFootprint(
        _ tokens: Int, width c: Int, parameters: Int, units: (count: Int, rows: Int)
    ) -> LayerFootprint {
        LayerFootprint(
            kept: tokens * (8 * c + 2), forward: tokens * (8 * c + 2),
            backward: tokens * (14 * c + 2), gradientsAtPeak: 8 * c * c,
            output: tokens * 2 * c, parameters: parameters, units: units)
    }

    /// Operations of matrix products in a forward pass.
    package func operations(_ inputShape: [Int]) -> Double {
        let samples = inputShape[0]
        var sum = 0.0
        for (index, plan) in stagePlans(inputShape).enumerated() {
            let c = Double(plan.width), tokens = Double(samples * plan.tokens)
            let input =
                index == 0
                ? 3 * Double(configuration.patch.reduce(1, *)) * c : 4 * c * c / 2
            sum += 2 * tokens * input
            for branch in plan.stage.branches {
                guard case .groups(let groups) = branch.unit else {
                    sum += 4 * tokens * c * c * Double(configuration.mlpRatio)
                    continue
                }
                let places = Double(samples * groups.count * groups.capacity)
                sum += 8 * tokens * c * c + 4 * places * Double(groups.capacity) * c
            }
        }
        return sum
    }
}
