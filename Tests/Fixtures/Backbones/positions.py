# SPDX-License-Identifier: Apache-2.0
"""The three rules by which the references resize learned positions, in the tensor's own precision.

The libraries resize in float32 whatever the model's type; here float64 stays float64, so that
gradients through the resize are exact. make_vit.py checks these against the libraries.

transformers  F.interpolate(size=grid, bicubic, align_corners=False), no antialias: cubic with
              a = -0.75, source = (i + 0.5) * old / new - 0.5, border samples repeated
timm          resample_abs_pos_embed: the same with antialias=True: cubic with a = -0.5 stretched by
              max(old / new, 1), taps outside the grid dropped and the rest renormalised; so it
              differs from the other rules when enlarging, too
dinov2        the original repository without registers (interpolate_offset 0.1, no antialias):
              as transformers, but source = (i + 0.5) / s - 0.5 with s = (new + 0.1) / old an axis
"""

import math

import torch
import torch.nn.functional as F

RULES = ("transformers", "timm", "dinov2")


def resize_positions(positions, old, new, rule):
    """positions [1, 1 + old_h * old_w, C] -> [1, 1 + new_h * new_w, C]; the class row is kept."""
    if tuple(old) == tuple(new):
        return positions
    grid = positions[:, 1:].reshape(1, old[0], old[1], -1).permute(0, 3, 1, 2)
    if rule == "transformers":
        grid = F.interpolate(grid, size=tuple(new), mode="bicubic", align_corners=False)
    elif rule == "timm":
        grid = F.interpolate(grid, size=tuple(new), mode="bicubic", antialias=True)
    elif rule == "dinov2":
        # The original takes one side, sqrt(N), for both axes: the grid of its weights is square.
        side = math.sqrt(old[0] * old[1])
        scale = tuple(float(length + 0.1) / side for length in new)
        grid = F.interpolate(grid, scale_factor=scale, mode="bicubic", antialias=False)
    else:
        raise ValueError(rule)
    if tuple(grid.shape[2:]) != tuple(new):
        raise ValueError(f"{rule} gave {tuple(grid.shape[2:])}, expected {tuple(new)}")
    return torch.cat([positions[:, :1], grid.permute(0, 2, 3, 1).flatten(1, 2)], dim=1)
