# SPDX-License-Identifier: Apache-2.0
"""Key names of one ViT: timm's, transformers', and those of the published checkpoints."""

import re

import torch

# Names inside transformers 5 (q_proj ...) against the names in every published file, which
# save_pretrained still writes and from_pretrained still reads.
_MEMORY_TO_PUBLISHED = [
    (r"\.attention\.q_proj\.", ".attention.attention.query."),
    (r"\.attention\.k_proj\.", ".attention.attention.key."),
    (r"\.attention\.v_proj\.", ".attention.attention.value."),
    (r"\.attention\.o_proj\.", ".attention.output.dense."),
]

_PUBLISHED_TO_TIMM = [
    ("embeddings.cls_token", "cls_token"),
    ("embeddings.position_embeddings", "pos_embed"),
    ("embeddings.patch_embeddings.projection.", "patch_embed.proj."),
    ("encoder.layer.", "blocks."),
    (".attention.output.dense.", ".attn.proj."),
    (".layer_scale1.lambda1", ".ls1.gamma"),
    (".layer_scale2.lambda1", ".ls2.gamma"),
    ("layernorm.", "norm."),
]


def published_name(name):
    """Checkpoint key of a parameter of transformers' Dinov2Model in memory (any version)."""
    for pattern, replacement in _MEMORY_TO_PUBLISHED:
        name = re.sub(pattern, replacement, name)
    return name


def load_published(model, state):
    """Load a published-name state dict into transformers' Dinov2Model; every key must fit."""
    own = {published_name(name): name for name in model.state_dict()}
    missing, unexpected = sorted(set(own) - set(state)), sorted(set(state) - set(own))
    if missing == ["embeddings.mask_token"]:
        state = dict(state) | {missing[0]: torch.zeros_like(model.embeddings.mask_token)}
        missing = []
    if missing or unexpected:
        raise SystemExit(f"keys do not fit: missing {missing}, unexpected {unexpected}")
    model.load_state_dict({own[name]: value for name, value in state.items()}, strict=True)


def published_to_timm(state):
    """The same weights under timm's names: q, k, v stacked in this order; mask token dropped."""
    result = {}
    for name, value in state.items():
        if name == "embeddings.mask_token" or re.search(r"attention\.(key|value)\.", name):
            continue
        if ".attention.query." in name:
            parts = [name.replace("query", part) for part in ("query", "key", "value")]
            value = torch.cat([state[part] for part in parts])
            name = name.replace(".attention.attention.query.", ".attn.qkv.")
        for old, new in _PUBLISHED_TO_TIMM:
            name = name.replace(old, new)
        result[name] = value.contiguous()
    return result
