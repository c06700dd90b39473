// SPDX-License-Identifier: Apache-2.0
import Files

/// What a pickle can hold here.
///
/// Containers are indices into the machine's arenas, so that hostile nesting cannot make anything
/// recursive.
enum PickleValue {
    case none
    case bool(Bool)
    case integer(Int)
    case text(String)
    case tuple(Int)
    case list(Int)
    case dictionary(Int)
    case global(String)
    case storage(Int)
    case tensor(Int)
    /// A value of no use here: a float, bytes.
    case inert(String)
    /// What a global that means nothing here would make: a value without contents.
    case object(of: String)

    /// What it is, for messages.
    var kind: String {
        switch self {
        case .none: "None"
        case .bool: "a boolean"
        case .integer: "an integer"
        case .text: "a string"
        case .tuple: "a tuple"
        case .list: "a list"
        case .dictionary: "a dictionary"
        case .global(let name): "the Python global \(name)"
        case .storage: "a storage"
        case .tensor: "a tensor"
        case .inert(let name): name
        case .object(let name): "an object \(name)"
        }
    }
}

/// A pickle interpreter that builds tensors' descriptions and plain containers and nothing else.
///
/// No code is ever run: whatever a global outside `TorchGlobals` would make (hyper-parameters,
/// optimizers, whole modules) is an opaque value, and an error only where a tensor is expected.
/// Memory and time are bounded by the length of the program and by ``largestWork``.
struct PickleMachine {
    /// Instructions and copied entries in all; a state dict of 5000 tensors needs about 400,000.
    static let largestWork = 1 << 22
    /// The longest name of a global, a storage or a tensor in bytes.
    static let longestName = 4096

    /// A storage that a persistent id names.
    struct Storage: Hashable {
        var type: ScalarType
        var key: String
        var count: Int
    }

    /// A view of a storage.
    struct TensorView: Hashable {
        var storage: Int
        var offset: Int
        var shape: [Int]
        var strides: [Int]
    }

    private(set) var tuples: [[PickleValue]] = []
    private(set) var lists: [[PickleValue]] = []
    private(set) var dictionaries: [[(key: PickleValue, value: PickleValue)]] = []
    private(set) var storages: [Storage] = []
    private(set) var tensors: [TensorView] = []

    private var stack: [PickleValue] = []
    private var marks: [Int] = []
    private var memo: [Int: PickleValue] = [:]
    private var storageIndices: [Storage: Int] = [:]
    private var input: PickleInput
    private var work = 0

    /// Where the program has been read to.
    var position: Int { input.position }

    init(_ bytes: [UInt8], _ source: ByteSource, at position: Int = 0) {
        input = PickleInput(bytes, source, at: position)
    }

    /// Runs the program to its end and returns its value.
    mutating func run() throws(InputError) -> PickleValue {
        while true {
            try count(1)
            let opcode = try input.byte()
            if opcode == UInt8(ascii: ".") { return try pop() }
            if try stepConstant(opcode) { continue }
            if try stepContainer(opcode) { continue }
            if try stepObject(opcode) { continue }
            throw input.error("the opcode \(opcode), which state dicts do not need,")
        }
    }

    private mutating func count(_ more: Int) throws(InputError) {
        work += more
        guard work <= PickleMachine.largestWork else {
            throw input.error("more than \(PickleMachine.largestWork) instructions")
        }
    }

    private mutating func stepConstant(_ opcode: UInt8) throws(InputError) -> Bool {
        switch opcode {
        case 0x80: _ = try input.byte()  // PROTO
        case 0x95: _ = try input.skip(8)  // FRAME
        case UInt8(ascii: "N"): stack.append(.none)
        case 0x88: stack.append(.bool(true))
        case 0x89: stack.append(.bool(false))
        case UInt8(ascii: "J"): stack.append(.integer(Int(try input.number(as: Int32.self))))
        case UInt8(ascii: "K"): stack.append(.integer(Int(try input.number(as: UInt8.self))))
        case UInt8(ascii: "M"): stack.append(.integer(Int(try input.number(as: UInt16.self))))
        case 0x8A: stack.append(try long(Int(try input.byte())))
        case 0x8B: stack.append(try long(Int(try input.number(as: UInt32.self))))
        case UInt8(ascii: "G"):
            try input.skip(8)
            stack.append(.inert("a float"))
        case 0x8C: stack.append(.text(try input.text(Int(try input.byte()))))
        case UInt8(ascii: "X"):
            stack.append(.text(try input.text(Int(try input.number(as: UInt32.self)))))
        case 0x8D: stack.append(.text(try input.text(try length())))
        case UInt8(ascii: "C"), UInt8(ascii: "U"): try skipBytes(Int(try input.byte()))
        case UInt8(ascii: "B"), UInt8(ascii: "T"):
            try skipBytes(Int(try input.number(as: UInt32.self)))
        case 0x8E, 0x96: try skipBytes(try length())
        default: return false
        }
        return true
    }

    private mutating func stepContainer(_ opcode: UInt8) throws(InputError) -> Bool {
        switch opcode {
        case UInt8(ascii: "("): marks.append(stack.count)
        case UInt8(ascii: "0"): _ = try pop()
        case UInt8(ascii: "1"): _ = try popToMark()
        case UInt8(ascii: "}"): push(dictionary: [])
        case UInt8(ascii: "]"): push(list: [])
        case UInt8(ascii: ")"): push(tuple: [])
        case UInt8(ascii: "t"): push(tuple: try popToMark())
        case 0x85...0x87: push(tuple: try pop(Int(opcode) - 0x84))
        case UInt8(ascii: "a"): try append(try pop(1))
        case UInt8(ascii: "e"): try append(try popToMark())
        case UInt8(ascii: "s"): try setItems(try pop(2))
        case UInt8(ascii: "u"): try setItems(try popToMark())
        case 0x8F: push(list: [])  // EMPTY_SET: order and uniqueness do not matter here
        case 0x90: try append(try popToMark())  // ADDITEMS
        case 0x91: push(list: try popToMark())  // FROZENSET
        default: return false
        }
        return true
    }

    private mutating func stepObject(_ opcode: UInt8) throws(InputError) -> Bool {
        switch opcode {
        case UInt8(ascii: "q"): try store(Int(try input.byte()))
        case UInt8(ascii: "r"): try store(Int(try input.number(as: UInt32.self)))
        case 0x94: try store(memo.count)
        case UInt8(ascii: "h"): try load(Int(try input.byte()))
        case UInt8(ascii: "j"): try load(Int(try input.number(as: UInt32.self)))
        case UInt8(ascii: "c"):
            let module = try input.line()
            try pushGlobal(module, try input.line())
        case 0x93:
            let names = try pop(2)
            guard case .text(let module) = names[0], case .text(let name) = names[1],
                max(module.utf8.count, name.utf8.count) <= PickleMachine.longestName
            else { throw input.error("a global without a proper name") }
            try pushGlobal(module, name)
        case UInt8(ascii: "Q"): try persistentID(try pop())
        case UInt8(ascii: "R"), 0x81:
            let parts = try pop(2)
            stack.append(try call(parts[0], parts[1]))
        case 0x92:
            let parts = try pop(3)
            stack.append(try call(parts[0], parts[1]))
        case UInt8(ascii: "b"):
            // An object's attributes (`_metadata` of a state dict): of no use here.
            _ = try pop()
            guard !stack.isEmpty else { throw input.error("an empty stack") }
        default: return false
        }
        return true
    }

    private mutating func pushGlobal(_ module: String, _ name: String) throws(InputError) {
        // Each makes a new text, which short programs could do without end.
        try count((module.utf8.count + name.utf8.count) / 16)
        stack.append(.global("\(module).\(name)"))
    }

    private mutating func persistentID(_ value: PickleValue) throws(InputError) {
        if case .tuple(let index) = value, case .text("module")? = tuples[index].first {
            // The source text of a whole module's class, in the format from before 1.6.
            stack.append(.inert("the source of a module"))
            return
        }
        guard case .tuple(let index) = value, (5...6).contains(tuples[index].count),
            case .text("storage") = tuples[index][0],
            case .global(let name) = tuples[index][1],
            case .text(let key) = tuples[index][2],
            key.utf8.count <= PickleMachine.longestName,
            case .integer(let count) = tuples[index][4], count >= 0
        else { throw input.error("a storage that is not described as PyTorch does it") }
        if tuples[index].count == 6 {
            // The format from before 1.6 has a sixth entry, which PyTorch stopped to use in 0.4.
            guard case .none = tuples[index][5] else {
                throw input.error("a view of a storage, which PyTorch no longer writes,")
            }
        }
        guard let type = TorchGlobals.storages[name] else {
            stack.append(.object(of: name))
            return
        }
        let storage = Storage(type: type, key: key, count: count)
        if storageIndices[storage] == nil {
            storageIndices[storage] = storages.count
            storages.append(storage)
        }
        stack.append(.storage(storageIndices[storage, default: 0]))
    }

    private mutating func call(
        _ callee: PickleValue, _ arguments: PickleValue
    ) throws(InputError) -> PickleValue {
        if case .object = callee { return callee }
        guard case .global(let name) = callee else {
            throw input.error("a call of \(callee.kind)")
        }
        guard TorchGlobals.isMeant(name) else { return .object(of: name) }
        guard case .tuple(let index) = arguments else {
            throw input.error("a call of \(name) with \(arguments.kind)")
        }
        let values = tuples[index]
        switch name {
        case "collections.OrderedDict", "builtins.dict", "__builtin__.dict":
            var pairs: [(key: PickleValue, value: PickleValue)] = []
            if case .list(let list) = values.first {
                try count(lists[list].count)
                for case .tuple(let pair) in lists[list] where tuples[pair].count == 2 {
                    pairs.append((tuples[pair][0], tuples[pair][1]))
                }
            }
            dictionaries.append(pairs)
            return .dictionary(dictionaries.count - 1)
        case "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_tensor":
            return try tensor(values)
        case "torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state":
            switch values.first {
            case .tensor(let index): return .tensor(index)
            case .object(let name): return .object(of: name)
            default: throw input.error("a parameter that is not a tensor")
            }
        default: return .object(of: name)
        }
    }

    private mutating func tensor(
        _ values: [PickleValue]
    ) throws(InputError) -> PickleValue {
        if let first = values.first, case .object = first { return first }
        guard values.count >= 4, case .storage(let storage) = values[0],
            case .integer(let offset) = values[1], let shape = integers(values[2]),
            let strides = integers(values[3]), shape.count == strides.count,
            shape.count <= largestRank
        else { throw input.error("a tensor that is not described as PyTorch does it") }
        tensors.append(
            TensorView(storage: storage, offset: offset, shape: shape, strides: strides))
        return .tensor(tensors.count - 1)
    }

    private func integers(_ value: PickleValue) -> [Int]? {
        guard case .tuple(let index) = value, tuples[index].count <= largestRank else {
            return nil
        }
        var result: [Int] = []
        for element in tuples[index] {
            guard case .integer(let number) = element else { return nil }
            result.append(number)
        }
        return result
    }

    private mutating func long(_ count: Int) throws(InputError) -> PickleValue {
        let bytes = try input.take(count)
        guard count <= 8 else { return .inert("an integer above 64 bits") }
        var value: UInt64 = bytes.last.map { $0 & 0x80 != 0 } == true ? .max : 0
        for byte in bytes.reversed() { value = value << 8 | UInt64(byte) }
        return .integer(Int(truncatingIfNeeded: value))
    }

    private mutating func length() throws(InputError) -> Int {
        guard let value = Int(exactly: try input.number(as: UInt64.self)) else {
            throw input.error("a length above 2^63")
        }
        return value
    }

    private mutating func skipBytes(_ count: Int) throws(InputError) {
        try input.skip(count)
        stack.append(.inert("bytes"))
    }

    private mutating func push(tuple: [PickleValue]) {
        tuples.append(tuple)
        stack.append(.tuple(tuples.count - 1))
    }

    private mutating func push(list: [PickleValue]) {
        lists.append(list)
        stack.append(.list(lists.count - 1))
    }

    private mutating func push(dictionary: [(key: PickleValue, value: PickleValue)]) {
        dictionaries.append(dictionary)
        stack.append(.dictionary(dictionaries.count - 1))
    }

    private mutating func append(_ values: [PickleValue]) throws(InputError) {
        switch stack.last {
        case .list(let index): lists[index] += values
        case .inert, .object: break
        default: throw input.error("an append to something that is not a list")
        }
    }

    private mutating func setItems(_ values: [PickleValue]) throws(InputError) {
        guard values.count % 2 == 0 else { throw input.error("a key without a value") }
        switch stack.last {
        case .dictionary(let index):
            for pair in stride(from: 0, to: values.count, by: 2) {
                dictionaries[index].append((values[pair], values[pair + 1]))
            }
        case .inert, .object: break
        default: throw input.error("an item set in something that is not a dictionary")
        }
    }

    private mutating func store(_ index: Int) throws(InputError) {
        guard let top = stack.last else { throw input.error("an empty stack") }
        memo[index] = top
    }

    private mutating func load(_ index: Int) throws(InputError) {
        guard let value = memo[index] else { throw input.error("an unknown memo \(index)") }
        stack.append(value)
    }

    private mutating func pop() throws(InputError) -> PickleValue {
        try pop(1)[0]
    }

    private mutating func pop(_ count: Int) throws(InputError) -> [PickleValue] {
        guard stack.count - (marks.last ?? 0) >= count else { throw input.error("an empty stack") }
        let values = Array(stack.suffix(count))
        stack.removeLast(count)
        return values
    }

    private mutating func popToMark() throws(InputError) -> [PickleValue] {
        guard let mark = marks.popLast() else { throw input.error("a missing mark") }
        let values = Array(stack[mark...])
        stack.removeLast(values.count)
        return values
    }
}
