// SPDX-License-Identifier: Apache-2.0
import Reversible
import Tensors
import Testing

@Suite("coefficient policy")
struct CoefficientPolicyTests {
    private func pair(_ policy: CoefficientPolicy, _ step: Int) -> [Double] {
        let pair = policy.plan(step: step).pair
        return [pair.alpha, pair.beta]
    }

    @Test func paperMovesLinearlyFromPretrainedToReversible() {
        let policy = CoefficientPolicy.paper(period: 10)
        #expect(pair(policy, 0) == [1, 0.1])
        #expect(abs(pair(policy, 5)[0] - 0.5) < 1e-12 && abs(pair(policy, 5)[1] - 0.55) < 1e-12)
        #expect(pair(policy, 10) == [0, 1])
        #expect(pair(policy, 1000) == [0, 1])
    }

    @Test func staircaseMovesBetaFirstAndAlphaHalfAPeriodLater() {
        let policy = CoefficientPolicy.paper(
            start: .init(alpha: 1, beta: 0), end: .init(alpha: 0, beta: 1), period: 100,
            shape: .staircase(updates: 10))
        #expect(pair(policy, 0) == [1, 0])
        #expect(abs(pair(policy, 3)[1] - 0.1) < 1e-12 && pair(policy, 3)[0] == 1)
        #expect(abs(pair(policy, 8)[1] - 0.1) < 1e-12 && abs(pair(policy, 8)[0] - 0.9) < 1e-12)
        #expect(pair(policy, 100) == [0, 1])
    }

    @Test func cosineIsFlatAtBothEnds() {
        let policy = CoefficientPolicy.paper(
            start: .init(alpha: 1, beta: 0.1), end: .init(alpha: 0, beta: 1), period: 100,
            shape: .cosine)
        #expect(1 - pair(policy, 1)[0] < 0.001)
        #expect(abs(pair(policy, 50)[0] - 0.5) < 1e-12)
        #expect(pair(policy, 100) == [0, 1])
    }

    @Test func listGivesEachPairAnEqualPart() {
        let pairs: [ScheduleShape.Pair] = [
            .init(alpha: 1, beta: 0.1), .init(alpha: 0.5, beta: 0.4), .init(alpha: 0.1, beta: 0.9),
        ]
        let policy = CoefficientPolicy.paper(
            start: pairs[0], end: pairs[2], period: 30, shape: .list(pairs))
        #expect(pair(policy, 9) == [1, 0.1])
        #expect(pair(policy, 10) == [0.5, 0.4])
        #expect(pair(policy, 29) == [0.1, 0.9])
        #expect(pair(policy, 31) == [0.1, 0.9])
    }

    @Test func balancedStaysOnItsLine() {
        let policy = CoefficientPolicy.balanced(start: 1.0 / 16, end: 0.5, period: 8)
        for step in 0...10 { #expect(abs(pair(policy, step).reduce(0, +) - 1) < 1e-12) }
        #expect(pair(.default, 5) == [15.0 / 16, 1.0 / 16])
    }

    @Test func momentumAndHardAreTheirTriples() {
        #expect(
            CoefficientPolicy.momentum(0.9).plan(step: 0)
                == .uniform(StreamCoefficients(alpha: 1.9, beta: -0.9, branch: 1 - 0.9)))
        #expect(pair(.hard, 0) == [0, 1])
    }

    @Test func bdiaDrawsBothSignsRepeatablyAndEvaluatesThePretrainedNetwork() {
        let policy = CoefficientPolicy.bdia(magnitude: 0.5)
        let plan = policy.plan(step: 2, key: RandomKey(seed: 1))
        let betas = (0..<64).map { plan.coefficients(branch: $0 % 4, sample: $0 / 4).beta }
        #expect(Set(betas) == [-0.5, 0.5])
        #expect(plan == policy.plan(step: 2, key: RandomKey(seed: 1)))
        let other = policy.plan(step: 3, key: RandomKey(seed: 2))
        #expect(betas != (0..<64).map { other.coefficients(branch: $0 % 4, sample: $0 / 4).beta })
        for k in 0..<8 {
            let triple = plan.coefficients(branch: k, sample: 0)
            #expect(triple.alpha == 1 - triple.beta && triple.branch == 1 + triple.beta)
        }
        #expect(policy.evaluationPlan(step: 2).isPretrained)
        #expect(!CoefficientPolicy.default.evaluationPlan(step: 2).isPretrained)
    }
}
