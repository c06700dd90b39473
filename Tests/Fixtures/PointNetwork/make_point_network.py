# SPDX-License-Identifier: Apache-2.0
"""Small Pix4Point networks in PyTorch: weights, inputs, logits, gradients, running statistics.

Written from the architecture's description (Qian et al., 3DV 2024) with plain PyTorch: farthest
points from point 0, 4 nearest neighbours, the two small networks of each stage, blocks that see
their input plus the positions, interpolation from the three nearest. Everything is float64; the
files hold float32 weights, so that both sides start from the same numbers.

    python make_point_network.py      # needs torch and safetensors
"""
import json
import os

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn

FOLDER = os.path.dirname(os.path.abspath(__file__))
WIDTH, HEADS, DEPTH, NEAR, CLASSES, INPUTS, HIDDEN = 16, 2, 2, 4, 5, 4, 8
torch.set_default_dtype(torch.float64)


def farthest(points, count):
    chosen, distance = [0], torch.full((len(points),), float("inf"))
    while len(chosen) < count:
        distance = torch.minimum(distance, ((points - points[chosen[-1]]) ** 2).sum(-1))
        chosen.append(int(distance.argmax()))
    return torch.tensor(chosen)


class ChannelNorm(nn.LayerNorm):
    """Layer norm over axis 1."""

    def forward(self, x):
        return super().forward(x.movedim(1, -1)).movedim(-1, 1)


def layer(kind, inputs, outputs, norm=None, relu=True):
    parts = [kind(inputs, outputs, 1, bias=norm is None) if kind != nn.Linear else
             nn.Linear(inputs, outputs, bias=norm is None)]
    if norm == "layer":
        parts.append(ChannelNorm(outputs, eps=1e-6))
    if norm == "batch":
        parts.append(nn.BatchNorm2d(outputs) if kind == nn.Conv2d else nn.BatchNorm1d(outputs))
    if relu:
        parts.append(nn.ReLU())
    return nn.Sequential(*parts)


class Embedding(nn.Module):
    def __init__(self, stages, norm):
        super().__init__()
        self.convs = nn.ModuleList()
        inputs = INPUTS
        for stage in range(stages):
            width = WIDTH >> (stages - 1 - stage)
            first = nn.Sequential(layer(nn.Conv2d, 3 + inputs, width, norm),
                                  layer(nn.Conv2d, width, width, relu=False))
            second = nn.Sequential(layer(nn.Conv2d, 2 * width, 2 * width, norm),
                                   layer(nn.Conv2d, 2 * width, width, norm))
            self.convs.append(nn.ModuleList([first, second]))
            inputs = width

    def forward(self, places, features):
        """Places [B, N, 3] and features [B, C, N] of every level."""
        all_places, all_features = [places], [features]
        for first, second in self.convs:
            p, f = all_places[-1], all_features[-1]
            centre = torch.stack([farthest(one, len(one) // 4) for one in p])
            batch = torch.arange(len(p))[:, None]
            q = p[batch, centre]
            near = torch.cdist(q, p).topk(NEAR, largest=False).indices
            offsets = p[batch[:, :, None], near] - q[:, :, None]
            rows = f.transpose(1, 2)
            differences = rows[batch[:, :, None], near] - rows[batch, centre][:, :, None]
            x = first(torch.cat([offsets, differences], -1).permute(0, 3, 1, 2))
            pooled = x.max(-1, keepdim=True).values.expand_as(x)
            all_places.append(q)
            all_features.append(second(torch.cat([pooled, x], 1)).max(-1).values)
        return all_places, all_features


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.proj = nn.Linear(WIDTH, WIDTH)

    def forward(self, x):
        b, n, c = x.shape
        q, k, v = self.qkv(x).reshape(b, n, 3, HEADS, c // HEADS).permute(2, 0, 3, 1, 4)
        weights = (q @ k.transpose(-1, -2) * (c // HEADS) ** -0.5).softmax(-1)
        return self.proj((weights @ v).transpose(1, 2).reshape(b, n, c))


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1 = nn.LayerNorm(WIDTH, eps=1e-6)
        self.attn = Attention()
        self.norm2 = nn.LayerNorm(WIDTH, eps=1e-6)
        self.mlp = nn.ModuleDict(
            {"fc1": nn.Linear(WIDTH, 4 * WIDTH), "fc2": nn.Linear(4 * WIDTH, WIDTH)})

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp["fc2"](F.gelu(self.mlp["fc1"](self.norm2(x))))


class Encoder(nn.Module):
    def __init__(self, stages, norm):
        super().__init__()
        self.cls_token = nn.Parameter(torch.randn(1, 1, WIDTH))
        self.cls_pos = nn.Parameter(torch.randn(1, 1, WIDTH))
        self.blocks = nn.ModuleList([Block() for _ in range(DEPTH)])
        self.norm = nn.LayerNorm(WIDTH, eps=1e-6)
        self.patch_embed = Embedding(stages, norm)
        self.pos_embed = nn.Sequential(
            nn.Sequential(nn.Linear(3, 128), nn.GELU()), nn.Linear(128, WIDTH))

    def forward(self, places, features):
        places, features = self.patch_embed(places, features)
        x = torch.cat([self.cls_token.expand(len(features[0]), -1, -1),
                       features[-1].transpose(1, 2)], 1)
        at = torch.cat([self.cls_pos.expand(len(x), -1, -1), self.pos_embed(places[-1])], 1)
        for block in self.blocks:
            x = block(x + at)
        return places, features, self.norm(x)


class Propagation(nn.Module):
    def __init__(self, skip):
        super().__init__()
        self.convs = nn.Sequential(layer(nn.Conv1d, skip + WIDTH, WIDTH, "batch"),
                                   layer(nn.Conv1d, WIDTH, WIDTH, "batch"))

    def forward(self, fine, own, coarse, x):
        distance, near = torch.cdist(fine, coarse).topk(3, largest=False)
        weights = 1 / (distance + 1e-8)
        weights = weights / weights.sum(-1, keepdim=True)
        rows = x.transpose(1, 2)[torch.arange(len(x))[:, None, None], near]
        up = (rows * weights[..., None]).sum(2).transpose(1, 2)
        return self.convs(torch.cat([own, up], 1))


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.decoder = nn.Sequential(nn.Sequential(Propagation(INPUTS)),
                                     nn.Sequential(Propagation(WIDTH // 2)))

    def forward(self, places, features, x):
        points = x[:, 1:].transpose(1, 2)
        for level in (1, 0):
            points = self.decoder[level][0](
                places[level], features[level], places[level + 1], points)
        shared = torch.cat([x[:, 0], points.max(-1).values], 1)[..., None]
        return torch.cat([shared.expand(-1, -1, points.shape[-1]), points], 1)


class Head(nn.Module):
    def __init__(self, kind, inputs, hidden, norm):
        super().__init__()
        parts = []
        for width in hidden:
            parts += [layer(kind, inputs, width, norm), nn.Dropout(0)]
            inputs = width
        self.head = nn.Sequential(*parts, layer(kind, inputs, CLASSES, relu=False))

    def forward(self, x):
        return self.head(x)


class Segmentation(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = Encoder(2, "layer")
        self.decoder = Decoder()
        self.head = Head(nn.Conv1d, 3 * WIDTH, [HIDDEN], "layer")

    def forward(self, places, features):
        places, levels, x = self.encoder(places, features)
        return self.head(self.decoder(places, levels, x)).transpose(1, 2).flatten(0, 1)


class Classification(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = Encoder(1, "batch")
        self.prediction = Head(nn.Linear, 2 * WIDTH, [HIDDEN, HIDDEN], "batch")

    def forward(self, places, features):
        _, _, x = self.encoder(places, features)
        return self.prediction(torch.cat([x[:, 0], x[:, 1:].max(1).values], 1))


def write(name, network, labels, places, features):
    with torch.no_grad():
        for value in network.parameters():
            value.copy_((value + 0.05 * torch.randn_like(value)).float().double())
    state = {k: v.clone().float().contiguous() for k, v in network.state_dict().items()
             if not k.endswith("num_batches_tracked")}
    save_file(state, f"{FOLDER}/{name}.weights.safetensors")
    network.eval()
    expected = {"places": places, "features": features, "labels": labels.double(),
                "inference": network(places, features.transpose(1, 2)).detach()}
    network.train()
    logits = network(places, features.transpose(1, 2))
    weight = torch.linspace(0.5, 1.5, CLASSES)
    loss = F.cross_entropy(logits, labels, weight=weight, ignore_index=-1, label_smoothing=0.2)
    loss.backward()
    expected["logits"] = logits.detach()
    expected["loss"] = loss.detach()[None]
    for key, value in network.named_parameters():
        expected["gradient." + key] = value.grad
    for key, value in network.named_buffers():
        if not key.endswith("num_batches_tracked"):
            expected["after." + key] = value
    save_file({k: v.contiguous() for k, v in expected.items()},
              f"{FOLDER}/{name}.expected.safetensors")
    print(name, json.dumps({"logits": list(logits.shape), "loss": loss.item()}))


def main():
    torch.manual_seed(7)
    places = torch.rand(2, 96, 3).float().double()
    features = torch.randn(2, 96, INPUTS).float().double()
    labels = torch.randint(0, CLASSES, (2 * 96,))
    labels[::7] = -1
    write("segmentation", Segmentation(), labels, places, features)
    # Batch norm of the head wants more than two shapes.
    places = torch.rand(6, 48, 3).float().double()
    features = torch.randn(6, 48, INPUTS).float().double()
    write("classification", Classification(), torch.tensor([3, 1, 0, 4, 2, 1]), places, features)


main()
