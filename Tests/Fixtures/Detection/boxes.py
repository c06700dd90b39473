#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Random detections scored by pycocotools: the fixtures here, or a check of the built program.

    python boxes.py write
    python boxes.py check PROGRAM [--rounds 200 --seed 1]

Cases hold crowds, areas other than the box's, equal scores and overlaps, images and classes without
boxes, and more predictions an image than count. NAME.truth.json and NAME.predictions.json are COCO
files, NAME.scores.json the summary and each class's AP. `check` makes new cases and compares every
number of `dr2net detect evaluate`. Made with pycocotools 2.0.11.
"""

import argparse
import contextlib
import io
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

HERE = pathlib.Path(__file__).resolve().parent
PROTOCOLS = {
    "coco": ([1, 10, 100], {"": (0, 1e10), "s": (0, 1024), "m": (1024, 9216), "l": (9216, 1e10)}),
    "ai-tod": ([1, 100, 1500], {"": (0, 1e10), "vt": (0, 64), "t": (64, 256), "s": (256, 1024),
                                "m": (1024, 1e10)}),
}


def case(seed, images, classes, objects, guesses, size, decimals):
    """A COCO ground truth and a list of results."""
    rng = np.random.default_rng(seed)

    def number(value):
        value = round(float(value), decimals)
        return int(value) if value == int(value) else value

    def box(centre, side):
        w, h = np.exp(rng.normal(0, 0.5, 2)) * side
        return [number(centre[0] - w / 2), number(centre[1] - h / 2), number(w), number(h)]

    numbers = rng.permutation(np.arange(1, 10 * images))[:images]
    # Gaps in the categories' numbers, and a class that no image has.
    categories = [{"id": 3 * k + 1, "name": f"class {k}"} for k in range(classes + 1)]
    truths, results = [], []
    for image in numbers:
        for _ in range(rng.integers(0, objects + 1)):
            category = 3 * int(rng.integers(classes)) + 1
            side = float(np.exp(rng.uniform(np.log(4), np.log(150))))
            one = box(rng.uniform(0, size, 2), side)
            area = one[2] * one[3] * (1 if rng.random() < 0.5 else rng.uniform(0.3, 1))
            truths.append({"id": len(truths) + 1, "image_id": int(image), "category_id": category,
                           "bbox": one, "area": number(area),
                           "iscrowd": int(rng.random() < 0.15)})
        own = [t for t in truths if t["image_id"] == image]
        for _ in range(rng.integers(0, guesses + 1)):
            if own and rng.random() < 0.7:
                near = own[rng.integers(len(own))]
                x, y, w, h = near["bbox"]
                shift = rng.choice([0, 0.05, 0.2]) * rng.normal(0, 1, 4)
                one = [number(x + shift[0] * w), number(y + shift[1] * h),
                       number(w * np.exp(shift[2])), number(h * np.exp(shift[3]))]
                category = near["category_id"]
            else:
                one = box(rng.uniform(0, size, 2), 40)
                category = 3 * int(rng.integers(classes + 1)) + 1
            # Few different scores: many are equal.
            results.append({"image_id": int(image), "category_id": category, "bbox": one,
                            "score": int(rng.integers(1, 20)) / 20})
    truth = {"images": [{"id": int(i), "file_name": f"{i}.png", "width": size, "height": size}
                        for i in numbers],
             "categories": categories, "annotations": truths}
    return truth, [results[i] for i in rng.permutation(len(results))]


def mean(values):
    present = values[values > -1]
    return float(present.mean()) if present.size else -1.0


def scores(truth, results, protocol):
    """The summary and each class's AP by pycocotools."""
    limits, ranges = PROTOCOLS[protocol]
    with contextlib.redirect_stdout(io.StringIO()):
        reference = COCO()
        reference.dataset = json.loads(json.dumps(truth))
        reference.createIndex()
        evaluation = COCOeval(reference, reference.loadRes(json.loads(json.dumps(results))), "bbox")
        evaluation.params.maxDets = limits
        evaluation.params.areaRng = [list(r) for r in ranges.values()]
        evaluation.params.areaRngLbl = list(ranges)
        evaluation.evaluate()
        evaluation.accumulate()
    precision, recall = evaluation.eval["precision"], evaluation.eval["recall"]
    summary = {"AP": mean(precision[:, :, :, 0, -1]), "AP50": mean(precision[0, :, :, 0, -1]),
               "AP75": mean(precision[5, :, :, 0, -1])}
    for index, name in enumerate(ranges):
        if name:
            summary["AP" + name] = mean(precision[:, :, :, index, -1])
            summary["AR" + name] = mean(recall[:, :, index, -1])
    for index, limit in enumerate(limits):
        summary[f"AR{limit}"] = mean(recall[:, :, 0, index])
    names = {c["id"]: c["name"] for c in truth["categories"]}
    per_class = {names[number]: mean(precision[:, :, k, 0, -1])
                 for k, number in enumerate(evaluation.params.catIds)}
    return {"protocol": protocol, "summary": summary, "perClass": per_class}


def put(path, value):
    path.write_text(json.dumps(value, separators=(",", ":")) + "\n")


def write():
    for name, protocol, seed, sizes in [
        ("mixed", "coco", 1, dict(images=12, classes=4, objects=8, guesses=20, size=400,
                                  decimals=1)),
        ("crowded", "coco", 2, dict(images=3, classes=1, objects=60, guesses=260, size=300,
                                    decimals=0)),
        ("tiny", "ai-tod", 3, dict(images=8, classes=3, objects=12, guesses=30, size=200,
                                   decimals=0)),
    ]:
        truth, results = case(seed, **sizes)
        put(HERE / f"{name}.truth.json", truth)
        put(HERE / f"{name}.predictions.json", results)
        put(HERE / f"{name}.scores.json", scores(truth, results, protocol))


def check(program, rounds, seed):
    rng = np.random.default_rng(seed)
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder:
        truth_path, results_path = pathlib.Path(folder, "t.json"), pathlib.Path(folder, "p.json")
        for number in range(rounds):
            truth, results = case(
                int(rng.integers(1 << 40)), images=int(rng.integers(1, 30)),
                classes=int(rng.integers(1, 8)), objects=int(rng.integers(1, 40)),
                guesses=int(rng.choice([5, 40, 400])), size=int(rng.integers(50, 800)),
                decimals=int(rng.choice([0, 1, 12])))
            if not results or not truth["annotations"]:
                continue
            put(truth_path, truth)
            put(results_path, results)
            for protocol in PROTOCOLS:
                expected = scores(truth, results, protocol)
                output = subprocess.run(
                    [program, "detect", "evaluate", "--ground-truth", str(truth_path),
                     "--predictions", str(results_path), "--protocol", protocol, "--json"],
                    check=True, capture_output=True, text=True).stdout
                found = json.loads(output)
                pairs = [(found[k], v) for k, v in expected["summary"].items()]
                pairs += [(found["perClass"][k]["AP"], v) for k, v in expected["perClass"].items()]
                distance = max(abs(a - b) for a, b in pairs)
                worst = max(worst, distance)
                if distance > 1e-9:
                    sys.exit(f"case {number}, {protocol}: {distance} apart\n{found}\n{expected}")
    print(f"{rounds} cases, both protocols: largest difference {worst:.1e}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("action", choices=["write", "check"])
    parser.add_argument("program", nargs="?", help="the built dr2net")
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    if arguments.action == "write":
        write()
    else:
        check(arguments.program, arguments.rounds, arguments.seed)


if __name__ == "__main__":
    main()
