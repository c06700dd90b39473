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
    let weights: Int
    let trains: Bool
    private(set) var streams = 0
    private(set) var remainders = 0
    private(set) var checkpoints = 0
    private(set) var peak = 0

    /// What is live now.
    private var live = 0

    init(_ network: MemoryPlan.Network, way: FinetuningWay, tile: Tile?, isTraining: Bool) {
        self.network = network
        self.way = way
        self.tile = tile
        self.isTraining = isTraining
        weights = network.parameters * network.dtype.byteSize
        trains = way != .frozen
    }

    private var size: Int { network.dtype.byteSize }

    private mutating func touch(_ extra: Int = 0) { peak = max(peak, live + extra) }

    /// Bytes of a stage's tokens, all samples.
    private func activation(_ plan: StagePlan) -> Int {
        network.samples * plan.tokens * plan.width * size
    }

    mutating func run() {
        live = (trains ? 3 : 1) * weights + network.inputs * size
        touch(network.embedding.forward * size)
        for plan in network.stages { forward(plan) }
        guard trains else { return }
        for (index, plan) in network.stages.enumerated().reversed() {
            backward(plan, isLast: index == network.stages.count - 1)
        }
        touch(network.embedding.backward * size)
    }

    // MARK: Forward

    /// Adds what the stage keeps to the live bytes, with its output.
    private mutating func forward(_ plan: StagePlan) {
        let e = activation(plan), tokens = network.samples * plan.tokens
        live += e
        touch()
        let start = live
        switch way {
        case .conventional:
            for footprint in plan.footprints {
                live += footprint.kept * tokens * size + e
                touch(e)
            }
        case .frozen:
            for (index, branch) in plan.stage.branches.enumerated() {
                touch(max(forwardBytes(plan, branch), 2 * e) + (index == 0 ? 0 : e))
            }
            live = start
        case .checkpointed:
            for (index, branch) in plan.stage.branches.enumerated() {
                touch(max(forwardBytes(plan, branch), 2 * e) + (index == 0 ? 0 : e))
                // The input of the first block is the stage's own, counted already.
                if index % plan.stage.branchesPerBlock == 0 {
                    checkpoints += e
                    live += index == 0 ? 0 : e
                }
            }
            live += e
        case .dr2net(let coefficients, .exact):
            let pair = 2 * network.samples * plan.tokens * plan.width * 8
            streams += pair
            live += pair
            for (index, branch) in plan.stage.branches.enumerated() {
                touch(forwardBytes(plan, branch) + e)
                let packed = remainderBytes(plan, coefficients, index)
                remainders += packed
                live += packed
            }
            touch(e)
        // The stage's input is dropped, its output stays for the layer behind.
        case .dr2net(_, .float):
            streams += 2 * e
            for branch in plan.stage.branches {
                touch(max(forwardBytes(plan, branch) + 2 * e, 4 * e))
            }
            live += 2 * e
        }
    }

    /// F without a tape, with its output.
    private func forwardBytes(_ plan: StagePlan, _ branch: Branch) -> Int {
        let footprint = branch.footprint(plan.tokens)
        let all = network.samples * plan.tokens
        guard let part = tileTokens(plan, branch) else {
            return (footprint.forward * all + footprint.scratch.forward) * size
        }
        return activation(plan) + (footprint.forward * part + footprint.scratch.forward) * size
    }

    /// Tokens of one tile of a branch, nil where one tile holds all.
    private func tileTokens(_ plan: StagePlan, _ branch: Branch) -> Int? {
        guard let tile else { return nil }
        let all = network.samples * plan.tokens
        switch branch.unit {
        case .token: return tile.tokens >= all ? nil : tile.tokens
        case .sample:
            let samples = max(1, tile.tokens * network.samples / max(1, all))
            return samples >= network.samples ? nil : samples * plan.tokens
        }
    }

    private func remainderBytes(_ plan: StagePlan, _ coefficients: CoefficientPlan, _ index: Int)
        -> Int
    {
        let groups = (plan.tokens * plan.width + 7) / 8
        return (0..<network.samples).reduce(0) { sum, sample in
            let beta = coefficients.coefficients(branch: index, sample: sample).beta
            return sum + groups * StreamRemainder.bits(beta: beta)
        }
    }

    // MARK: Backward

    private mutating func backward(_ plan: StagePlan, isLast: Bool) {
        let e = activation(plan), tokens = network.samples * plan.tokens
        if isLast {
            // The features, which the loss holds, and the gradient by them.
            live += e
            touch(2 * e)
        }
        // The stage's output goes, the gradient by it comes.
        touch()
        for index in plan.stage.branches.indices.reversed() {
            let branch = plan.stage.branches[index]
            let footprint = branch.footprint(plan.tokens)
            switch way {
            case .conventional:
                // The tape's tensors are live already; F's output isn't among them.
                let extra =
                    (footprint.backward - footprint.kept - plan.width) * tokens
                    + footprint.scratch.backward
                    + footprint.gradientsAtPeak
                touch(extra * size)
                live -= footprint.kept * tokens * size + e
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
                touch(place * e + pullbackBytes(plan, branch, footprint) + slopeBytes(branch, e))
                if place == 0 && index > 0 { live -= e }
            case .dr2net(let coefficients, .exact):
                let scaled = coefficients.coefficients(branch: index, sample: 0).branch != 1
                touch(
                    2 * e + pullbackBytes(plan, branch, footprint)
                        + (scaled ? e : slopeBytes(branch, e)))
                live -= remainderBytes(plan, coefficients, index)
            case .dr2net(_, .float):
                touch(
                    2 * e + max(pullbackBytes(plan, branch, footprint), 4 * e)
                        + slopeBytes(branch, e))
            }
            live += footprint.parameters * size
        }
        switch way {
        case .dr2net(_, .exact): live -= 2 * tokens * plan.width * 8
        case .dr2net(_, .float): live -= 2 * e
        case .checkpointed: live -= e
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
        let all = network.samples * plan.tokens
        guard let part = tileTokens(plan, branch) else {
            return
                (footprint.backward * all + footprint.scratch.backward
                + footprint.gradientsAtPeak) * size
        }
        // The first tile's gradients are there when a further one makes its own.
        let gradients = footprint.parameters + footprint.gradientsAtPeak
        return 2 * activation(plan)
            + (footprint.backward * part + footprint.scratch.backward + gradients) * size
    }
}
