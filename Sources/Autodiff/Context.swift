// SPDX-License-Identifier: Apache-2.0
public import Tensors

/// What a pure function of the training step needs beside its input.
///
/// There is no global training flag, generator or tape: a recomputation with an equal context
/// gives equal bits.
public struct Context {
    /// Where operations are recorded; nil records nothing (inference).
    public var tape: Tape?
    /// Whether dropout and drop path draw.
    public var isTraining: Bool
    /// The key of this step; layers take children of it by their own path.
    public var key: RandomKey
    /// The number of the first sample of the input, where it is a tile of a larger batch.
    public var sampleOffset: Int
    /// Whether this repeats an earlier forward pass of the same step, so that running statistics,
    /// which that one moved, stay.
    package var repeats = false
    /// Told when gradients of this step are complete.
    package var observer: (any GradientObserver)?
    /// What other modules let travel along, by their keys' identifiers.
    private var values: [ObjectIdentifier: Any] = [:]

    /// A context.
    public init(
        tape: Tape? = nil, isTraining: Bool = false, key: RandomKey = RandomKey(seed: 0),
        sampleOffset: Int = 0
    ) {
        self.tape = tape
        self.isTraining = isTraining
        self.key = key
        self.sampleOffset = sampleOffset
    }

    /// Inference: no tape, no randomness.
    public static var inference: Context { Context() }

    /// A parameter as a variable of this context's tape.
    public func use(_ parameter: Parameter) -> Variable {
        if let tape { return tape.leaf(parameter) }
        // A pass that keeps nothing: its backward runs it again, on a tape of its own.
        if let observer, !repeats, parameter.isTrainable { observer.willUse(parameter) }
        return Variable(parameter.tensor)
    }

    /// The value of a key; contexts made from this one have it too.
    public subscript<Key: ContextKey>(key: Key.Type) -> Key.Value {
        get {
            guard let value = values[ObjectIdentifier(key)] else { return Key.defaultValue }
            return value as? Key.Value ?? Key.defaultValue
        }
        set { values[ObjectIdentifier(key)] = newValue }
    }

    /// The same context under a child key.
    public func scoped(_ name: String) -> Context {
        var context = self
        context.key = key.child(name)
        return context
    }
}
