// SPDX-License-Identifier: Apache-2.0
package import Autodiff
package import Backbones
import Layers
package import Tensors

/// The gradients of a random linear function of a backbone's features.
///
/// Not of mean(features²): behind a layer norm that is a constant.
package enum SlopeGradient {
    /// One tensor a parameter, in the order of `namedParameters` and in their type.
    ///
    /// - Parameters:
    ///   - images: `[N, 3, ...]`, of any type.
    ///   - context: The way and the tile; its key draws the function.
    package static func gradients(
        of network: any Backbone, _ images: Tensor, _ context: Context
    ) throws -> [Tensor] {
        let parameters = network.namedParameters.map(\.parameter)
        for parameter in parameters { parameter.gradient = nil }
        let dtype = parameters.first?.tensor.dtype ?? .float32
        let tape = Tape()
        var context = context
        context.tape = tape
        let features = try network.features(Variable(images.converted(to: dtype)), context)
        let slope = Tensor(normal: features.shape, key: context.key.child("slope"))
        tape.backward(from: features, gradient: slope.converted(to: dtype))
        return parameters.map { parameter in
            defer { parameter.gradient = nil }
            return parameter.gradient ?? Tensor(zeros: parameter.shape, dtype: dtype)
        }
    }
}
