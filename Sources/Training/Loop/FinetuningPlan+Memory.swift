// SPDX-License-Identifier: Apache-2.0
package import Autodiff
import Console
import Files
import Layers
package import Optimizers
package import Reversible
import Tensors

extension FinetuningPlan {
    /// A step in which the backbone trains, walked dry with the largest tile that fits the recipe's
    /// budget, or with the recipe's own tile without one.
    ///
    /// - Parameters:
    ///   - groups: The parameters.
    ///   - advice: What the user can make smaller, for the error.
    ///   - loss: The loss of a step at a position, as the context says; its samples are placeholders.
    /// - Throws: Where no tile fits, with what other options would save.
    package func memoryPlan(
        _ groups: [RoleGroup], advice: String,
        loss: (StepPosition, Context) throws -> Variable
    ) throws -> MemoryPlan {
        func walk(_ tile: Tile?, _ settings: AdamW.Settings) throws -> MemoryPlan {
            try self.walk(groups, tile, settings, loss)
        }
        let settings = training.optimizer
        guard let budget = finetuning.memoryBudget else {
            return try walk(finetuning.tile, settings)
        }
        let hasTiles = finetuning.way != .conventional && finetuning.way != .frozen
        do {
            return try MemoryPlan.fitting(budget: budget, hasTiles: hasTiles) {
                try walk($0, settings)
            }
        } catch let error as MemoryBudgetError {
            let savings = try savings(error, groups, walk)
            throw InputError(
                "memoryBudget \(ByteSize.text(budget)): a step needs at least "
                    + "\(ByteSize.text(error.least, rounded: .up)) counted; raise the budget"
                    + (finetuning.way == .dr2net ? " or \(advice)" : ", \(advice), or way: dr2net")
                    + savings.map { "; \($0.option) saves \(ByteSize.text($0.bytes))" }.joined())
        }
    }

    /// How the backbone is run in a forward pass, as it is evaluated until it trains.
    func way(_ position: StepPosition, key: RandomKey) -> FinetuningWay {
        position.isBackboneTrained
            ? way(at: position.step, key: key) : evaluationWay(after: position.step + 1)
    }

    /// A step whose remainders take the most bytes, with what trains by then.
    private func walk(
        _ groups: [RoleGroup], _ tile: Tile?, _ settings: AdamW.Settings,
        _ loss: (StepPosition, Context) throws -> Variable
    ) throws -> MemoryPlan {
        let step = heaviestStep, key = key(step: step, microBatch: 0)
        let trains =
            finetuning.way != .frozen && training.learningRates[.backbone, default: 0] > 0
            && groups.contains { $0.role == .backbone && $0.trains }
        let position = StepPosition(
            step: step, epoch: 0, microBatch: 0, isBackboneTrained: trains)
        return try MemoryPlan(
            training.optimizerGroups(groups), settings: settings, tile: tile,
            passes: training.accumulation, key: key
        ) { _, context in
            try loss(position, context.running(way(position, key: key), tile: tile))
        }
    }

    /// The step with the smallest |β|, whose division leaves the most bits behind.
    private var heaviestStep: Int {
        let first = min(training.backboneStart, totalSteps - 1)
        let period = finetuning.policy.withPeriod(0) == finetuning.policy ? first + 1 : totalSteps
        func bits(_ step: Int) -> Int {
            StreamRemainder.bits(beta: coefficients(step: step)?.beta ?? 1)
        }
        return (first..<period).max { bits($0) < bits($1) } ?? first
    }

    /// What other options would take off the least that a step needs.
    private func savings(
        _ error: MemoryBudgetError, _ groups: [RoleGroup],
        _ walk: (Tile?, AdamW.Settings) throws -> MemoryPlan
    ) throws -> [MemoryBudgetError.Saving] {
        var savings: [MemoryBudgetError.Saving] = []
        func add(_ option: String, _ settings: AdamW.Settings) throws {
            let bytes = error.least - (try walk(error.tile, settings).peakPredictedBytes)
            if bytes > 0 { savings.append(.init(option, bytes: bytes)) }
        }
        var settings = training.optimizer
        if !settings.updatesInBackward, training.accumulation == 1 {
            let clips = settings.clipNorm > 0
            (settings.updatesInBackward, settings.clipNorm) = (true, 0)
            try add(
                "optimizer.inBackward: true" + (clips ? " with clipNorm: 0" : ""), settings)
        }
        settings = training.optimizer
        if settings.moments == .full {
            settings.moments = .blocks
            try add("optimizer.momentBits: 8", settings)
        }
        // The first half of the backbone's blocks, and what comes before them.
        let entries = groups.filter { $0.role == .backbone }.flatMap(\.entries)
        let factors = LayerDecay.factors(entries.map(\.name), decay: 0.5)
        let early = zip(entries, factors).filter {
            $1 * $1 < (factors.min() ?? 1) && $0.parameter.isTrainable
        }.map(\.0.parameter)
        guard !early.isEmpty, finetuning.way != .frozen else { return savings }
        for parameter in early { parameter.isTrainable = false }
        defer { for parameter in early { parameter.isTrainable = true } }
        try add("optimizer.freeze of the first half of the backbone's blocks", training.optimizer)
        return savings
    }
}

extension RoleGroup {
    /// Whether a parameter of the group trains.
    fileprivate var trains: Bool { entries.contains(where: \.parameter.isTrainable) }
}

extension TrainingTask {
    /// A step of the task in which the backbone trains, walked dry; see
    /// `FinetuningPlan.memoryPlan(_:advice:loss:)`.
    package func memoryPlan(advice: String) throws -> MemoryPlan {
        let samples = plan.samples(step: 0, microBatch: 0)
        return try plan.memoryPlan(parameterGroups, advice: advice) { position, context in
            try losses(samples: samples, position: position, context: context).total
        }
    }

    /// The largest tile with which a step fits the recipe's budget; the recipe's own without one.
    ///
    /// - Throws: Where no tile fits.
    package func fittingTile(advice: String) throws -> Tile? {
        plan.finetuning.memoryBudget == nil
            ? plan.finetuning.tile : try memoryPlan(advice: advice).tile
    }
}
