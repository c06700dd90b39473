// SPDX-License-Identifier: Apache-2.0
import Files

/// PyTorch's checkpoints from before 1.6, as `torch.save` still writes them on request.
///
/// Five pickles one behind the other (a magic number, the format's version, the machine, the
/// object, the storages' keys), then for each key the number of elements and their bytes.
enum TorchLegacy {
    /// 0x1950A86A20F9469CFC6C, lowest byte first.
    private static let magic: [UInt8] = [
        0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19,
    ]

    /// Whether a file that begins so is one: a pickle of the magic number.
    static func isLegacy(_ prefix: [UInt8]) -> Bool {
        guard prefix.count > 2, prefix[0] == 0x80 else { return false }
        // Protocols 4 and 5 put a frame of nine bytes around it.
        let start = prefix[2] == 0x95 ? 11 : 2
        return prefix.dropFirst(start).starts(with: [0x8A, 10] + magic + [0x2E])
    }

    static func read(_ source: ByteSource) throws(InputError) -> StateDict {
        let bytes = try source.read(
            0, min(source.count, TorchCheckpoint.largestPickle), of: "the pickles")
        var position = 0
        func pickle() throws(InputError) -> (PickleValue, PickleMachine) {
            var machine = PickleMachine(bytes, source, at: position)
            let value = try machine.run()
            position = machine.position
            return (value, machine)
        }
        _ = try pickle()
        guard case .integer(1001) = try pickle().0 else {
            throw source.error("the format's version is not 1001, the only one; damaged file")
        }
        let (system, description) = try pickle()
        guard case .dictionary(let index) = system,
            description.dictionaries[index].contains(where: {
                if case (.text("little_endian"), .bool(true)) = $0 { true } else { false }
            })
        else {
            throw source.error("the byte order is not little endian; save it again")
        }
        let (root, machine) = try pickle()
        let (keys, lists) = try pickle()
        guard case .list(let list) = keys else {
            throw source.error("the storages' keys are \(keys.kind), expected a list; damaged file")
        }
        let opened = try storages(lists.lists[list], machine.storages, source, from: position)
        var storages = TorchStorages(opened, of: source)
        return try TorchCheckpoint.stateDict(root, machine, &storages)
    }

    /// The bytes of every storage, which follow the last pickle in the order of the keys.
    private static func storages(
        _ keys: [PickleValue], _ described: [PickleMachine.Storage], _ source: ByteSource,
        from start: Int
    ) throws(InputError) -> [String: ByteSource] {
        var types: [String: ScalarType] = [:]
        for storage in described { types[storage.key] = storage.type }
        var result: [String: ByteSource] = [:]
        var position = start
        for key in keys {
            guard case .text(let name) = key, name.utf8.count <= PickleMachine.longestName,
                let type = types[name], result[name] == nil
            else {
                throw source.error(
                    "the keys of the storages do not agree with the tensors; the file is damaged")
            }
            let what = "the storage \(name)"
            let length = try source.read(position, 8, of: "the length of \(what)")
            let (bytes, overflow) = length.littleEndian(0, as: Int.self)
                .multipliedReportingOverflow(by: type.size)
            guard !overflow else {
                throw source.error("\(what) has an impossible length; the file is damaged")
            }
            result[name] = try source.slice(position + 8, bytes, of: what)
            position += 8 + bytes
        }
        guard position == source.count else {
            throw source.error(
                "\(source.count - position) bytes after the last storage belong to nothing; the "
                    + "file is damaged")
        }
        return result
    }
}
