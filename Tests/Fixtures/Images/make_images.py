#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Small pictures of one made-up scene in the formats of annotated images, with their pixels.

    python make_images.py

Pillow writes them; scene.rgb holds the rows of RGB bytes that the lossless ones must give. The grey
ones hold the red values, those of 16 bits 257 times these. `turned.jpg` says by EXIF that it is to
be turned by 90 degrees. `giant.png` claims 60,000 x 60,000 pixels.
"""

import pathlib
import struct
import zlib

import numpy as np
from PIL import Image

HERE = pathlib.Path(__file__).resolve().parent
WIDTH, HEIGHT = 13, 9


def main():
    rng = np.random.default_rng(0)
    smooth = np.add.outer(np.arange(HEIGHT) * 9, np.arange(WIDTH) * 7)[..., None] + [0, 40, 80]
    pixels = (smooth + rng.integers(0, 8, smooth.shape)).astype(np.uint8)
    picture = Image.fromarray(pixels)
    (HERE / "scene.rgb").write_bytes(pixels.tobytes())
    picture.save(HERE / "scene.png")
    picture.save(HERE / "scene.bmp")
    picture.save(HERE / "scene.tif")
    picture.save(HERE / "packed.tif", compression="tiff_lzw")
    picture.save(HERE / "scene.webp", lossless=True, exact=True)
    picture.save(HERE / "scene.jpg", quality=95, subsampling=0)
    exif = Image.Exif()
    exif[0x0112] = 6
    picture.save(HERE / "turned.jpg", quality=95, subsampling=0, exif=exif)
    grey = pixels[..., 0]
    Image.fromarray(grey).save(HERE / "grey.png")
    Image.fromarray(grey.astype(np.uint16) * 257).save(HERE / "grey16.png")
    Image.fromarray(grey.astype(np.uint16) * 257).save(HERE / "grey16.tif")
    picture.quantize(256).save(HERE / "palette.png")
    png = (HERE / "scene.png").read_bytes()
    header = b"IHDR" + struct.pack(">II", 60000, 60000) + png[24:29]
    (HERE / "giant.png").write_bytes(
        png[:12] + header + struct.pack(">I", zlib.crc32(header)) + png[33:])


if __name__ == "__main__":
    main()
