#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""TIFF files of the scene that `make_images.py` made, in the ways that GDAL and others write them.

    pip install tifffile imagecodecs pillow
    python make_tiffs.py

Those of `rows/` whose name begins with "scene-lib" hold the scene in their first three bands, of more
than 8 bits with noise below. `tiff/` has those that need more words: JPEG, with the pixels that Pillow
gives beside it; numbers of floating point; 12 bits in 16; refused kinds. JPEG-LS is here too: of colours sample by sample, and grey.
"""

import pathlib

import imagecodecs
import numpy as np
import tifffile
from PIL import Image

HERE = pathlib.Path(__file__).resolve().parent
HEIGHT, WIDTH = 9, 13


def main():
    rng = np.random.default_rng(0)
    scene = np.frombuffer((HERE / "scene.rgb").read_bytes(), np.uint8).reshape(HEIGHT, WIDTH, 3)
    (HERE / "tiff").mkdir(exist_ok=True)

    def write(name, pixels, **options):
        tifffile.imwrite(HERE / name, pixels, metadata=None, software=False, **options)

    tile = {"tile": (16, 16)}
    for codec in ("zstd", "lzma", "lerc", "packbits"):
        write(f"rows/scene-lib-{codec}.tif", scene, compression=codec, rowsperstrip=4, photometric="rgb")
    write("rows/scene-lib-lerc-tiles.tif", scene, compression="lerc", photometric="rgb", **tile)
    write("rows/scene-lib-webp.tif", scene, compression="webp", compressionargs={"lossless": True},
          photometric="rgb", **tile)
    write("rows/scene-lib-lzw-tiles.tif", scene, compression="lzw", predictor=True, photometric="rgb",
          **tile)
    many = np.concatenate([scene, 255 - scene, scene[..., ::-1][..., :2]], 2)
    deep = many.astype(np.uint16) * 256 + rng.integers(0, 256, many.shape).astype(np.uint16)
    black = {"photometric": "minisblack"}
    write("rows/scene-lib-deep8.tif", deep, compression="zlib", predictor=True, planarconfig="contig",
          **tile, **black)
    write("rows/scene-lib-deep5-strips.tif", deep[..., :5], planarconfig="contig", rowsperstrip=2,
          byteorder=">", **black)
    write("rows/scene-lib-planar-tiles.tif", np.moveaxis(deep[..., :6], 2, 0), compression="zstd",
          planarconfig="separate", **tile, **black)
    write("rows/scene-lib-planar-strips.tif", np.moveaxis(many[..., :5], 2, 0), compression="lzw",
          planarconfig="separate", rowsperstrip=4, **black)
    write("rows/scene-lib-32.tif", deep[..., :3].astype(np.uint32) * 65536, compression="zlib",
          photometric="rgb", rowsperstrip=4)
    write("rows/scene-lib-big.tif", deep, bigtiff=True, compression="zlib", planarconfig="contig",
          **tile, **black)
    write("rows/scene-lib-one-strip.tif", scene, photometric="rgb", rowsperstrip=HEIGHT)
    # For damage alone: JPEG's own parser, and numbers of floating point.
    write("rows/lib-jpeg.tif", scene, compression="jpeg", photometric="ycbcr", subsampling=(2, 2), **tile)
    write("rows/lib-float.tif", scene.astype(np.float32), compression="zlib", predictor=True,
          photometric="rgb", rowsperstrip=4)
    Image.fromarray(scene).convert("CMYK").save(HERE / "rows/scene-lib-cmyk.tif")

    # Values that need a range, and the bands beyond the first three.
    write("tiff/bands.tif", many, planarconfig="contig", compression="zlib", **black)
    write("tiff/twelve.tif", deep[..., :3] >> 4, photometric="rgb", compression="zlib")
    real = scene.astype(np.float32) / 255 * 4 - 1
    real[0, 0] = np.nan
    real[0, 1] = -9999
    for name, kind in (("float16", np.float16), ("float32", np.float32), ("float64", np.float64)):
        write(f"tiff/{name}.tif", real.astype(kind), photometric="rgb", compression="zlib",
              planarconfig="contig", extratags=[(42113, 2, 6, "-9999", True)], **tile)
    write("tiff/signed.tif", (deep[..., :3].astype(np.int32) - 32768).astype(np.int16),
          photometric="rgb")
    write("tiff/bits.tif", scene[..., 0] > 90, **black)
    write("tiff/complex.tif", scene[..., 0].astype(np.complex64), **black)
    write("tiff/reduced.tif", scene, photometric="rgb", subfiletype=1)
    write("tiff/dng.tif", scene, photometric="rgb", extratags=[(50706, 1, 4, b"\1\4\0\0", True)])
    (HERE / "tiff/mixed.jls").write_bytes(imagecodecs.jpegls_encode(scene))
    (HERE / "tiff/grey.jls").write_bytes(imagecodecs.jpegls_encode(scene[..., 0].copy()))
    # Only JPEG loses: what Pillow decodes lies beside.
    smooth = np.add.outer(np.arange(40) * 5, np.arange(50) * 4)[..., None] % 256 + [0, 0, 0]
    smooth[..., 1] = 255 - smooth[..., 1]
    smooth[..., 2] //= 2
    smooth = smooth.astype(np.uint8)
    for name, options in (
            ("jpeg-strips", {"rowsperstrip": 16, "photometric": "rgb"}),
            ("jpeg-tiles", {"photometric": "rgb", **tile}),
            ("jpeg-ycbcr", {"photometric": "ycbcr", "subsampling": (2, 2), **tile}),
            ("jpeg-ycbcr-strips", {"photometric": "ycbcr", "subsampling": (2, 1), "rowsperstrip": 16})):
        write(f"tiff/{name}.tif", smooth, compression="jpeg", compressionargs={"level": 90}, **options)
    Image.fromarray(smooth).save(HERE / "tiff/jpeg-pillow.tif", compression="jpeg", quality=90)
    Image.fromarray(smooth).convert("YCbCr").save(HERE / "tiff/jpeg-none-ycbcr.tif")
    for path in sorted((HERE / "tiff").glob("jpeg*.tif")):
        path.with_suffix(".rgb").write_bytes(Image.open(path).convert("RGB").tobytes())


if __name__ == "__main__":
    main()
