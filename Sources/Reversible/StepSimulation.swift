// SPDX-License-Identifier: Apache-2.0
import Tensors

/// Walks through a training step and notes the highest number of live bytes.
///
/// Mirrors the code of `Stage`, one method a way; all sizes in bytes.
struct StepSimulation {
    let network: MemoryPlan.Network
    let way: FinetuningWay
    let tile: Tile?
    let isTraining: Bool
    let optimizer: OptimizerFootprint
    /// Of the weights, of those that train, and of their moments.
    let weights: Int, trained: Int, moments: Int
    private let trains: Bool
    /// The first stage that the backward pass reaches, and its first branch.
    private let lowest: (stage: Int, branch: Int)
    private(set) var streams = 0
    private(set) var remainders = 0
    private(set) var checkpoints = 0
    private(set) var peak = 0
    /// What is live between forward and backward.
    private(set) var afterForward = 0

    /// What is live now.
    private var live = 0

    init(
        _ network: MemoryPlan.Network, way: FinetuningWay, tile: Tile?, isTraining: Bool,
        optimizer: OptimizerFootprint
    ) {
        self.network = network
        self.way = way
        self.tile = tile
        self.isTraining = isTraining
        self.optimizer = optimizer
        weights = network.parameters * network.dtype.byteSize
        trains = way != .frozen
        trained = trains ? network.trained * network.dtype.byteSize : 0
        moments = trains ? optimizer.momentBytes(network.trained, network.dtype) : 0
        lowest = StepSimulation.lowest(network, way)
    }

    /// Where the backward pass ends: at the first layer that trains.
    private static func lowest(_ network: MemoryPlan.Network, _ way: FinetuningWay)
        -> (stage: Int, branch: Int)
    {
        if network.reachesEmbedding { return (0, 0) }
        for (index, plan) in network.stages.enumerated() {
            if let branch = plan.footprints.firstIndex(where: { $0.parameters > 0 }) {
                let block = plan.stage.branchesPerBlock
                return (index, way == .checkpointed ? branch / block * block : branch)
            }
            if index < network.transitions.count, network.transitions[index].parameters > 0 {
                return (index, plan.stage.branches.count)
            }
        }
        return (network.stages.count, 0)
    }

    /// The first branch of a stage that the backward pass reaches; nil where it ends above.
    private func lowestBranch(stage: Int) -> Int? {
        stage < lowest.stage ? nil : stage == lowest.stage ? lowest.branch : 0
    }

    private var size: Int { network.dtype.byteSize }

    private mutating func touch(_ extra: Int = 0) { peak = max(peak, live + extra) }

    /// Bytes of a stage's tokens, all samples.
    private func activation(_ plan: StagePlan) -> Int {
        network.samples * plan.tokens * plan.width * size
    }

    /// Bytes of a stage's side input, 0 where it has none; the same as of its gradient, and of
    /// the sum that a branch takes.
    private func sideBytes(_ plan: StagePlan) -> Int {
        plan.stage.takesSide ? activation(plan) : 0
    }

    /// Bytes of the exact streams of a stage; values far beyond the usual take twice that.
    private func pairBytes(_ plan: StagePlan) -> Int {
        FixedPointPair.byteCount(network.samples * plan.tokens * plan.width, network.dtype)
    }

    mutating func run() {
        live = weights + moments + network.inputs * size
        touch(network.embedding.forward * size)
        if trains && network.reachesEmbedding && keeps(network.embedding) {
            live += network.embedding.kept * size
        }
        for (index, plan) in network.stages.enumerated() {
            if index > 0 {
                enter(
                    network.transitions[index - 1], from: network.stages[index - 1],
                    isReached: index - 1 >= lowest.stage)
            }
            forward(
                plan, lowest: lowestBranch(stage: index), isLast: index == network.stages.count - 1)
        }
        afterForward = live
        guard trains else { return }
        for (index, plan) in network.stages.enumerated().reversed() {
            guard let branch = lowestBranch(stage: index) else { return }
            backward(plan, lowest: branch, isLast: index == network.stages.count - 1)
            if index > lowest.stage {
                leave(network.transitions[index - 1], to: network.stages[index - 1])
            }
        }
        guard network.reachesEmbedding else { return }
        let embedding = network.embedding
        let held = keeps(embedding) ? embedding.kept + embedding.output : 0
        touch((embedding.backward + embedding.gradientsAtPeak - held) * size)
    }

    // MARK: Layers between stages

    /// Whether the tape holds what layers need, rather than computing it again.
    private func keeps(_ layers: LayerFootprint) -> Bool {
        way == .conventional || !layers.recomputes
    }

    /// Whether the stage's output, which the layers behind it take, is computed from the streams.
    private var rebuildsOutputs: Bool {
        if case .dr2net(_, .exact) = way { true } else { false }
    }

    /// The layers behind a stage, forwards; their output is added by the next stage.
    private mutating func enter(
        _ layers: LayerFootprint, from plan: StagePlan, isReached: Bool
    ) {
        let e = activation(plan), units = layers.unitsOfSlice(way == .conventional ? nil : tile)
        let isCut = units < layers.units.count
        let own = layers.forward * units / layers.units.count + (isCut ? layers.output : 0)
        touch(own * size + (rebuildsOutputs ? e * units / layers.units.count : 0))
        switch way {
        case _ where !isReached: live -= e
        case .frozen, .dr2net(_, .exact): live -= e
        case .conventional: live += layers.kept * size - e
        case .checkpointed, .dr2net(_, .float): break
        }
    }

    /// The layers behind a stage, backwards: live with the gradient by their output before, with
    /// the gradient by their input after.
    private mutating func leave(_ layers: LayerFootprint, to plan: StagePlan) {
        let e = activation(plan)
        if way == .conventional {
            touch(
                (layers.backward + layers.gradientsAtPeak - layers.kept - layers.output) * size)
            live += e - layers.kept * size
        } else {
            let units = layers.unitsOfSlice(tile), isCut = units < layers.units.count
            // The first slice's gradients are there when a further one makes its own.
            let own =
                layers.backward * units / layers.units.count + layers.gradientsAtPeak
                + (isCut ? layers.parameters : 0)
            touch(
                own * size + (isCut ? e : 0)
                    + (rebuildsOutputs ? e * units / layers.units.count : 0))
            if rebuildsOutputs { live += e }
        }
        live += ((optimizer.keepsGradients ? layers.parameters : 0) - layers.output) * size
    }

    // MARK: Forward

    /// Adds what the stage keeps to the live bytes, with its output.
    ///
    /// - Parameter lowest: The first branch that the backward pass reaches; nil for a stage below.
    private mutating func forward(_ plan: StagePlan, lowest: Int?, isLast: Bool) {
        let first = lowest ?? plan.stage.branches.count
        let e = activation(plan), side = sideBytes(plan)
        live += e + side
        touch()
        let start = live
        switch way {
        case .conventional:
            for (index, branch) in plan.stage.branches.enumerated() {
                guard index >= first else {
                    touchUnrecorded(plan, index)
                    continue
                }
                let footprint = branch.footprint(plan.tokens)
                let kept = footprint.keptScalars(whole(plan, branch)) * size
                touch(forwardBytes(plan, branch) + (branch.takesSide ? side : 0))
                live += kept + e
                touch(e)
            }
            // The tape keeps the sums, not what was added.
            live -= side
        case .frozen:
            for index in plan.stage.branches.indices { touchUnrecorded(plan, index) }
            live = start - side
        case .checkpointed:
            for index in plan.stage.branches.indices {
                touchUnrecorded(plan, index)
                // The input of the first block kept is the tokens counted already.
                if index >= first && index % plan.stage.branchesPerBlock == 0 {
                    checkpoints += e
                    live += index == first ? 0 : e
                }
            }
            live += lowest == nil ? -side : first < plan.stage.branches.count ? e : 0
        case .dr2net(let coefficients, .exact):
            let pair = pairBytes(plan)
            streams += lowest == nil ? 0 : pair
            live += pair
            var dropped = lowest == nil ? pair + side : 0
            for (index, branch) in plan.stage.branches.enumerated() {
                let packed = remainderBytes(plan, coefficients, index)
                live += packed
                if index >= first { remainders += packed } else { dropped += packed }
                let part = part(plan, branch) ?? whole(plan, branch)
                touch(
                    part.tokens * plan.width * size
                        + branch.footprint(plan.tokens).forwardScalars(part) * size)
            }
            if isLast { touch(e) }
            live -= dropped
        // The stage's input is dropped, its output stays for the layer behind.
        case .dr2net(_, .float):
            streams += lowest == nil ? 0 : 2 * e
            for branch in plan.stage.branches {
                touch(max(forwardBytes(plan, branch) + 2 * e, 4 * e) + side)
            }
            live += lowest == nil ? -side : 2 * e
        }
    }

    /// A branch whose result is added without a tape.
    private mutating func touchUnrecorded(_ plan: StagePlan, _ index: Int) {
        let e = activation(plan)
        touch(
            max(forwardBytes(plan, plan.stage.branches[index]), 2 * e) + (index == 0 ? 0 : e)
                + sideBytes(plan))
    }

    /// F without a tape, with its output.
    private func forwardBytes(_ plan: StagePlan, _ branch: Branch) -> Int {
        let footprint = branch.footprint(plan.tokens)
        guard let part = part(plan, branch) else {
            return footprint.forwardScalars(whole(plan, branch)) * size
        }
        // Rows of groups are gathered, others are a view.
        return activation(plan) + footprint.forwardScalars(part) * size
            + gathered(plan, branch, part)
    }

    /// All tokens as one part.
    private func whole(_ plan: StagePlan, _ branch: Branch) -> BranchFootprint.Part {
        var part = BranchFootprint.Part(tokens: network.samples * plan.tokens)
        if case .groups(let groups) = branch.unit {
            part.groups = network.samples * groups.count
            part.padded = part.groups * groups.capacity
        }
        return part
    }

    /// The largest tile of a branch, nil where one holds all.
    private func part(_ plan: StagePlan, _ branch: Branch) -> BranchFootprint.Part? {
        guard let tile else { return nil }
        let all = network.samples * plan.tokens
        switch branch.unit {
        case .token:
            return tile.tokens >= all ? nil : .init(tokens: tile.tokens)
        case .sample:
            let samples = max(1, tile.tokens * network.samples / max(1, all))
            return samples >= network.samples ? nil : .init(tokens: samples * plan.tokens)
        case .groups(let groups):
            let count = network.samples * groups.count, step = tile.groups(of: groups.capacity)
            if step >= count { return nil }
            let most = stride(from: 0, to: count, by: step).map {
                groups.rowCount($0..<min(count, $0 + step))
            }.max()
            return .init(tokens: most ?? 0, groups: step, padded: step * groups.capacity)
        }
    }

    /// The copy of a part's rows, where rows of groups are gathered.
    private func gathered(_ plan: StagePlan, _ branch: Branch, _ part: BranchFootprint.Part)
        -> Int
    {
        guard case .groups = branch.unit else { return 0 }
        return part.tokens * plan.width * size
    }

    private func remainderBytes(_ plan: StagePlan, _ coefficients: CoefficientPlan, _ index: Int)
        -> Int
    {
        let groups = plan.tokens * ((plan.width + 7) / 8)
        return (0..<network.samples).reduce(0) { sum, sample in
            let beta = coefficients.coefficients(branch: index, sample: sample).beta
            return sum + groups * StreamRemainder.bits(beta: beta)
        }
    }

    // MARK: Backward

    private mutating func backward(_ plan: StagePlan, lowest: Int, isLast: Bool) {
        let e = activation(plan), side = sideBytes(plan)
        // The gradient by the side input, which stays for the layers that made it.
        live += side
        if isLast {
            // The features, which the loss holds, and the gradient by them.
            live += e
            touch(2 * e)
        }
        // The stage's output goes, the gradient by it comes.
        touch()
        for index in (lowest..<plan.stage.branches.count).reversed() {
            let branch = plan.stage.branches[index]
            let footprint = branch.footprint(plan.tokens)
            switch way {
            case .conventional:
                // The tape's tensors are live already; F's output isn't among them.
                let part = whole(plan, branch)
                let kept = footprint.keptScalars(part)
                let extra =
                    footprint.backwardScalars(part) - kept + footprint.gradientsAtPeak
                touch(extra * size - e + (branch.takesSide ? side : 0))
                live -= kept * size + e
            case .frozen: break
            case .checkpointed:
                let place = index % plan.stage.branchesPerBlock
                if place == plan.stage.branchesPerBlock - 1
                    || index + 1 == plan.stage.branches.count
                {
                    for before in 0..<place {
                        touch(
                            before * e
                                + max(
                                    2 * e,
                                    forwardBytes(
                                        plan,
                                        plan.stage.branches[index - place + before])))
                    }
                }
                // The sum that F takes, and this block's own gradient by the side input.
                touch(
                    place * e + 2 * side + pullbackBytes(plan, branch, footprint)
                        + slopeBytes(branch, e))
                if place == 0 && index > lowest { live -= e }
            case .dr2net(let coefficients, .exact):
                let tiled = part(plan, branch), part = tiled ?? whole(plan, branch)
                // The first tile's gradients are there when a further one makes its own.
                let gradients =
                    (tiled == nil ? 0 : footprint.parameters) + footprint.gradientsAtPeak
                // The other gradient, and a tile of the stream and of the gradient by F.
                touch(
                    e + 2 * part.tokens * plan.width * size
                        + (footprint.backwardScalars(part) + gradients) * size)
                live -= remainderBytes(plan, coefficients, index)
            case .dr2net(_, .float):
                touch(
                    2 * e + side + max(pullbackBytes(plan, branch, footprint), 4 * e)
                        + slopeBytes(branch, e))
            }
            if optimizer.keepsGradients { live += footprint.parameters * size }
        }
        switch way {
        case .dr2net(_, .exact): live -= pairBytes(plan) + side
        case .dr2net(_, .float): live -= 2 * e + side
        case .checkpointed: live -= e + side
        default: break
        }
    }

    /// A gradient scaled by drop path's factors.
    private func slopeBytes(_ branch: Branch, _ e: Int) -> Int {
        isTraining && branch.dropPathRate > 0 ? e : 0
    }

    /// F on a tape and its backward, with F's output and the gradient by its input.
    private func pullbackBytes(
        _ plan: StagePlan, _ branch: Branch, _ footprint: BranchFootprint
    ) -> Int {
        guard let part = part(plan, branch) else {
            return
                (footprint.backwardScalars(whole(plan, branch)) + footprint.gradientsAtPeak) * size
        }
        // The first tile's gradients are there when a further one makes its own.
        let gradients = footprint.parameters + footprint.gradientsAtPeak
        return 2 * activation(plan) + (footprint.backwardScalars(part) + gradients) * size
            + 2 * gathered(plan, branch, part)
    }
}
