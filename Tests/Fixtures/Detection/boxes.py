#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Random detections scored by pycocotools and tidecv: the fixtures here, or a check of the program.

    python boxes.py write
    python boxes.py check PROGRAM [--rounds 200 --seed 1]

Made with pycocotools 2.0.11 and tidecv 1.0.1, whose drawing (OpenCV, matplotlib) is not needed.

Cases hold crowds, areas other than the box's, equal scores and overlaps, images and classes without
boxes, and more predictions an image than count. NAME.truth.json and NAME.predictions.json are COCO
files, NAME.scores.json the summary and each class's AP. `check` makes new cases and compares every
number of `dr2net detect evaluate`. oLRP is computed here from pycocotools' matches by the definition
(Oksuz et al., ECCV 2018). Error breakdowns are compared on cases without crowds and equal scores, of
which tidecv counts the first among errors and takes the second in another order.
"""

import argparse
import contextlib
import io
import json
import pathlib
import subprocess
import sys
import tempfile
import types

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

# tidecv draws and downloads with these; it scores without.
for module in ("cv2", "matplotlib", "matplotlib.pyplot", "tidecv.plotting", "tidecv.datasets"):
    sys.modules[module] = types.ModuleType(module)
sys.modules["cv2"].FONT_HERSHEY_SIMPLEX = 0
sys.modules["tidecv.plotting"].Plotter = object
sys.modules["matplotlib"].pyplot = sys.modules["matplotlib.pyplot"]
from tidecv import TIDE, Data

HERE = pathlib.Path(__file__).resolve().parent
PROTOCOLS = {
    "coco": ([1, 10, 100], {"": (0, 1e10), "s": (0, 1024), "m": (1024, 9216), "l": (9216, 1e10)}),
    "ai-tod": ([1, 100, 1500], {"": (0, 1e10), "vt": (0, 64), "t": (64, 256), "s": (256, 1024),
                                "m": (1024, 1e10)}),
}


def case(seed, images, classes, objects, guesses, size, decimals, plain=False):
    """A COCO ground truth and a list of results; a plain one has no crowds and no equal scores."""
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
                           "iscrowd": int(rng.random() < 0.15 and not plain)})
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
            if plain and rng.random() < 0.2:
                category = 3 * int(rng.integers(classes)) + 1
            # Few different scores: many are equal.
            score = round(float(rng.random()), 12) if plain else int(rng.integers(1, 20)) / 20
            results.append({"image_id": int(image), "category_id": category, "bbox": one,
                            "score": score})
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
        if protocol == "ai-tod":
            evaluation.params.iouThrs = np.append(evaluation.params.iouThrs, 0.25)
        evaluation.evaluate()
        evaluation.accumulate()
    further = {"AP25": mean(evaluation.eval["precision"][10:, :, :, 0, -1]),
               **optimal_lrp(evaluation)} if protocol == "ai-tod" else {}
    precision = evaluation.eval["precision"][:10]
    recall = evaluation.eval["recall"][:10]
    summary = {**further, "AP": mean(precision[:, :, :, 0, -1]), "AP50": mean(precision[0, :, :, 0, -1]),
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


def optimal_lrp(evaluation):
    """oLRP and its parts over all areas at the largest number of predictions, IoU 0.5."""
    parameters = evaluation.params
    rows = []
    for k, category in enumerate(parameters.catIds):
        images = evaluation.evalImgs[k * len(parameters.areaRng) * len(parameters.imgIds):]
        images = [e for e in images[:len(parameters.imgIds)] if e is not None]
        positives = sum(int(np.sum(~e["gtIgnore"].astype(bool))) for e in images)
        if not positives:
            continue
        points = []
        for e in images:
            overlaps = evaluation.ious[e["image_id"], category]
            truths = {t["id"]: n for n, t in enumerate(evaluation._gts[e["image_id"], category])}
            # `ious` has the truths in file order and the predictions best first.
            for d, score in enumerate(e["dtScores"]):
                if e["dtIgnore"][0][d]:
                    continue
                match = int(e["dtMatches"][0][d])
                overlap = overlaps[d][truths[match]] if match else 0
                points.append((score, bool(match), overlap))
        best = (1.0, -1.0, -1.0, 1.0)
        for threshold in sorted({p[0] for p in points}):
            kept = [p for p in points if p[0] >= threshold]
            true = [p[2] for p in kept if p[1]]
            false = len(kept) - len(true)
            lost = positives - len(true)
            error = (sum((1 - o) / 0.5 for o in true) + false + lost) / (len(true) + false + lost)
            # Of equal errors, the one at the highest score.
            if true and error <= best[0] and error < 1:
                best = (error, 1 - float(np.mean(true)), false / len(kept), lost / positives)
        rows.append(best)
    rows = np.array(rows)
    return dict(zip(["oLRP", "oLRPLoc", "oLRPFP", "oLRPFN"], [mean(c) for c in rows.T]))


def breakdown(truth, results, limit=100):
    """The causes of errors by tidecv: count and gain in AP at IoU 0.5, in [0, 1]."""
    objects, guesses = Data("truth"), Data("results", max_dets=limit)
    for one in truth["categories"]:
        objects.add_class(one["id"], one["name"])
    for one in truth["images"]:
        objects.add_image(one["id"], one["file_name"])
    for one in truth["annotations"]:
        objects.add_ground_truth(one["image_id"], one["category_id"], one["bbox"])
    for one in results:
        guesses.add_detection(one["image_id"], one["category_id"], one["score"], one["bbox"])
    run = TIDE().evaluate(objects, guesses, mode=TIDE.BOX)
    names = {"Cls": "classification", "Loc": "localization", "Both": "both", "Dupe": "duplicate",
             "Bkg": "background", "Miss": "missed"}
    gains, counts = run.fix_main_errors(), run.count_errors()
    return {"AP50": run.ap / 100,
            **{names[kind.short_name]: {"count": counts[kind], "AP50": gain / 100}
               for kind, gain in gains.items()}}


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
    truth, results = case(4, images=10, classes=3, objects=10, guesses=30, size=300, decimals=12,
                          plain=True)
    put(HERE / "errors.truth.json", truth)
    put(HERE / "errors.predictions.json", results)
    put(HERE / "errors.scores.json",
        {**scores(truth, results, "coco"), "errors": breakdown(truth, results)})


def check(program, rounds, seed):
    rng = np.random.default_rng(seed)
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder:
        truth_path, results_path = pathlib.Path(folder, "t.json"), pathlib.Path(folder, "p.json")
        for number in range(rounds):
            is_plain = number % 4 == 0
            truth, results = case(
                int(rng.integers(1 << 40)), images=int(rng.integers(1, 30)),
                classes=int(rng.integers(1, 8)), objects=int(rng.integers(1, 40)),
                guesses=int(rng.choice([5, 40, 400])), size=int(rng.integers(50, 800)),
                decimals=12 if is_plain else int(rng.choice([0, 1, 12])), plain=is_plain)
            if not results or not truth["annotations"]:
                continue
            put(truth_path, truth)
            put(results_path, results)
            for protocol in PROTOCOLS:
                expected = scores(truth, results, protocol)
                output = subprocess.run(
                    [program, "detect", "evaluate", "--ground-truth", str(truth_path),
                     "--predictions", str(results_path), "--protocol", protocol, "--errors",
                     "--json"],
                    check=True, capture_output=True, text=True).stdout
                found = json.loads(output)
                pairs = [(found[k], v) for k, v in expected["summary"].items()]
                pairs += [(found["perClass"][k]["AP"], v) for k, v in expected["perClass"].items()]
                if is_plain and protocol == "coco":
                    causes = breakdown(truth, results)
                    pairs += [(found["errors"]["AP50"], causes.pop("AP50"))]
                    for name, one in causes.items():
                        pairs += [(found["errors"][name][k], one[k]) for k in one]
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
