// SPDX-License-Identifier: Apache-2.0
import Autodiff

/// Counts the uses of parameters in one pass, and gives a sink each gradient as soon as it is whole.
final class GradientTally: GradientObserver {
    private let parameters: [Parameter]
    private let sink: any GradientSink
    private let indices: [ObjectIdentifier: Int]
    /// Announced uses less finished ones, by parameter.
    private var pending: [Int]
    private var isTaken: [Bool]

    /// The tally of a pass; of `parameters` those count that are trainable.
    init(_ parameters: [Parameter], for sink: any GradientSink) {
        self.parameters = parameters
        self.sink = sink
        indices = Dictionary(
            zip(parameters.map(ObjectIdentifier.init), parameters.indices),
            uniquingKeysWith: { first, _ in first })
        pending = Array(repeating: 0, count: parameters.count)
        isTaken = Array(repeating: false, count: parameters.count)
    }

    func willUse(_ parameter: Parameter) {
        guard let index = indices[ObjectIdentifier(parameter)] else { return }
        pending[index] += 1
    }

    func didFinish(_ parameter: Parameter) {
        guard let index = indices[ObjectIdentifier(parameter)] else { return }
        pending[index] -= 1
        if pending[index] == 0 { pass(index) }
    }

    /// Gives the sink what the backward pass did not report as complete.
    func end() {
        for index in parameters.indices where parameters[index].isTrainable {
            precondition(
                !isTaken[index] || parameters[index].gradient == nil,
                "a gradient of shape \(parameters[index].shape) grew after it was complete")
            if !isTaken[index] { pass(index) }
        }
    }

    private func pass(_ index: Int) {
        precondition(
            !isTaken[index],
            "a gradient of shape \(parameters[index].shape) was complete twice in a pass")
        isTaken[index] = true
        sink.take(index, parameters[index].gradient.take())
    }
}
