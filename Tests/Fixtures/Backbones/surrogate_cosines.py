# SPDX-License-Identifier: Apache-2.0
"""How far the dual-residual surrogate's features are from the pretrained network's, in PyTorch.

    python surrogate_cosines.py DATA [--dtype float64]

For each (alpha, beta): x_i = F_i(x_{i-1}) + alpha x_{i-1} + beta x_{i-2} over the 24 branches
(attention and MLP alternate; LayerScale inside F), x_{-1} = x_0 = the embeddings; the stage output
is (x_n + beta x_{n-1}) / (1 + beta), then the final norm. The cosine is between the vectors of one
token [384] in the surrogate's and in the pretrained network's normed features, averaged over all
257 tokens (class token included) of the frames at 100, 200, 300 and 400 s of the film at 224 x 224.
DATA must hold dinov2-small/dinov2_vits14_hf.safetensors (dinov2_onnx_reference.py writes it).
"""

import argparse
import json
import pathlib

import torch
from safetensors.torch import load_file

import film
from dinov2_onnx_reference import vits14
from vit_names import load_published

TIMES = [100.0, 200.0, 300.0, 400.0]
PAIRS = [(1, 0), (1, 1 / 100), (1, 1 / 32), (1, 1 / 16), (1, 1 / 10), (15 / 16, 1 / 16), (0.9, 0.1),
         (3 / 4, 1 / 4), (1 / 2, 1 / 2), (0, 1), (1, 1)]


def branches(model):
    for layer in model.encoder.layer:
        yield lambda x, l=layer: l.layer_scale1(l.attention(l.norm1(x))[0])
        yield lambda x, l=layer: l.layer_scale2(l.mlp(l.norm2(x)))


def features(model, x0, alpha, beta):
    x, previous = x0, x0
    for branch in branches(model):
        x, previous = branch(x) + alpha * x + beta * previous, x
    return model.layernorm((x + beta * previous) / (1 + beta))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=pathlib.Path)
    parser.add_argument("--dtype", choices=("float32", "float64"), default="float32")
    arguments = parser.parse_args()
    model = vits14()
    weights = arguments.data / "dinov2-small" / "dinov2_vits14_hf.safetensors"
    load_published(model, load_file(weights))
    pixels = film.batch(arguments.data / "big-buck-bunny" / "bbb.mp4", TIMES, 224)
    dtype = getattr(torch, arguments.dtype)
    model.to(dtype)
    with torch.no_grad():
        x0 = model.embeddings(torch.from_numpy(pixels).to(dtype))
        pretrained = model(torch.from_numpy(pixels).to(dtype)).last_hidden_state
        for alpha, beta in PAIRS:
            surrogate = features(model, x0, alpha, beta)
            cosine = torch.nn.functional.cosine_similarity(surrogate, pretrained, dim=-1)
            error = (surrogate - pretrained).norm() / pretrained.norm()
            print(json.dumps(dict(
                alpha=alpha, beta=beta, cosine=round(float(cosine.mean()), 6),
                classToken=round(float(cosine[:, 0].mean()), 6),
                perFrame=[round(float(c), 4) for c in cosine.mean(1)],
                relativeDistance=round(float(error), 6))))


if __name__ == "__main__":
    main()
