# SPDX-License-Identifier: Apache-2.0
"""Write the parity fixtures of Swin, Video Swin and VideoMAE beside this file.

    python make_swin.py

Tiny random models of torchvision and transformers. A fixture NAME is: NAME.json (configuration, the
library's own float32 errors), NAME.weights.safetensors (float32, our names), NAME.features.npy
(float64, channels last, after the final norm), NAME.gradients.safetensors and NAME.dual.safetensors
(float64: mean(features ** 2) by every parameter under our names, and by some of the input's numbers
as `input`), for the network and for its dual-residual surrogate at (15/16, 1/16). The input is a
formula, `noise` below. All arithmetic is float64 on float32 values.
"""

import json
import pathlib
import platform
import re

import numpy as np
import torch
import torchvision
import transformers
from safetensors.torch import save_file
from torchvision.models.swin_transformer import SwinTransformer
from torchvision.models.video.swin_transformer import SwinTransformer3d
from transformers import VideoMAEConfig, VideoMAEModel

FOLDER = pathlib.Path(__file__).parent
VERSIONS = {
    "python": platform.python_version(),
    "torch": torch.__version__,
    "torchvision": torchvision.__version__,
    "transformers": transformers.__version__,
    "numpy": np.__version__,
}
BETA = 1 / 16
STRIDE = 61  # of the input's numbers, how many there are to one whose gradient is stored

FIXTURES = [
    # An odd grid of 15 x 11, padded to windows, halved with padding, then below a window.
    dict(name="swin-odd", kind="swin", dim=4, depths=[2, 2, 2], heads=[1, 2, 4], window=[7, 7],
         patch=[4, 4], inputShape=[1, 3, 61, 47], seed=11),
    dict(name="swin-batch", kind="swin", dim=8, depths=[2, 2], heads=[2, 2], window=[4, 4],
         patch=[4, 4], inputShape=[2, 3, 40, 52], seed=12),
    # Time shorter than the window, then height and width too: the published index is cut.
    dict(name="video-swin-shrunk", kind="video-swin", dim=8, depths=[2, 1], heads=[1, 1],
         window=[8, 7, 7], patch=[2, 4, 4], inputShape=[1, 3, 5, 39, 50], seed=13),
    # A grid of 8 x 16 x 16 shifted along every axis.
    dict(name="video-swin-shifted", kind="video-swin", dim=8, depths=[2], heads=[2],
         window=[4, 5, 5], patch=[2, 4, 4], inputShape=[1, 3, 16, 64, 64], seed=14),
    dict(name="video-swin-batch", kind="video-swin", dim=8, depths=[2, 2], heads=[1, 2],
         window=[2, 3, 3], patch=[2, 4, 4], inputShape=[2, 3, 9, 21, 30], seed=15),
    dict(name="videomae", kind="videomae", dim=12, depths=[3], heads=[3], patch=[2, 4, 4],
         inputShape=[2, 3, 6, 16, 16], seed=16),
]


def noise(shape):
    """Numbers in [-1, 1) that any language can make again: a hash of each position."""
    h = np.arange(int(np.prod(shape)), dtype=np.uint32)
    with np.errstate(over="ignore"):
        h = h * np.uint32(2654435761)
        h ^= h >> np.uint32(16)
        h = h * np.uint32(2246822519)
        h ^= h >> np.uint32(13)
    return (h.astype(np.float64) / 2**31 - 1).astype(np.float32).reshape(shape)


def random_value(name, shape, generator):
    """Values far from the usual initialisation, so that no mistake hides behind a small number."""
    draw = generator.standard_normal(shape)
    if "norm" in name and name.endswith("weight"):
        return 1 + 0.5 * draw
    if name.endswith("bias") and "table" not in name:
        return 0.2 * draw
    if len(shape) in (2, 4, 5) and name.endswith("weight"):
        return 1.2 * draw / np.sqrt(np.prod(shape[1:]))
    return 0.8 * draw  # tables of relative positions


class Swin:
    """torchvision's networks as patches, stages of branches and layers between."""

    def __init__(self, config):
        build = SwinTransformer if config["kind"] == "swin" else SwinTransformer3d
        self.model = build(
            patch_size=list(config["patch"]), embed_dim=config["dim"], depths=config["depths"],
            num_heads=config["heads"], window_size=list(config["window"]), num_classes=2).eval()
        self.is_video = config["kind"] != "swin"

    def library(self, x):
        if self.is_video:
            return self.model.norm(self.model.features(self.model.patch_embed(x)))
        return self.model.norm(self.model.features(x))

    def parts(self):
        layers = list(self.model.features)
        if self.is_video:
            layers = [self.model.patch_embed] + layers
        stages = [[branch for block in stage for branch in (
            lambda x, b=block: b.attn(b.norm1(x)), lambda x, b=block: b.mlp(b.norm2(x)))]
            for stage in layers[1::2]]
        return layers[0::2], stages, self.model.norm

    def name(self, name):
        return None if name.startswith("head.") else name


class VideoMAE:
    """transformers' VideoMAEModel; biases of queries and values under VideoMAE's names."""

    def __init__(self, config):
        _, _, frames, height, _ = config["inputShape"]
        self.model = VideoMAEModel(VideoMAEConfig(
            image_size=height, patch_size=config["patch"][1], num_frames=frames,
            tubelet_size=config["patch"][0], hidden_size=config["dim"],
            num_hidden_layers=config["depths"][0], num_attention_heads=config["heads"][0],
            intermediate_size=4 * config["dim"], layer_norm_eps=1e-6, use_mean_pooling=False,
            attn_implementation="eager")).eval()
        embeddings, width = self.model.embeddings, config["dim"]
        token = np.arange(embeddings.num_patches)[:, None]
        angle = token / 10000 ** (2 * (np.arange(width) // 2) / width)
        exact = np.where(np.arange(width) % 2 == 0, np.sin(angle), np.cos(angle))
        # The library rounds its table to float32; the reference has it exactly.
        assert np.abs(embeddings.position_embeddings[0].numpy() - exact).max() < 1e-6
        embeddings.position_embeddings = torch.from_numpy(exact)[None]

    def library(self, x):
        return self.model(x.transpose(1, 2)).last_hidden_state

    def parts(self):
        stage = [branch for layer in self.model.encoder.layer for branch in (
            lambda x, b=layer: b.attention(b.layernorm_before(x)),
            lambda x, b=layer: b.output.dense(b.intermediate(b.layernorm_after(x))))]
        embed = lambda x: self.model.embeddings(x.transpose(1, 2), None)
        return [embed], [stage], self.model.layernorm

    NAMES = [
        (r"^embeddings\.patch_embeddings\.projection", "patch_embed.proj"),
        (r"^encoder\.layer\.", "blocks."), (r"^layernorm", "norm"),
        (r"layernorm_before", "norm1"), (r"layernorm_after", "norm2"),
        (r"attention\.output\.dense", "attn.proj"), (r"intermediate\.dense", "mlp.fc1"),
        (r"output\.dense", "mlp.fc2"), (r"attention\.attention\.query\.bias", "attn.q_bias"),
        (r"attention\.attention\.value\.bias", "attn.v_bias"),
        (r"attention\.attention\.(query|key|value)\.weight", r"attn.qkv.weight:\1"),
    ]

    def name(self, name):
        for pattern, replacement in self.NAMES:
            name = re.sub(pattern, replacement, name)
        return name


def ours(network, named):
    """Tensors under our names; queries, keys and values become one."""
    state, parts = {}, {}
    for name, value in named:
        name = network.name(name)
        if name is None or value is None or "index" in name:
            continue
        if ":" in name:
            name, part = name.split(":")
            parts.setdefault(name, {})[part] = value
        else:
            state[name] = value.detach().contiguous()
    for name, values in parts.items():
        state[name] = torch.cat([values[p] for p in ("query", "key", "value")]).detach()
    return state


def run(network, x, beta=None):
    layers, stages, norm = network.parts()
    for layer, stage in zip(layers, stages):
        x = before = layer(x)
        for branch in stage:
            if beta is None:
                x = x + branch(x)
            else:
                x, before = branch(x) + (1 - beta) * x + beta * before, x
        if beta is not None:
            x = (x + beta * before) / (1 + beta)
    return norm(x)


def gradients(network, pixels, dtype, beta):
    network.model.to(dtype).zero_grad(set_to_none=True)
    x = torch.from_numpy(pixels).to(dtype).requires_grad_(True)
    features = run(network, x, beta)
    features.square().mean().backward()
    result = ours(network, [(n, p.grad) for n, p in network.model.named_parameters()])
    result["input"] = x.grad.flatten()[::STRIDE].contiguous()
    return features.detach(), result


def float32_error(network, pixels, beta):
    """The library's own error in float32, in the norm of all gradients.

    One run's error is luck: this is the root mean square over inputs that differ by a few roundings.
    """
    squares = []
    for trial in range(16):
        x = pixels * np.float32(1 + trial * 2.0**-20)
        _, single = gradients(network, x, torch.float32, beta)
        _, double = gradients(network, x, torch.float64, beta)
        difference = sum(float((single[k].double() - double[k]).square().sum()) for k in double)
        squares.append(difference / sum(float(v.square().sum()) for v in double.values()))
    return float(np.mean(squares)) ** 0.5


def make(config):
    name, generator = config["name"], np.random.default_rng(config["seed"])
    network = (VideoMAE if config["kind"] == "videomae" else Swin)(config)
    with torch.no_grad():
        for key, parameter in network.model.named_parameters():
            parameter.copy_(torch.from_numpy(
                random_value(key, parameter.shape, generator).astype(np.float32)))
    state = ours(network, network.model.named_parameters())
    pixels = noise(config["inputShape"])
    errors = {}
    for way, beta in (("gradients", None), ("dual", BETA)):
        features, double = gradients(network, pixels, torch.float64, beta)
        errors[way] = float32_error(network, pixels, beta)
        save_file(double, FOLDER / f"{name}.{way}.safetensors")
        if beta is None:
            with torch.no_grad():
                library = network.library(torch.from_numpy(pixels).double())
            if float((library - features).abs().max()) > 1e-12:
                raise SystemExit(f"{name}: the parts are not the library's network")
            np.save(FOLDER / f"{name}.features.npy", features.numpy())
    save_file(state, FOLDER / f"{name}.weights.safetensors")
    description = config | dict(
        inputStride=STRIDE, alpha=1 - BETA, beta=BETA, float32GradientErrors=errors,
        versions=VERSIONS)
    (FOLDER / f"{name}.json").write_text(json.dumps(description, indent=2) + "\n")
    size = sum(f.stat().st_size for f in FOLDER.glob(f"{name}.*"))
    print(f"{name}: {size} bytes, features {list(features.shape)}, float32 errors {errors}")
    return size


if __name__ == "__main__":
    torch.set_num_threads(1)
    print(json.dumps(VERSIONS))
    print(f"all fixtures: {sum(make(config) for config in FIXTURES)} bytes")
    for file in FOLDER.glob("*.safetensors"):
        file.chmod(0o644)
