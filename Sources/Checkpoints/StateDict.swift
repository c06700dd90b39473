// SPDX-License-Identifier: Apache-2.0
package import Files
package import Tensors

/// Named arrays in a fixed order, with text about them: what a checkpoint holds.
package struct StateDict: Sendable {
    /// The names in the order of insertion.
    package private(set) var names: [String] = []
    private var values: [String: TensorValue] = [:]
    private var storedTypes: [String: ScalarType] = [:]
    /// Text stored beside the arrays.
    package var metadata: [String: String]
    /// What of its file this is, where the file holds more than one dictionary.
    package var part: Part?

    /// One of a checkpoint's dictionaries.
    package struct Part: Sendable, Equatable {
        /// Its key, such as `state_dict_ema`.
        package let taken: String
        /// The keys of other dictionaries of tensors beside it, which were passed over.
        package let others: [String]

        /// A part.
        package init(taken: String, others: [String]) {
            self.taken = taken
            self.others = others
        }
    }

    /// An empty checkpoint.
    package init(metadata: [String: String] = [:]) {
        self.metadata = metadata
    }

    /// - Precondition: no name occurs twice.
    package init(_ tensors: [(name: String, tensor: Tensor)], metadata: [String: String] = [:]) {
        self.init(metadata: metadata)
        for (name, tensor) in tensors {
            precondition(values[name] == nil, "the name \(name) occurs twice")
            self[name] = tensor
        }
    }

    /// The number of arrays of any kind.
    package var count: Int { names.count }

    /// Whether there are no arrays.
    package var isEmpty: Bool { names.isEmpty }

    /// The real-valued arrays in order.
    package var tensors: [(name: String, tensor: Tensor)] {
        names.compactMap { name in
            if case .tensor(let tensor) = values[name] { (name, tensor) } else { nil }
        }
    }

    /// The tensor of that name; nil where there is none or where it holds integers.
    ///
    /// A new name goes to the end, a known one keeps its place, nil removes it.
    package subscript(name: String) -> Tensor? {
        get { if case .tensor(let tensor) = values[name] { tensor } else { nil } }
        set { setValue(newValue.map(TensorValue.tensor), for: name) }
    }

    /// The array of that name, whatever its type.
    package func value(_ name: String) -> TensorValue? { values[name] }

    /// The integers of that name (bytes are widened); nil for none or for real numbers.
    package func integers(_ name: String) -> IntegerArray? { values[name]?.integers }

    /// The bytes of that name; nil for none or for another type.
    package func bytes(_ name: String) -> ByteArray? {
        if case .bytes(let array) = values[name] { array } else { nil }
    }

    /// Stores an array of any type; nil removes the name.
    package mutating func setValue(_ value: TensorValue?, for name: String) {
        setValue(value, for: name, storedAs: nil)
    }

    /// The type that the array of that name had in its file, while it is unchanged.
    func storedType(_ name: String) -> ScalarType? { storedTypes[name] }

    /// Stores an array as it was read from elements of `type`.
    mutating func setValue(
        _ value: TensorValue?, for name: String, storedAs type: ScalarType?
    ) {
        storedTypes[name] = type
        let old = values.updateValueOrRemove(value, for: name)
        if old == nil && value != nil { names.append(name) }
        if old != nil && value == nil { names.removeAll { $0 == name } }
    }

    /// The same arrays under other names; `rename` gives nil for those to leave out.
    ///
    /// - Throws: when two arrays would get the same name.
    package func renamed(_ rename: (String) -> String?) throws(InputError) -> StateDict {
        var result = StateDict(metadata: metadata)
        result.part = part
        for name in names {
            guard let newName = rename(name), let value = values[name] else { continue }
            guard result.values[newName] == nil else {
                throw InputError("two arrays would both be called \(newName)")
            }
            result.setValue(value, for: newName, storedAs: storedTypes[name])
        }
        return result
    }
}

extension Dictionary {
    fileprivate mutating func updateValueOrRemove(_ value: Value?, for key: Key) -> Value? {
        guard let value else { return removeValue(forKey: key) }
        return updateValue(value, forKey: key)
    }
}
