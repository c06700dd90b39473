// SPDX-License-Identifier: Apache-2.0
public import Files
import Foundation

/// Weights from a file of any format that is read here.
public enum CheckpointFile {
    /// Reads safetensors, PyTorch's formats, ONNX, `.npz` or a single `.npy` array.
    ///
    /// The format is told by the contents, never by the name. A single `.npy` array is called
    /// `array`. The index of a checkpoint in several files, or one of these, gives all of it.
    public static func read(_ path: String) throws(InputError) -> StateDict {
        let source = try ByteSource(path: path)
        if try ShardedCheckpoint.isIndex(source) {
            return try ShardedCheckpoint.read(index: source)
        }
        if let files = try ShardedCheckpoint.files(of: path) {
            return try ShardedCheckpoint.read(files, from: path)
        }
        return try read(source)
    }

    /// Reads the contents of such a file from memory; `name` stands for the path in messages.
    public static func read(
        bytes: [UInt8], name: String
    ) throws(InputError) -> StateDict {
        try read(ByteSource(bytes: bytes, path: name))
    }

    static func read(_ source: ByteSource) throws(InputError) -> StateDict {
        guard source.count > 0 else {
            throw source.error("the file is empty; fetch it again")
        }
        let prefix = try source.read(0, min(32, source.count), of: "the file's beginning")
        if ZipArchive.isZip(prefix) {
            let archive = try ZipArchive(source)
            if archive.members.contains(where: { $0.name.hasSuffix("/data.pkl") }) {
                return try TorchCheckpoint.read(archive)
            }
            return try Npz.read(archive)
        }
        if Npy.isNpy(prefix) {
            var result = StateDict(metadata: ["format": "npy"])
            result.setValue(try Npy.read(source, what: "the array"), for: "array")
            return result
        }
        // A header length, then its opening brace.
        if prefix.count > 8, prefix[8] == UInt8(ascii: "{") { return try Safetensors.read(source) }
        if TorchLegacy.isLegacy(prefix) { return try TorchLegacy.read(source) }
        // Protocol 2 and later of pickle, without PyTorch's storages.
        if prefix[0] == 0x80, prefix.count > 1, (2...5).contains(prefix[1]) {
            throw source.error(
                "this is a bare pickle, which is not read; load it in Python and save its arrays "
                    + "with torch.save or safetensors")
        }
        // ModelProto begins with its ir_version, a small number.
        if prefix[0] == 0x08 { return try Onnx.read(source) }
        if prefix.starts(with: Array("version https://".utf8).prefix(16)) {
            throw source.error("this is a pointer of Git LFS, not the weights; run git lfs pull")
        }
        throw source.error(
            "the format is unknown; expected safetensors, a PyTorch checkpoint (.pth), ONNX, .npz "
                + "or .npy")
    }
}
