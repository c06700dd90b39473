# SPDX-License-Identifier: Apache-2.0
"""Runs the published ActionFormer at small sizes and random weights: outputs, losses, gradients.

    git clone https://github.com/happyharrycn/actionformer_release CHECKOUT   # run at 61ea7eb
    python make_actionformer.py CHECKOUT      # needs torch and safetensors

Weights are rounded to float32 and everything runs in float64, but for the losses, which the
published code works out in float32. Two cases: `thumos` (local windows, several classes, a sample
shorter than the other), `anet` (positions, global attention at the last level, smoothed labels,
one class, segment loss doubled); and segment voting.
"""
import importlib.util
import json
import os
import sys
import types

import torch
from safetensors.torch import save_file

FOLDER = os.path.dirname(os.path.abspath(__file__))
SEGMENTS = [[[2.3, 6.1], [5.2, 9.9], [1.0, 20.5], [11.7, 13.0]], [[0.4, 7.3], [4.0, 10.9], [4.0, 10.9]]]
LABELS = [[0, 2, 1, 2], [1, 0, 2]]


def load(checkout):
    """The model's class; its package of helpers wants a compiled extension that isn't needed."""
    sys.path.insert(0, checkout)
    sys.modules["nms_1d_cpu"] = types.ModuleType("nms_1d_cpu")
    spec = importlib.util.spec_from_file_location(
        "nms", os.path.join(checkout, "libs", "utils", "nms.py"))
    nms = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(nms)
    helpers = types.ModuleType("libs.utils")
    helpers.batched_nms = nms.batched_nms
    sys.modules["libs.utils"] = helpers
    from libs.modeling.meta_archs import PtTransformer
    return PtTransformer, nms.seg_voting


def model(cls, windows, classes, length, positions, smoothing, weight):
    return cls(
        backbone_type="convTransformer", fpn_type="identity", backbone_arch=(2, 1, 2),
        scale_factor=2, input_dim=6, max_seq_len=length, max_buffer_len_factor=1.0, n_head=2,
        n_mha_win_size=windows, embd_kernel_size=3, embd_dim=8, embd_with_ln=True, fpn_dim=8,
        fpn_with_ln=True, fpn_start_level=0, head_dim=8,
        regression_range=[(0, 4), (4, 8), (8, 10000)], head_num_layers=3, head_kernel_size=3,
        head_with_ln=True, use_abs_pe=positions, use_rel_pe=False, num_classes=classes,
        train_cfg=dict(
            center_sample="radius", center_sample_radius=1.5, loss_weight=weight,
            cls_prior_prob=0.01, dropout=0.0, droppath=0.1, label_smoothing=smoothing,
            init_loss_norm=20, head_empty_cls=[]),
        test_cfg=dict(
            pre_nms_thresh=0.001, pre_nms_topk=50, iou_threshold=0.1, min_score=0.001,
            max_seg_num=20, nms_method="soft", duration_thresh=0.05, multiclass_nms=True,
            nms_sigma=0.5, voting_thresh=0.7))


def run(cls, name, windows, classes, lengths, **options):
    torch.manual_seed(7)
    net = model(cls, windows, classes, max(lengths), **options)
    with torch.no_grad():
        for key, value in net.named_parameters():
            noise = torch.randn_like(value)
            # Every part matters: scales of branches near 1, norms and biases off their start.
            value.copy_(0.6 + 0.2 * noise if key.endswith("scale") else value + 0.1 * noise)
    save_file({k: v.contiguous() for k, v in net.state_dict().items()},
              os.path.join(FOLDER, name + ".weights.safetensors"))
    net = net.double().eval()
    net.training = True  # the losses, without the random draws of the layers
    inputs = [torch.randn(6, n, dtype=torch.float64).float().double().requires_grad_() for n in lengths]
    labels = [[label % classes for label in sample] for sample in LABELS]
    items = [
        dict(feats=x, segments=torch.tensor(s, dtype=torch.float64), labels=torch.tensor(l))
        for x, s, l in zip(inputs, SEGMENTS, labels)]
    # Padding by in-place copies cuts the gradient by the input: pad here, and mask as it does.
    length = max(lengths)
    batch = torch.stack([torch.nn.functional.pad(x, (0, length - x.shape[1])) for x in inputs])
    mask = torch.arange(length)[None, None] < torch.tensor(lengths)[:, None, None]
    net.preprocessing = lambda _: (batch, mask)
    feats, masks = net.neck(*net.backbone(batch, mask))
    logits = torch.cat([x.permute(0, 2, 1) for x in net.cls_head(feats, masks)], 1)
    offsets = torch.cat([x.permute(0, 2, 1) for x in net.reg_head(feats, masks)], 1)
    losses = net(items)
    losses["final_loss"].backward()
    out = {
        "logits": logits, "offsets": offsets, "loss.classification": losses["cls_loss"],
        "loss.regression": losses["reg_loss"], "loss.total": losses["final_loss"],
        "loss_normalizer": torch.tensor([net.loss_normalizer])}
    for index, x in enumerate(inputs):
        out[f"input.{index}"] = x.detach().t().contiguous()
        out[f"gradient.input.{index}"] = x.grad.t().contiguous()
    for key, value in net.named_parameters():
        out["gradient." + key] = value.grad
    net.training = False
    for index, x in enumerate(inputs):
        net.preprocessing = lambda _: (batch[index:index + 1], mask[index:index + 1])
        points = net.point_generator([f[index:index + 1] for f in feats])
        one = net.inference_single_video(
            points, [m[index, 0] for m in masks],
            [v.permute(0, 2, 1)[index] for v in net.cls_head(feats, masks)],
            [v.permute(0, 2, 1)[index] for v in net.reg_head(feats, masks)])
        for key, value in one.items():
            out[f"found.{index}.{key}"] = value
    save_file({k: v.detach().double().reshape(v.shape or (1,)).contiguous() for k, v in out.items()},
              os.path.join(FOLDER, name + ".expected.safetensors"))


def voting(seg_voting):
    torch.manual_seed(3)
    start = 30 * torch.rand(60, dtype=torch.float64)
    segments = torch.stack([start, start + 1 + 12 * torch.rand(60, dtype=torch.float64)], 1)
    scores = torch.rand(60, dtype=torch.float64)
    kept = segments[scores.argsort(descending=True)[:12]]
    moved = seg_voting(kept, segments, scores, 0.5)
    with open(os.path.join(FOLDER, "voting.json"), "w") as file:
        json.dump(dict(segments=segments.tolist(), scores=scores.tolist(), kept=kept.tolist(),
                       moved=moved.tolist(), threshold=0.5), file)
        file.write("\n")


def main():
    cls, seg_voting = load(sys.argv[1])
    run(cls, "thumos", [5, 5, 5], 3, [32, 21], positions=False, smoothing=0.0, weight=1.0)
    run(cls, "anet", [5, 5, -1], 1, [24, 24], positions=True, smoothing=0.1, weight=2.0)
    voting(seg_voting)


main()
