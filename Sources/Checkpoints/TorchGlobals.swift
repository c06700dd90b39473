// SPDX-License-Identifier: Apache-2.0

/// The Python globals that a checkpoint may name.
///
/// None of them is ever called.
enum TorchGlobals {
    /// Typed storages and their elements.
    static let storages: [String: ScalarType] = [
        "torch.FloatStorage": .float32, "torch.DoubleStorage": .float64,
        "torch.HalfStorage": .float16, "torch.BFloat16Storage": .bfloat16,
        "torch.LongStorage": .int64, "torch.IntStorage": .int32, "torch.ShortStorage": .int16,
        "torch.CharStorage": .int8, "torch.ByteStorage": .uint8, "torch.BoolStorage": .bool,
    ]

    /// Those with a meaning here, and what training scripts store beside the weights.
    ///
    /// The latter (options, NumPy scalars, device and type names) become values without contents.
    private static let others: Set<String> = [
        "collections.OrderedDict", "collections.defaultdict", "collections.Counter",
        "builtins.dict", "builtins.set", "builtins.frozenset", "builtins.list", "builtins.tuple",
        "builtins.int", "builtins.float", "builtins.complex", "builtins.slice",
        "__builtin__.dict", "__builtin__.set", "__builtin__.frozenset", "__builtin__.list",
        "torch._utils._rebuild_tensor", "torch._utils._rebuild_tensor_v2",
        "torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state",
        "torch.Size", "torch.device", "torch.serialization._get_layout", "torch.float32",
        "torch.float64", "torch.float16", "torch.bfloat16", "torch.int64", "torch.int32",
        "torch.bool", "torch.uint8", "argparse.Namespace", "pathlib.PosixPath", "_codecs.encode",
        "numpy.dtype", "numpy.ndarray", "numpy.core.multiarray.scalar",
        "numpy.core.multiarray._reconstruct", "numpy._core.multiarray.scalar",
        "numpy._core.multiarray._reconstruct", "mmengine.logging.history_buffer.HistoryBuffer",
        "yacs.config.CfgNode", "mmengine.config.config.ConfigDict", "mmcv.utils.config.ConfigDict",
        "addict.addict.Dict", "omegaconf.dictconfig.DictConfig", "omegaconf.listconfig.ListConfig",
        "omegaconf.base.ContainerMetadata", "omegaconf.base.Metadata",
        "omegaconf.nodes.AnyNode", "typing.Any", "datetime.datetime", "datetime.timedelta",
    ]

    static func isKnown(_ name: String) -> Bool {
        storages[name] != nil || others.contains(name)
    }

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

    static func refused(_ name: String, _ source: ByteSource) -> CheckpointError {
        if name.hasPrefix("torch."),
            let (_, what) = otherTensors.first(where: { name.contains($0.0) })
        {
            return source.error("the pickle holds (\(name)) \(what)")
        }
        return source.error(
            "the pickle needs the Python global \(name), expected a state dict of tensors; where "
                + "the file is a whole module, load it in PyTorch and save "
                + "torch.save(model.state_dict(), path)")
    }
}
