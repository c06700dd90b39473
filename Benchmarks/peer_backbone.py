# SPDX-License-Identifier: Apache-2.0
"""One finetuning step of a backbone in PyTorch: seconds and resident memory.

    python peer_backbone.py --backbone video-swin-tiny --input-shape 1,3,32,224,224 --way conventional

Networks: torchvision's swin3d_* and swin_*, timm's vit_small_patch16_224; without their heads. A
step is forward, mean(features^2), backward through every parameter, AdamW; float32, CPU, no
dropout. `checkpointed` is torch.utils.checkpoint around each block. `reversible` runs the same
residual branches as x_i = F_i(x_{i-1}) + x_{i-2} (RevViT, Re2TAL) and computes them again backwards
in plain float32. Prints one JSON line; run one process a measurement.

`--export FOLDER` writes weights.safetensors, input.npy and gradients.safetensors instead: what the
other side needs to show that it computes the same. Norms are perturbed there, since behind a fresh
layer norm mean(features^2) is a constant.
"""

import argparse
import json
import os
import pathlib
import resource
import statistics
import time


def load(torch, name):
    """The network, its embedding, its stages as lists of blocks, what lies between, the norm."""
    if name == "vit-small-16":
        import timm

        model = timm.create_model("vit_small_patch16_224", pretrained=False, num_classes=0,
                                  dynamic_img_size=True)

        def embed(x):
            return model.norm_pre(model.patch_drop(model._pos_embed(model.patch_embed(x))))
        return model, embed, [list(model.blocks)], [], model.norm
    import torchvision

    size = {"tiny": "t", "small": "s", "base": "b"}[name.split("-")[-1]]
    if name.startswith("video-"):
        model = getattr(torchvision.models.video, f"swin3d_{size}")()
        embed, features = model.patch_embed, list(model.features)
    else:
        model = getattr(torchvision.models, f"swin_{size}")()
        embed, features = model.features[0], list(model.features)[1:]
    for module in model.modules():
        if isinstance(module, torchvision.ops.StochasticDepth):
            module.p = 0.0
    model.head = torch.nn.Identity()
    return model, embed, [list(stage) for stage in features[0::2]], features[1::2], model.norm


def branches(block):
    return [lambda x: block.attn(block.norm1(x)), lambda x: block.mlp(block.norm2(x))]


def reversible_stage(torch):
    """x_i = F_i(x_{i-1}) + x_{i-2} with both streams at x_0; the output is their mean."""

    class Reversible(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, functions):
            now, before = x, x
            with torch.no_grad():
                for function in functions:
                    now, before = function(now) + before, now
            ctx.functions, ctx.pair = functions, (now, before)
            return (now + before) / 2

        @staticmethod
        def backward(ctx, gradient):
            now, before = ctx.pair
            ctx.pair = None
            d_now, d_before = gradient / 2, gradient / 2
            for function in reversed(ctx.functions):
                x = before.detach().requires_grad_()
                with torch.enable_grad():
                    value = function(x)
                torch.autograd.backward(value, d_now)
                with torch.no_grad():
                    now, before = before, now - value
                    d_now, d_before = d_before + x.grad, d_now
            return d_now + d_before, None

    return Reversible.apply


def forward(torch, parts, x, way):
    from torch.utils.checkpoint import checkpoint

    _, embed, stages, between, norm = parts
    x = embed(x)
    reversible = reversible_stage(torch)
    for index, blocks in enumerate(stages):
        if way == "reversible":
            x = reversible(x, [branch for block in blocks for branch in branches(block)])
        else:
            for block in blocks:
                x = checkpoint(block, x, use_reentrant=False) if way == "checkpointed" else block(x)
        if index < len(between):
            x = between[index](x)
    return norm(x)


def export(torch, parts, x, way, folder):
    import numpy as np
    from safetensors.torch import save_file

    model = parts[0]
    with torch.no_grad():
        for name, value in model.named_parameters():
            if "norm" in name or name.endswith("bias"):
                value.add_(0.2 * torch.randn_like(value))
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    loss = forward(torch, parts, x, way).square().mean()
    loss.backward()
    # Buffers that forward derives from shapes (relative indices) are no weights.
    state = {n: v.detach().contiguous() for n, v in model.named_parameters()}
    save_file(state, folder / "weights.safetensors")
    save_file({n: v.grad.contiguous() for n, v in model.named_parameters() if v.grad is not None},
              folder / "gradients.safetensors")
    np.save(folder / "input.npy", x.numpy())
    print(json.dumps({"loss": loss.item()}))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--backbone", required=True)
    parser.add_argument("--input-shape", required=True)
    parser.add_argument("--way", choices=("conventional", "checkpointed", "reversible"),
                        default="conventional")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--steps", type=int, default=5, help="timed steps, after one to warm up")
    parser.add_argument("--export", help="folder; compute one gradient instead")
    arguments = parser.parse_args()

    os.environ.setdefault("OMP_NUM_THREADS", str(arguments.threads))
    import torch

    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    parts = load(torch, arguments.backbone)
    parts[0].train()
    x = torch.randn([int(n) for n in arguments.input_shape.split(",")])
    if arguments.export:
        export(torch, parts, x, arguments.way, arguments.export)
        return
    optimizer = torch.optim.AdamW(parts[0].parameters(), lr=1e-6, weight_decay=0.05)
    seconds = []
    for _ in range(1 + arguments.steps):
        start = time.perf_counter()
        loss = forward(torch, parts, x, arguments.way).square().mean()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        seconds.append(time.perf_counter() - start)
        del loss
    print(json.dumps({
        "stepSeconds": statistics.median(seconds[1:]), "torch": torch.__version__,
        "peakResidentBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))


if __name__ == "__main__":
    main()
