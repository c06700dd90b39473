# SPDX-License-Identifier: Apache-2.0
"""Write the parity fixtures of the detector's pyramids and head beside this file.

    python make_pyramids.py

Tiny networks at random weights: torchvision's FeaturePyramidNetwork with a level P6, its FCOS
towers behind it with a scale a level, and a simple feature pyramid in a few lines of torch.nn under
detectron2's names. NAME.safetensors holds `input.I` and `output.NAME` (channels last), `weight.NAME`
under our names, and `gradient.NAME` of mean(output ** 2) summed over the outputs. All arithmetic is
float64 on float32 values; gradients and outputs are float64.
"""

import functools
import pathlib

import numpy as np
import torch
from safetensors.torch import save_file
from torch import nn
from torchvision.models.detection.fcos import FCOSClassificationHead, FCOSRegressionHead
from torchvision.ops import FeaturePyramidNetwork
from torchvision.ops.feature_pyramid_network import LastLevelP6P7

FOLDER = pathlib.Path(__file__).parent


class Laterals(nn.Module):
    """A pyramid over four maps, one further level, and the head."""

    widths, channels, classes, groups, depth = (3, 5, 4, 6), 4, 3, 2, 2
    sizes = ((11, 9), (6, 5), (3, 3), (2, 2))

    def __init__(self):
        super().__init__()
        self.pyramid = FeaturePyramidNetwork(
            list(self.widths), self.channels,
            extra_blocks=LastLevelP6P7(self.channels, self.channels))
        norm = functools.partial(nn.GroupNorm, self.groups)
        self.classes_head = FCOSClassificationHead(
            self.channels, 1, self.classes, num_convs=self.depth, norm_layer=norm)
        self.boxes_head = FCOSRegressionHead(
            self.channels, 1, num_convs=self.depth, norm_layer=norm)

    def forward(self, maps):
        levels = list(self.pyramid({str(i): m for i, m in enumerate(maps)}).values())[:5]
        result = {f"level.{i}": level.permute(0, 2, 3, 1) for i, level in enumerate(levels)}
        result["logits"] = self.classes_head(levels)
        codes = []
        for level in levels:
            x = self.boxes_head.conv(level)
            code = torch.cat([self.boxes_head.bbox_reg(x), self.boxes_head.bbox_ctrness(x)], 1)
            codes.append(code.flatten(2).transpose(1, 2))
        result["codes"] = torch.cat(codes, 1)
        return result

    NAMES = (
        ("pyramid.", "pyramid."), ("classes_head.conv.", "head.cls_tower."),
        ("classes_head.cls_logits", "head.cls_logits"), ("boxes_head.conv.", "head.bbox_tower."),
        ("boxes_head.bbox_reg", "head.bbox_pred"), ("boxes_head.bbox_ctrness", "head.centerness"))

    def name(self, name):
        if ".p7." in name:  # a level that is left out
            return None
        return next(new + name[len(old):] for old, new in self.NAMES if name.startswith(old))


class ChannelNorm(nn.LayerNorm):
    def forward(self, x):
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class NormedConvolution(nn.Conv2d):
    def __init__(self, inputs, outputs, kernel):
        super().__init__(inputs, outputs, kernel, padding=kernel // 2, bias=False)
        self.norm = ChannelNorm(outputs, eps=1e-6)

    def forward(self, x):
        return self.norm(super().forward(x))


class Simple(nn.Module):
    widths, channels, sizes = (8,), 4, ((3, 5),)

    def __init__(self):
        super().__init__()
        (width,), channels = self.widths, self.channels

        def end(inputs):
            return [NormedConvolution(inputs, channels, 1), NormedConvolution(channels, channels, 3)]

        self.simfp_2 = nn.Sequential(
            nn.ConvTranspose2d(width, width // 2, 2, 2), ChannelNorm(width // 2, eps=1e-6),
            nn.GELU(), nn.ConvTranspose2d(width // 2, width // 4, 2, 2), *end(width // 4))
        self.simfp_3 = nn.Sequential(
            nn.ConvTranspose2d(width, width // 2, 2, 2), *end(width // 2))
        self.simfp_4 = nn.Sequential(*end(width))
        self.simfp_5 = nn.Sequential(nn.MaxPool2d(2, 2), *end(width))

    def forward(self, maps):
        levels = [self.simfp_2, self.simfp_3, self.simfp_4, self.simfp_5]
        return {f"level.{i}": f(maps[0]).permute(0, 2, 3, 1) for i, f in enumerate(levels)}

    def name(self, name):
        return name


def make(name, network, seed):
    generator = np.random.default_rng(seed)
    network = network.double()
    with torch.no_grad():
        for key, parameter in network.named_parameters():
            draw = generator.standard_normal(tuple(parameter.shape))
            if parameter.dim() == 4:
                draw *= 1.4 / np.sqrt(np.prod(parameter.shape[1:]))
            else:  # scales of norms around 1, biases around 0
                draw = 0.3 * draw + (key.endswith("weight"))
            parameter.copy_(torch.from_numpy(draw.astype(np.float32)))
    maps = [
        torch.from_numpy(generator.standard_normal((2, width, *size)).astype(np.float32)).double()
        .requires_grad_(True)
        for width, size in zip(network.widths, network.sizes)]
    outputs = network(maps)
    sum(value.square().mean() for value in outputs.values()).backward()
    tensors = {}
    for index, value in enumerate(maps):
        tensors[f"input.{index}"] = value.detach().permute(0, 2, 3, 1).float()
        tensors[f"gradient.input.{index}"] = value.grad.permute(0, 2, 3, 1)
    for key, value in outputs.items():
        tensors[f"output.{key}"] = value.detach()
    for key, value in network.named_parameters():
        key = network.name(key)
        if key is not None:
            tensors[f"weight.{key}"] = value.detach().float()
            tensors[f"gradient.{key}"] = value.grad
    path = FOLDER / f"{name}.safetensors"
    save_file({key: value.contiguous() for key, value in tensors.items()}, path)
    path.chmod(0o644)
    print(f"{name}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    torch.set_num_threads(1)
    make("lateral-pyramid", Laterals(), 21)
    make("simple-pyramid", Simple(), 22)
