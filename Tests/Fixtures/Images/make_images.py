#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Small pictures of one made-up scene in the formats of annotated images, with their pixels.

    python make_images.py

Pillow writes them; scene.rgb holds the rows of RGB bytes that the lossless ones must give. The grey
ones hold the red values, those of 16 bits 257 times these. `turned.jpg` says by EXIF that it is to
be turned by 90 degrees. `giant.png` and `giant.jpg` claim 60,000 x 60,000 pixels.

The files of `rows/` are read row by row: each kind of pixel, filter, strip and tile. Those whose name
begins with "scene" hold the scene, of 16 bits with a lower byte of noise; "grey" its red values.
Those of `whole/` are for FFmpeg.
"""

import pathlib
import struct
import zlib

import numpy as np
from PIL import Image

HERE = pathlib.Path(__file__).resolve().parent
WIDTH, HEIGHT = 13, 9


def png(name, pixels, colour, interlaced=False, before=b""):
    """Writes pixels of 8 or 16 bits, the row filters 0 to 4 in turn."""
    depth = 8 * pixels.dtype.itemsize

    def rows(part):
        step = part.shape[2] * pixels.dtype.itemsize
        above = np.zeros(part.shape[1] * step, np.int32)
        data = b""
        for number, row in enumerate(part):
            now = np.frombuffer(row.astype(pixels.dtype.newbyteorder(">")).tobytes(), np.uint8)
            now = now.astype(np.int32)
            left = np.concatenate([np.zeros(step, np.int32), now[:-step]])
            corner = np.concatenate([np.zeros(step, np.int32), above[:-step]])
            guess = left + above - corner
            nearest = np.where(
                (abs(guess - left) <= abs(guess - above)) & (abs(guess - left) <= abs(guess - corner)),
                left, np.where(abs(guess - above) <= abs(guess - corner), above, corner))
            less = [0, left, above, (left + above) // 2, nearest][number % 5]
            data += bytes([number % 5]) + ((now - less) % 256).astype(np.uint8).tobytes()
            above = now
        return data

    if interlaced:
        passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
                  (0, 1, 1, 2)]
        data = b"".join(rows(pixels[y::dy, x::dx]) for x, y, dx, dy in passes
                        if pixels[y::dy, x::dx].size)
    else:
        data = rows(pixels)

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    packed = zlib.compress(data, 9)
    header = struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], depth, colour, 0, 0,
                         int(interlaced))
    # The pixels in two chunks, with an empty one between them.
    (HERE / name).write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + before + chunk(b"IDAT", packed[:20])
        + chunk(b"IDAT", b"") + chunk(b"IDAT", packed[20:]) + chunk(b"IEND", b""))


def tiff(name, pixels, tile=None, strip=4, deflate=False, differences=False, order="<", big=False,
         photometric=2, orientation=1):
    """Writes pixels of 8 or 16 bits in tiles (width, height) or strips of some rows."""
    height, width, samples = pixels.shape
    kind = pixels.dtype.newbyteorder(order)
    wide, high = tile or (width, strip)
    pieces = []
    for y in range(0, height, high):
        for x in range(0, width, wide):
            piece = pixels[y:y + high, x:x + wide]
            if tile:
                piece = np.pad(piece, ((0, high - piece.shape[0]), (0, wide - piece.shape[1]), (0, 0)))
            if differences:
                piece = np.concatenate([piece[:, :1], piece[:, 1:] - piece[:, :-1]], 1)
            data = piece.astype(kind).tobytes()
            pieces.append(zlib.compress(data, 9) if deflate else data)
    head = (order == "<" and b"II" or b"MM") + (
        struct.pack(order + "HHHQ", 43, 8, 0, 16) if big else struct.pack(order + "HI", 42, 8))
    tags = {256: [width], 257: [height], 258: [8 * pixels.dtype.itemsize] * samples,
            259: [8 if deflate else 1], 262: [photometric], 274: [orientation], 277: [samples],
            284: [1], 317: [2 if differences else 1]}
    if tile:
        tags.update({322: [wide], 323: [high]})
    else:
        tags.update({278: [high]})
    places, lengths = (324, 325) if tile else (273, 279)
    tags[places] = [0] * len(pieces)
    tags[lengths] = [len(p) for p in pieces]
    field, entry = (8, 20) if big else (4, 12)
    table = len(head) + (8 if big else 2) + entry * len(tags) + field
    extra = sum(4 * len(v) for v in tags.values() if 4 * len(v) > field)
    start = table + extra
    tags[places] = list(np.cumsum([start] + lengths_of(pieces)[:-1]))
    body, more = b"", b""
    for tag in sorted(tags):
        values = struct.pack(order + f"{len(tags[tag])}I", *map(int, tags[tag]))
        if len(values) > field:
            place = table + len(more)
            more += values
            values = struct.pack(order + ("Q" if big else "I"), place)
        body += struct.pack(order + ("HHQ" if big else "HHI"), tag, 4, len(tags[tag]))
        body += values.ljust(field, b"\0")
    (HERE / name).write_bytes(
        head + struct.pack(order + ("Q" if big else "H"), len(tags)) + body + b"\0" * field + more
        + b"".join(pieces))


def lengths_of(pieces):
    return [len(piece) for piece in pieces]


def row_files(pixels, rng):
    (HERE / "rows").mkdir(exist_ok=True)
    (HERE / "whole").mkdir(exist_ok=True)
    noise = rng.integers(0, 256, pixels.shape).astype(np.uint16)
    deep = pixels.astype(np.uint16) * 256 + noise
    alpha = rng.integers(0, 256, pixels.shape[:2] + (1,)).astype(np.uint8)
    grey = pixels[..., :1]
    picture = Image.fromarray(pixels)
    png("rows/scene-filters.png", pixels, 2)
    png("rows/scene-alpha.png", np.concatenate([pixels, alpha], 2), 6)
    png("rows/scene-deep.png", deep, 2)
    png("rows/grey-alpha.png", np.concatenate([grey, alpha], 2), 4)
    png("rows/grey-deep.png", deep[..., :1], 0)
    Image.fromarray(grey[..., 0]).point(lambda v: v // 16).quantize(16).save(
        HERE / "rows/palette4.png", bits=4)
    Image.fromarray((grey[..., 0] > 90)).save(HERE / "rows/one-bit.png")
    exif = Image.Exif()
    exif[0x0112] = 8
    picture.save(HERE / "rows/scene-turned.png", exif=exif)
    picture.quantize(256).save(HERE / "rows/scene-palette.bmp")
    row = np.concatenate([pixels[..., ::-1], alpha], 2).tobytes()
    (HERE / "rows/scene-topdown.bmp").write_bytes(
        b"BM" + struct.pack("<IIIIiiHHIIiiII", 54 + len(row), 0, 54, 40, WIDTH, -HEIGHT, 1, 32, 0,
                            len(row), 0, 0, 0, 0) + row)
    tiff("rows/scene-strips.tif", pixels)
    tiff("rows/scene-tiles.tif", pixels, tile=(16, 16), deflate=True, differences=True)
    tiff("rows/scene-small-tiles.tif", np.concatenate([pixels, alpha], 2), tile=(4, 4), order=">")
    tiff("rows/scene-deep.tif", deep, strip=2, deflate=True, differences=True, order=">")
    tiff("rows/scene-deep-little.tif", deep, tile=(16, 16), deflate=True, differences=True)
    tiff("rows/scene-big.tif", pixels, strip=2, big=True)
    tiff("rows/scene-turned.tif", pixels, orientation=3)
    tiff("rows/grey-inverse.tif", 255 - grey, photometric=0)
    picture.save(HERE / "rows/scene-packbits.tif", compression="packbits")
    picture.save(HERE / "rows/scene-lzw.tif", compression="tiff_lzw", tiffinfo={317: 2})
    picture.quantize(256).save(HERE / "rows/scene-palette.tif")
    # Enough different pixels to fill LZW's table and begin it anew.
    wide = rng.integers(0, 256, (64, 64, 3)).astype(np.uint8)
    wide[20:40] //= 64
    Image.fromarray(wide).save(HERE / "rows/noise.tif", compression="tiff_lzw")
    Image.fromarray(pixels[:1, :1]).save(HERE / "rows/one-pixel.png")
    png("whole/interlaced.png", pixels, 2, interlaced=True)
    picture.convert("CMYK").save(HERE / "whole/cmyk.jpg", quality=95)
    # An EXIF block whose directory's next one is itself, and whose orientation is none.
    exif = (b"II" + struct.pack("<HIH", 42, 8, 1) + struct.pack("<HHIHH", 0x0112, 3, 1, 9, 0)
            + struct.pack("<I", 8))
    picture.save(HERE / "whole/exif-loop.jpg", quality=95, subsampling=0, exif=b"Exif\0\0" + exif)
    jpeg = bytearray((HERE / "scene.jpg").read_bytes())
    place = next(i for i in range(len(jpeg)) if jpeg[i:i + 2] in (b"\xff\xc0", b"\xff\xc2"))
    jpeg[place + 5:place + 9] = struct.pack(">HH", 60000, 60000)
    (HERE / "giant.jpg").write_bytes(jpeg)


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
    for name, subsampling in (("halved.jpg", 1), ("quartered.jpg", 2)):
        picture.save(HERE / name, quality=95, subsampling=subsampling)
        decoded = Image.open(HERE / name).convert("RGB")
        (HERE / name).with_suffix(".rgb").write_bytes(decoded.tobytes())
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
    row_files(pixels, rng)


if __name__ == "__main__":
    main()
