# SPDX-License-Identifier: Apache-2.0
"""torchvision's FCOS as a peer of `dr2net detect`: one step's cost, or a whole training.

    python peer_detector.py step --backbone swin-tiny --size 1024 --channels 256
    python peer_detector.py train --weights F.safetensors --images DIR --training T.json \
        --validation V.json --output predictions.json --steps 400

`step` is torchvision's FCOS over Swin-T (torchvision's, from stride 4) with its feature pyramid
network and one further level: losses of random boxes, backward, AdamW; float32, CPU. `train` is the
same head over timm's DINOv2 ViT-S/14 with a simple pyramid (strides 3.5 to 28), on random crops of
the training tiles with scale jitter, mirrors and turns, then tiled inference; the predictions are a
COCO results file for `dr2net detect evaluate`. Prints one JSON line.
"""

import argparse
import json
import math
import os
import pathlib
import random
import resource
import statistics
import time


def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def detector(torch, torchvision, body, channels, strides, towers, classes, size, groups=32):
    """torchvision's FCOS over `body`, whose maps are an ordered dict of len(strides) levels."""
    from torchvision.models.detection.anchor_utils import AnchorGenerator
    from torchvision.models.detection.fcos import FCOS, FCOSHead

    body.out_channels = channels
    anchors = AnchorGenerator(sizes=tuple((round(8 * s),) for s in strides),
                              aspect_ratios=((1.0,),) * len(strides))
    model = FCOS(body, num_classes=classes + 1, min_size=size, max_size=size,
                 anchor_generator=anchors, detections_per_img=500, topk_candidates=1000,
                 score_thresh=0.05, nms_thresh=0.3)
    model.head = FCOSHead(channels, 1, classes + 1, num_convs=towers)
    model.transform.image_mean, model.transform.image_std = (
        [0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    return model


class SwinPyramid:
    """Swin-T's four maps, normalised, and torchvision's feature pyramid network."""

    def __new__(cls, torch, torchvision, channels):
        from torchvision.ops import FeaturePyramidNetwork
        from torchvision.ops.feature_pyramid_network import ExtraFPNBlock

        class Further(ExtraFPNBlock):
            def __init__(self):
                super().__init__()
                self.layer = torch.nn.Conv2d(channels, channels, 3, 2, 1)

            def forward(self, results, x, names):
                return results + [self.layer(results[-1])], names + ["5"]

        class Body(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.swin = torchvision.models.swin_t()
                for module in self.swin.modules():
                    if isinstance(module, torchvision.ops.StochasticDepth):
                        module.p = 0.0
                self.swin.head = torch.nn.Identity()
                widths = [96, 192, 384, 768]
                self.norms = torch.nn.ModuleList(torch.nn.LayerNorm(w) for w in widths[:3])
                self.fpn = FeaturePyramidNetwork(widths, channels, Further())

            def forward(self, x):
                maps = {}
                features = self.swin.features
                x = features[0](x)
                for stage in range(4):
                    x = features[2 * stage + 1](x)
                    y = self.norms[stage](x) if stage < 3 else self.swin.norm(x)
                    maps[str(stage)] = y.permute(0, 3, 1, 2)
                    if stage < 3:
                        x = features[2 * stage + 2](x)
                return self.fpn(maps)
        return Body()


class VitPyramid:
    """timm's DINOv2 ViT-S/14 and a simple pyramid over its last map."""

    def __new__(cls, torch, weights, channels):
        import timm
        from safetensors.torch import load_file

        class Norm(torch.nn.LayerNorm):
            def forward(self, x):
                return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)

        def end(width):
            return torch.nn.Sequential(
                torch.nn.Conv2d(width, channels, 1, bias=False), Norm(channels),
                torch.nn.Conv2d(channels, channels, 3, padding=1, bias=False), Norm(channels))

        class Body(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.vit = timm.create_model("vit_small_patch14_dinov2", pretrained=False,
                                             num_classes=0, dynamic_img_size=True)
                state = load_file(weights)
                self.vit.load_state_dict(
                    {k: v for k, v in state.items() if k in self.vit.state_dict()}, strict=True)
                up = torch.nn.ConvTranspose2d
                self.to_quarter = torch.nn.Sequential(
                    up(384, 192, 2, 2), Norm(192), torch.nn.GELU(), up(192, 96, 2, 2), end(96))
                self.to_half = torch.nn.Sequential(up(384, 192, 2, 2), end(192))
                self.to_same = end(384)
                self.to_twice = torch.nn.Sequential(torch.nn.MaxPool2d(2), end(384))

            def forward(self, x):
                h, w = x.shape[2] // 14, x.shape[3] // 14
                y = self.vit.forward_features(x)[:, 1:].transpose(1, 2)
                y = y.reshape(len(x), 384, h, w)
                return {"0": self.to_quarter(y), "1": self.to_half(y), "2": self.to_same(y),
                        "3": self.to_twice(y)}
        return Body()


def fixed_size(torch, model, size, multiple):
    """Inputs come in the right size already: the transform only normalises."""
    model.transform.size_divisible = multiple
    model.transform.min_size, model.transform.max_size = (size,), size


def step(arguments):
    import torch
    import torchvision

    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    body = SwinPyramid(torch, torchvision, arguments.channels)
    size = arguments.size
    model = detector(torch, torchvision, body, arguments.channels, [4, 8, 16, 32, 64],
                     arguments.towers, 1, size)
    fixed_size(torch, model, size, 32)
    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), 1e-4)
    corner = torch.rand(100, 2) * (size - 40)
    target = {"boxes": torch.cat([corner, corner + 8 + 30 * torch.rand(100, 2)], 1),
              "labels": torch.ones(100, dtype=torch.int64)}
    image = torch.rand(3, size, size)
    seconds = []
    for _ in range(arguments.steps):
        begin = time.perf_counter()
        loss = sum(model([image], [target]).values())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        seconds.append(time.perf_counter() - begin)
    return {"stepSeconds": statistics.median(seconds), "peakResidentBytes": peak(),
            "torch": torch.__version__}


def tiles(size, overlap, width, height):
    def starts(length):
        if length <= size:
            return [0]
        return list(range(0, length - size, size - overlap)) + [length - size]
    return [(x, y) for y in starts(height) for x in starts(width)]


def crop(torch, image, boxes, size, generator):
    """A random crop with scale jitter, mirrors and turns; what is cut by half or more goes."""
    scale = 0.8 * 1.5625 ** generator.random()    # 0.8 to 1.25, as the recipe has it
    side = round(size / scale)
    _, height, width = image.shape
    x, y = generator.randint(0, max(0, width - side)), generator.randint(0, max(0, height - side))
    part = image[:, y:y + side, x:x + side]
    part = torch.nn.functional.interpolate(
        part[None], size=(size, size), mode="bilinear", antialias=True, align_corners=False)[0]
    moved = (boxes - torch.tensor([x, y, x, y])) * (size / side)
    cut = moved.clamp(0, size)
    area = (moved[:, 2] - moved[:, 0]) * (moved[:, 3] - moved[:, 1])
    kept = (cut[:, 2] - cut[:, 0]) * (cut[:, 3] - cut[:, 1]) >= 0.5 * area
    cut = cut[kept]
    if generator.random() < 0.5:
        part, cut = part.flip(2), torch.stack(
            [size - cut[:, 2], cut[:, 1], size - cut[:, 0], cut[:, 3]], 1)
    for _ in range(generator.randint(0, 3)):
        part, cut = part.transpose(1, 2).flip(2), torch.stack(
            [size - cut[:, 3], cut[:, 0], size - cut[:, 1], cut[:, 2]], 1)
    return part, cut


def read(torch, torchvision, arguments, name):
    index = json.loads(pathlib.Path(name).read_text())
    found = []
    for image in index["images"]:
        pixels = torchvision.io.read_image(
            str(pathlib.Path(arguments.images) / image["file_name"]),
            torchvision.io.ImageReadMode.RGB).float() / 255
        boxes = [a["bbox"] for a in index["annotations"] if a["image_id"] == image["id"]]
        boxes = torch.tensor(boxes).reshape(-1, 4)
        boxes[:, 2:] += boxes[:, :2]
        pixels = torch.nn.functional.interpolate(
            pixels[None], scale_factor=arguments.scale, mode="bilinear", align_corners=False)[0]
        found.append((image["id"], pixels, boxes * arguments.scale))
    return found, index["categories"][0]["id"]


def train(arguments):
    import torch
    import torchvision

    torch.set_num_threads(arguments.threads)
    torch.manual_seed(arguments.seed)
    generator = random.Random(arguments.seed)
    size = arguments.size
    body = VitPyramid(torch, arguments.weights, arguments.channels)
    model = detector(torch, torchvision, body, arguments.channels, [3.5, 7, 14, 28],
                     arguments.towers, 1, size)
    fixed_size(torch, model, size, 14)
    model.train()
    # One group a depth: blocks learn less the farther they are from the head.
    groups = {}
    for name, parameter in model.named_parameters():
        depth = None
        if name.startswith("backbone.vit."):
            part = name[len("backbone.vit."):].split(".")
            depth = int(part[1]) + 1 if part[0] == "blocks" else 13 if part[0] == "norm" else 0
        groups.setdefault(depth, []).append(parameter)
    optimizer = torch.optim.AdamW(
        [{"params": group, "lr": arguments.rate if depth is None else
          arguments.backbone_rate * arguments.layer_decay ** (13 - depth)}
         for depth, group in groups.items()], weight_decay=0.05)
    total = arguments.steps
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda index: min(1.0, (index + 1) / 20) * 0.5
        * (1 + math.cos(math.pi * index / total)))
    averages = [parameter.detach().clone() for parameter in model.parameters()]
    images, _ = read(torch, torchvision, arguments, arguments.training)
    seconds = []
    for index in range(total):
        begin = time.perf_counter()
        boxes = []
        while len(boxes) == 0:
            _, pixels, all_boxes = generator.choice(images)
            part, boxes = crop(torch, pixels, all_boxes, size, generator)
        target = {"boxes": boxes, "labels": torch.ones(len(boxes), dtype=torch.int64)}
        loss = sum(model([part], [target]).values())
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        with torch.no_grad():
            for average, parameter in zip(averages, model.parameters()):
                average.lerp_(parameter, 1 - min(arguments.average_decay, (index + 1) / (index + 10)))
        seconds.append(time.perf_counter() - begin)
    resident = peak()
    with torch.no_grad():
        for average, parameter in zip(averages, model.parameters()):
            parameter.copy_(average)
    model.eval()
    images, category = read(torch, torchvision, arguments, arguments.validation)
    results = []
    with torch.no_grad():
        for number, pixels, _ in images:
            boxes, scores = [], []
            for x, y in tiles(size, size // 2, pixels.shape[2], pixels.shape[1]):
                part = pixels[:, y:y + size, x:x + size]
                out = model([part])[0]
                boxes.append(out["boxes"] + torch.tensor([x, y, x, y]))
                scores.append(out["scores"])
            boxes, scores = torch.cat(boxes), torch.cat(scores)
            keep = torchvision.ops.nms(boxes, scores, 0.3)[:500]
            for box, score in zip(boxes[keep].tolist(), scores[keep].tolist()):
                results.append({"image_id": number, "category_id": category, "score": score,
                                "bbox": [v / arguments.scale for v in (
                                    box[0], box[1], box[2] - box[0], box[3] - box[1])]})
    pathlib.Path(arguments.output).write_text(json.dumps(results))
    return {"stepSeconds": statistics.median(seconds), "peakResidentBytes": resident,
            "detections": len(results), "torch": torch.__version__}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("mode", choices=["step", "train"])
    parser.add_argument("--backbone", default="swin-tiny", choices=["swin-tiny"])
    parser.add_argument("--size", type=int, default=392)
    parser.add_argument("--scale", type=float, default=1, help="inputs' pixels for an image's")
    parser.add_argument("--channels", type=int, default=128)
    parser.add_argument("--towers", type=int, default=2)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--rate", type=float, default=2e-4, help="the head's learning rate")
    parser.add_argument("--backbone-rate", type=float, default=1e-4)
    parser.add_argument("--layer-decay", type=float, default=0.8)
    parser.add_argument("--average-decay", type=float, default=0.997)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--seed", type=int, default=0)
    for name in ("weights", "images", "training", "validation", "output"):
        parser.add_argument("--" + name)
    arguments = parser.parse_args()
    print(json.dumps(step(arguments) if arguments.mode == "step" else train(arguments)))


if __name__ == "__main__":
    main()
