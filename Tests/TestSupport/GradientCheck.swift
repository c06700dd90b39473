// SPDX-License-Identifier: Apache-2.0
package import Autodiff
package import Tensors

/// Compares a backward pass with central differences in float64.
package enum GradientCheck {
    /// The largest error over all inputs, relative to the largest gradient of that input.
    ///
    /// The function is turned into a number by random weights on its output.
    ///
    /// - Parameters:
    ///   - inputs: float64 tensors.
    ///   - step: The difference step.
    ///   - function: A pure function of the inputs.
    /// - Returns: max over inputs of max|analytic - numeric| / max(1e-3, max|numeric|).
    package static func worstError(
        _ inputs: [Tensor], step: Double = 1e-5, _ function: ([Variable]) -> Variable
    ) -> Double {
        let tape = Tape()
        let variables = inputs.map { tape.input($0) }
        let output = function(variables)
        let weights = Tensor(
            uniform: output.shape, in: -1...1, key: RandomKey(seed: 77), dtype: .float64)
        tape.backward(from: output, gradient: weights)
        var worst = 0.0
        for (index, input) in inputs.enumerated() {
            let analytic =
                tape.gradient(of: variables[index])?.doubles
                ?? [Double](repeating: 0, count: input.count)
            let values = input.doubles
            var numeric: [Double] = []
            for position in values.indices {
                func value(at delta: Double) -> Double {
                    var moved = values
                    moved[position] += delta
                    var tensors = inputs
                    tensors[index] = Tensor(moved, shape: input.shape)
                    return function(tensors.map { Variable($0) }).tensor.dot(weights)
                }
                numeric.append((value(at: step) - value(at: -step)) / (2 * step))
            }
            let size = max(1e-3, numeric.map(abs).max() ?? 0)
            for (a, n) in zip(analytic, numeric) { worst = max(worst, abs(a - n) / size) }
        }
        return worst
    }
}

/// max|a - b| / max|b|, over whole tensors.
package func relativeError(_ a: Tensor, _ b: Tensor) -> Double {
    precondition(a.shape == b.shape, "relativeError: \(a.shape) and \(b.shape)")
    let x = a.doubles, y = b.doubles
    let size = max(y.map(abs).max() ?? 0, 1e-30)
    var worst = 0.0
    for (p, q) in zip(x, y) {
        let difference = abs(p - q)
        if !(difference <= worst) { worst = difference }
    }
    return worst / size
}

/// Runs `body` with each of some thread counts and returns the results.
///
/// The count is process-wide: runs ``exclusively(_:)``.
package func withThreadCounts<R>(_ counts: [Int] = [1, 2], _ body: () throws -> R) rethrows
    -> [R]
{
    try exclusively {
        defer { Parallel.setThreadCount(0) }
        return try counts.map { count in
            Parallel.setThreadCount(count)
            return try body()
        }
    }
}
