// SPDX-License-Identifier: Apache-2.0
import Autodiff
package import Backbones
import Foundation
package import Reversible
package import Tensors

/// The error of a backbone's gradient over (α, β), for both arithmetics of the reversal.
///
/// The error is |g - r| / |r| over all parameters together, for a random linear function of the
/// features; r is the gradient of the same dual-residual network by exact reversal in float64. The
/// paper's figure 3 shows the same for the arithmetic `float`.
package struct GradientErrorMap {
    /// One pair.
    package struct Point: Encodable {
        /// The pair.
        package let alpha, beta: Double
        /// The errors; nil where the gradient is not finite.
        package let float, exact: Double?
    }

    /// The network in float32.
    let network: any Backbone
    /// The same weights in float64.
    let wide: any Backbone
    /// `[N, 3, ...]`, float32.
    let images: Tensor
    /// Slices of both arithmetics.
    let tile: Tile?
    /// Draws the function.
    let key: RandomKey

    /// A map of one network, twice.
    package init(
        network: any Backbone, wide: any Backbone, images: Tensor, tile: Tile?, key: RandomKey
    ) {
        self.network = network
        self.wide = wide
        self.images = images
        self.tile = tile
        self.key = key
    }

    /// α from 0 to 1 and β from 0.1 to 1, so that the published schedule is a diagonal.
    package static func axes(_ points: Int) -> (alphas: [Double], betas: [Double]) {
        let shares = (0..<points).map { Double($0) / Double(points - 1) }
        func rounded(_ value: Double) -> Double { (value * 1e6).rounded() / 1e6 }
        return (shares.map(rounded), shares.map { rounded(0.1 + 0.9 * $0) })
    }

    /// Measures every pair of the axes, β the inner one.
    package func measure(points: Int, progress: (Int, Int) -> Void) throws -> [Point] {
        let (alphas, betas) = GradientErrorMap.axes(points)
        var result: [Point] = []
        for alpha in alphas {
            for beta in betas {
                let plan = CoefficientPlan.uniform(StreamCoefficients(alpha: alpha, beta: beta))
                let errors = try errors([.dr2net(plan, .float), .dr2net(plan, .exact)])
                result.append(
                    Point(alpha: alpha, beta: beta, float: errors[0], exact: errors[1]))
                progress(result.count, alphas.count * betas.count)
            }
        }
        return result
    }

    /// The error of ordinary float32 backpropagation through the pretrained network.
    package func ordinary() throws -> Double? {
        let reference = try gradient(wide, .conventional)
        return GradientErrorMap.error(try gradient(network, .conventional), reference)
    }

    /// The errors of several ways of computing one gradient, the last of them exact.
    private func errors(_ ways: [FinetuningWay]) throws -> [Double?] {
        let reference = try gradient(wide, ways[ways.count - 1])
        return ways.map { way in
            // A value that left the fixed point has no gradient: the network itself diverges.
            guard let found = try? gradient(network, way) else { return nil }
            return GradientErrorMap.error(found, reference)
        }
    }

    private func gradient(_ network: any Backbone, _ way: FinetuningWay) throws -> [Tensor] {
        try SlopeGradient.gradients(
            of: network, images,
            Context(isTraining: true, key: key)
                .running(way, tile: way == .conventional ? nil : tile))
    }

    private static func error(_ gradients: [Tensor], _ reference: [Tensor]) -> Double? {
        var difference = 0.0, norm = 0.0
        for (gradient, reference) in zip(gradients, reference) {
            let rest = Tensor.axpby(1, gradient.converted(to: .float64), -1, reference)
            difference += rest.dot(rest)
            norm += reference.dot(reference)
        }
        let error = (difference / norm).squareRoot()
        return error.isFinite ? error : nil
    }
}
