// SPDX-License-Identifier: Apache-2.0

/// PyTorch's checkpoints (`torch.save`): a pickle that describes tensors, and their storages.
package enum TorchCheckpoint {
    /// The keys under which training scripts keep the weights, in the order of preference.
    static let wrappers = [
        "state_dict", "model", "module", "model_state", "model_state_dict", "net", "backbone",
        "state_dict_ema", "model_ema", "ema_state_dict", "ema", "teacher",
    ]
    /// The longest pickle accepted; that of a large backbone has less than a megabyte.
    static let largestPickle = 1 << 26

    /// Reads a state dict, at the top or under one of ``wrappers``.
    ///
    /// Both formats: the zip archive of PyTorch 1.6 and later, and the one before. No code of the
    /// file is run. Views that are not contiguous are gathered.
    package static func read(_ path: String) throws(CheckpointError) -> StateDict {
        let source = try ByteSource(path: path)
        let prefix = try source.read(0, min(32, source.count), of: "the file's beginning")
        return TorchLegacy.isLegacy(prefix)
            ? try TorchLegacy.read(source) : try read(ZipArchive(source))
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

    /// The tensors of the dictionary that `root` is or wraps.
    static func stateDict(
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
            guard name.utf8.count <= PickleMachine.longestName else {
                throw source.error("a key of the state dict has \(name.utf8.count) bytes")
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
            let storage = machine.storages[view.storage]
            let array = try storages.value(view, storage, name)
            result.setValue(array, for: name, storedAs: storage.type)
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
