// SPDX-License-Identifier: Apache-2.0
package import Tensors

/// A budget that no tile meets.
package struct MemoryBudgetError: Error, Sendable, CustomStringConvertible {
    /// The bytes asked for.
    package let budget: Int
    /// The least budget that would do.
    package let least: Int
    /// Whether smaller tiles were tried.
    package let hasTiles: Bool

    /// One line: what was found, what was expected, what to do.
    package var description: String {
        "a step needs \(least) bytes at least, the memory budget is \(budget); raise the budget "
            + "to \(least), or take a smaller batch or input"
            + (hasTiles ? "" : ", or the way dr2net or checkpointed, whose branches run in tiles")
    }
}

/// The predicted bytes of one training step, from shapes alone.
///
/// Counts what `StoragePool` counts. The parts needn't all be live at the peak: a conventional
/// step frees activations while gradients grow.
package struct MemoryPlan: Sendable, Hashable {
    /// A network around its stages, and a batch.
    package struct Network {
        /// The stages in order.
        package let stages: [StagePlan]
        /// Samples of a batch.
        package let samples: Int
        /// Scalars of all parameters.
        package let parameters: Int
        /// Scalars of those that train.
        package let trained: Int
        /// Scalars of the batch itself.
        package let inputs: Int
        /// The layers before the first stage; their gradients' peak with those of parameters.
        package let embedding: LayerFootprint
        /// Whether the backward pass reaches the embedding; else it ends at what trains.
        package let reachesEmbedding: Bool
        /// The layers between two stages, one fewer than stages.
        package let transitions: [LayerFootprint]
        /// The scalar type of parameters and activations.
        package let dtype: DType

        /// A network; see the properties.
        ///
        /// All parameters train where `trained` is nil.
        package init(
            stages: [StagePlan], samples: Int, parameters: Int, trained: Int? = nil, inputs: Int,
            embedding: LayerFootprint, reachesEmbedding: Bool = true,
            transitions: [LayerFootprint] = [], dtype: DType = .float32
        ) {
            precondition(
                transitions.count == max(0, stages.count - 1),
                "\(transitions.count) transitions between \(stages.count) stages")
            self.stages = stages
            self.samples = samples
            self.parameters = parameters
            self.trained = trained ?? parameters
            self.inputs = inputs
            self.embedding = embedding
            self.reachesEmbedding = reachesEmbedding
            self.transitions = transitions
            self.dtype = dtype
        }
    }

    /// The tile that the plan is for; nil runs whole branches.
    package let tile: Tile?
    /// Bytes of the parameters.
    package let weightBytes: Int
    /// Bytes of all gradients together.
    package let gradientBytes: Int
    /// Bytes of AdamW's two moments.
    package let optimizerBytes: Int
    /// Bytes of the pairs that `dr2net` keeps, one a stage.
    package let streamBytes: Int
    /// Bytes of the exact arithmetic's remainder bits.
    package let remainderBytes: Int
    /// Bytes of the tensors that `checkpointed` keeps, one a block.
    package let checkpointBytes: Int
    /// Bytes that are live once the forward pass is done, the features among them.
    package let forwardBytes: Int
    /// The most bytes that are live at once.
    package let peakPredictedBytes: Int

    /// What the peak holds beside the parts above: one branch's own, or the whole conventional
    /// tape.
    package var transientBytes: Int {
        max(
            0,
            peakPredictedBytes - weightBytes - gradientBytes - optimizerBytes - streamBytes
                - remainderBytes - checkpointBytes)
    }

    /// The plan of a step: forward, backward of a loss on the features, AdamW.
    ///
    /// - Parameters:
    ///   - network: The shapes.
    ///   - way: How the stages run.
    ///   - tile: Slices of `checkpointed` and `dr2net`.
    ///   - isTraining: Whether drop path draws.
    ///   - optimizer: What it keeps.
    package init(
        _ network: Network, way: FinetuningWay, tile: Tile? = nil, isTraining: Bool = true,
        optimizer: OptimizerFootprint = OptimizerFootprint()
    ) {
        var step = StepSimulation(
            network, way: way, tile: tile, isTraining: isTraining, optimizer: optimizer)
        step.run()
        self.tile = tile
        weightBytes = step.weights
        gradientBytes = optimizer.keepsGradients ? step.trained : 0
        optimizerBytes = step.moments
        streamBytes = step.streams
        remainderBytes = step.remainders
        checkpointBytes = step.checkpoints
        forwardBytes = step.afterForward
        peakPredictedBytes = step.peak
    }

    /// The plan with the largest tile that fits.
    ///
    /// Whole branches where they fit, else a power of two of tokens. A branch that works on whole
    /// samples takes as many as a tile holds, one at least.
    ///
    /// - Parameter peak: The bytes of a step by a plan: more than the plan's own, where other layers
    ///   take part in it.
    /// - Throws: ``MemoryBudgetError`` with the least budget that would do.
    package static func fitting(
        budget: Int, _ network: Network, way: FinetuningWay, isTraining: Bool = true,
        optimizer: OptimizerFootprint = OptimizerFootprint(),
        peak: (MemoryPlan) -> Int = \.peakPredictedBytes
    ) throws(MemoryBudgetError) -> MemoryPlan {
        func plan(_ tile: Tile?) -> MemoryPlan {
            MemoryPlan(
                network, way: way, tile: tile, isTraining: isTraining,
                optimizer: optimizer)
        }
        let whole = plan(nil)
        var least = peak(whole)
        if least <= budget { return whole }
        let hasTiles: Bool
        switch way {
        case .conventional, .frozen: hasTiles = false
        case .checkpointed, .dr2net: hasTiles = true
        }
        if hasTiles {
            // Other layers run in slices of the standard tile where the branches are whole.
            let tokens = max(
                Tile.standard.tokens - 1,
                network.samples * (network.stages.map(\.tokens).max() ?? 1))
            var size = 1 << max(0, Int.bitWidth - 1 - tokens.leadingZeroBitCount)
            while size >= smallestTile {
                let plan = plan(Tile(tokens: size)), bytes = peak(plan)
                if bytes <= budget { return plan }
                least = min(least, bytes)
                size /= 2
            }
        }
        throw MemoryBudgetError(budget: budget, least: least, hasTiles: hasTiles)
    }

    /// The largest tile that fits a budget; nil where whole branches do.
    ///
    /// - Throws: ``MemoryBudgetError`` with the least budget that would do.
    package static func tile(
        fitting budget: Int, _ network: Network, way: FinetuningWay, isTraining: Bool = true,
        optimizer: OptimizerFootprint = OptimizerFootprint(),
        peak: (MemoryPlan) -> Int = \.peakPredictedBytes
    ) throws(MemoryBudgetError) -> Tile? {
        try fitting(
            budget: budget, network, way: way, isTraining: isTraining, optimizer: optimizer,
            peak: peak
        ).tile
    }

    /// Tokens of the smallest tile that is planned; below, time grows and memory doesn't shrink.
    package static let smallestTile = 16
}
