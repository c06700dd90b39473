#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the clouds and meshes here: the same 16 points in every format, and a unit cube.

    pip install numpy laspy plyfile
    python make_points.py            # makes the files again
    python make_points.py --check    # opens what our own writers wrote (written.las, written.ply)

cloud.npy is the truth, float64 [16, 8]: x y z intensity red green blue label. Colors are multiples
of 257, so that 8 bits hold them; coordinates are multiples of 1/1024, which float32 holds.
"""

import pathlib
import sys

import laspy
import numpy as np
from plyfile import PlyData, PlyElement

HERE = pathlib.Path(__file__).resolve().parent


def cloud():
    random = np.random.default_rng(0)
    xyz = random.integers(-4096, 4096, (16, 3)) / 1024 + [500, 400, 100]
    intensity = random.integers(0, 65536, (16, 1))
    rgb = random.integers(0, 256, (16, 3)) * 257
    label = random.integers(0, 32, (16, 1))
    return np.hstack([xyz, intensity, rgb, label]).astype(np.float64)


def write_las(points, name, version, point_format, extra=()):
    header = laspy.LasHeader(version=version, point_format=point_format)
    header.scales, header.offsets = [1 / 1024] * 3, [500, 400, 0]
    header.creation_date = None
    header.generating_software = "make_points.py"
    for kind in extra:
        header.add_extra_dim(laspy.ExtraBytesParams(name="extra" + kind, type=kind))
    las = laspy.LasData(header)
    las.x, las.y, las.z = points[:, 0], points[:, 1], points[:, 2]
    las.intensity = points[:, 3].astype(np.uint16)
    las.classification = points[:, 7].astype(np.uint8)
    if "red" in las.point_format.dimension_names:
        for channel, name_ in enumerate(("red", "green", "blue")):
            las[name_] = points[:, 4 + channel].astype(np.uint16)
    for kind in extra:
        las["extra" + kind] = np.arange(len(points)).astype(kind)
    las.write(str(HERE / name))


def write_ply(points, name, **form):
    types = [(axis, "f8") for axis in "xyz"]
    types += [(c, "u1") for c in ("red", "green", "blue")]
    types += [("scalar_Intensity", "f4"), ("scalar_Classification", "f4")]
    vertex = np.empty(len(points), dtype=types)
    for column, (field, _) in zip((0, 1, 2, 4, 5, 6, 3, 7), types):
        vertex[field] = points[:, column] / (257 if field in ("red", "green", "blue") else 1)
    camera = np.array([(1.5, 7)], dtype=[("focus", "f4"), ("number", "i2")])
    face = np.array([([0, 1, 2],)], dtype=[("vertex_indices", "i4", (3,))])
    elements = [PlyElement.describe(camera, "camera"), PlyElement.describe(vertex, "vertex"),
                PlyElement.describe(face, "face")]
    PlyData(elements, comments=["sixteen points"], **form).write(str(HERE / name))


def write_meshes():
    corners = [(x, y, z) for x in (0, 1) for y in (0, 1) for z in (0, 1)]
    quads = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    lines = [" ".join(map(str, corner)) for corner in corners]
    faces = [" ".join(map(str, (4,) + quad)) for quad in quads]
    (HERE / "cube.off").write_text(
        "\n".join(["OFF", "# a unit cube", "8 6 12"] + lines + [""] + faces) + "\n")
    # As in ModelNet: the counts behind the magic.
    (HERE / "cube_modelnet.off").write_text("\n".join(["OFF8 6 0"] + lines + faces) + "\n")
    text = ["# a unit cube", "mtllib none.mtl", "o cube", ""]
    text += ["v " + line for line in lines] + ["vt 0 0", "vn 0 0 1"]
    text += ["f " + " ".join(f"{i + 1}/1/1" for i in quad) for quad in quads[:2]]
    text += ["f " + " ".join(f"{i + 1}//1" for i in quad) for quad in quads[2:4]]
    text += ["f " + " ".join(str(i - 8) for i in quad) for quad in quads[4:]]
    (HERE / "cube.obj").write_text("\n".join(text) + "\n")


def write_room(points):
    folder = HERE / "room" / "Annotations"
    folder.mkdir(parents=True, exist_ok=True)
    for name, part in (("chair_1", slice(0, 6)), ("floor_1", slice(6, 11)),
                       ("stairs_1", slice(11, 16))):
        rows = ["%.13g %.13g %.13g %d %d %d" % (*row[:3], *(row[4:7] / 257))
                for row in points[part]]
        (folder / (name + ".txt")).write_text("\n".join(rows) + "\n")


def check(points):
    las = laspy.read(HERE / "written.las")
    assert (las.header.version.major, las.header.version.minor) == (1, 4)
    found = np.stack([las.x, las.y, las.z, las.intensity, las.red, las.green, las.blue,
                      las.classification], 1)
    assert np.array_equal(found, points), found - points
    assert np.array_equal(las.header.mins, points[:, :3].min(0))
    assert np.array_equal(las.header.maxs, points[:, :3].max(0))
    vertex = PlyData.read(HERE / "written.ply")["vertex"]
    found = np.stack([vertex[c].astype(np.float64) for c in (
        "x", "y", "z", "intensity", "red", "green", "blue", "label")], 1)
    found[:, 4:7] *= 257
    assert np.array_equal(found, points), found - points
    print("laspy and plyfile read what we wrote")


def main():
    points = cloud()
    if "--check" in sys.argv:
        return check(points)
    np.save(HERE / "cloud.npy", points)
    for point_format in range(9):
        version = "1.2" if point_format < 4 else "1.3" if point_format < 6 else "1.4"
        write_las(points, f"format{point_format}.las", version, point_format)
    write_las(points, "extra3.las", "1.2", 3, ["u1", "f4"])
    write_las(points, "extra7.las", "1.4", 7, ["f8"])
    write_las(points, "old_format_in_1_4.las", "1.4", 1)
    # Version 1.1 has 1.2's header.
    old = bytearray((HERE / "format1.las").read_bytes())
    old[25] = 1
    (HERE / "version1_1.las").write_bytes(old)
    write_ply(points, "ascii.ply", text=True)
    write_ply(points, "little.ply", byte_order="<")
    write_ply(points, "big.ply", byte_order=">")
    write_meshes()
    write_room(points)


if __name__ == "__main__":
    main()
