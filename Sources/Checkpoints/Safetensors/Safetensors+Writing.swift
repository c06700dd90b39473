// SPDX-License-Identifier: Apache-2.0
public import Files
import Foundation
import Tensors
import TextFormats

extension Safetensors {
    /// How an array's elements are written.
    public enum ElementTypes: Sendable {
        /// As they are in memory: F32, F64, I64 and U8.
        case widened
        /// As they were in the file they come from: half precision and short integers again.
        case stored
    }

    /// Writes the arrays in their order.
    ///
    /// The same input gives the same bytes; the data begin at a multiple of 8. The file is
    /// written aside and renamed.
    public static func write(
        _ state: StateDict, to path: String, types: ElementTypes = .widened
    ) throws(InputError) {
        let header = try header(of: state, types, path: path)
        try AtomicFile.write(to: path) { handle in
            try handle.write(contentsOf: header)
            for name in state.names {
                guard let value = state.value(name) else { continue }
                if types == .stored, let type = state.storedType(name), type != value.widestType {
                    try unsafe value.forEachNarrowed(to: type) { try unsafe handle.append($0) }
                    continue
                }
                switch value {
                case .tensor(let tensor):
                    try unsafe tensor.withBytes { try unsafe handle.append($0) }
                case .integers(let array):
                    try unsafe array.values.withUnsafeBytes { try unsafe handle.append($0) }
                case .bytes(let array):
                    try unsafe array.bytes.withUnsafeBytes { try unsafe handle.append($0) }
                }
            }
        }
    }

    private static func header(
        of state: StateDict, _ types: ElementTypes, path: String
    ) throws(InputError) -> Data {
        var members: [String] = []
        if !state.metadata.isEmpty {
            let pairs = state.metadata.sorted { $0.key < $1.key }
                .map { JSONText.string($0.key) + ":" + JSONText.string($0.value) }
            members.append("\"__metadata__\":{" + pairs.joined(separator: ",") + "}")
        }
        var position = 0
        for name in state.names {
            guard let value = state.value(name) else { continue }
            guard name != "__metadata__" else {
                throw InputError("an array may not be called __metadata__", path: path)
            }
            let type = (types == .stored ? state.storedType(name) : nil) ?? value.widestType
            let end = position + value.shape.reduce(type.size, *)
            let shape = value.shape.map(String.init).joined(separator: ",")
            members.append(
                JSONText.string(name)
                    + ":{\"dtype\":\"\(type.safetensorsName)\",\"shape\":[\(shape)],"
                    + "\"data_offsets\":[\(position),\(end)]}")
            position = end
        }
        var text = Array(("{" + members.joined(separator: ",") + "}").utf8)
        while text.count % 8 != 0 { text.append(0x20) }
        guard text.count <= largestHeader else {
            throw InputError(
                "the header would need \(text.count) bytes, more than the format's "
                    + "\(largestHeader); shorten the metadata", path: path)
        }
        var data = unsafe withUnsafeBytes(of: UInt64(text.count).littleEndian) { unsafe Data($0) }
        data.append(contentsOf: text)
        return data
    }
}
