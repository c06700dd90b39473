// SPDX-License-Identifier: Apache-2.0

/// Told, while the backward pass still runs, which parameters' gradients are complete.
///
/// Every use of a parameter in a step's forward pass is matched by one gradient in its backward
/// pass: the leaf of a tape, or of a repeated pass of the layers that keep nothing. When as many
/// have arrived as were announced, the gradient is whole. Uses without a match leave a parameter
/// incomplete to the end of the pass, which only costs time.
package protocol GradientObserver: AnyObject {
    /// A forward pass uses a parameter and its backward pass will come back to it.
    func willUse(_ parameter: Parameter)
    /// The backward pass has added what one use contributes, if anything.
    func didFinish(_ parameter: Parameter)
}

/// Notices which part of a forward pass first uses a parameter that trains: a backward pass need
/// not go beyond it where nobody asks for the gradient by the input.
package final class TrainedParts: GradientObserver {
    /// The part that runs now.
    package var current = 0
    /// The first part that trains; nil where none does.
    package private(set) var first: Int?
    private let next: (any GradientObserver)?

    private init(_ next: (any GradientObserver)?) { self.next = next }

    /// Passes the news on.
    package func willUse(_ parameter: Parameter) {
        first = min(first ?? current, current)
        next?.willUse(parameter)
    }

    /// Passes the news on.
    package func didFinish(_ parameter: Parameter) { next?.didFinish(parameter) }

    /// A context without a tape whose passes are watched, and what they show.
    ///
    /// - Parameter inputs: Of the passes: a gradient by one of them lies before the first part.
    package static func watching(_ context: Context, _ inputs: [Variable] = []) -> (
        context: Context, parts: TrainedParts
    ) {
        let parts = TrainedParts(context.observer)
        // A repeated pass announces nothing, so that any part of it may train.
        if context.repeats || inputs.contains(where: \.needsGradient) { parts.first = 0 }
        var watched = context
        watched.observer = parts
        watched.tape = nil
        return (watched, parts)
    }
}
