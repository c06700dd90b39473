// SPDX-License-Identifier: Apache-2.0
package import Files

/// PyTorch's checkpoints (`torch.save`): a pickle that describes tensors, and their storages.
package enum TorchCheckpoint {
    /// The keys under which training scripts keep the weights, in the order of preference.
    ///
    /// Averages come first, as those who make them evaluate them; not so `ema_state_dict`, in which
    /// MMEngine leaves the weights that are no averages.
    static let wrappers = [
        "state_dict_ema", "model_ema", "ema", "teacher", "target_encoder", "state_dict", "model",
        "module", "model_state", "model_state_dict", "net", "backbone", "ema_state_dict",
    ]
    /// The longest pickle accepted; that of a large backbone has less than a megabyte.
    static let largestPickle = 1 << 26

    /// Reads a state dict, at the top or under one of `wrappers`.
    ///
    /// Both formats: the zip archive of PyTorch 1.6 and later, and the one before. No code of the
    /// file is run. Views that are not contiguous are gathered.
    package static func read(_ path: String) throws(InputError) -> StateDict {
        let source = try ByteSource(path: path)
        let prefix = try source.read(0, min(32, source.count), of: "the file's beginning")
        return TorchLegacy.isLegacy(prefix)
            ? try TorchLegacy.read(source) : try read(ZipArchive(source))
    }

    static func read(_ archive: ZipArchive) throws(InputError) -> StateDict {
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
    ) throws(InputError) -> StateDict {
        let source = storages.source
        var (value, keys, others) = (root, [String](), [String]())
        var wrapped = WrappedDictionaries(machine)
        for _ in 0..<4 {
            guard case .dictionary(let index) = value, let found = wrapped.preferred(in: index)
            else { break }
            others += found.others.map { (keys + [$0]).joined(separator: ".") }
            keys.append(found.key)
            value = .dictionary(found.dictionary)
        }
        let path = keys.map { "\($0)." }.joined()
        guard case .dictionary(let index) = value else {
            if case .object(let name) = value {
                throw source.error(
                    "the file holds \(value.kind), expected a state dict of tensors; "
                        + TorchGlobals.advice(about: name))
            }
            throw source.error(
                "the file holds \(value.kind), expected a state dict; in PyTorch save "
                    + "torch.save(model.state_dict(), path)")
        }
        var result = StateDict(metadata: ["format": "pt"])
        if !keys.isEmpty {
            result.part = .init(taken: keys.joined(separator: "."), others: others)
        }
        for (key, value) in machine.dictionaries[index] {
            guard case .text(let name) = key else {
                throw source.error("a key of the state dict is \(key.kind), expected a string")
            }
            guard name.utf8.count <= PickleMachine.longestName else {
                throw source.error("a key of the state dict has \(name.utf8.count) bytes")
            }
            // What a module keeps beside its tensors, of any kind.
            if name.hasSuffix("_extra_state") { continue }
            guard case .tensor(let tensor) = value else {
                if case .object(let global) = value {
                    throw source.error(
                        "\(path)\(name) is \(value.kind), expected a state dict of tensors; "
                            + TorchGlobals.advice(about: global))
                }
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

}
