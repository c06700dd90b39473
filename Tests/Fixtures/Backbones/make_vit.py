# SPDX-License-Identifier: Apache-2.0
"""Write the ViT parity fixtures beside this file: tiny random models of timm and transformers.

    python make_vit.py

A fixture NAME is: NAME.json (configuration), NAME.weights.safetensors (float32, checkpoint
names), NAME.input.npy (float32 [B, 3, H, W]), NAME.features.npy (float64 [B, 1 + N, C], all tokens
after the final norm) and NAME.gradients.safetensors (float64: mean(features ** 2) by every used
parameter under its checkpoint name, and by `input`; those of key biases are zero but for rounding,
because softmax does not see a shift). All arithmetic is float64 on float32 values.
positions.*.npy hold the position resizes of positions.py for a 37 x 37 grid.
"""

import json
import pathlib
import platform
from unittest import mock

import numpy as np
import timm
import torch
import transformers
from safetensors.torch import save_file
from timm.models import vision_transformer
from transformers import Dinov2Config, Dinov2Model

from positions import RULES, resize_positions
from vit_names import load_published, published_name

FOLDER = pathlib.Path(__file__).parent
VERSIONS = {
    "python": platform.python_version(),
    "torch": torch.__version__,
    "timm": timm.__version__,
    "transformers": transformers.__version__,
    "numpy": np.__version__,
}

FIXTURES = [
    dict(name="vit-patch16-resized", source="timm", patch=16, dim=8, heads=2, depth=2,
         gridSize=[3, 3], imageSize=[32, 32], batch=1, layerScale=False, classes=3, seed=1),
    dict(name="vit-patch4-wide", source="timm", patch=4, dim=16, heads=4, depth=2,
         gridSize=[4, 4], imageSize=[16, 24], batch=2, layerScale=False, classes=0, seed=2),
    dict(name="dinov2-patch14-timm", source="timm", patch=14, dim=8, heads=2, depth=2,
         gridSize=[4, 4], imageSize=[28, 42], batch=1, layerScale=True, classes=0, seed=3),
    dict(name="dinov2-patch14-hf", source="transformers", patch=14, dim=8, heads=2, depth=2,
         gridSize=[5, 5], imageSize=[42, 28], batch=1, layerScale=True, classes=0, seed=4),
    dict(name="dinov2-patch4-hf", source="transformers", patch=4, dim=12, heads=3, depth=3,
         gridSize=[4, 4], imageSize=[16, 16], batch=2, layerScale=True, classes=0, seed=5),
]


def build(config):
    grid, patch = config["gridSize"], config["patch"]
    if config["source"] == "timm":
        return vision_transformer.VisionTransformer(
            img_size=(grid[0] * patch, grid[1] * patch), patch_size=patch, embed_dim=config["dim"],
            depth=config["depth"], num_heads=config["heads"], num_classes=config["classes"],
            init_values=1.0 if config["layerScale"] else None, dynamic_img_size=True)
    return Dinov2Model(Dinov2Config(
        hidden_size=config["dim"], num_hidden_layers=config["depth"],
        num_attention_heads=config["heads"], image_size=grid[0] * patch, patch_size=patch,
        attn_implementation="eager"))


def random_value(name, shape, generator):
    """Values far from the usual initialisation, so that no mistake hides behind a small number."""
    noise = generator.standard_normal(shape)
    if name.endswith(("gamma", "lambda1")):
        return 0.6 + 0.3 * noise
    if "norm" in name and name.endswith("weight"):
        return 1 + 0.5 * noise
    if name.endswith("bias"):
        return 0.2 * noise
    if len(shape) in (2, 4) and name.endswith("weight"):
        return 1.2 * noise / np.sqrt(np.prod(shape[1:]))
    return 0.5 * noise  # class token, positions, mask token


def features_of(model, pixels, config):
    if config["source"] == "timm":
        return model.forward_features(pixels)
    return model(pixels).last_hidden_state


def exact_positions(model, config):
    """A context in which the library's own resize runs in float64 (see positions.py)."""
    old, rule = config["gridSize"], config["source"]
    if config["source"] == "timm":
        def resample(posemb, new_size, **_):
            return resize_positions(posemb, old, new_size, rule)
        return mock.patch.object(vision_transformer, "resample_abs_pos_embed", resample)

    def interpolate(embeddings, height, width):
        new = (height // config["patch"], width // config["patch"])
        return resize_positions(model.embeddings.position_embeddings, old, new, rule)
    return mock.patch.object(model.embeddings, "interpolate_pos_encoding", interpolate)


def make(config):
    name, generator = config["name"], np.random.default_rng(config["seed"])
    model = build(config).eval()
    is_timm = config["source"] == "timm"
    key = (lambda parameter: parameter) if is_timm else published_name
    state = {key(n): torch.from_numpy(random_value(n, v.shape, generator).astype(np.float32))
             for n, v in model.state_dict().items()}
    if is_timm:
        model.load_state_dict(state, strict=True)
    else:
        load_published(model, state)
    shape = (config["batch"], 3, *config["imageSize"])
    pixels = generator.standard_normal(shape).astype(np.float32)
    with torch.no_grad():
        plain = features_of(model, torch.from_numpy(pixels), config).double()  # untouched

    model.double()
    x = torch.from_numpy(pixels).double().requires_grad_(True)
    with exact_positions(model, config):
        features = features_of(model, x, config)
    features.square().mean().backward()
    error = float((plain - features.detach()).norm() / features.detach().norm())
    if error > 1e-5:
        raise SystemExit(f"{name}: float64 and the library's float32 differ by {error:.1e}")
    gradients = {key(n): p.grad for n, p in model.named_parameters() if p.grad is not None}
    unused = sorted(key(n) for n, p in model.named_parameters() if p.grad is None)
    gradients["input"] = x.grad

    save_file(state, FOLDER / f"{name}.weights.safetensors")
    save_file({n: g.contiguous() for n, g in gradients.items()},
              FOLDER / f"{name}.gradients.safetensors")
    np.save(FOLDER / f"{name}.input.npy", pixels)
    np.save(FOLDER / f"{name}.features.npy", features.detach().numpy())
    changed = [side // config["patch"] for side in config["imageSize"]] != config["gridSize"]
    description = {k: v for k, v in config.items() if k not in ("name", "classes")} | dict(
        eps=1e-6, mlpRatio=4, classToken=True, channels=3, activation="gelu (exact, erf)",
        keys="timm" if is_timm else "huggingface",
        positions=config["source"] if changed else "none",
        unusedKeys=unused, loss="mean(features ** 2)", versions=VERSIONS)
    (FOLDER / f"{name}.json").write_text(json.dumps(description, indent=2) + "\n")
    size = sum(f.stat().st_size for f in FOLDER.glob(f"{name}.*"))
    smallest = min(float(g.norm()) for g in gradients.values())
    print(f"{name}: {size} bytes, float32 against float64 {error:.1e}, "
          f"smallest gradient norm {smallest:.1e}")
    return size


def make_positions():
    generator = np.random.default_rng(7)
    source = generator.standard_normal((1, 1 + 37 * 37, 2)).astype(np.float32)
    np.save(FOLDER / "positions.37x37.npy", source)
    values = torch.from_numpy(source)
    cases = []
    for rule in RULES:
        for new in ((16, 16), (8, 8), (8, 14)):
            result = resize_positions(values.double(), (37, 37), new, rule)
            if rule == "timm":
                library = timm.layers.resample_abs_pos_embed(values, new, (37, 37))
            elif rule == "transformers":
                model = Dinov2Model(Dinov2Config(
                    hidden_size=2, num_hidden_layers=1, num_attention_heads=1, image_size=518))
                model.embeddings.position_embeddings.data = values
                library = model.embeddings.interpolate_pos_encoding(
                    torch.zeros(1, 1 + new[0] * new[1], 2), new[0] * 14, new[1] * 14)
            else:
                library = resize_positions(values, (37, 37), new, rule)
            difference = float((library.detach().double() - result).abs().max())
            if difference > 1e-5:
                raise SystemExit(f"positions {rule} {new}: {difference:.1e} from the library")
            file = f"positions.{rule}.{new[0]}x{new[1]}.npy"
            np.save(FOLDER / file, result.numpy())
            cases.append(dict(file=file, rule=rule, grid=list(new)))
    (FOLDER / "positions.json").write_text(json.dumps(dict(
        input="positions.37x37.npy", gridSize=[37, 37], cases=cases, rules={
            "transformers": "size given; bicubic a=-0.75; align_corners False; no antialias",
            "timm": "size given; bicubic a=-0.5; "
                    "antialias (support 2*max(old/new,1), renormalised)",
            "dinov2": "scale (new+0.1)/old given and used for the coordinates; bicubic a=-0.75; "
                      "align_corners False; no antialias",
        }, versions=VERSIONS), indent=2) + "\n")


if __name__ == "__main__":
    torch.set_num_threads(1)
    print(json.dumps(VERSIONS))
    make_positions()
    total = sum(make(config) for config in FIXTURES)
    total += sum(f.stat().st_size for f in FOLDER.glob("positions.*"))
    for file in FOLDER.glob("*.safetensors"):
        file.chmod(0o644)
    print(f"all fixtures: {total} bytes")
