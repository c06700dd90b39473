// SPDX-License-Identifier: Apache-2.0
import Autodiff
import Tensors

extension Module {
    /// Runs `body` with parameters that a dry run counts in place of those with values, which come
    /// back afterwards, with their gradients.
    ///
    /// - Precondition: the task is in a dry run.
    package func withPlaceholders<R>(_ body: () throws -> R) rethrows -> R {
        var seen: Set<ObjectIdentifier> = []
        let parameters = namedParameters.map(\.parameter).filter {
            !$0.tensor.isDry && seen.insert(ObjectIdentifier($0)).inserted
        }
        let values = parameters.map { ($0.tensor, $0.gradient) }
        for parameter in parameters {
            parameter.gradient = nil
            parameter.tensor = Tensor(
                placeholder: parameter.shape, dtype: parameter.tensor.dtype)
        }
        defer {
            for (parameter, (tensor, gradient)) in zip(parameters, values) {
                parameter.tensor = tensor
                parameter.gradient = gradient
            }
        }
        return try body()
    }
}
