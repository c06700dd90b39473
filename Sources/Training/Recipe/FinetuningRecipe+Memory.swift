// SPDX-License-Identifier: Apache-2.0
package import Backbones
import Console
package import Files
package import Layers
package import Optimizers
package import Reversible
import Tensors

extension FinetuningRecipe {
    /// The largest tile with which a step of the backbone fits the recipe's budget beside the
    /// other layers' weights, gradients and optimizer state; the recipe's own tile without one.
    ///
    /// - Parameters:
    ///   - backbone: The network.
    ///   - inputShape: Of one forward pass.
    ///   - others: What is trained beside the backbone.
    ///   - otherBytes: What the others keep in a step beside their parameters' bytes.
    ///   - optimizer: Says whether averages of the weights and all gradients are kept.
    ///   - advice: What the user can make smaller, for the error.
    /// - Throws: Where no tile fits.
    package func tile(
        _ backbone: any Backbone, inputShape: [Int], others: [any Module], otherBytes: Int = 0,
        optimizer: AdamW.Settings, advice: String
    ) throws(InputError) -> Tile? {
        try tile(
            backbone.memoryShape(inputShape, dtype: .float32),
            others: (
                others.reduce(0) { $0 + $1.parameterCount },
                others.reduce(0) { $0 + $1.trainableCount }
            ), optimizer: optimizer, advice: advice
        ) { $0.peakPredictedBytes + otherBytes }
    }

    /// The same for a network's stages alone.
    ///
    /// - Parameters:
    ///   - network: The stages and a batch.
    ///   - way: How the stages run; the recipe's where nil.
    ///   - others: Scalars of the parameters beside the network's, and of those that train.
    ///   - peak: The bytes of a step by a plan of the stages, without what those parameters take.
    package func tile(
        _ network: @autoclosure () -> MemoryPlan.Network, way running: FinetuningWay? = nil,
        others: (parameters: Int, trained: Int), optimizer: AdamW.Settings, advice: String,
        peak: (MemoryPlan) -> Int
    ) throws(InputError) -> Tile? {
        guard let budget = memoryBudget else { return tile }
        let network = network()
        let beside = bytes(beside: network, others, optimizer)
        do {
            return try MemoryPlan.tile(
                fitting: budget - beside, network,
                way: running ?? training(step: 0, key: RandomKey(seed: 0)),
                optimizer: optimizer.footprint, peak: peak)
        } catch {
            throw InputError(
                "memoryBudget \(ByteSize.text(budget)): a step needs at least "
                    + "\(ByteSize.text(error.least + beside, rounded: .up)) counted; raise the budget"
                    + (way == .dr2net ? " or \(advice)" : ", \(advice), or way: dr2net"))
        }
    }

    /// What ``tile(_:way:others:optimizer:advice:peak:)`` gives, and the bytes that a step counts at
    /// its highest point with it.
    package func plannedStep(
        _ network: MemoryPlan.Network, way running: FinetuningWay? = nil,
        others: (parameters: Int, trained: Int), optimizer: AdamW.Settings, advice: String,
        peak: (MemoryPlan) -> Int
    ) throws(InputError) -> (tile: Tile?, bytes: Int) {
        let tile = try tile(
            network, way: running, others: others, optimizer: optimizer, advice: advice,
            peak: peak)
        let plan = MemoryPlan(
            network, way: running ?? training(step: 0, key: RandomKey(seed: 0)), tile: tile,
            optimizer: optimizer.footprint)
        return (tile, peak(plan) + bytes(beside: network, others, optimizer))
    }

    /// What the parameters beside a network's stages take, and the averages of all.
    private func bytes(
        beside network: MemoryPlan.Network, _ others: (parameters: Int, trained: Int),
        _ optimizer: AdamW.Settings
    ) -> Int {
        let averages = others.trained + (way == .frozen ? 0 : network.trained)
        return 4 * others.parameters + optimizer.footprint.bytes(others.trained)
            + (optimizer.averageDecay > 0 ? 4 * averages : 0)
    }
}
