#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the files beside this script: python make.py (needs numpy, safetensors, torch, onnx).

Values are ramps (see ramp), so that the tests can compare whole tensors without a second file.
Made with the versions that the script prints.
"""
import argparse
import os
import pickle
import zipfile
from collections import OrderedDict

import numpy as np
import onnx
import safetensors
import torch
from onnx import TensorProto, helper, numpy_helper
from safetensors.torch import save_file

os.chdir(os.path.dirname(os.path.abspath(__file__)))
print("numpy", np.__version__, "safetensors", safetensors.__version__, "torch", torch.__version__,
      "onnx", onnx.__version__)


def ramp(*shape, dtype=torch.float32):
    """0, 0.25, 0.5 ... minus 1: exact in every type, half precision included."""
    count = int(np.prod(shape))
    return (torch.arange(count, dtype=torch.float64) * 0.25 - 1).reshape(shape).to(dtype)


def mixed():
    return OrderedDict([
        ("f32", ramp(2, 3)), ("f64", ramp(3, dtype=torch.float64)),
        ("f16", ramp(2, 4, dtype=torch.float16)), ("bf16", ramp(5, dtype=torch.bfloat16)),
        ("i64", torch.tensor([[1, -2], [3, 2**40]])),
        ("i32", torch.tensor([7, -8], dtype=torch.int32)),
        ("i16", torch.tensor([300, -301], dtype=torch.int16)),
        ("i8", torch.tensor([5, -6], dtype=torch.int8)),
        ("u8", torch.tensor([0, 127, 255], dtype=torch.uint8)),
        ("bool", torch.tensor([True, False, True])),
        ("scalar", torch.tensor(2.5)), ("empty", torch.zeros(0, 3)),
    ])


# safetensors, as the reference writer orders and pads it
save_file(mixed(), "mixed.safetensors", metadata={"format": "pt", "note": "\u00e9 \"quoted\"\n"})

# .npy
np.save("c.npy", ramp(2, 3, 4).numpy())
np.save("fortran.npy", np.asfortranarray(ramp(2, 3, 4).numpy()))
np.save("fortran_i8.npy", np.asfortranarray(np.arange(6, dtype=np.int64).reshape(2, 3)))
np.save("f8.npy", ramp(3, dtype=torch.float64).numpy())
np.save("f2.npy", ramp(4, dtype=torch.float16).numpy())
np.save("scalar.npy", np.float32(2.5))
np.save("empty.npy", np.zeros((0, 3), np.float32))
for name in ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "bool"]:
    np.save(f"{name}.npy", np.array([[0, 1], [1, 0]]).astype(name))
np.save("big_endian.npy", np.arange(3, dtype=">f4"))
np.save("structured.npy", np.zeros(2, dtype=[("x", "<f4"), ("y", "<i4")]))
for version in [(2, 0), (3, 0)]:
    with open(f"version{version[0]}.npy", "wb") as file:
        np.lib.format.write_array(file, ramp(2, 3).numpy(), version=version)
np.savez("stored.npz", a=ramp(2, 3).numpy(), b=np.arange(4))
np.savez_compressed("deflated.npz", a=ramp(2, 3).numpy(), b=np.arange(4),
                    zeros=np.zeros((64, 64), np.float32))

# PyTorch
torch.save(mixed(), "mixed.pth")
base = ramp(3, 4)
torch.save(OrderedDict(transposed=base.t(), column=base[:, 1], row=base[1], tied=base), "views.pth")
with zipfile.ZipFile("views.pth") as stored, zipfile.ZipFile(
        "deflated.pth", "w", zipfile.ZIP_DEFLATED) as deflated:
    for name in stored.namelist():
        deflated.writestr(zipfile.ZipInfo(name), stored.read(name), zipfile.ZIP_DEFLATED)
model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
with torch.no_grad():
    model[0].weight.copy_(ramp(2, 3))
    model[0].bias.copy_(ramp(2))
torch.save({"epoch": 3, "lr": 0.1, "args": argparse.Namespace(depth=2),
            "model": model.state_dict()}, "nested.pth")
torch.save({"weight": torch.nn.Parameter(ramp(2, 3))}, "parameter.pth")
torch.save({"weight": ramp(2, 3)}, "protocol4.pth", pickle_protocol=4)
torch.save(model, "module.pth")
torch.save(torch.zeros(1).expand(5), "tensor.pth")
torch.save({"wide": torch.zeros(1).expand(5)}, "expanded.pth")
for name, protocol in [("legacy", 2), ("legacy4", 4)]:
    torch.save({"epoch": 1, "state_dict": OrderedDict(
        weight=ramp(2, 3), transposed=base.t(), tied=base, half=ramp(4, dtype=torch.float16),
        index=torch.tensor([[1, -2]]), empty=torch.zeros(0, 3))}, name + ".pth",
        _use_new_zipfile_serialization=False, pickle_protocol=protocol)
for name, value in [
        ("complex", torch.zeros(2, dtype=torch.complex64)), ("sparse", torch.eye(2).to_sparse()),
        ("float8", torch.zeros(2, dtype=torch.float8_e4m3fn)),
        ("quantised", torch.quantize_per_tensor(torch.zeros(2), 0.1, 0, torch.qint8))]:
    torch.save({"weight": value}, name + ".pth")
for wrapper in ["state_dict", "module", "ema"]:
    torch.save({"step": 1, wrapper: {"weight": ramp(2, 3)}}, f"under_{wrapper}.pth")
with open("bare.pkl", "wb") as file:
    pickle.dump({"weight": [1.0]}, file, protocol=2)


class Evil:
    def __reduce__(self):
        return os.system, ("false",)


torch.save({"weight": ramp(2, 3), "evil": Evil()}, "evil.pth")

# ONNX: two linear layers as an exporter leaves them, a Gemm, other types and encodings
weight = ramp(2, 3).numpy()
initializers = [
    numpy_helper.from_array(weight.T.copy(), "onnx::MatMul_17"),
    numpy_helper.from_array(ramp(2).numpy(), "block.fc1.bias"),
    helper.make_tensor("onnx::MatMul_18", TensorProto.FLOAT, [2, 2], [1.0, 2.0, 3.0, 4.0]),
    helper.make_tensor("block.fc2.bias", TensorProto.FLOAT, [2], [0.5, -0.5]),
    numpy_helper.from_array(ramp(4, 2).numpy(), "head.weight"),
    numpy_helper.from_array(ramp(4).numpy(), "head.bias"),
    numpy_helper.from_array(ramp(3, dtype=torch.float16).numpy(), "half"),
    helper.make_tensor("half_typed", TensorProto.FLOAT16, [2], [1.5, -2.0]),
    helper.make_tensor("bf16_typed", TensorProto.BFLOAT16, [2], [1.5, -2.0]),
    numpy_helper.from_array(ramp(3, dtype=torch.float64).numpy(), "double"),
    helper.make_tensor("double_typed", TensorProto.DOUBLE, [2], [1.5, -2.0]),
    numpy_helper.from_array(np.array([1, -1, 384]), "shape"),
    helper.make_tensor("shape_typed", TensorProto.INT64, [2], [-1, 5]),
]
nodes = [
    helper.make_node("MatMul", ["x", "onnx::MatMul_17"], ["y1"], name="/block/fc1/MatMul"),
    helper.make_node("Add", ["block.fc1.bias", "y1"], ["z1"], name="/block/fc1/Add"),
    helper.make_node("MatMul", ["z1", "onnx::MatMul_18"], ["y2"]),
    helper.make_node("Add", ["y2", "block.fc2.bias"], ["z2"]),
    helper.make_node("Gemm", ["z2", "head.weight", "head.bias"], ["out"], transB=1),
]
graph = helper.make_graph(
    nodes, "small", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3])],
    [helper.make_tensor_value_info("out", TensorProto.FLOAT, [1, 4])], initializers)
model = helper.make_model(graph)
onnx.checker.check_model(model)
onnx.save(model, "linear.onnx")
