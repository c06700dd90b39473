// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import Reversible
import Tensors

/// How the residual stages are run.
struct WayOptions: ParsableArguments {
    @Option(help: "Way of finetuning.")
    var way = WayName.conventional

    @Option(help: "Policy of the coefficients, at its start. (dr2net only; default: balanced)")
    var policy: PolicyName?

    @Option(help: "Weight α of the pretrained residual, 0 to 2. (dr2net only, with --beta)")
    var alpha: Double?

    @Option(
        name: .long, parsing: .unconditional,
        help: "Weight β of the reversible residual, -1 to 1 without 0. (dr2net only)")
    var beta: Double?

    @Option(help: "Weight c of every branch. (dr2net only, with --alpha and --beta; default: 1)")
    var branchScale: Double?

    @Option(help: "Arithmetic of the reversal. (dr2net only; default: exact)")
    var arithmetic: ArithmeticName?

    @Option(help: "Tokens a slice of a branch. (checkpointed and dr2net; default: 2048)")
    var tile: Int?

    func validate() throws {
        if way != .dr2net {
            let given = [
                policy.map { _ in "--policy" }, alpha.map { _ in "--alpha" },
                beta.map { _ in "--beta" }, branchScale.map { _ in "--branch-scale" },
                arithmetic.map { _ in "--arithmetic" },
            ].compactMap(\.self)
            if let first = given.first {
                throw ValidationError("\(first) belongs to --way dr2net, not \(way.rawValue)")
            }
        }
        if let tile, tile < 1 || way == .conventional || way == .frozen {
            throw ValidationError(
                "--tile \(tile): expected 1 token or more, with --way checkpointed or dr2net")
        }
        guard (alpha == nil) == (beta == nil), branchScale == nil || alpha != nil else {
            throw ValidationError("--alpha and --beta come together, --branch-scale with both")
        }
        if let alpha, let beta {
            guard policy == nil || policy == .fixed else {
                throw ValidationError("--alpha and --beta are the policy fixed, not another")
            }
            guard (0...2).contains(alpha) else {
                throw ValidationError("--alpha \(alpha): expected 0 to 2")
            }
            guard (-1...1).contains(beta), beta != 0 else {
                throw ValidationError("--beta \(beta): expected -1 to 1 without 0")
            }
            guard branchScale.map({ (0...4).contains($0) }) ?? true else {
                throw ValidationError("--branch-scale: expected 0 to 4")
            }
        } else if policy == .fixed {
            throw ValidationError("--policy fixed needs --alpha and --beta")
        }
    }

    /// The policy, at its published constants.
    var coefficientPolicy: CoefficientPolicy {
        if let alpha, let beta {
            return .fixed(
                StreamCoefficients(alpha: alpha, beta: beta, branch: branchScale ?? 1))
        }
        return policy?.coefficientPolicy ?? .default
    }

    /// The coefficients of the first training step.
    func trainingPlan(key: RandomKey) -> CoefficientPlan {
        coefficientPolicy.plan(step: 0, key: key)
    }

    /// The way of a training step.
    func trainingWay(key: RandomKey) -> FinetuningWay { finetuningWay(trainingPlan(key: key)) }

    /// The way at which the network is evaluated.
    var evaluationWay: FinetuningWay { finetuningWay(coefficientPolicy.evaluationPlan(step: 0)) }

    /// The pair to report; nil for other ways than dr2net.
    func pair(key: RandomKey) -> (alpha: Double, beta: Double)? {
        way == .dr2net ? trainingPlan(key: key).pair : nil
    }

    /// The slices.
    var slices: Tile? {
        switch way {
        case .conventional, .frozen: nil
        case .checkpointed, .dr2net: tile.map { Tile(tokens: $0) } ?? .standard
        }
    }

    private func finetuningWay(_ plan: CoefficientPlan) -> FinetuningWay {
        switch way {
        case .conventional: .conventional
        case .checkpointed: .checkpointed
        case .frozen: .frozen
        case .dr2net: .dr2net(plan, arithmetic == .float ? .float : .exact)
        }
    }
}

/// The ways by name.
enum WayName: String, ExpressibleByArgument, CaseIterable {
    case conventional, checkpointed, frozen, dr2net
}

/// The arithmetics by name.
enum ArithmeticName: String, ExpressibleByArgument, CaseIterable {
    case exact, float
}

/// The policies by name.
enum PolicyName: String, ExpressibleByArgument, CaseIterable {
    case paper, balanced, hard, momentum, bdia, fixed

    /// The policy at its published constants; nil for `fixed`, which has none.
    var coefficientPolicy: CoefficientPolicy? {
        switch self {
        case .paper: .paper(period: 1)
        case .balanced: .default
        case .hard: .hard
        case .momentum: .momentum(0.9)
        case .bdia: .bdia(magnitude: 0.5)
        case .fixed: nil
        }
    }
}
