# SPDX-License-Identifier: Apache-2.0
"""Frames of a film as an ImageNet-normalised batch (PyAV; swscale bicubic to an exact square)."""

import av
import numpy as np

MEAN = np.array([0.485, 0.456, 0.406], np.float32).reshape(3, 1, 1)
STD = np.array([0.229, 0.224, 0.225], np.float32).reshape(3, 1, 1)


def frame_at(path, seconds, size):
    """The first frame whose time is >= seconds (to half a millisecond), uint8 [size, size, 3]."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        container.seek(int(seconds / stream.time_base), stream=stream)
        for frame in container.decode(stream):
            if frame.time >= seconds - 0.0005:
                picture = frame.reformat(
                    width=size, height=size, format="rgb24", interpolation="BICUBIC")
                return picture.to_ndarray()
    raise SystemExit(f"{path} has no frame at {seconds} s")


def batch(path, times, size):
    """float32 [N, 3, size, size]."""
    frames = [frame_at(path, t, size).transpose(2, 0, 1).astype(np.float32) / 255 for t in times]
    return np.stack([(frame - MEAN) / STD for frame in frames]).astype(np.float32)
