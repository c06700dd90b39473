#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes FOLDER/ground_truth.json and FOLDER/predictions.json for timing the evaluator.

5,000 videos with 1-3 segments of one of 200 classes; 100 predictions each, half of them of
the video's class. The same files on every run.

    large_evaluation.py FOLDER
"""
import json
import os
import random
import sys


def main(folder):
    draw = random.Random(1)
    database, results = {}, {}

    def segment():
        start = draw.uniform(0, 100)
        return [round(start, 3), round(start + draw.uniform(1, 60), 3)]

    for number in range(5000):
        name, label = f"video_{number:05}", f"class {draw.randrange(200)}"
        database[name] = {"subset": "validation", "duration": 160.0, "annotations": [
            {"segment": segment(), "label": label} for _ in range(draw.randint(1, 3))]}
        results[name] = [
            {"segment": segment(), "score": round(draw.random(), 6),
             "label": label if k % 2 else f"class {draw.randrange(200)}"} for k in range(100)]
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "ground_truth.json"), "w") as file:
        json.dump({"version": "timing", "taxonomy": [], "database": database}, file)
    with open(os.path.join(folder, "predictions.json"), "w") as file:
        json.dump({"version": "timing", "results": results, "external_data": {}}, file)


if __name__ == "__main__":
    main(sys.argv[1]) if len(sys.argv) == 2 else sys.exit(__doc__)
