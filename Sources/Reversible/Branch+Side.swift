// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Tensors

/// The stage's side input p on its way into a branch: u = x + p in place of x.
extension Branch {
    /// What F and the pretrained residual take, for all rows.
    func input(_ x: Tensor, side: Tensor?) -> Tensor {
        guard takesSide, let side else { return x }
        return x + side
    }

    /// The same for a slice.
    ///
    /// - Parameter x: The slice's rows, `[rows, C]`.
    func input(_ x: Tensor, _ slice: Rerun.Slice, side: Tensor?) -> Tensor {
        guard takesSide, let side else { return x }
        return x + slice.taken(from: side).reshaped(to: x.shape)
    }

    /// What the fixed-point streams add to α·x_{i-1} + β·x_{i-2}: F(u), which they weight with c,
    /// or c·F(u) + α·p, since they hold no p.
    func term(
        _ f: Tensor, _ slice: Rerun.Slice, side: Tensor?, _ coefficients: [StreamCoefficients]
    ) -> Tensor {
        guard takesSide, let side else { return f }
        return side.addingRows(
            slice.output, by: coefficients.map(\.alpha), to: f, by: coefficients.map(\.branch))
    }

    /// The triples for streams that add ``term(_:_:side:_:)``.
    func streamCoefficients(_ coefficients: [StreamCoefficients]) -> [StreamCoefficients] {
        guard takesSide else { return coefficients }
        return coefficients.map {
            var triple = $0
            triple.branch = 1
            return triple
        }
    }
}
