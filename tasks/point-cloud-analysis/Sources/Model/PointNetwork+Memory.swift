// SPDX-License-Identifier: Apache-2.0
import Backbones
import Layers
package import Reversible

/// What a training step holds, from shapes alone.
extension PointNetwork {
    /// The transformer's stage for a batch, for memory plans.
    ///
    /// - Parameters:
    ///   - samples: Spheres or shapes, B.
    ///   - points: Points of each, N.
    package func memoryShape(samples: Int, points: Int) -> MemoryPlan.Network {
        MemoryPlan.Network(
            stages: [transformer.stagePlan(tokens: points >> (2 * settings.stages))],
            samples: samples, parameters: transformer.parameterCount,
            trained: transformer.trainableCount, inputs: samples * points * settings.inputs,
            embedding: .init(
                kept: 0, forward: 0, backward: 0, output: 0, parameters: 0, recomputes: false))
    }

    /// Bytes of a step at its highest, without the other layers' weights, gradients and moments.
    ///
    /// The step is highest in the transformer, in decoder and head, or in the embedding's backward
    /// pass. Follows the code of those layers.
    ///
    /// - Parameters:
    ///   - plan: Of ``memoryShape(samples:points:)``.
    ///   - keepsAll: Whether every activation is kept (the way `conventional`).
    ///   - keepsGradients: Whether all gradients are there together after the backward pass.
    package func stepBytes(
        _ plan: MemoryPlan, samples: Int, points: Int, keepsAll: Bool, keepsGradients: Bool = true
    ) -> Int {
        let layers = LayerBytes(
            settings, width: transformer.width, samples: samples, points: points,
            rowsOfSlice: keepsAll ? nil : (plan.tile ?? .standard).tokens)
        let kept = layers.around + (keepsAll ? layers.embeddingKept : 0)
        let weights =
            plan.weightBytes + plan.optimizerBytes + (keepsGradients ? plan.gradientBytes : 0)
        return max(
            plan.peakPredictedBytes + kept + layers.positions,
            plan.forwardBytes + kept + layers.positions + layers.decoderPeak,
            weights + 4 * samples * points * settings.inputs + layers.around
                + layers.embeddingPeak)
    }
}

/// Bytes of the layers around the transformer, of one batch; factors are counted ones.
private struct LayerBytes {
    private let settings: PointNetworkSettings
    private let width: Int
    /// Rows of each level, the points first, and their channels.
    private let rows: [Int], widths: [Int]
    private let samples: Int
    /// Nil where every activation is kept.
    private let rowsOfSlice: Int?

    init(
        _ settings: PointNetworkSettings, width: Int, samples: Int, points: Int, rowsOfSlice: Int?
    ) {
        self.settings = settings
        self.width = width
        self.samples = samples
        self.rowsOfSlice = rowsOfSlice
        rows = (0...settings.stages).map { samples * (points >> (2 * $0)) }
        widths =
            [settings.inputs]
            + (0..<settings.stages).map { width >> (settings.stages - 1 - $0) }
    }

    private var stages: Range<Int> { 0..<settings.stages }

    /// Of a level's features.
    private func level(_ number: Int) -> Int { 4 * rows[number] * widths[number] }

    /// What is there from the embedding to its backward pass: offsets of neighbours, features of
    /// the levels between points and tokens with their gradients.
    var around: Int {
        let offsets = stages.reduce(0) { $0 + 4 * rows[$1 + 1] * settings.neighbours * 3 }
        let between = stages.dropFirst().reduce(0) { $0 + 2 * level($1) }
        return offsets + between
    }

    /// Places of tokens and the hidden layer behind them.
    var positions: Int { 4 * rows[settings.stages] * (3 + 2 * 128) }

    // MARK: Embedding

    /// A stage's rows of neighbours that are there at once.
    private func neighbourRows(_ stage: Int) -> Int {
        let all = rows[stage + 1] * settings.neighbours
        guard let rowsOfSlice else { return all }
        return min(all, max(1, rowsOfSlice / settings.neighbours) * settings.neighbours)
    }

    /// What the tape keeps of a stage for `count` rows of neighbours.
    private func kept(_ stage: Int, _ count: Int) -> Int {
        let width = widths[stage + 1]
        // Differences and offsets, both small networks' maps and results, the norms' statistics;
        // of each group maxima and where they are.
        let neighbour = widths[stage] + 3 + 9 * width + 7
        return 4 * (count * neighbour + count / settings.neighbours * 3 * width)
    }

    /// What the tape keeps of the whole embedding.
    var embeddingKept: Int {
        stages.reduce(0) { $0 + kept($1, rows[$1 + 1] * settings.neighbours) }
    }

    /// The backward pass of the embedding, at the highest.
    var embeddingPeak: Int {
        // Maps beyond what the tape keeps, in quarters; norms in parts have several tapes.
        let maps = rowsOfSlice == nil ? 5 : settings.embeddingHasBatchNorm ? 19 : 9
        var before = 0, peak = 0
        for stage in stages {
            let count = neighbourRows(stage), width = widths[stage + 1], own = kept(stage, count)
            // With the gradients by the result, by the level below and of the weights.
            let gradients =
                4 * rows[stage + 1] * width + (stage > 0 ? 2 * level(stage) : 0)
                + 16 * width * width
            peak = max(peak, before + own + maps * count * width + gradients)
            if rowsOfSlice == nil { before += own }
        }
        return peak
    }

    // MARK: Decoder and head

    /// Decoder and head in both directions, at the highest.
    var decoderPeak: Int {
        let tokens = 4 * rows[settings.stages] * width
        guard settings.isSegmentation else {
            return 4 * samples * (2 * width + 8 * settings.hidden.reduce(0, +)) + tokens
        }
        let points = rows[0], hidden = settings.hidden[0]
        let maps = stages.reduce(0) { $0 + 4 * rows[$1] * width }
        let logits = 4 * points * settings.classes
        guard let rowsOfSlice else {
            // Two layers' maps and results a level; of the head four of the hidden layer.
            return tokens + 4 * maps
                + max(16 * points * hidden + 3 * logits / 2, 9 * points * width)
        }
        let part = min(rowsOfSlice, points / samples)
        let slice = part * (21 * hidden + 2 * width + 4 * settings.classes)
        let head = maps + 4 * points * hidden + logits + slice
        // A level's gradient, four maps of the level above, a slice.
        let levels = stages.map { stage in
            stages.dropFirst(stage + 2).reduce(0) { $0 + 4 * rows[$1] * width }
                + 4 * width
                * (rows[stage] + 4 * rows[stage + 1] + 2 * min(rowsOfSlice, rows[stage]))
        }
        return tokens + max(head, levels.max() ?? 0)
    }
}
