# SPDX-License-Identifier: Apache-2.0
"""Reference for the real DINOv2 ViT-S/14: weights out of an ONNX export, features of a film frame.

    python dinov2_onnx_reference.py DATA

reads DATA/dinov2-small/vit_s_focus.onnx and DATA/big-buck-bunny/bbb.mp4 and writes beside the ONNX
file dinov2_vits14_hf.safetensors, dinov2_vits14_timm.safetensors and reference/: input.npy
(float32 [1, 3, 224, 224]: the frame at 100 s, ImageNet-normalised), features.npy (float64
[1, 257, 384]: transformers' Dinov2Model in float64, all tokens after the final norm),
gradients.safetensors (mean(features ** 2) by every parameter under its Hugging Face name and by
`input`: computed in float64, stored in float32) and reference.json. They stay outside the
repository: the frame is the film's.

The features are checked against onnxruntime running the export itself up to its final norm. The
exporter split the positions into two nameless constants and folded each linear weight into a
nameless transposed matrix; such a matrix belongs to the bias that is added to its product.
"""

import json
import pathlib
import sys

import numpy as np
import onnx
import onnxruntime
import torch
import transformers
from onnx import helper, numpy_helper
from safetensors.torch import save_file
from transformers import Dinov2Config, Dinov2Model

import film
from positions import resize_positions
from vit_names import load_published, published_name, published_to_timm

FINAL_NORM = "/backbone/layernorm/Add_1_output_0"
PREFIX = "backbone."
SECONDS = 100.0


def vits14():
    return Dinov2Model(Dinov2Config(
        hidden_size=384, num_hidden_layers=12, num_attention_heads=6, image_size=518, patch_size=14,
        attn_implementation="eager")).eval()


def state_dict(graph):
    """The backbone's published-name state dict from the initializers of the export."""
    initializers = {i.name: i for i in graph.initializer}
    array = lambda name: torch.from_numpy(numpy_helper.to_array(initializers[name]).copy())
    producers = {name: node for node in graph.node for name in node.output}
    state = {name[len(PREFIX):]: array(name) for name in initializers if name.startswith(PREFIX)}
    for node in graph.node:
        biases = [i for i in node.input if i.startswith(PREFIX) and i.endswith(".bias")]
        if node.op_type != "Add" or not biases:
            continue
        product = next((producers[i] for i in node.input if i in producers), None)
        if product is None or product.op_type != "MatMul":
            continue
        weight = [i for i in product.input if i in initializers]
        state[biases[0][len(PREFIX):-len("bias")] + "weight"] = array(weight[0]).T.contiguous()
    # The first join of a constant row with the resized grid is the position of the class token.
    resize = next(n for n in graph.node if n.op_type == "Resize" and "embeddings" in n.name)
    row = next(i.name for i in graph.initializer
               if not i.name.startswith(PREFIX) and list(i.dims) == [1, 1, 384])
    grid = next(i.name for i in graph.initializer if list(i.dims) == [1, 37 * 37, 384])
    attributes = {a.name: helper.get_attribute_value(a) for a in resize.attribute}
    print("positions in the export:", {k: v.decode() if isinstance(v, bytes) else v
                                      for k, v in attributes.items()})
    state["embeddings.position_embeddings"] = torch.cat([array(row), array(grid)], dim=1)
    return state


def features_of_export(path, pixels):
    """The export's own features after its final norm, by onnxruntime."""
    model = onnx.load(path)
    del model.graph.output[:]
    model.graph.output.append(
        helper.make_tensor_value_info(FINAL_NORM, onnx.TensorProto.FLOAT, None))
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run([FINAL_NORM], {model.graph.input[0].name: pixels})[0]


def relative(a, b):
    return float(np.linalg.norm(np.float64(a) - np.float64(b)) / np.linalg.norm(np.float64(b)))


def main(data):
    folder = data / "dinov2-small"
    graph = onnx.load(folder / "vit_s_focus.onnx").graph
    state = state_dict(graph)
    model = vits14()
    load_published(model, state)
    save_file(state, folder / "dinov2_vits14_hf.safetensors")
    save_file(published_to_timm(state), folder / "dinov2_vits14_timm.safetensors")
    print("parameters:", sum(v.numel() for v in state.values()))

    pixels = film.batch(data / "big-buck-bunny" / "bbb.mp4", [SECONDS], 224)
    export = features_of_export(folder / "vit_s_focus.onnx", pixels)
    with torch.no_grad():
        single = model(torch.from_numpy(pixels)).last_hidden_state.numpy()

    model.double()
    def exact(embeddings, height, width):  # the library resizes in float32, see positions.py
        return resize_positions(model.embeddings.position_embeddings, (37, 37),
                                (height // 14, width // 14), "transformers")
    model.embeddings.interpolate_pos_encoding = exact
    x = torch.from_numpy(pixels).double().requires_grad_(True)
    features = model(x).last_hidden_state
    features.square().mean().backward()
    gradients = {published_name(n): p.grad
                 for n, p in model.named_parameters() if p.grad is not None}
    gradients["input"] = x.grad
    features = features.detach().numpy()
    errors = {
        "onnxruntime float32 against float64": relative(export, features),
        "transformers float32 against float64": relative(single, features),
    }
    print(json.dumps(errors))
    if max(errors.values()) > 1e-4:
        raise SystemExit("the export and the converted weights disagree")

    reference = folder / "reference"
    reference.mkdir(exist_ok=True)
    np.save(reference / "input.npy", pixels)
    np.save(reference / "features.npy", features)
    save_file({n: g.float().contiguous() for n, g in gradients.items()},
              reference / "gradients.safetensors")
    (reference / "reference.json").write_text(json.dumps(dict(
        frame=f"bbb.mp4 at {SECONDS} s, 224 x 224 by swscale bicubic", positions="transformers",
        loss="mean(features ** 2)", lossValue=float(np.square(features).mean()), errors=errors,
        versions=dict(torch=torch.__version__, transformers=transformers.__version__,
                      onnxruntime=onnxruntime.__version__)), indent=2) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    main(pathlib.Path(sys.argv[1]))
