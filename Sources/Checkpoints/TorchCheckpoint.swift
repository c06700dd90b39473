// SPDX-License-Identifier: Apache-2.0
import Tensors

/// PyTorch's zip checkpoints (`torch.save` since 1.6): a pickle and one member a storage.
package enum TorchCheckpoint {
    /// The keys under which training scripts keep the weights, in the order of preference.
    static let wrappers = ["state_dict", "model", "module", "ema"]
    /// The longest pickle accepted; that of a large backbone has less than a megabyte.
    private static let largestPickle = 1 << 26

    /// Reads a state dict, at the top or under `state_dict`, `model`, `module` or `ema`.
    ///
    /// No code of the file is run. Views that are not contiguous are gathered.
    package static func read(_ path: String) throws(CheckpointError) -> StateDict {
        try read(ZipArchive(ByteSource(path: path)))
    }

    static func read(_ archive: ZipArchive) throws(CheckpointError) -> StateDict {
        let source = archive.source
        let pickles = archive.members.filter { $0.name.hasSuffix("/data.pkl") }
        guard pickles.count == 1, let pickle = pickles.first else {
            throw source.error(
                "the archive has \(pickles.count) members data.pkl, expected one; it is not a "
                    + "PyTorch checkpoint")
        }
        guard !archive.members.contains(where: { $0.name.hasSuffix("/constants.pkl") }) else {
            throw source.error(
                "this is a TorchScript program; save its state_dict() with torch.save instead")
        }
        guard pickle.size <= largestPickle else {
            throw source.error("data.pkl has \(pickle.size) bytes, more than \(largestPickle)")
        }
        let contents = try archive.contents(of: pickle)
        var machine = PickleMachine(
            try contents.read(0, contents.count, of: "data.pkl"), source)
        let root = try machine.run()
        let prefix = String(pickle.name.dropLast("data.pkl".count))
        var storages = try TorchStorages(archive, prefix: prefix)
        return try stateDict(root, machine, &storages)
    }

    private static func stateDict(
        _ root: PickleValue, _ machine: PickleMachine, _ storages: inout TorchStorages
    ) throws(CheckpointError) -> StateDict {
        let source = storages.source
        var (value, path) = (root, "")
        for _ in 0..<4 {
            guard case .dictionary(let index) = value,
                let (key, inner) = wrapped(machine.dictionaries[index])
            else { break }
            (value, path) = (inner, "\(path)\(key).")
        }
        guard case .dictionary(let index) = value else {
            throw source.error(
                "the file holds \(value.kind), expected a state dict; in PyTorch save "
                    + "torch.save(model.state_dict(), path)")
        }
        var result = StateDict(metadata: ["format": "pt"])
        for (key, value) in machine.dictionaries[index] {
            guard case .text(let name) = key else {
                throw source.error("a key of the state dict is \(key.kind), expected a string")
            }
            guard case .tensor(let tensor) = value else {
                throw source.error(
                    "\(path)\(name) is \(value.kind), expected a tensor; save the state dict alone "
                        + "or under one of \(wrappers.joined(separator: ", "))")
            }
            guard result.value(name) == nil else {
                throw source.error("the state dict has the key \(name) twice")
            }
            let view = machine.tensors[tensor]
            let array = try storages.value(view, machine.storages[view.storage], name)
            result.setValue(array, for: name)
        }
        guard !result.isEmpty else {
            throw source.error("the file holds no tensors; expected a state dict")
        }
        return result
    }

    /// The dictionary inside a wrapper, if there is one.
    private static func wrapped(
        _ pairs: [(key: PickleValue, value: PickleValue)]
    ) -> (key: String, value: PickleValue)? {
        for wrapper in wrappers {
            for case (.text(wrapper), .dictionary(let inner)) in pairs {
                return (wrapper, .dictionary(inner))
            }
        }
        return nil
    }
}

/// The storages of one archive, each checked once.
struct TorchStorages {
    private let archive: ZipArchive
    private let members: [String: ZipArchive.Member]
    private var opened: [String: ByteSource] = [:]
    private var seen: [PickleMachine.TensorView: TensorValue] = [:]
    private var bytesLeft: Int
    var source: ByteSource { archive.source }

    init(_ archive: ZipArchive, prefix: String) throws(CheckpointError) {
        self.archive = archive
        var members: [String: ZipArchive.Member] = [:]
        for member in archive.members where member.name.hasPrefix(prefix + "data/") {
            members[String(member.name.dropFirst(prefix.count + 5))] = member
        }
        self.members = members
        // Views may share storages (tied weights), but not without bound.
        let unpacked = archive.members.reduce(0) { $0.addingClamped($1.size) }
        bytesLeft = unpacked.addingClamped(unpacked).addingClamped(unpacked)
        if let order = archive.members.first(where: { $0.name == prefix + "byteorder" }) {
            let text = try archive.contents(of: order)
            guard text.count == 6, try text.read(0, 6, of: "byteorder") == Array("little".utf8)
            else {
                throw archive.source.error("the byte order is not little endian; save it again")
            }
        }
    }

    /// The elements of a view in row-major order.
    mutating func value(
        _ view: PickleMachine.TensorView, _ storage: PickleMachine.Storage, _ name: String
    ) throws(CheckpointError) -> TensorValue {
        if let known = seen[view] { return known }
        let bytes = try open(storage, name)
        let size = storage.type.size
        guard let length = storage.type.byteCount(of: view.shape),
            let span = Strided.span(shape: view.shape, strides: view.strides),
            view.offset >= 0, view.offset <= storage.count,
            length == 0 || span < storage.count - view.offset
        else {
            throw source.error(
                "\(name): the shape \(view.shape) with strides \(view.strides) at \(view.offset) "
                    + "leaves its storage of \(storage.count); the file is damaged")
        }
        guard length <= bytes.count, length <= bytesLeft else {
            throw source.error(
                "\(name): the shape \(view.shape) repeats a storage of \(storage.count) numbers; "
                    + "save contiguous tensors")
        }
        bytesLeft -= length
        let what = "the tensor \(name)"
        let result: TensorValue
        if isRowMajor(view) {
            let part = try bytes.slice(view.offset * size, length, of: what)
            result = try TensorDecoder.decode(part, storage.type, shape: view.shape, what: what)
        } else {
            let count = span + 1
            let part = try bytes.slice(view.offset * size, count * size, of: what)
            let flat = try TensorDecoder.decode(part, storage.type, shape: [count], what: what)
            result = flat.gathered(shape: view.shape, strides: view.strides)
        }
        seen[view] = result
        return result
    }

    private func isRowMajor(_ view: PickleMachine.TensorView) -> Bool {
        if view.shape.contains(0) { return true }
        let dense = Strided.rowMajor(view.shape)
        return view.shape.indices.allSatisfy {
            view.shape[$0] == 1 || view.strides[$0] == dense[$0]
        }
    }

    private mutating func open(
        _ storage: PickleMachine.Storage, _ name: String
    ) throws(CheckpointError) -> ByteSource {
        let bytes: ByteSource
        if let known = opened[storage.key] {
            bytes = known
        } else {
            guard let member = members[storage.key] else {
                throw source.error("\(name): the archive has no storage data/\(storage.key)")
            }
            bytes = try archive.contents(of: member)
            opened[storage.key] = bytes
        }
        let (length, overflow) = storage.count.multipliedReportingOverflow(by: storage.type.size)
        guard !overflow, length == bytes.count else {
            throw source.error(
                "\(name): the storage data/\(storage.key) has \(bytes.count) bytes, expected "
                    + "\(storage.count) of \(storage.type); the file is damaged")
        }
        return bytes
    }
}

extension Int {
    fileprivate func addingClamped(_ other: Int) -> Int {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
