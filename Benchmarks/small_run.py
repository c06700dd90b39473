# SPDX-License-Identifier: Apache-2.0
"""A small run of `dr2net tad train`: three uncompressed films made here, a ViT-Ti at random weights.

For kill_and_resume, event_files and live_bytes. Nothing is downloaded.
"""

import hashlib
import json
import pathlib

FILMS = [  # name, subset, seconds, actions
    ("a", "training", 8, [(1, 3, "bright"), (5, 7, "dark")]),
    ("b", "training", 3, [(0.5, 2, "dark")]),
    ("c", "validation", 6, [(1, 3, "bright"), (3.5, 5, "dark")]),
]

# What is measured rather than computed, and so differs from run to run.
MEASURED = {"seconds", "loadSeconds", "liveBytes", "peakBytes", "residentPeakBytes"}


def film(seconds, actions):
    """YUV4MPEG2, 32 by 32 pixels, 8 frames a second; brighter or darker inside its actions."""
    data = b"YUV4MPEG2 W32 H32 F8:1 Ip A1:1 Cmono XCOLORRANGE=FULL\n"
    for frame in range(8 * seconds):
        inside = [a for a in actions if a[0] <= frame / 8 < a[1]]
        level = (230 if inside[0][2] == "bright" else 20) if inside else 110
        data += b"FRAME\n" + bytes(
            level + (pixel * 7 + frame * 3) % 24 - 12 for pixel in range(1024))
    return data


def make(folder, steps, checkpoint_every, evaluate_every=0, backbone_start=4):
    """Writes films, annotations and a recipe; gives the recipe's path."""
    folder = pathlib.Path(folder)
    database = {}
    for name, subset, seconds, actions in FILMS:
        (folder / f"{name}.y4m").write_bytes(film(seconds, actions))
        database[name] = {
            "subset": subset, "duration": seconds, "source": f"{name}.y4m",
            "annotations": [{"segment": [a, b], "label": label} for a, b, label in actions]}
    (folder / "annotations.json").write_text(
        json.dumps({"version": "small run", "database": database}))
    recipe = folder / "recipe.yaml"
    recipe.write_text(f"""\
task: tad
seed: 3
steps: {steps}
way: dr2net
dr2net: {{policy: balanced, betaStart: 0.0625, betaEnd: 0.5}}
data: {{annotations: annotations.json, videos: ., framesPerSecond: 4, size: 32, windowFrames: 16}}
backbone: {{name: vit-tiny-16, dropPath: 0.2}}
head: {{channels: 32, levels: 3, neighbours: 4, towerDepth: 1, stitching: {{enabled: true}}}}
optimizer: {{headLearningRate: 0.003, backboneLearningRate: 0.0003, averageDecay: 0.9}}
schedule: {{backboneStart: {backbone_start}}}
checkpoint: {{every: {checkpoint_every}, keep: 2}}
evaluate: {{every: {evaluate_every}, tiou: [0.3, 0.5]}}
""")
    return recipe


def metrics(run):
    """The whole lines of a run's metrics."""
    text = (pathlib.Path(run) / "metrics.jsonl").read_text()
    return [json.loads(line) for line in text[:text.rfind("\n") + 1].splitlines()]


def outcome(run, steps):
    """What two equal runs have in common: hashes of the files, and the metrics."""
    run = pathlib.Path(run)
    names = [f"checkpoint-{steps:06d}.safetensors", "predictions.json", "recipe.yaml", "model.json"]
    digests = {name: hashlib.sha256((run / name).read_bytes()).hexdigest() for name in names}
    lines = [{key: value for key, value in line.items() if key not in MEASURED}
             for line in metrics(run)]
    return digests, lines


def checkpoints(run):
    """The steps of a run's checkpoints; raises where one of them is not whole."""
    steps = []
    for path in sorted(pathlib.Path(run).glob("checkpoint-*.safetensors")):
        with open(path, "rb") as file:
            length = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(length))
        end = max(entry["data_offsets"][1] for name, entry in header.items()
                  if name != "__metadata__")
        if 8 + length + end != path.stat().st_size:
            raise ValueError(f"{path} is not whole: {path.stat().st_size} bytes")
        steps.append(int(path.stem.split("-")[1]))
    return steps
