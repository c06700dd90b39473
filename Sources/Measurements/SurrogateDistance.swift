// SPDX-License-Identifier: Apache-2.0
import Autodiff
package import Backbones
import Reversible
package import Tensors

/// How near the dual-residual network at untrained coefficients stays to the pretrained one.
package enum SurrogateDistance {
    /// One point of the grid.
    package struct Point: Encodable {
        /// `paper` (1, β), `balanced` (1 - β, β), or another policy's start.
        package let line: String
        /// The coefficients.
        package let alpha, beta, branchScale: Double
        /// Cosine of the final features of a token, mean over tokens and images.
        package let cosine: Double
        /// Cosine of the gradients of all parameters, of a random linear function of the
        /// features; nil where it wasn't asked for or isn't finite.
        package let gradientCosine: Double?
        /// The policy that starts here, if any.
        package let startOf: String?
    }

    /// One point to measure.
    package struct Candidate {
        /// As in ``Point``.
        package let line: String
        /// Its coefficients.
        let plan: CoefficientPlan
        /// As in ``Point``.
        package let startOf: String?
    }

    /// The grid of both lines with every policy's start.
    package static func candidates(key: RandomKey) -> [Candidate] {
        let betas = [
            1.0 / 256, 0.01, 1.0 / 64, 1.0 / 32, 1.0 / 16, 0.1, 1.0 / 8, 1.0 / 4, 1.0 / 2, 1,
        ]
        func start(of policy: CoefficientPolicy) -> CoefficientPlan {
            policy.plan(step: 0, key: key)
        }
        func uniform(_ alpha: Double, _ beta: Double) -> CoefficientPlan {
            .uniform(StreamCoefficients(alpha: alpha, beta: beta))
        }
        let named: [CoefficientPolicy] = [.paper(period: 1), .default, .hard]
        func candidate(_ line: String, _ plan: CoefficientPlan) -> Candidate {
            let policy = named.first { start(of: $0) == plan }
            return Candidate(line: line, plan: plan, startOf: policy?.name.rawValue)
        }
        let others: [CoefficientPolicy] = [.momentum(0.9), .bdia(magnitude: 0.5)]
        return betas.map { candidate("paper", uniform(1, $0)) }
            + betas.map { candidate("balanced", uniform(1 - $0, $0)) }
            + others.map {
                Candidate(line: $0.name.rawValue, plan: start(of: $0), startOf: $0.name.rawValue)
            }
    }

    /// Measures every candidate.
    ///
    /// - Parameters:
    ///   - images: `[N, 3, H, W]`, preprocessed.
    ///   - comparesGradients: Whether gradients are compared too, by exact reversal.
    ///   - progress: Told the number of candidates done and their number.
    package static func measure(
        _ network: any Backbone, _ images: Tensor, comparesGradients: Bool, key: RandomKey,
        progress: (Int, Int) -> Void
    ) throws -> [Point] {
        let context = Context(key: key), training = Context(isTraining: true, key: key)
        let input = Variable(images)
        let pretrained = try network.features(input, context).tensor
        let slopes =
            try comparesGradients
            ? SlopeGradient.gradients(of: network, images, training) : []
        let all = candidates(key: key)
        return try all.enumerated().map { index, candidate in
            let surrogate = try network.features(
                input, context.running(.dr2net(candidate.plan, .float))
            ).tensor
            // Far from the pretrained network values can leave the fixed point.
            let found =
                comparesGradients
                ? try? SlopeGradient.gradients(
                    of: network, images, training.running(.dr2net(candidate.plan, .exact)))
                : nil
            progress(index + 1, all.count)
            let triple = candidate.plan.coefficients(branch: 0, sample: 0)
            let pair = candidate.plan.pair
            return Point(
                line: candidate.line, alpha: pair.alpha, beta: pair.beta,
                branchScale: candidate.startOf == "bdia" ? 1 : triple.branch,
                cosine: meanCosine(surrogate, pretrained),
                gradientCosine: found.flatMap { cosine($0, slopes) }, startOf: candidate.startOf)
        }
    }

    /// The cosine of two lists of tensors, each as one vector; nil where it isn't finite.
    private static func cosine(_ a: [Tensor], _ b: [Tensor]) -> Double? {
        var dot = 0.0, aa = 0.0, bb = 0.0
        for (x, y) in zip(a, b) {
            dot += x.dot(y)
            aa += x.dot(x)
            bb += y.dot(y)
        }
        let cosine = dot / (aa * bb).squareRoot()
        return cosine.isFinite ? cosine : nil
    }

    /// The mean cosine of the rows of two float32 tensors of one shape `[..., C]`.
    package static func meanCosine(_ a: Tensor, _ b: Tensor) -> Double {
        let width = a.shape[a.rank - 1], rows = a.count / max(1, width)
        var sum = 0.0
        unsafe a.withFloats { x in
            unsafe b.withFloats { y in
                for row in 0..<rows {
                    var dot = 0.0, xx = 0.0, yy = 0.0
                    for index in row * width..<(row + 1) * width {
                        let u = unsafe Double(x[index]), v = unsafe Double(y[index])
                        dot += u * v
                        xx += u * u
                        yy += v * v
                    }
                    let norms = (xx * yy).squareRoot()
                    sum += norms > 0 ? dot / norms : 0
                }
            }
        }
        return sum / Double(max(1, rows))
    }
}
