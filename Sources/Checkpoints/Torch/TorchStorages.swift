// SPDX-License-Identifier: Apache-2.0
import Files
import Tensors

/// The storages of one checkpoint, each checked once.
struct TorchStorages {
    private let archive: ZipArchive?
    private let members: [String: ZipArchive.Member]
    private var opened: [String: ByteSource]
    private var seen: [PickleMachine.TensorView: TensorValue] = [:]
    private var bytesLeft: Int
    private var spanLeft: Int
    let source: ByteSource

    /// Storages whose bytes are known by key.
    init(_ opened: [String: ByteSource], of source: ByteSource) {
        archive = nil
        members = [:]
        self.opened = opened
        self.source = source
        (bytesLeft, spanLeft) = TorchStorages.budget(source.count)
    }

    /// The members of an archive below `prefix`.
    init(_ archive: ZipArchive, prefix: String) throws(InputError) {
        self.archive = archive
        var members: [String: ZipArchive.Member] = [:]
        for member in archive.members where member.name.hasPrefix(prefix + "data/") {
            members[String(member.name.dropFirst(prefix.count + 5))] = member
        }
        self.members = members
        opened = [:]
        source = archive.source
        let unpacked = archive.members.reduce(0) { $0.addingClamped($1.size) }
        (bytesLeft, spanLeft) = TorchStorages.budget(unpacked)
        if let order = archive.members.first(where: { $0.name == prefix + "byteorder" }) {
            let text = try archive.contents(of: order)
            guard text.count == 6, try text.read(0, 6, of: "byteorder") == Array("little".utf8)
            else {
                throw archive.source.error("the byte order is not little endian; save it again")
            }
        }
    }

    /// Bytes that all tensors may take, and bytes that may be read to gather views.
    ///
    /// Views may share storages (tied weights, columns), but not without bound.
    private static func budget(_ bytes: Int) -> (Int, Int) {
        let times = { (factor: Int) in
            let (product, overflow) = bytes.multipliedReportingOverflow(by: factor)
            return overflow ? Int.max : product
        }
        return (times(3), times(64))
    }

    /// The elements of a view in row-major order.
    mutating func value(
        _ view: PickleMachine.TensorView, _ storage: PickleMachine.Storage, _ name: String
    ) throws(InputError) -> TensorValue {
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
            guard count * size <= spanLeft else {
                throw source.error(
                    "\(name) is one of too many views of one storage; save contiguous tensors")
            }
            spanLeft -= count * size
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
    ) throws(InputError) -> ByteSource {
        let bytes: ByteSource
        if let known = opened[storage.key] {
            bytes = known
        } else {
            guard let archive, let member = members[storage.key] else {
                throw source.error("\(name): the file has no storage \(storage.key)")
            }
            bytes = try archive.contents(of: member)
            opened[storage.key] = bytes
        }
        let (length, overflow) = storage.count.multipliedReportingOverflow(by: storage.type.size)
        guard !overflow, length == bytes.count else {
            throw source.error(
                "\(name): the storage \(storage.key) has \(bytes.count) bytes, expected "
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
