// SPDX-License-Identifier: Apache-2.0
package import Tensors

/// Rearranging and mixing tokens as nodes, and drop path.
extension Variable {
    /// One more token before each sample's tokens (a class token).
    ///
    /// - Parameter token: C scalars, `[1, 1, C]` in published models.
    /// - Returns: `[B, 1 + N, C]`.
    public func prependingToken(_ token: Variable) -> Variable {
        let shape = token.shape, count = self.shape[1]
        let needs = (tokens: needsGradient, token: token.needsGradient)
        return Variable.operation(
            tensor.prependingToken(token.tensor), inputs: [self, token]
        ) { gradient in
            [
                needs.tokens ? gradient.tokenSlice(1..<count + 1) : nil,
                needs.token
                    ? gradient.tokenSlice(0..<1).columnSums().reshaped(to: shape) : nil,
            ]
        }
    }

    /// Adds one tensor to every sample (positions).
    ///
    /// - Parameter positions: `[1, N, C]` or `[N, C]`.
    public func addingToSamples(_ positions: Variable) -> Variable {
        let shape = shape, samples = shape.first ?? 1
        let shared = positions.shape
        precondition(
            samples * positions.tensor.count == tensor.count
                && shared.suffix(shape.count - 1) == shape.dropFirst(),
            "addingToSamples: \(shape) and \(shared)")
        let flat = [samples, positions.tensor.count]
        let result = tensor.reshaped(to: flat).addingRow(positions.tensor.reshaped(to: [flat[1]]))
        let needs = (input: needsGradient, positions: positions.needsGradient)
        return Variable.operation(
            result.reshaped(to: shape), inputs: [self, positions]
        ) { gradient in
            let sum =
                needs.positions
                ? gradient.reshaped(to: flat).columnSums().reshaped(to: shared) : nil
            return [needs.input ? gradient : nil, sum]
        }
    }

    /// Tokens `range` of each sample: `[B, range.count, C]`.
    public func tokenSlice(_ range: Range<Int>) -> Variable {
        let count = shape[1]
        return Variable.operation(tensor.tokenSlice(range), inputs: [self]) { gradient in
            [gradient.tokenPadding(first: range.lowerBound, count: count)]
        }
    }

    /// The mean over each sample's tokens: `[B, C]`.
    public func tokenMean() -> Variable {
        let count = shape[1]
        return Variable.operation(tensor.tokenMean(), inputs: [self]) { gradient in
            [gradient.repeatingAsTokens(count, scaledBy: 1 / Double(max(1, count)))]
        }
    }

    /// Each sample's tokens mixed by a constant matrix `[M, N]` (interpolating positions):
    /// `[B, M, C]` for `[B, N, C]`.
    package func mixingTokens(by matrix: Tensor) -> Variable {
        Variable.operation(tensor.mixingTokens(by: matrix), inputs: [self]) { gradient in
            [gradient.mixingTokens(by: matrix, transposing: true)]
        }
    }

    /// Drop path, or stochastic depth: zeroes each sample of the first axis at random.
    ///
    /// A sample stays with probability `1 - rate` and is then divided by that
    /// (Huang and others 2016).
    ///
    /// - Parameters:
    ///   - rate: In 0..<1; 0 changes nothing.
    ///   - key: The key of this place and step; a replay with the same key draws the same.
    ///   - sampleOffset: The number of the first sample, where this is a tile of a batch.
    package func dropPath(rate: Double, key: RandomKey, sampleOffset: Int = 0) -> Variable {
        guard rate > 0 else { return self }
        return scalingRows(
            by: .dropPathFactors(
                shape[0], rate: rate, key: key, firstSample: sampleOffset, dtype: tensor.dtype))
    }

    /// Drop path as the context says: nothing in inference.
    public func dropPath(rate: Double, _ context: Context) -> Variable {
        guard context.isTraining else { return self }
        return dropPath(rate: rate, key: context.key, sampleOffset: context.sampleOffset)
    }
}
