# SPDX-License-Identifier: Apache-2.0
"""Runs both published VSGNs at few channels and random weights: outputs, losses, gradients.

    git clone https://github.com/coolbay/VSGN THUMOS                  # run at 3219369
    git clone https://github.com/sming256/OpenTAD OPENTAD             # run at 3dd7b03
    python make_vsgn.py THUMOS OPENTAD       # needs torch, numpy and safetensors

Weights are rounded to float32 and everything runs in float64. Two cases: `thumos`, the authors' code on two windows cut by its own data set
class (one stitched to its magnified copy, one with padding), with and without its graph, and `activitynet`, OpenTAD's 256
positions with the graph. Each is saved with the names of the authors' code.

No arithmetic of either is replaced. What is: a clamp, so that it keeps indices integers as the
PyTorch of its day did; conversions to float32 in the losses, for float64; the 32 groups of the towers' norms, which 8 channels
don't have, are 4; packages that read HDF5 and tables, run processes or register classes, and
OpenTAD's compiled suppression, are empty modules or a few lines.
"""
import importlib
import os
import re
import sys
import types

import numpy as np
import torch
from safetensors.torch import save_file

FOLDER = os.path.dirname(os.path.abspath(__file__))
CHANNELS = 8
FEATURES = 6


def module(name, **members):
    """An importable module of these members; a package where it has a folder."""
    result = types.ModuleType(name)
    for key, value in members.items():
        setattr(result, key, value)
    sys.modules[name] = result
    return result


def few_groups(build):
    """What `build` gives with 4 groups in every group normalisation."""
    original = torch.nn.GroupNorm

    class Few(original):
        def __init__(self, groups, channels):
            super().__init__(4, channels)

    torch.nn.GroupNorm = Few
    try:
        return build()
    finally:
        torch.nn.GroupNorm = original


def stir(net):
    """Float32 weights that make every part matter: norms, biases and codes off their start."""
    with torch.no_grad():
        for key, value in net.named_parameters():
            moved = value + 0.1 * torch.randn_like(value)
            if "bbox_pred.weight" in key or "reg_head.weight" in key:
                moved = 3 * moved
            value.copy_(moved.float())
    return net.double()


def save(name, values):
    save_file({k: v.detach().reshape(v.shape or (1,)).contiguous() for k, v in values.items()},
              os.path.join(FOLDER, name + ".safetensors"))


def save_case(name, net, rename, out, inputs):
    save(name + ".weights", {rename(k): v.float() for k, v in net.state_dict().items()})
    for key, value in net.named_parameters():
        out["gradient." + rename(key)] = value.grad
    out["gradient.input"] = inputs.grad.transpose(1, 2)
    out = {k: v.float() if k[:6] in ("curve.", "found.", "plain.") else v.double() for k, v in out.items()}
    out["input"] = inputs.transpose(1, 2).float()
    save(name + ".expected", out)


def thumos(checkout):
    sys.path.insert(0, checkout)
    module("h5py")
    module("joblib", Parallel=None, delayed=None)
    tables = []

    class Table:
        def __init__(self, rows, columns):
            tables.append(rows)

        def to_csv(self, path, index):
            pass

    module("pandas", DataFrame=Table)
    from Models.VSGN import VSGN
    from Utils.dataset_thumos import VideoDataSet
    import Infer

    length = 128
    opt = dict(
        dataset="thumos", temporal_scale=length, input_feat_dim=FEATURES, bb_hidden_dim=CHANNELS,
        batch_size=2, is_train="true", num_levels=3, use_xGPN=True, use_VSS=True, gcn_insert="par",
        num_neigh=5, nfeat_mode="feat_ctr", agg_type="max", edge_weight="false", short_ratio=0.4,
        stitch_gap=6, num_head_layers=2, anchor_scale=[1, 1.5], decoder_num_classes=4,
        base_stride=4, focal_alpha=0.01, iou_thr=[0.5, 0.5, 0.7], nms_thr=2.0)

    torch.manual_seed(11)
    net = stir(few_groups(lambda: VSGN(opt)))

    data = VideoDataSet.__new__(VideoDataSet)
    data.__dict__.update(
        temporal_scale=length, input_feat_dim=FEATURES, temporal_gap=1 / length, gap=6,
        mode="train", classes=dict(Background=0, a=1, b=2, c=3),
        anchor_xmin=[t / length for t in range(length)],
        anchor_xmax=[t / length for t in range(1, length + 1)])
    actions = [((44.6, 51.3), "b"), ((58.2, 82.4), "c"), ((110, 150.2), "a"), ((161.7, 169.3), "b"),
               ((155.4, 198.6), "c")]
    data.video_dict = dict(film=dict(annotations=[
        dict(segment=list(segment), label=label) for segment, label in actions]))
    film = [torch.randn(FEATURES // 2, 240) for _ in range(2)]
    first = data._get_train_data_label_stitch(*film, "film", 40, 87, 1)
    second = data._get_train_data_label_org(*film, "film", 100, 200, 1)
    video, action, start, end, boxes = [torch.stack(pair) for pair in zip(first[:5], second[:5])]
    counts, frames = torch.tensor([first[5], second[5]]), torch.tensor([first[6], second[6]])

    inputs = video.double().requires_grad_()
    heads = []
    net.head_dec.register_forward_hook(lambda _, __, found: heads.append(found))
    # Its PyTorch kept integers integers; the newer one's bounds of whole floats make floats.
    clamp = torch.clamp
    torch.clamp = lambda x, *args, **kw: clamp(x, *args, **kw).to(x.dtype)
    losses, *curves = in_float64(
        lambda: net(inputs, frames, action, start, end, boxes.double(), counts))
    # As Train.py weighs them.
    total = (losses["loss_cls_dec"] + losses["loss_reg_dec"] + losses["loss_bd_adjust"]
             + 0.2 * (losses["loss_action"] + losses["loss_start"] + losses["loss_end"]))
    total.backward()
    logits = torch.cat(heads[0][0][::-1], 2).permute(0, 2, 1).reshape(2, -1, 4)
    out = {"logits": logits, "loss.total": total,
           "frames": frames, "clip": torch.cat(film)[:, 40:88].t()}
    for name, key in [("classification", "cls_dec"), ("regression", "reg_dec"),
                      ("boundary", "bd_adjust"), ("action", "action"), ("start", "start"),
                      ("end", "end")]:
        out["loss." + name] = losses["loss_" + key]
    for name, curve in zip(["action", "start", "end"], curves):
        out["curve." + name] = curve
    for index, count in enumerate(counts):
        box = boxes[index, :count].double()
        box[:, :2] *= length
        box[:, 2] -= 1
        out[f"targets.{index}"] = box

    # Without the graph: the same convolutions at stride 2.
    plain = few_groups(lambda: VSGN(dict(opt, use_xGPN=False, use_VSS=False, is_train="false")))
    weights = {key.replace("tconv1", "0"): value for key, value in net.state_dict().items()}
    plain.double().load_state_dict({key: weights[key] for key in plain.state_dict()})
    plain.head_dec.register_forward_hook(lambda _, __, found: heads.append(found))
    with torch.no_grad():
        out["plain.segments"] = plain(inputs, frames)[0]
    out["plain.logits"] = torch.cat(heads[1][0][::-1], 2).permute(0, 2, 1).reshape(2, -1, 4)

    net.is_train = "false"
    with torch.no_grad():
        segments, scores, adjusted, *curves = net(inputs, frames)
    out["segments"] = segments
    # Every candidate as it goes into the suppression, before the magnified copy is mapped back.
    Infer.opt = dict(opt, use_VSS=False)
    for index in range(2):
        Infer.infer_v_asis(
            Infer.opt, video=dict(v_name="film", w_start=0, w_index=0, fps=1),
            score_dec_v=scores[index].numpy(), loc_adjusted_v=adjusted[index].clone().numpy(),
            pred_action_v=None, pred_start_v=curves[1][index].numpy(),
            pred_end_v=curves[2][index].numpy(), proposal_path="", num_frms_v=length)
        out[f"found.{index}"] = torch.from_numpy(tables[-1])
    torch.clamp = clamp
    print("thumos", {k: round(v.item(), 4) for k, v in out.items() if k.startswith("loss")})
    save_case("thumos", net, lambda key: key.replace("bd_adjust", "bd_refine"), out, inputs)


def in_float64(run):
    """Runs with conversions to float32 that go to float64."""
    original = torch.Tensor.float
    torch.Tensor.float = torch.Tensor.double
    try:
        return run()
    finally:
        torch.Tensor.float = original


class Settings(dict):
    __getattr__ = dict.__getitem__


def opentad(checkout):
    classes = {}

    class Registry:
        def register_module(self):
            return lambda cls: classes.setdefault(cls.__name__, cls)

    def build(settings):
        options = dict(settings)
        return classes[options.pop("type")](**options)

    kinds = ["PROJECTIONS", "NECKS", "ROI_EXTRACTORS", "HEADS", "LOSSES", "DETECTORS", "MODELS"]
    builders = ["backbone", "projection", "neck", "head", "loss", "roi_extractor"]
    root = os.path.join(checkout, "opentad")
    folders = ["", ".models", ".models.bricks", ".models.losses", ".models.projections",
               ".models.necks", ".models.dense_heads", ".models.roi_heads", ".models.detectors",
               ".models.roi_heads.roi_extractors", ".models.utils"]
    for folder in folders:
        module("opentad" + folder, __path__=[root + folder.replace(".", "/")])
    module("opentad.models.builder", **{kind: Registry() for kind in kinds},
           **{"build_" + name: build for name in builders})
    module("opentad.models.projections.actionformer_proj", get_sinusoid_encoding=None)
    module("opentad.models.utils.post_processing", batched_nms=None, load_predictions=None,
           save_predictions=None, convert_to_seconds=lambda segments, _: segments)
    bricks = sys.modules["opentad.models.bricks"]
    bricks.ConvModule = importlib.import_module("opentad.models.bricks.conv").ConvModule
    bricks.GCNeXt = None
    for name in ["losses.focal_loss", "losses.balanced_ce_loss", "projections.vsgn_proj",
                 "necks.vsgn_fpn", "dense_heads.tem_head", "dense_heads.vsgn_rpn_head",
                 "roi_heads.roi_extractors.corner_extractor", "roi_heads.vsgn_roi_head",
                 "detectors.vsgn"]:
        importlib.import_module("opentad.models." + name)

    # configs/_base_/models/vsgn.py, configs/vsgn/anet_tsp.py and anet_tsp_gcn.py.
    length, levels = 256, [2, 4, 8, 16, 32]
    settings = Settings(
        type="VSGN",
        projection=dict(
            type="VSGNPyramidProj", in_channels=FEATURES, out_channels=CHANNELS,
            pyramid_levels=levels, use_gcn=True,
            gcn_kwargs=dict(
                num_neigh=10, nfeat_mode="feat_ctr", agg_type="max", edge_weight="false")),
        neck=dict(type="VSGNFPN", in_channels=CHANNELS, out_channels=CHANNELS, num_levels=5),
        rpn_head=dict(
            type="VSGNRPNHead", in_channels=CHANNELS, num_layers=2, num_classes=1, iou_thr=0.6,
            anchor_generator=Settings(
                pyramid_levels=levels, tscale=length, anchor_scale=[3, 7.5]),
            tem_head=dict(
                type="TemporalEvaluationHead", in_channels=CHANNELS, num_classes=3,
                loss=dict(pos_thresh=0.5, gt_type=["startness", "endness", "actionness"])),
            loss_cls=dict(type="FocalLoss", gamma=2.0, alpha=0.35)),
        roi_head=dict(
            type="VSGNRoIHead", in_channels=CHANNELS, iou_thr=0.7,
            roi_extractor=dict(type="CornerExtractor", beta=8.0, base_stride=2, tscale=length)))
    torch.manual_seed(12)
    net = stir(few_groups(lambda: build(settings)))
    segments = [
        [[20.3, 71.8], [90.25, 99.6], [60.4, 230.7]], [[3.6, 8.9], [3.5, 250.1], [130.2, 171.4]]]
    wanted = [torch.tensor(sample, dtype=torch.float64) for sample in segments]
    labels = [torch.zeros(len(sample), dtype=torch.long) for sample in segments]
    inputs = torch.randn(2, FEATURES, length).double().requires_grad_()
    masks = torch.ones(2, length, dtype=torch.bool)
    tapped = {}
    net.rpn_head.cls_head.register_forward_hook(
        lambda _, __, found: tapped.setdefault("logits", []).append(found))
    net.rpn_head.tem_head.tem_loss.register_forward_hook(
        lambda _, __, found: tapped.setdefault("curves", []).append(found))
    losses = in_float64(lambda: net.forward_train(inputs, masks, None, wanted, labels))
    losses["cost"].backward()
    logits = torch.cat(tapped["logits"], 2).permute(0, 2, 1).reshape(2, -1, 1)
    out = {"logits": logits, "loss.total": losses["cost"],
           "loss.classification": losses["loss_stage1_cls"],
           "loss.regression": losses["loss_stage1_reg"],
           "loss.boundary": losses["loss_stage2_loc"]}
    for name, value in zip(["start", "end", "action"], tapped["curves"]):
        out["loss." + name] = value
    for name, value in [("classification", net.rpn_head.loss_normalizer_cls),
                        ("regression", net.rpn_head.loss_normalizer_reg),
                        ("boundary", net.roi_head.loss_normalizer_reg)]:
        out["loss_normalizer." + name] = torch.tensor([value], dtype=torch.float64)
    for index, (box, label) in enumerate(zip(wanted, labels)):
        out[f"targets.{index}"] = torch.cat((box, label[:, None]), 1)

    found = []

    def classifier(_, segments, scores):
        found.append(torch.cat((segments, scores[:, None]), 1))
        return [], [], []

    with torch.no_grad():
        curves, scores, adjusted = in_float64(lambda: net.forward_test(inputs, masks))
        feats, marks = in_float64(lambda: net.neck(*net.projection(inputs, masks)))
        out["segments"] = net.rpn_head.forward_test(feats, marks)[1]
        net.post_processing(
            (curves, scores, adjusted), [dict(video_name="one"), dict(video_name="two")],
            Settings(sliding_window=True), classifier)
    for name, curve in zip(["start", "end", "action"], curves.sigmoid().unbind(1)):
        out["curve." + name] = curve
    for index, rows in enumerate(found):
        # Equal form in both cases: ends, score, class from 1.
        out[f"found.{index}"] = torch.cat((rows, torch.ones_like(rows[:, :1])), 1)
    print("activitynet", {k: round(v.item(), 4) for k, v in out.items() if k.startswith("loss")})

    towers = {"cls": "cls_tower", "reg": "bbox_tower"}
    curve_names = ["head_startness", "head_endness", "head_actionness"]
    rules = [
        (r"projection\.stem_convs\.conv", lambda m: "xGPN.conv0.0"),
        (r"projection\.pyramid_convs", lambda m: "xGPN.levels_enc"),
        (r"neck\.levels_transit\.0", lambda m: "xGPN.levels1.0.0"),
        (r"neck\.levels_fuse\.(\d)", lambda m: f"xGPN.levels1.{int(m[1]) + 1}"),
        (r"neck\.levels_enc", lambda m: "xGPN.levels2"),
        (r"neck\.levels_dec", lambda m: "xGPN.levels_dec"),
        (r"rpn_head\.(cls|reg)_tower\.(\d)\.(\d)",
         lambda m: f"head_dec.{towers[m[1]]}.{3 * int(m[2]) + int(m[3])}"),
        (r"rpn_head\.cls_head", lambda m: "head_dec.cls_logits"),
        (r"rpn_head\.reg_head", lambda m: "head_dec.bbox_pred"),
        (r"rpn_head\.tem_head\.tem\.(\d)\.(\d)\.conv",
         lambda m: f"{curve_names[int(m[1])]}.{2 * int(m[2])}"),
        (r"roi_head", lambda m: "bd_refine")]

    def rename(key):
        for pattern, by in rules:
            key = re.sub("^" + pattern, by, key)
        return key

    save_case("activitynet", net, rename, out, inputs)


thumos(sys.argv[1])
opentad(sys.argv[2])
