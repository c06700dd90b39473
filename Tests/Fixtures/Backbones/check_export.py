# SPDX-License-Identifier: Apache-2.0
"""Does an exported ViT checkpoint give the same features in timm or transformers?

    python check_export.py EXPORT.safetensors INPUT.npy FEATURES.npy [--family timm|hf]
        [--heads N] [--positions transformers|timm|dinov2]

EXPORT is loaded strictly (a classifier head excepted) into the peer's own model, INPUT
[N, 3, H, W] is run through it, and all tokens after the final norm are compared with FEATURES
[N, 1 + tokens, C]. Prints one JSON line; exits 1 above a relative error (Frobenius) of 1e-4, or
where keys or shapes do not fit. The family is read off the key names; --positions resizes the
positions by that rule before the peer sees them (default: the peer resizes them in its own way).
"""

import argparse
import json
import math
import re
import sys

import numpy as np
import timm
import torch
import transformers
from safetensors.torch import load_file
from transformers import Dinov2Config, Dinov2Model

from positions import RULES, resize_positions
from vit_names import load_published

LIMIT = 1e-4
TIMM_NAMES = {
    (192, 16): "vit_tiny_patch16_224", (384, 16): "vit_small_patch16_224",
    (768, 16): "vit_base_patch16_224", (384, 14): "vit_small_patch14_dinov2",
    (768, 14): "vit_base_patch14_dinov2",
}


def describe(state, family):
    """Sizes that the checkpoint's shapes imply."""
    is_timm = family == "timm"
    patches = state["patch_embed.proj.weight" if is_timm
                    else "embeddings.patch_embeddings.projection.weight"]
    key = "pos_embed" if is_timm else "embeddings.position_embeddings"
    blocks = [re.match(r"(?:encoder\.layer|blocks)\.(\d+)\.", name) for name in state]
    return dict(dim=patches.shape[0], patch=patches.shape[2], positions=key,
                grid=math.isqrt(state[key].shape[1] - 1),
                depth=1 + max(int(match[1]) for match in blocks if match),
                layerScale=any(name.endswith(("gamma", "lambda1")) for name in state))


def build(state, family, sizes, heads):
    dim, patch, side = sizes["dim"], sizes["patch"], sizes["grid"] * sizes["patch"]
    if family == "hf":
        model = Dinov2Model(Dinov2Config(
            hidden_size=dim, num_hidden_layers=sizes["depth"], num_attention_heads=heads,
            image_size=side, patch_size=patch, attn_implementation="eager"))
        load_published(model, state)
        return "transformers Dinov2Model", model.eval()
    name = TIMM_NAMES.get((dim, patch))
    if name is not None and sizes["depth"] == 12:
        model = timm.create_model(name, num_classes=0, img_size=side, dynamic_img_size=True)
    else:
        name = "VisionTransformer"
        model = timm.models.vision_transformer.VisionTransformer(
            img_size=side, patch_size=patch, embed_dim=dim, depth=sizes["depth"], num_heads=heads,
            num_classes=0, init_values=1.0 if sizes["layerScale"] else None, dynamic_img_size=True)
    model.load_state_dict(
        {k: v for k, v in state.items() if not k.startswith("head.")}, strict=True)
    return f"timm {name}", model.eval()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("export")
    parser.add_argument("input")
    parser.add_argument("features")
    parser.add_argument("--family", choices=("timm", "hf"))
    parser.add_argument("--heads", type=int, help="attention heads (default: dim / 64)")
    parser.add_argument("--positions", choices=RULES)
    arguments = parser.parse_args()

    state = {k: v.float() for k, v in load_file(arguments.export).items()}
    family = arguments.family or ("timm" if "pos_embed" in state else "hf")
    pixels = np.load(arguments.input).astype(np.float32)
    ours = np.load(arguments.features).astype(np.float64)
    try:
        sizes = describe(state, family)
        new = [length // sizes["patch"] for length in pixels.shape[2:]]
        name, model = build(state, family, sizes, arguments.heads or max(1, sizes["dim"] // 64))
    except (KeyError, RuntimeError, ValueError) as error:
        raise SystemExit(f"{arguments.export} does not load into {family}: {error}")
    if arguments.positions:
        resized = resize_positions(state[sizes["positions"]].double(), [sizes["grid"]] * 2, new,
                                   arguments.positions).float()
        if family == "hf":
            model.embeddings.interpolate_pos_encoding = lambda *_: resized
        else:
            timm.models.vision_transformer.resample_abs_pos_embed = lambda *_, **__: resized
    with torch.no_grad():
        x = torch.from_numpy(pixels)
        peer = model.forward_features(x) if family == "timm" else model(x).last_hidden_state
    peer = peer.double().numpy()
    if peer.shape != ours.shape:
        raise SystemExit(f"features are {list(ours.shape)}, {name} gives {list(peer.shape)}")
    error = float(np.linalg.norm(peer - ours) / np.linalg.norm(peer))
    worst = float(np.abs(peer - ours).max())
    print(json.dumps(dict(
        peer=name, version=timm.__version__ if family == "timm" else transformers.__version__,
        positions=arguments.positions or "the peer's own", relativeError=error,
        largestDifference=worst, limit=LIMIT)))
    # Written so that a NaN fails.
    sys.exit(0 if error <= LIMIT else 1)


if __name__ == "__main__":
    main()
