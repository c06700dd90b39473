// SPDX-License-Identifier: Apache-2.0

/// The Python globals with a meaning here.
///
/// None is ever called, nor is any other that a checkpoint may name.
enum TorchGlobals {
    /// Typed storages and their elements.
    static let storages: [String: ScalarType] = [
        "torch.FloatStorage": .float32, "torch.DoubleStorage": .float64,
        "torch.HalfStorage": .float16, "torch.BFloat16Storage": .bfloat16,
        "torch.LongStorage": .int64, "torch.IntStorage": .int32, "torch.ShortStorage": .int16,
        "torch.CharStorage": .int8, "torch.ByteStorage": .uint8, "torch.BoolStorage": .bool,
    ]

    /// Those that make dictionaries and tensors; all others make opaque values.
    private static let meant: Set<String> = [
        "collections.OrderedDict", "builtins.dict", "__builtin__.dict",
        "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2",
        "torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state",
    ]

    /// Whether a call of the global means something here.
    static func isMeant(_ name: String) -> Bool { meant.contains(name) }

    /// Parts of names that tell tensors of a kind that is not read, and how to make them plain.
    private static let otherTensors = [
        ("sparse", "sparse tensors; save them after .to_dense()"),
        ("_rebuild_qtensor", "quantised tensors; save them after .dequantize()"),
        ("torch.QInt", "quantised tensors; save them after .dequantize()"),
        ("torch.QUInt", "quantised tensors; save them after .dequantize()"),
        ("torch.Complex", "complex tensors; save their real and imaginary parts"),
        ("_rebuild_tensor_v3", "tensors of a type such as float8; save them after .float()"),
        ("_rebuild_meta_tensor", "tensors without contents, of the device meta"),
    ]

    /// What to do about an object of a global where a state dict or a tensor is expected.
    static func advice(about name: String) -> String {
        if name.hasPrefix("torch."),
            let (_, what) = otherTensors.first(where: { name.contains($0.0) })
        {
            return "these are \(what)"
        }
        return "where the file is a whole module, load it in PyTorch and save "
            + "torch.save(model.state_dict(), path)"
    }
}
