#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""PyAV or decord on the windows of Benchmarks/decode_clips: one JSON line.

    peer_decode.py times FILM                  seconds of every frame, for the windows
    peer_decode.py pyav|decord FILM WINDOWS.json SIDE THREADS [PIXELS]

WINDOWS.json holds lists of frame numbers. SIDE 0 keeps the size.
"""

import bisect
import json
import sys
import time


def frame_times(path):
    """The frames' times in ticks of the stream, in order of showing, and seconds of a tick."""
    import av

    with av.open(path) as film:
        stream = film.streams.video[0]
        ticks = sorted(p.pts for p in film.demux(stream) if p.pts is not None)
        return ticks, float(stream.time_base)


def pyav(path, windows, side, threads, keep):
    import av

    # The table of times is what decord builds when it opens a film: PyAV needs it to find frames.
    ticks, _ = frame_times(path)
    with av.open(path) as film:
        stream = film.streams.video[0]
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = threads
        frames, pending, last = None, None, None
        for window in windows:
            wanted = [ticks[n] for n in window]
            # Going on is quicker than seeking where the window follows the one before.
            if last is None or not last < window[0] <= last + 32:
                film.seek(wanted[0], stream=stream, backward=True)
                frames, pending = film.decode(stream), None
            for frame in frames:
                if frame.pts < wanted[0]:
                    continue
                at = bisect.bisect_left(wanted, frame.pts)
                if at < len(wanted) and wanted[at] == frame.pts:
                    if side:
                        frame = frame.reformat(width=side, height=side, format="rgb24",
                                               interpolation="BILINEAR")
                    keep(frame.to_ndarray(format="rgb24"))
                if frame.pts >= wanted[-1]:
                    break
            last = window[-1]


def decord(path, windows, side, threads, keep):
    import decord as library

    size = dict(width=side, height=side) if side else {}
    film = library.VideoReader(path, ctx=library.cpu(0), num_threads=threads, **size)
    for window in windows:
        for frame in film.get_batch(window).asnumpy():
            keep(frame)


def main():
    if sys.argv[1:2] == ["times"]:
        ticks, tick = frame_times(sys.argv[2])
        print(json.dumps([(t - ticks[0]) * tick for t in ticks]))
        return
    name, path, windows, side, threads = sys.argv[1:6]
    windows = json.load(open(windows))
    count, out = 0, open(sys.argv[6], "wb") if len(sys.argv) > 6 else None

    def keep(frame):
        nonlocal count
        count += 1
        if out:
            out.write(frame.tobytes())

    # The libraries' own loading is not counted.
    __import__({"pyav": "av", "decord": "decord"}[name])
    start = time.perf_counter()
    {"pyav": pyav, "decord": decord}[name](path, windows, int(side), int(threads), keep)
    seconds = time.perf_counter() - start
    if out:
        out.close()
    print(json.dumps(dict(seconds=seconds, frames=count)))


main()
