// SPDX-License-Identifier: Apache-2.0
package import Files
package import Recipes
package import Reversible
package import Tensors

/// How the backbone is finetuned: the recipe's `way`, `dr2net`, `tile` and `memoryBudget`.
package struct FinetuningRecipe: Sendable {
    /// The way.
    package var way: FinetuningWay.Name
    /// The coefficient policy of `dr2net`.
    package var policy: CoefficientPolicy
    /// The arithmetic of `dr2net`.
    package var arithmetic: ReversalArithmetic
    /// Slices of `checkpointed` and `dr2net`.
    package var tile: Tile
    private var periodShare = 0.0
    /// The bytes that a step may count at its peak; the tile is chosen to fit.
    package var memoryBudget: Int?

    /// Reads and checks the keys.
    ///
    /// The update period is a share of the steps in which the backbone trains: see
    /// ``setBackboneSteps(_:)``.
    package init(_ reader: RecipeReader) throws(InputError) {
        way = try reader.value("way", default: FinetuningWay.Name.dr2net)
        tile = Tile(
            tokens: try reader.value("tile", default: Tile.standard.tokens, in: 1...(1 << 40)))
        memoryBudget = try reader.optionalBytes("memoryBudget")
        let section = try reader.section("dr2net")
        let name = try section.value("policy", default: CoefficientPolicy.Name.balanced)
        arithmetic = try section.value("arithmetic", default: ReversalArithmetic.exact)
        switch name {
        case .paper:
            policy = try FinetuningRecipe.paper(section)
            periodShare = try section.value("period", default: 0.5, in: 0...1)
        case .balanced:
            let start = try section.value(
                "betaStart", default: 1.0 / 16, in: StreamCoefficients.betas)
            let end = try section.value("betaEnd", default: start, in: StreamCoefficients.betas)
            for (key, beta) in [("betaStart", start), ("betaEnd", end)] where beta == 0 {
                throw section.error(key, "is 0; expected a β in [-1, 1] other than 0")
            }
            policy = .balanced(
                start: start, end: end, period: 0)
            periodShare = try section.value("period", default: 0.5, in: 0...1)
        case .hard: policy = .hard
        case .momentum:
            policy = .momentum(try section.value("gamma", default: 0.9, in: 1e-3...0.999))
        case .bdia:
            policy = .bdia(magnitude: try section.value("gamma", default: 0.5, in: 1e-3...1))
        case .fixed:
            let beta = try section.value(
                "beta", default: 1.0 / 16, in: StreamCoefficients.betas)
            guard beta != 0 else {
                throw section.error("beta", "is 0; expected a β in [-1, 1] other than 0")
            }
            policy = .fixed(
                StreamCoefficients(
                    alpha: try section.value(
                        "alpha", default: 1 - beta, in: StreamCoefficients.alphas),
                    beta: beta,
                    branch: try section.value(
                        "branchScale", default: 1, in: StreamCoefficients.branches)))
        }
    }

    /// Sets the policy's update period, once the run's length is known.
    ///
    /// - Parameter count: Steps in which the backbone trains.
    mutating func setBackboneSteps(_ count: Int) {
        policy = policy.withPeriod(Int((periodShare * Double(max(0, count))).rounded()))
    }

    /// Forward passes that a step of the backbone is about as long as; nil where none trains it.
    ///
    /// A backward pass counts twice a forward one, the recomputation in it once.
    package var passes: Double? {
        switch way {
        case .frozen: nil
        case .conventional: 3
        case .checkpointed, .dr2net: 4
        }
    }

    /// How a training step is run.
    ///
    /// - Parameters:
    ///   - step: Steps since the backbone began to train.
    ///   - key: The step's key.
    package func training(step: Int, key: RandomKey) -> FinetuningWay {
        FinetuningWay(way, policy.plan(step: step, key: key), arithmetic)
    }

    /// How the network is evaluated after `step` such steps.
    package func evaluation(step: Int) -> FinetuningWay {
        way == .dr2net ? .dr2net(policy.evaluationPlan(step: step), arithmetic) : .frozen
    }

    private static func paper(_ section: RecipeReader) throws(InputError) -> CoefficientPolicy {
        let start = ScheduleShape.Pair(
            alpha: try section.value("alphaStart", default: 1, in: StreamCoefficients.alphas),
            beta: try section.value("betaStart", default: 0.1, in: 1e-4...1))
        let end = ScheduleShape.Pair(
            alpha: try section.value("alphaEnd", default: 0, in: StreamCoefficients.alphas),
            beta: try section.value("betaEnd", default: 1, in: 1e-4...1))
        let shape = try section.choice(
            "shape", default: "linear", among: ["linear", "staircase", "cosine", "list"])
        switch shape {
        case "staircase":
            let updates = try section.value("updates", default: 10, in: 1...1_000_000)
            return .paper(
                start: start, end: end, period: 0, shape: .staircase(updates: updates))
        case "cosine":
            return .paper(start: start, end: end, period: 0, shape: .cosine)
        case "list":
            let alphas = try section.value("alphas", default: [1, 0], in: 0...2)
            let betas = try section.value(
                "betas", default: [0.1, 1], in: 1e-4...1, count: alphas.count)
            let pairs = zip(alphas, betas).map { ScheduleShape.Pair(alpha: $0, beta: $1) }
            return .paper(start: start, end: end, period: 0, shape: .list(pairs))
        default:
            return .paper(start: start, end: end, period: 0, shape: .linear)
        }
    }
}
