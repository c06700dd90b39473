#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A second, independent implementation of the ActivityNet detection protocol.

Written from the protocol's description, in plain Python, with the exact arithmetic of
`fractions` so that no rounding is shared with the Swift code. Two uses:

    activitynet_reference.py cases > activitynet_cases.json
        random small cases with the expected numbers (the committed fixture)
    activitynet_reference.py score GROUND_TRUTH.json PREDICTIONS.json [SUBSET] [TIOU,TIOU,...]
        scores two files, for comparisons by hand
"""
import json
import random
import sys
from fractions import Fraction


def overlap(a, b):
    """Temporal intersection over union of two [start, end] pairs."""
    shared = min(a[1], b[1]) - max(a[0], b[0])
    if shared <= 0:
        return Fraction(0)
    return shared / ((a[1] - a[0]) + (b[1] - b[0]) - shared)


def average_precision(truths, guesses, threshold):
    """truths: [(video, segment)], guesses: [(video, segment, score)] of one class."""
    free = set(range(len(truths)))
    outcomes = []
    for video, segment, _ in sorted(guesses, key=lambda guess: -guess[2]):  # stable
        ranking = [(overlap(truth[1], segment), -number, number)
                   for number, truth in enumerate(truths) if truth[0] == video]
        found = None
        for value, _, number in sorted(ranking, reverse=True):
            if value >= threshold and number in free:
                found = number
                break
        free.discard(found)
        outcomes.append(found is not None)
    points = []  # (recall, precision)
    hits = 0
    for count, hit in enumerate(outcomes, 1):
        hits += hit
        points.append((Fraction(hits, len(truths)), Fraction(hits, count)))
    area = Fraction(0)
    last = Fraction(0)
    for recall, _ in points:
        if recall > last:
            best = max(p for r, p in points if r >= recall)
            area += (recall - last) * best
            last = recall
    return area


def evaluate(truths, guesses, thresholds):
    """truths: [(video, label, segment)], guesses: the same with a score at the end."""
    result = {}
    for label in sorted({truth[1] for truth in truths}):
        own_truths = [(t[0], t[2]) for t in truths if t[1] == label]
        own_guesses = [(g[0], g[2], g[3]) for g in guesses if g[1] == label]
        result[label] = [average_precision(own_truths, own_guesses, t) for t in thresholds]
    return result


def exact(segment):
    return [Fraction(segment[0]), Fraction(segment[1])]


def random_case(seed):
    """Coarse times and scores, so that ties, repeats, empty and missing classes occur."""
    draw = random.Random(seed)
    videos, labels = draw.randint(1, 6), draw.randint(1, 5)

    def segment():
        start = draw.randint(0, 80) / 4
        return [start, start + draw.randint(1, 40) / 4]

    truths = [[draw.randrange(videos), draw.randrange(labels), segment()]
              for _ in range(draw.randint(1, 40))]
    guesses = []
    for _ in range(draw.choice([0, 5, 60, 150])):
        if draw.random() < 0.7:
            video, label, near = draw.choice(truths)
            place = [near[0] + draw.randint(-6, 6) / 8, near[1] + draw.randint(-6, 6) / 8]
            if place[1] <= place[0]:
                place = near
        else:
            video, label, place = draw.randrange(videos + 1), draw.randrange(labels + 1), segment()
        score = draw.randint(0, 16) / 16 if seed % 2 else draw.random()
        guesses.append([video, label, place, score])
    thresholds = [0.3, 0.5, 0.7, 0.95]
    scores = evaluate(
        [(v, l, exact(s)) for v, l, s in truths],
        [(v, l, exact(s), p) for v, l, s, p in guesses], [Fraction(t) for t in thresholds])
    flat = list(scores.values())
    return {
        "thresholds": thresholds,
        "groundTruth": [[v, l, *s] for v, l, s in truths],
        "predictions": [[v, l, *s, p] for v, l, s, p in guesses],
        "averagePrecision": {str(k): [float(x) for x in v] for k, v in scores.items()},
        "meanAveragePrecision": [
            float(sum(row[i] for row in flat) / len(flat)) for i in range(len(thresholds))],
    }


def score_files(ground_truth, predictions, subset=None, thresholds="0.3,0.5,0.7"):
    with open(ground_truth) as file:
        database = json.load(file)["database"]
    with open(predictions) as file:
        results = json.load(file)["results"]
    truths = [(name, a["label"], exact(a["segment"])) for name, video in database.items()
              if subset in (None, video.get("subset")) for a in video["annotations"]]
    guesses = [(name, p["label"], exact(p["segment"]), p["score"])
               for name, rows in results.items() for p in rows]
    levels = [Fraction(t) for t in thresholds.split(",")]
    scores = evaluate(truths, guesses, levels)
    for label, row in scores.items():
        print(f"{label:24}", *(f"{float(x):.6f}" for x in row))
    print(f"{'all':24}", *(f"{float(sum(r[i] for r in scores.values()) / len(scores)):.6f}"
                           for i in range(len(levels))))


if __name__ == "__main__":
    if sys.argv[1:2] == ["cases"]:
        print("[" + ",\n".join(
            json.dumps(random_case(seed), separators=(",", ":")) for seed in range(16)) + "]")
    elif sys.argv[1:2] == ["score"] and len(sys.argv) >= 4:
        score_files(*sys.argv[2:6])
    else:
        sys.exit(__doc__)
