// SPDX-License-Identifier: Apache-2.0
package import Tensors

/// What a pure function of the training step needs beside its input.
///
/// There is no global training flag, generator or tape: a recomputation with an equal context
/// gives equal bits.
package struct Context {
    /// Where operations are recorded; nil records nothing (inference).
    package var tape: Tape?
    /// Whether dropout and drop path draw.
    package var isTraining: Bool
    /// The key of this step; layers take children of it by their own path.
    package var key: RandomKey
    /// The number of the first sample of the input, where it is a tile of a larger batch.
    package var sampleOffset: Int
    /// Whether this repeats an earlier forward pass of the same step, so that running statistics,
    /// which that one moved, stay.
    package var repeats = false
    /// Told when gradients of this step are complete.
    package var observer: (any GradientObserver)?
    /// What other modules let travel along, by their keys' identifiers.
    private var values: [ObjectIdentifier: Any] = [:]

    /// A context.
    package init(
        tape: Tape? = nil, isTraining: Bool = false, key: RandomKey = RandomKey(seed: 0),
        sampleOffset: Int = 0
    ) {
        self.tape = tape
        self.isTraining = isTraining
        self.key = key
        self.sampleOffset = sampleOffset
    }

    /// Inference: no tape, no randomness.
    package static var inference: Context { Context() }

    /// A parameter as a variable of this context's tape.
    package func use(_ parameter: Parameter) -> Variable {
        if let tape { return tape.leaf(parameter) }
        // A pass that keeps nothing: its backward runs it again, on a tape of its own.
        if let observer, !repeats, parameter.isTrainable { observer.willUse(parameter) }
        return Variable(parameter.tensor)
    }

    /// The value of a key; contexts made from this one have it too.
    package subscript<Key: ContextKey>(key: Key.Type) -> Key.Value {
        get {
            guard let value = values[ObjectIdentifier(key)] else { return Key.defaultValue }
            return value as? Key.Value ?? Key.defaultValue
        }
        set { values[ObjectIdentifier(key)] = newValue }
    }

    /// The same context under a child key.
    package func scoped(_ name: String) -> Context {
        var context = self
        context.key = key.child(name)
        return context
    }
}
