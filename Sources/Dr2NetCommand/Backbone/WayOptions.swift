// SPDX-License-Identifier: Apache-2.0
public import ArgumentParser
import Console
import Reversible
import Tensors

extension FinetuningWay.Name: ExpressibleByArgument {}
extension CoefficientPolicy.Name: ExpressibleByArgument {}
extension ReversalArithmetic: ExpressibleByArgument {}

/// How the residual stages are run.
struct WayOptions: ParsableArguments {
    @Option(help: "Way of finetuning.")
    var way = FinetuningWay.Name.conventional

    @Option(help: "Policy of the coefficients, at its start. (dr2net only; default: balanced)")
    var policy: CoefficientPolicy.Name?

    @Option(help: "Weight α of the pretrained residual, 0 to 2. (dr2net only, with --beta)")
    var alpha: Double?

    @Option(
        name: .long, parsing: .unconditional,
        help: "Weight β of the reversible residual, -1 to 1 without 0. (dr2net only)")
    var beta: Double?

    @Option(help: "Weight c of every branch. (dr2net only, with --alpha and --beta; default: 1)")
    var branchScale: Double?

    @Option(help: "Arithmetic of the reversal. (dr2net only; default: exact)")
    var arithmetic: ReversalArithmetic?

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
            for (name, value, range) in [
                ("--alpha", alpha, StreamCoefficients.alphas),
                ("--beta", beta, StreamCoefficients.betas),
                ("--branch-scale", branchScale ?? 1, StreamCoefficients.branches),
            ] where !range.contains(value) || name == "--beta" && value == 0 {
                throw ValidationError(
                    "\(name) \(value): expected \(NumberText.short(range.lowerBound)) to "
                        + NumberText.short(range.upperBound)
                        + (name == "--beta" ? " without 0" : ""))
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
        return policy.flatMap { CoefficientPolicy(published: $0) } ?? .default
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
        FinetuningWay(way, plan, arithmetic ?? .exact)
    }
}
