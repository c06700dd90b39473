#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A second, independent diagnosis of temporal detections, by brute force in exact fractions.

Written from the definitions in Alwassel et al., "Diagnosing error in temporal action detectors"
(ECCV 2018). Three uses:

    diagnosis.py cases             writes truth.json, predictions.json and expected.json here
    diagnosis.py score GT PREDICTIONS [TIOU,TIOU,... [SCHEME]]
                                   prints the diagnosis of two files
    diagnosis.py against CHECKOUT  compares with the authors' own code (HumamAlwassel/DETAD at
                                   24f7d95; needs numpy, pandas and joblib) on the committed files
"""
import json
import pathlib
import random
import sys
import tempfile
from fractions import Fraction

HERE = pathlib.Path(__file__).resolve().parent
OUTCOMES = ["truePositive", "doubleDetection", "wrongLabel", "localization", "confusion", "background"]
BOUNDS = {
    "activitynet": dict(length=["30", "60", "120", "180"], coverage=["0.2", "0.4", "0.6", "0.8"],
                        instances=["1", "4", "8"]),
    "thumos14": dict(length=["3", "6", "12", "18"], coverage=["0.02", "0.04", "0.06", "0.08"],
                     instances=["1", "40", "80"]),
}
NAMES = ["XS", "S", "M", "L", "XL"]


def exact(value):
    return Fraction(str(value))


def overlap(a, b):
    shared = min(a[1], b[1]) - max(a[0], b[0])
    return shared / (a[1] - a[0] + b[1] - b[0] - shared) if shared > 0 else Fraction(0)


def mean(values):
    values = list(values)
    return sum(values) / len(values) if values else Fraction(0)


def match(truths, guesses, threshold):
    """The number of the segment that each guess of one class finds, or None."""
    free, found = set(t["number"] for t in truths), []
    for guess in guesses:
        options = sorted(((overlap(t["segment"], guess["segment"]), -t["number"]) for t in truths
                          if t["video"] == guess["video"]), reverse=True)
        found.append(next((-n for o, n in options if o >= threshold and -n in free), None))
        free.discard(found[-1])
    return found


def normalized_area(hits, positives, size):
    """Area under the interpolated curve, precision = R N / (R N + F)."""
    points, true, false = [], 0, 0
    for hit in hits:
        true, false = true + hit, false + (not hit)
        recall = Fraction(true, positives)
        points.append((recall, recall * size / (recall * size + false)))
    area, last = Fraction(0), Fraction(0)
    for place, (recall, _) in enumerate(points):
        area += (recall - last) * max(p for _, p in points[place:])
        last = recall
    return area


def diagnose(truth, predictions, thresholds, scheme="activitynet", groups=10, least="0.05"):
    thresholds = [exact(t) for t in thresholds]
    truths, durations, order = [], {}, []
    for video, entry in truth["database"].items():
        durations[video] = exact(entry["duration"])
        for annotation in entry["annotations"]:
            truths.append(dict(video=video, label=annotation["label"], number=len(truths),
                               segment=[exact(t) for t in annotation["segment"]],
                               instances=len(entry["annotations"])))
    for video, entries in predictions["results"].items():
        for entry in entries:
            order.append(dict(video=video, label=entry["label"], score=exact(entry["score"]),
                              segment=[exact(t) for t in entry["segment"]]))
    labels = sorted({t["label"] for t in truths})
    size = Fraction(len(truths), len(labels))
    own = {label: [t for t in truths if t["label"] == label] for label in labels}
    ranked = {label: sorted((g for g in order if g["label"] == label), key=lambda g: -g["score"])
              for label in labels}
    found = {label: [match(own[label], ranked[label], t) for t in thresholds] for label in labels}

    def area(label, keep=lambda t, p: True, positives=None, limit=None):
        count = len(ranked[label]) if limit is None else min(limit, len(ranked[label]))
        return mean(normalized_area([found[label][t][p] is not None for p in range(count) if keep(t, p)],
                                    positives or len(own[label]), size)
                    for t in range(len(thresholds)))

    def outcome(label, t, place):
        if found[label][t][place] is not None:
            return "truePositive"
        guess = ranked[label][place]
        near = [(overlap(x["segment"], guess["segment"]), -x["number"]) for x in truths
                if x["video"] == guess["video"]]
        best, number = max(near, default=(Fraction(0), 0))
        same = bool(near) and truths[-number]["label"] == label
        if best >= thresholds[t]:
            return "doubleDetection" if same else "wrongLabel"
        if best >= Fraction(1, 10):
            return "localization" if same else "confusion"
        return "background"

    outcomes = {label: [[outcome(label, t, p) for p in range(min(groups * len(own[label]), len(ranked[label])))]
                        for t in range(len(thresholds))] for label in labels}

    def group(first, end):
        places = [(label, p) for label in labels
                  for p in range(first * len(own[label]), min(end * len(own[label]), len(ranked[label])))]
        share = {name: mean(outcomes[label][t][p] == name for label, p in places for t in range(len(thresholds)))
                 for name in OUTCOMES}
        return dict(predictions=len(places), share=share if places else {})

    limits = {label: groups * len(own[label]) for label in labels}
    base = mean(area(label, limit=limits[label]) for label in labels)
    gain = {name: mean(area(label, lambda t, p: outcomes[label][t][p] != name, limit=limits[label])
                       for label in labels) - base for name in OUTCOMES[1:]}

    # A segment counts as found where the precision is high enough when it is.
    hits = [0] * len(truths)
    for label in labels:
        for numbers in found[label]:
            true = 0
            for place, number in enumerate(numbers):
                if number is None:
                    continue
                true += 1
                weight = Fraction(true, len(own[label])) * size
                if weight / (weight + place + 1 - true) > exact(least):
                    hits[number] += 1

    def recall(members):
        members = list(members)
        return mean(Fraction(hits[t["number"]], len(thresholds)) for t in members) if members else None

    characteristics = []
    for kind in ["length", "coverage", "instances"]:
        bounds = [exact(b) for b in BOUNDS[scheme][kind]]
        def value(t):
            length = t["segment"][1] - t["segment"][0]
            return {"length": length, "coverage": length / durations[t["video"]],
                    "instances": t["instances"]}[kind]
        buckets = []
        for number in range(len(bounds) + 1):
            inside = {t["number"] for t in truths
                      if (number == 0 or value(t) > bounds[number - 1])
                      and (number == len(bounds) or value(t) <= bounds[number])}
            areas = []
            for label in labels:
                positives = sum(t["number"] in inside for t in own[label])
                if not positives:
                    continue
                kept = {p for p in range(len(ranked[label]))
                        if all(numbers[p] is None or numbers[p] in inside for numbers in found[label])}
                areas.append(area(label, lambda t, p: p in kept, positives))
            buckets.append(dict(name=NAMES[number], segments=len(inside),
                                recall=recall(t for t in truths if t["number"] in inside),
                                normalizedMAP=mean(areas) if areas else None))
        characteristics.append(dict(kind=kind, buckets=buckets))
    return dict(
        normalizedMAP=mean(area(label) for label in labels), segmentsPerClass=size, recall=recall(truths),
        falsePositives=dict(groups=[group(k, k + 1) for k in range(groups)], all=group(0, groups),
                            normalizedMAP=base, gain=gain),
        characteristics=characteristics,
        classes=[dict(label=label, normalizedAP=area(label), recall=recall(own[label]),
                      outcomes={name: mean(Fraction(row.count(name)) for row in outcomes[label])
                                for name in OUTCOMES}) for label in labels])


def made_up(seed):
    """Videos of very different lengths, with detections of every kind of fault."""
    draw = random.Random(seed)
    labels = ["a", "b", "c", "d"]
    database, results = {}, {}
    for number in range(24):
        duration = draw.choice([20, 60, 150, 300, 900])
        annotations = []
        for _ in range(draw.choice([0, 1, 1, 2, 3, 6, 12])):
            length = duration * draw.uniform(0.01, 0.9)
            start = draw.uniform(0, duration - length)
            annotations.append(dict(segment=[round(start, 3), round(start + length, 3)],
                                    label=draw.choice(labels[:1 + number % 4])))
        database[f"v{number}"] = dict(subset="validation", duration=duration, annotations=annotations)
        guesses = []
        for annotation in annotations:
            start, end = annotation["segment"]
            for _ in range(draw.choice([0, 1, 2, 4])):
                label = annotation["label"] if draw.random() < 0.7 else draw.choice(labels)
                spread = (end - start) * draw.choice([0.05, 0.2, 0.6])
                first, last = start + draw.gauss(0, spread), end + draw.gauss(0, spread)
                if last > first + 0.01:
                    guesses.append(dict(segment=[round(first, 3), round(last, 3)], label=label))
        for _ in range(draw.randrange(24)):
            first = draw.uniform(0, duration * 0.9)
            guesses.append(dict(segment=[round(first, 3), round(first + duration * draw.uniform(0.01, 0.1), 3)],
                                label=draw.choice(labels)))
        for guess in guesses:
            guess["score"] = round(draw.random(), 4)
        results[f"v{number}"] = guesses
    results["unknown"] = [dict(segment=[1, 2], label="a", score=0.5001), dict(segment=[1, 2], label="b", score=0.4)]
    # Scores differ, so that no order of equal ones is compared.
    scores = [g["score"] for v in results.values() for g in v]
    for video in results.values():
        for guess in video:
            while scores.count(guess["score"]) > 1:
                scores.remove(guess["score"])
                guess["score"] = round(draw.random(), 6)
                scores.append(guess["score"])
    return dict(version="made up", taxonomy=[], database=database), dict(
        version="made up", external_data={}, results=results)


def plain(value):
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return float(value) if isinstance(value, Fraction) else value


SETTINGS = [("activitynet", ["0.5", "0.55", "0.6", "0.65", "0.7", "0.75", "0.8", "0.85", "0.9", "0.95"]),
            ("thumos14", ["0.5"])]


def lines(value, name):
    """JSON with a line a video."""
    head = json.dumps({key: item for key, item in value.items() if key != name})[:-1]
    body = ",\n".join(f" {json.dumps(key)}: {json.dumps(item)}" for key, item in value[name].items())
    return f"{head}, \"{name}\": {{\n{body}\n}}}}\n"


def committed():
    return (json.loads((HERE / "truth.json").read_text()), json.loads((HERE / "predictions.json").read_text()))


def against(checkout):
    """The authors' numbers on the committed files, beside ours."""
    import types

    import joblib
    import numpy
    joblib.parallel_config(backend="sequential").__enter__()
    # Names that numpy had when the tool was written, and Python 2's range.
    numpy.float, numpy.int, numpy.infty = float, int, numpy.inf
    for name in ["matplotlib", "matplotlib.gridspec", "matplotlib.font_manager", "matplotlib.pyplot"]:
        stand_in = types.ModuleType(name)
        stand_in.use, stand_in.rcParams, stand_in.gridspec, stand_in.rc = (lambda *a: None), {}, None, None
        sys.modules[name] = stand_in
    sys.path.insert(0, str(pathlib.Path(checkout) / "src"))
    from action_detector_diagnosis import ActionDetectorDiagnosis
    from false_negative_analysis import fn_distribution_by_characteristic
    from false_positive_analysis import split_predictions_by_score_ranges
    from sensitivity_analysis import compute_average_mAP_N_for_characteristic

    kinds = {"length": "length", "coverage": "coverage", "num-instances": "instances"}
    codes = dict(zip(["True Positive", "Double Detection Err", "Wrong Label Err", "Localization Err",
                      "Confusion Err", "Background Err"], OUTCOMES))
    worst, compared = 0.0, 0

    def check(ours, theirs, what):
        nonlocal worst, compared
        compared += 1
        worst = max(worst, abs(float(ours) - float(theirs)))
        if abs(float(ours) - float(theirs)) > 1e-9:
            print(f"{what}: {float(ours)} and {float(theirs)}")

    truth, predictions = committed()
    # The tool takes a second prediction in a video without annotations for one in the video before.
    del predictions["results"]["unknown"]
    for video, entry in truth["database"].items():
        if not entry["annotations"]:
            predictions["results"].pop(video, None)
        for annotation in entry["annotations"]:
            length = annotation["segment"][1] - annotation["segment"][0]
            annotation.update({"length": length, "coverage": length / entry["duration"],
                               "num-instances": len(entry["annotations"])})
    folder = pathlib.Path(tempfile.mkdtemp())
    (folder / "truth.json").write_text(json.dumps(truth))
    (folder / "predictions.json").write_text(json.dumps(predictions))
    for scheme, tiou in SETTINGS:
        ours = diagnose(truth, predictions, tiou, scheme)
        bins = {name: ([0 if name == "coverage" else -1 if name == "num-instances" else 0]
                       + [float(b) for b in BOUNDS[scheme][kind]]
                       + [1.0 if name == "coverage" else numpy.inf],
                       NAMES[:len(BOUNDS[scheme][kind]) + 1]) for name, kind in kinds.items()}

        def run(limit, least):
            tool = ActionDetectorDiagnosis(
                str(folder / "truth.json"), str(folder / "predictions.json"),
                tiou_thresholds=[float(t) for t in tiou], limit_factor=limit, subset="validation",
                load_extra_annotations=True, characteristic_names_to_bins=bins, normalize_ap=True,
                minimum_normalized_precision_threshold_for_detection=least)
            tool.evaluate()
            return tool

        tool = run(10, 0.0)
        tool.diagnose()
        check(ours["falsePositives"]["normalizedMAP"], tool.average_mAP, "mAP of the best")
        for name, gain in tool.average_mAP_gain.items():
            check(ours["falsePositives"]["gain"][codes[name]], gain, f"gain of {name}")
        _, _, shares = split_predictions_by_score_ranges(tool, 10)
        for number, share in shares.items():
            if not ours["falsePositives"]["groups"][number]["predictions"]:
                continue
            for name, code in codes.items():
                check(ours["falsePositives"]["groups"][number]["share"][code], share["avg"][name],
                      f"{number + 1}G {name}")
        tool = run(None, 0.0)
        check(ours["normalizedMAP"], tool.average_mAP, "mAP")
        table = {c["kind"]: {b["name"]: b for b in c["buckets"]} for c in ours["characteristics"]}
        for name, kind in kinds.items():
            for bucket, value in compute_average_mAP_N_for_characteristic(tool, name).items():
                if table[kind][bucket]["segments"]:
                    check(table[kind][bucket]["normalizedMAP"], value, f"sensitivity {kind} {bucket}")
        tool = run(None, 0.05)
        for name, kind in kinds.items():
            missed = fn_distribution_by_characteristic(tool, name)["avg"]["unmatched"]
            for bucket, value in missed.items():
                check(1 - table[kind][bucket]["recall"], value, f"missed {kind} {bucket}")
    print(f"{compared} numbers compared, largest difference {worst:.1e}")
    return worst <= 1e-9


def main():
    if sys.argv[1:] == ["cases"]:
        truth, predictions = made_up(7)
        (HERE / "truth.json").write_text(lines(truth, "database"))
        (HERE / "predictions.json").write_text(lines(predictions, "results"))
        expected = [dict(scheme=scheme, tIoU=tiou, diagnosis=plain(diagnose(truth, predictions, tiou, scheme)))
                    for scheme, tiou in SETTINGS]
        (HERE / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")
    elif sys.argv[1:2] == ["score"] and len(sys.argv) >= 4:
        truth, predictions = (json.loads(pathlib.Path(p).read_text()) for p in sys.argv[2:4])
        tiou = sys.argv[4].split(",") if len(sys.argv) > 4 else SETTINGS[0][1]
        print(json.dumps(plain(diagnose(truth, predictions, tiou, *sys.argv[5:6])), indent=1))
    elif sys.argv[1:2] == ["against"] and len(sys.argv) == 3:
        sys.exit(0 if against(sys.argv[2]) else 1)
    else:
        sys.exit(__doc__)


main()
