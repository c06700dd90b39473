# SPDX-License-Identifier: Apache-2.0
"""Writes families/: one tiny random network under each library's own tensor names.

    python make_families.py --official DIR --openmmlab DIR

Needs torch, torchvision, timm, transformers and safetensors. DIR of --official holds checkouts of
microsoft/Swin-Transformer, SwinTransformer/Video-Swin-Transformer and MCG-NJU/VideoMAE under their
repositories' names; DIR of --openmmlab is a folder that "pip install --no-deps --target" filled with
mmdet, mmaction2, mmengine, mmcv-lite, addict, yapf, rich, termcolor and opencv-python-headless.

KIND.safetensors has our (torchvision's, VideoMAE's) names, KIND.FAMILY.safetensors the same network
as the library itself saves it. The library's module loads it strictly and its features agree with
those of our names' library: that is what says that the two files are the same network, and that the
order of queries, keys, values and of merged pixels is what the tests take it for. names/*.txt are the
names and shapes of networks of four stages , no values.
"""

import argparse
import importlib.machinery
import pathlib
import re
import sys
import tempfile
import types
import warnings

import numpy as np
import timm
import torch
import torchvision
import transformers
from safetensors.torch import load_file, save_file
from timm.models.swin_transformer import SwinTransformer as TimmSwin
from torchvision.models.swin_transformer import SwinTransformer
from torchvision.models.video.swin_transformer import SwinTransformer3d

FOLDER = pathlib.Path(__file__).resolve().parent / "families"
TINY = dict(depths=[2, 1], heads=[1, 2], width=4)
FOUR = dict(depths=[1, 1, 2, 1], heads=[1, 2, 4, 8], width=8)


# The other libraries' networks

def bare_package(name):
    """An empty package in place of one whose __init__ imports compiled operators."""
    parent = name.rpartition(".")[0]
    path = sys.modules[parent].__path__ if parent else None
    spec = importlib.machinery.PathFinder.find_spec(name.rpartition(".")[2], path)
    module = types.ModuleType(name)
    module.__path__, module.__spec__ = list(spec.submodule_search_locations), spec
    sys.modules[name] = module
    return module


def openmmlab(folder):
    sys.path.append(str(folder))
    for name in ("mmdet", "mmdet.utils", "mmdet.models", "mmdet.models.backbones",
                 "mmdet.models.layers", "mmdet.models.layers.transformer", "mmaction",
                 "mmaction.utils", "mmaction.models", "mmaction.models.backbones"):
        bare_package(name)
    from mmdet.utils import typing_utils as mmdet_types
    vars(sys.modules["mmdet.utils"]).update(vars(mmdet_types))
    from mmdet.models.layers.transformer import utils
    vars(sys.modules["mmdet.models.layers"]).update(
        PatchEmbed=utils.PatchEmbed, PatchMerging=utils.PatchMerging)
    from mmdet.models.backbones.swin import SwinTransformer as MMDetectionSwin
    from mmaction.utils import typing_utils as mmaction_types
    vars(sys.modules["mmaction.utils"]).update(vars(mmaction_types))
    from mmaction.models.backbones.swin import SwinTransformer3D as MMActionSwin
    from mmaction.models.backbones.vit_mae import VisionTransformer as MMActionVideoMAE
    return MMDetectionSwin, MMActionSwin, MMActionVideoMAE


def official(folder):
    """The three repositories' modules, with stand-ins for what they import and do not need here."""
    def module(name, path, **stand_ins):
        for stand_in, contents in stand_ins.items():
            sys.modules[stand_in] = types.ModuleType(stand_in)
            vars(sys.modules[stand_in]).update(contents)
        loader = importlib.machinery.SourceFileLoader(name, str(folder / path))
        result = types.ModuleType(name)
        result.__package__ = name.rpartition(".")[0]
        sys.modules[name] = result
        loader.exec_module(result)
        return result

    saved = {k: v for k, v in sys.modules.items() if k.split(".")[0] in ("mmcv", "mmaction")}
    for name in saved:
        del sys.modules[name]
    logger = types.SimpleNamespace(warning=print, info=lambda *_: None)
    registry = types.SimpleNamespace(register_module=lambda *_: (lambda c: c))
    swin = module("ms.swin", "Swin-Transformer/models/swin_transformer.py").SwinTransformer
    video = module(
        "video.backbones.swin", "Video-Swin-Transformer/mmaction/models/backbones/swin_transformer.py",
        **{"mmcv": {}, "mmcv.runner": {"load_checkpoint": None}, "mmaction": {},
           "mmaction.utils": {"get_root_logger": lambda: logger}, "video": {"__path__": []},
           "video.backbones": {"__path__": []}, "video.builder": {"BACKBONES": registry}},
    ).SwinTransformer3D
    mae = module("mae.finetune", "VideoMAE/modeling_finetune.py").VisionTransformer
    for name in ("mmcv", "mmcv.runner", "mmaction", "mmaction.utils"):
        del sys.modules[name]
    sys.modules.update(saved)
    return swin, video, mae, logger


# From our names to the others

def to_official(name):
    """Of torchvision's Swin, for images (stages odd) or clips (stages even)."""
    name = name.replace("features.0.0.", "patch_embed.proj.", 1) if re.match(
        r"features\.0\.0\.(weight|bias)$", name) else name
    name = re.sub(r"^features\.0\.2\.(weight|bias)$", r"patch_embed.norm.\1", name)
    match = re.match(r"features\.(\d+)\.(\d+)\.(.*)", name)
    if match:
        stage, block, rest = int(match[1]) // 2, match[2], match[3]
        rest = rest.replace("mlp.0.", "mlp.fc1.").replace("mlp.3.", "mlp.fc2.")
        return f"layers.{stage}.blocks.{block}.{rest}"
    match = re.match(r"features\.(\d+)\.(norm|reduction)\.(.*)", name)
    if match:
        index = int(match[1])
        stage = index // 2 - 1 if index % 2 == 0 else index // 2
        return f"layers.{stage}.downsample.{match[2]}.{match[3]}"
    return name


def to_timm(name):
    return re.sub(r"^layers\.(\d+)\.downsample", lambda m: f"layers.{int(m[1]) + 1}.downsample", name)


def to_mmdetection(state, last):
    result = {}
    for name, value in state.items():
        if ".downsample." in name:  # [.., 4 pixels, C] of the concatenation to [.., C, 4] of Unfold
            parts = value.reshape(*value.shape[:-1], 4, value.shape[-1] // 4)
            value = parts[..., [0, 2, 1, 3], :].transpose(-1, -2).reshape(value.shape).contiguous()
        for old, new in (("layers.", "stages."), ("attn.", "attn.w_msa."), ("mlp.fc1", "ffn.layers.0.0"),
                         ("mlp.fc2", "ffn.layers.1"), ("patch_embed.proj.", "patch_embed.projection.")):
            name = name.replace(old, new)
        result[re.sub(r"^norm\.", f"norm{last}.", name)] = value
    return result


def to_transformers_swin(state):
    """The names that save_pretrained writes."""
    result = {}
    for name, value in state.items():
        for old, new in (("patch_embed.proj.", "embeddings.patch_embeddings.projection."),
                         ("patch_embed.norm.", "embeddings.norm."), ("layers.", "encoder.layers."),
                         (".norm1.", ".layernorm_before."), (".norm2.", ".layernorm_after."),
                         ("attn.proj.", "attention.output.dense."), ("mlp.fc1.", "intermediate.dense."),
                         ("mlp.fc2.", "output.dense."),
                         ("attn.relative", "attention.self.relative")):
            name = name.replace(old, new)
        name = re.sub(r"^norm\.", "layernorm.", name)
        if "attn.qkv" in name:
            for part, rows in zip(("query", "key", "value"), value.chunk(3)):
                result[name.replace("attn.qkv", f"attention.self.{part}")] = rows.contiguous()
        else:
            result[name] = value
    return result


def to_transformers_videomae(state):
    result = {}
    for name, value in state.items():
        for old, new in (("patch_embed.proj.", "embeddings.patch_embeddings.projection."),
                         ("blocks.", "encoder.layer."), (".norm1.", ".layernorm_before."),
                         (".norm2.", ".layernorm_after."), ("attn.proj.", "attention.output.dense."),
                         ("mlp.fc1.", "intermediate.dense."), ("mlp.fc2.", "output.dense."),
                         ("attn.q_bias", "attention.attention.q_bias"),
                         ("attn.v_bias", "attention.attention.v_bias")):
            name = name.replace(old, new)
        outer = "" if name.startswith("fc_norm.") else "videomae."
        if "attn.qkv" in name:
            for part, rows in zip(("query", "key", "value"), value.chunk(3)):
                key = name.replace("attn.qkv", f"attention.attention.{part}")
                result[outer + key] = rows.contiguous()
        else:
            result[outer + name] = value
    return result


def to_mmaction_videomae(name):
    return name.replace("patch_embed.proj.", "patch_embed.projection.").replace(
        "mlp.fc1.", "mlp.layers.0.0.").replace("mlp.fc2.", "mlp.layers.1.")


# Checks

def parameters(model):
    """The tensors without heads and without tables of indices and masks."""
    skipped = ("relative_position_index", "attn_mask")
    return {n: v for n, v in model.state_dict().items()
            if not n.endswith(skipped) and not n.startswith(("head.", "classifier."))}


def randomize(model, seed):
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, value in model.named_parameters():
            noise = torch.randn(value.shape, generator=generator)
            value.copy_(1 + 0.5 * noise if "norm" in name and name.endswith("weight") else 0.5 * noise)
    return model.eval()


def load(model, state, may_miss=("head.", "classifier.", "pos_embed")):
    """Loads strictly but for heads and tables."""
    result = model.load_state_dict(state, strict=False)
    missing = [n for n in result.missing_keys
               if not n.startswith(may_miss) and not n.endswith(("relative_position_index", "attn_mask"))
               and not re.match(r"norm\d", n)]
    if missing or result.unexpected_keys:
        raise SystemExit(f"{type(model)}: missing {missing}, unexpected {result.unexpected_keys}")
    model.eval()  # some return nothing
    return model


def load_saved(model, state):
    """Loads published names through transformers' own from_pretrained."""
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        path = pathlib.Path(folder) / "model.safetensors"
        heads = {n: v for n, v in load_file(path).items() if n.startswith("classifier.")}
        save_file({**state, **heads}, path, metadata={"format": "pt"})
        loaded, info = type(model).from_pretrained(folder, output_loading_info=True)
    if info["missing_keys"] or info["unexpected_keys"] or info["mismatched_keys"]:
        raise SystemExit(f"{type(model)}: {info}")
    return loaded.eval()


def check(name, expected, found):
    error = float((expected - found).norm() / expected.norm())
    print(f"{name}: features of norm {float(expected.norm()):.3g}, relative difference {error:.1e}")
    if not error < 1e-5:
        raise SystemExit(f"{name}: not the same network")


def write(name, state):
    save_file({n: v.clone().contiguous() for n, v in state.items()}, FOLDER / f"{name}.safetensors")


def write_names(name, state):
    lines = [f"{n} {','.join(map(str, v.shape))}" for n, v in state.items()]
    (FOLDER / "names" / f"{name}.txt").write_text("\n".join(lines) + "\n")


def swin(sizes, window=2, head=3):
    return SwinTransformer([4, 4], sizes["width"], sizes["depths"], sizes["heads"], [window] * 2,
                           num_classes=head)


def video_swin(sizes, window=(2, 2, 2)):
    return SwinTransformer3d([2, 4, 4], sizes["width"], sizes["depths"], sizes["heads"],
                             list(window), num_classes=3)


@torch.no_grad()
def images(ms_swin, mm_swin):
    native = randomize(swin(TINY), 1)
    x = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(2))
    expected = native.norm(native.features(x))
    state = parameters(native)
    own = {to_official(n): v for n, v in state.items()}
    write("swin", state)

    arguments = dict(img_size=32, patch_size=4, embed_dim=4, depths=(2, 1), num_heads=(1, 2),
                     window_size=2, num_classes=3)
    model = load(ms_swin(**arguments), own)
    check("official Swin", expected.mean((1, 2)), model.forward_features(x))
    write("swin.swin", {n: v for n, v in model.state_dict().items() if not n.startswith("head")})
    model = load(TimmSwin(**arguments), {to_timm(n): v for n, v in own.items()})
    check("timm Swin", expected, model.forward_features(x))
    write("swin.timm-swin", model.state_dict())
    model = load(mm_swin(pretrain_img_size=32, embed_dims=4, depths=(2, 1), num_heads=(1, 2),
                         strides=(4, 2), window_size=2, out_indices=(0, 1)), to_mmdetection(own, 1))
    check("mmdetection Swin", expected.permute(0, 3, 1, 2), model(x)[-1])
    write("swin.mmdetection-swin", model.state_dict())
    config = transformers.SwinConfig(image_size=32, patch_size=4, embed_dim=4, depths=[2, 1],
                                     num_heads=[1, 2], window_size=2)
    published = to_transformers_swin(own)
    model = load_saved(transformers.SwinModel(config, add_pooling_layer=False), published)
    check("transformers Swin", expected.flatten(1, 2), model(x).last_hidden_state)
    write("swin.transformers-swin", published)
    write_names("transformers-swin-in-memory", model.state_dict())
    return own


@torch.no_grad()
def clips(ms_video, mm_video, image_state, logger):
    native = randomize(video_swin(TINY), 3)
    x = torch.randn(1, 3, 8, 32, 32, generator=torch.Generator().manual_seed(4))
    expected = native.norm(native.features(native.patch_embed(x)))
    state = parameters(native)
    own = {to_official(n): v for n, v in state.items()}
    write("video-swin", state)
    arguments = dict(patch_size=(2, 4, 4), embed_dim=4, depths=[2, 1], num_heads=[1, 2],
                     window_size=(2, 2, 2), patch_norm=True)
    model = load(ms_video(**arguments), own)
    check("official Video Swin", expected.permute(0, 4, 1, 2, 3), model(x))
    write("video-swin.swin", model.state_dict())
    model = load(mm_video(arch=dict(embed_dims=4, depths=[2, 1], num_heads=[1, 2]),
                          patch_size=(2, 4, 4), window_size=(2, 2, 2), out_indices=(1,)),
                 {re.sub(r"^norm\.", "norm1.", n): v for n, v in own.items()})
    check("mmaction2 Video Swin", expected.permute(0, 4, 1, 2, 3), model(x))
    write_names("mmaction2-video-swin-tiny", model.state_dict())

    # The image network above inflated by Video Swin's own code, into two windows.
    back = {to_official(n): n for n in state}
    for window in ((2, 2, 2), (2, 3, 3)):
        with tempfile.TemporaryDirectory() as folder:
            path = f"{folder}/image.pth"
            torch.save({"model": image_state}, path)
            model = ms_video(**{**arguments, "window_size": window}, pretrained=path,
                             pretrained2d=True)
            model.inflate_weights(logger)
        write("inflated." + "x".join(map(str, window)),
              {back[n]: v for n, v in parameters(model).items()})


@torch.no_grad()
def masked(ms_mae, mm_mae):
    sizes = dict(img_size=8, patch_size=4, embed_dim=8, depth=2, num_heads=2, qkv_bias=True)
    native = randomize(ms_mae(**sizes, all_frames=4, num_classes=3), 5)
    x = torch.randn(2, 3, 4, 8, 8, generator=torch.Generator().manual_seed(6))
    expected = native.forward_features(x)
    state = parameters(native)
    write("videomae", state)
    config = transformers.VideoMAEConfig(
        image_size=8, patch_size=4, num_frames=4, hidden_size=8, num_hidden_layers=2,
        num_attention_heads=2, intermediate_size=32, layer_norm_eps=1e-5)
    published = to_transformers_videomae(state)
    model = load_saved(transformers.VideoMAEForVideoClassification(config), published)
    found = model.fc_norm(model.videomae(x.transpose(1, 2)).last_hidden_state.mean(1))
    check("transformers VideoMAE", expected, found)
    write("videomae.transformers-videomae", published)
    write_names("transformers-videomae-in-memory", model.state_dict())
    model = load(mm_mae(img_size=8, patch_size=4, embed_dims=8, depth=2, num_heads=2, num_frames=4,
                        norm_cfg=dict(type="LN", eps=1e-5)),
                 {to_mmaction_videomae(n): v for n, v in state.items()})
    check("mmaction2 VideoMAE", expected, model(x))
    write("videomae.mmaction2-videomae", model.state_dict())


def names(ms_swin, ms_video, mm_swin, mm_video):
    """Networks of four stages, as their libraries make them."""
    depths, heads, width = FOUR["depths"], FOUR["heads"], FOUR["width"]
    common = dict(embed_dim=width, depths=depths, num_heads=heads, window_size=7)
    write_names("torchvision-swin", swin(FOUR, 7).state_dict())
    write_names("torchvision-video-swin", video_swin(FOUR, (8, 7, 7)).state_dict())
    write_names("official-swin", ms_swin(**common).state_dict())
    write_names("timm-swin", TimmSwin(**common).state_dict())
    write_names("official-video-swin", ms_video(
        patch_size=(2, 4, 4), patch_norm=True, **{**common, "window_size": (8, 7, 7)}).state_dict())
    write_names("mmdetection-swin", mm_swin(
        embed_dims=width, depths=depths, num_heads=heads, window_size=7).state_dict())
    write_names("mmaction2-video-swin", mm_video(
        arch=dict(embed_dims=width, depths=depths, num_heads=heads), patch_size=(2, 4, 4),
        window_size=(8, 7, 7)).state_dict())
    tiny = dict(hidden_size=16, num_hidden_layers=2, num_attention_heads=2)
    write_names("transformers-vit-in-memory", transformers.ViTModel(transformers.ViTConfig(
        **tiny, intermediate_size=64, patch_size=4, image_size=16)).state_dict())
    write_names("transformers-dinov2-in-memory", transformers.Dinov2Model(transformers.Dinov2Config(
        **tiny, patch_size=4, image_size=16)).state_dict())
    with tempfile.TemporaryDirectory() as folder:
        transformers.SwinForImageClassification(transformers.SwinConfig(**common)).save_pretrained(folder)
        write_names("transformers-swin", load_file(f"{folder}/model.safetensors"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--official", type=pathlib.Path, required=True)
    parser.add_argument("--openmmlab", type=pathlib.Path, required=True)
    arguments = parser.parse_args()
    torch.manual_seed(0)  # heads, which no check sets
    warnings.simplefilter("ignore")
    transformers.logging.set_verbosity_error()
    (FOLDER / "names").mkdir(parents=True, exist_ok=True)
    mm_swin, mm_video, mm_mae = openmmlab(arguments.openmmlab)
    ms_swin, ms_video, ms_mae, logger = official(arguments.official)
    transformers.utils.logging.disable_progress_bar()
    image_state = images(ms_swin, mm_swin)
    clips(ms_video, mm_video, image_state, logger)
    masked(ms_mae, mm_mae)
    names(ms_swin, ms_video, mm_swin, mm_video)
    for file in FOLDER.glob("*.safetensors"):
        file.chmod(0o644)
    size = sum(f.stat().st_size for f in FOLDER.rglob("*.*") if f.is_file())
    print(f"torch {torch.__version__}, torchvision {torchvision.__version__}, timm {timm.__version__}, "
          f"transformers {transformers.__version__}, numpy {np.__version__}: {size} bytes")


if __name__ == "__main__":
    main()
