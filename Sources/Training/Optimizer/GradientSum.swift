// SPDX-License-Identifier: Apache-2.0
package import Autodiff
import Tensors

/// The gradients of a step: the sum over its micro-batches in their order.
///
/// Each micro-batch's gradient of a parameter is worked out on its own and then added, so that the
/// sum has the same bits whichever process works out which micro-batch. It is added as soon as it
/// is complete: beside the sums, only what is incomplete needs memory.
package class GradientSum: GradientObserver {
    let parameters: [Parameter]
    private let indices: [ObjectIdentifier: Int]
    /// Announced uses less finished ones, by parameter.
    private var pending: [Int]
    private var isTaken: [Bool]
    private var sums: [Tensor?]

    /// A sum over `parameters`, of which those count that are trainable at a step.
    init(_ parameters: [Parameter]) {
        self.parameters = parameters
        indices = Dictionary(
            zip(parameters.map(ObjectIdentifier.init), parameters.indices),
            uniquingKeysWith: { first, _ in first })
        pending = Array(repeating: 0, count: parameters.count)
        isTaken = Array(repeating: false, count: parameters.count)
        sums = Array(repeating: nil, count: parameters.count)
    }

    /// Counts a use that will bring a gradient.
    package func willUse(_ parameter: Parameter) {
        guard let index = indices[ObjectIdentifier(parameter)] else { return }
        pending[index] += 1
    }

    /// Counts a gradient that has come; behind the last one the sum is passed on.
    package func didFinish(_ parameter: Parameter) {
        guard let index = indices[ObjectIdentifier(parameter)] else { return }
        pending[index] -= 1
        if pending[index] == 0 { pass(index) }
    }

    private func pass(_ index: Int) {
        precondition(
            !isTaken[index],
            "a gradient of shape \(parameters[index].shape) was complete twice in a micro-batch")
        isTaken[index] = true
        take(index, parameters[index].gradient.take())
    }

    /// Begins a micro-batch; the parameters' gradients must be nil.
    package func begin() {
        for index in parameters.indices {
            pending[index] = 0
            isTaken[index] = false
        }
    }

    /// Ends a micro-batch: takes what the backward pass did not report as complete.
    package func end() throws {
        for index in parameters.indices where parameters[index].isTrainable {
            precondition(
                !isTaken[index] || parameters[index].gradient == nil,
                "a gradient of shape \(parameters[index].shape) grew after it was complete")
            if !isTaken[index] { pass(index) }
        }
    }

    /// Ends the step: puts the sums where the optimizer looks for them.
    func finish() {
        for index in parameters.indices { parameters[index].gradient = sums[index].take() }
    }

    /// Takes a micro-batch's gradient of a parameter; nil where it had no part in the loss.
    func take(_ index: Int, _ gradient: consuming Tensor?) {
        guard let gradient = gradient.take() else { return }
        if sums[index] == nil {
            sums[index] = gradient
        } else {
            sums[index]?.add(gradient)
        }
    }
}
