// SPDX-License-Identifier: Apache-2.0
package import Files
import OrderedCollections
public import Tensors

/// Named arrays in a fixed order, with text about them: what a checkpoint holds.
public struct StateDict: Sendable {
    /// Arrays and, while they are unchanged, the types that they had in their files.
    private var arrays: OrderedDictionary<String, (value: TensorValue, stored: ScalarType?)> = [:]
    /// Text stored beside the arrays.
    public var metadata: [String: String]
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
    public init(metadata: [String: String] = [:]) {
        self.metadata = metadata
    }

    /// - Precondition: no name occurs twice.
    public init(_ tensors: [(name: String, tensor: Tensor)], metadata: [String: String] = [:]) {
        self.init(metadata: metadata)
        for (name, tensor) in tensors {
            precondition(arrays[name] == nil, "the name \(name) occurs twice")
            self[name] = tensor
        }
    }

    /// The names in the order of insertion.
    public var names: [String] { Array(arrays.keys) }

    /// The number of arrays of any kind.
    public var count: Int { arrays.count }

    /// Whether there are no arrays.
    public var isEmpty: Bool { arrays.isEmpty }

    /// The real-valued arrays in order.
    public var tensors: [(name: String, tensor: Tensor)] {
        arrays.compactMap { name, array in
            if case .tensor(let tensor) = array.value { (name, tensor) } else { nil }
        }
    }

    /// The tensor of that name; nil where there is none or where it holds integers.
    ///
    /// A new name goes to the end, a known one keeps its place, nil removes it.
    public subscript(name: String) -> Tensor? {
        get { if case .tensor(let tensor) = value(name) { tensor } else { nil } }
        set { setValue(newValue.map(TensorValue.tensor), for: name) }
    }

    /// The array of that name, whatever its type.
    package func value(_ name: String) -> TensorValue? { arrays[name]?.value }

    /// The integers of that name (bytes are widened); nil for none or for real numbers.
    package func integers(_ name: String) -> IntegerArray? { value(name)?.integers }

    /// The bytes of that name; nil for none or for another type.
    package func bytes(_ name: String) -> ByteArray? {
        if case .bytes(let array) = value(name) { array } else { nil }
    }

    /// Stores an array of any type; nil removes the name.
    package mutating func setValue(_ value: TensorValue?, for name: String) {
        setValue(value, for: name, storedAs: nil)
    }

    /// The type that the array of that name had in its file, while it is unchanged.
    func storedType(_ name: String) -> ScalarType? { arrays[name]?.stored }

    /// Stores an array as it was read from elements of `type`.
    mutating func setValue(
        _ value: TensorValue?, for name: String, storedAs type: ScalarType?
    ) {
        arrays[name] = value.map { (value: $0, stored: type) }
    }

    /// The same arrays under other names; `rename` gives nil for those to leave out.
    ///
    /// - Throws: when two arrays would get the same name.
    package func renamed(_ rename: (String) -> String?) throws(InputError) -> StateDict {
        var result = StateDict(metadata: metadata)
        result.part = part
        for (name, array) in arrays {
            guard let newName = rename(name) else { continue }
            guard result.arrays[newName] == nil else {
                throw InputError("two arrays would both be called \(newName)")
            }
            result.arrays[newName] = array
        }
        return result
    }
}
