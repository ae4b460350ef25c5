"""Packets of the field return built from docs/protocol.md, without the code under test.

A packet's content is JSON: the result of web/warp/wire.js, with bytes as lists. `vectors()` reads the file of both,
which other implementations may use too; `python -m tests.gaze.packets` writes it again.
"""

import json
import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

VECTORS = Path(__file__).parents[1] / "vectors" / "packets.json"
LAYERS = ("flow", "rest", "mask", "light")

Content = dict[str, Any]


@dataclass(frozen=True)
class Vector:
    """A packet and its content; None where it is malformed. name: what it tests."""

    name: str
    packet: bytes
    content: Content | None


def vectors() -> list[Vector]:
    """All vectors in the file."""
    return [
        Vector(one["name"], bytes.fromhex(one["packet"]), one["content"]) for one in json.loads(VECTORS.read_text())
    ]


def recipes() -> list[Vector]:
    """The vectors that the file should hold."""
    valid = [Vector(name, pack(content), content) for name, content in _valid().items()]
    return valid + [Vector(name, packet, None) for name, packet in _malformed().items()]


def pack(content: Content) -> bytes:
    """The packet with this content. Without validation, so that malformed packets can be made."""
    kind, faces = content["kind"], content["faces"]
    keys = ("count", "width", "height")
    head = struct.pack("<4B", 0xE7, 1, {"landmarks": 1, "fields": 2}[kind], len(faces))
    stamp = struct.pack("<4HId", *(content[key] for key in keys), 0, content["rtp"], content["time"])
    if kind == "landmarks":
        return head + stamp + b"".join(_pack_landmarks(face) for face in faces)
    shapes = [_sides(faces[0]["right"][name]) for name in LAYERS] if faces else [(2, 2), (0, 0), (2, 2), (0, 0)]
    grids = struct.pack("<I8B", content["facesRtp"], *(side for shape in shapes for side in shape))
    return head + stamp + grids + b"".join(_pack_fields(face) for face in faces)


def _pack_landmarks(face: Content) -> bytes:
    eyes = [
        struct.pack("<4f", *(eye[key] for key in ("x", "y", "stepX", "stepY")))
        + struct.pack("<2H", *(round(eye[key] * 65535) for key in ("openness", "strength")))
        for eye in (face["right"], face["left"])
    ]
    return struct.pack("<I", face["number"]) + b"".join(eyes)


def _pack_fields(face: Content) -> bytes:
    packed = struct.pack("<I", face["number"])
    for field in (face["right"], face["left"]):
        grids = [field[name] or {"scale": 0.0, "data": []} for name in LAYERS]
        packed += struct.pack("<4f", *(grid["scale"] for grid in grids))
        packed += b"".join(struct.pack(f"<{len(grid['data'])}b", *grid["data"]) for grid in grids)
    return packed


def _sides(grid: Content | None) -> tuple[int, int]:
    return (grid["columns"], grid["rows"]) if grid else (0, 0)


def value_at(grid: Content, x: float, y: float) -> list[float]:
    """A grid's value at a position in the patch, 0..1 from its upper left corner; a plain implementation."""
    columns: int = grid["columns"]
    rows: int = grid["rows"]
    per = len(grid["data"]) // (columns * rows)
    across, down = (min(max(at * n - 0.5, 0), n - 1) for at, n in ((x, columns), (y, rows)))
    left, top = min(math.floor(across), columns - 2), min(math.floor(down), rows - 2)

    def node(column: int, row: int, value: int) -> float:
        steps: int = max(grid["data"][(row * columns + column) * per + value], -127)
        scale: float = grid["scale"]
        return scale * steps / 127

    def line(row: int, value: int) -> float:
        part = across - left
        return (1 - part) * node(left, row, value) + part * node(left + 1, row, value)

    part = down - top
    return [(1 - part) * line(top, value) + part * line(top + 1, value) for value in range(per)]


def mutants(packet: bytes) -> Iterator[bytes]:
    """Every truncation, one extra byte, and each byte changed in a dozen ways."""
    yield from (packet[:end] for end in range(len(packet)))
    yield packet + b"\0"
    for at, byte in enumerate(packet):
        for other in sorted({byte ^ 1 << bit for bit in range(8)} | {0, 127, 128, 255} - {byte}):
            yield packet[:at] + bytes([other]) + packet[at + 1 :]


def landmarks(faces: int) -> Content:
    """A valid packet's content. Every number is exact as a float32 or a multiple of 1/65,535."""
    stamp = {"rtp": 4_294_967_290, "time": 12.1, "width": 640, "height": 360, "count": 65_535}
    return {"kind": "landmarks", **stamp, "faces": [_landmarks(number) for number in range(faces)]}


def _landmarks(number: int) -> Content:
    right = {
        "x": 250.25,
        "y": 140.5 + number,
        "stepX": 47.5,
        "stepY": -1.75,
        "openness": 13_107 / 65_535,
        "strength": 1.0,
    }
    left = {"x": 349.0, "y": -8.125, "stepX": -46.25, "stepY": 3.5, "openness": 0.0, "strength": 32_768 / 65_535}
    return {"number": number * 70_000 + 1, "right": right, "left": left}


def fields(faces: int, shapes: tuple[tuple[int, int], ...] = ((3, 2), (2, 3), (4, 2), (2, 2))) -> Content:
    """A valid packet's content. shapes: columns, rows of each layer; (0, 0) omits it."""
    stamp = {"rtp": 90_000, "time": 1.0, "width": 640, "height": 480, "count": 7, "facesRtp": 87_000}
    made = [{"number": n + 1, "right": _field(shapes, 5), "left": _field(shapes, 11)} for n in range(faces)]
    return {"kind": "fields", **stamp, "faces": made}


def _field(shapes: tuple[tuple[int, int], ...], step: int) -> Content:
    """A field whose data begins with the lowest value of a byte."""
    kinds = zip(LAYERS, (2, 2, 1, 1), (0.25, 0.125, 8.0, 0.5), shapes, strict=True)
    return {name: _grid(columns, rows, values, scale, step) for name, values, scale, (columns, rows) in kinds}


def _grid(columns: int, rows: int, values: int, scale: float, step: int) -> Content | None:
    data = [step * n % 256 - 128 for n in range(columns * rows * values)]
    return {"columns": columns, "rows": rows, "scale": scale, "data": data} if data else None


def _valid() -> dict[str, Content]:
    shipped = ((16, 18), (16, 18), (16, 18), (16, 12))
    return {
        "landmarks of nobody": landmarks(0),
        "landmarks of one face": landmarks(1),
        "landmarks of eight faces": landmarks(8),
        "fields for nobody": fields(0),
        "fields of small grids": fields(1),
        "fields without a rest and a light": fields(2, ((3, 2), (0, 0), (2, 2), (0, 0))),
        "fields of the largest grids": fields(1, ((64, 2), (2, 48), (64, 2), (2, 48))),
        "fields as the relay sends them": fields(1, shipped),
    }


def _malformed() -> dict[str, bytes]:
    seen, made = pack(landmarks(1)), pack(fields(1))
    bare = pack(fields(1, ((2, 2), (0, 0), (2, 2), (0, 0))))
    return {
        "nothing": b"",
        "a stamp cut short": seen[:23],
        "another magic": _put(seen, 0, "B", 0x45),
        "an older version": _put(seen, 1, "B", 0),
        "a newer version": _put(seen, 1, "B", 2),
        "kind 0": _put(seen, 2, "B", 0),
        "kind 3": _put(seen, 2, "B", 3),
        "landmarks called fields": _put(seen, 2, "B", 2),
        "fields called landmarks": _put(made, 2, "B", 1),
        "landmarks of nine faces": pack(landmarks(9)),
        "fields of nine faces": pack(fields(9)),
        "a face too few": _put(seen, 3, "B", 2),
        "a face too many": _put(pack(landmarks(2)), 3, "B", 1),
        "no width": _put(seen, 6, "H", 0),
        "no height": _put(made, 8, "H", 0),
        "something in the reserved bytes": _put(seen, 10, "H", 1),
        "a time that is no number": _put(seen, 16, "d", math.nan),
        "an infinite time": _put(made, 16, "d", -math.inf),
        "a time of forty years": _put(seen, 16, "d", 1.3e9),
        "a byte too few": seen[:-1],
        "a byte too many": seen + b"\0",
        "a place that is no number": _put(seen, 28, "f", math.nan),
        "an infinite step": _put(seen, 36, "f", math.inf),
        "a place outside of any picture": _put(seen, 52, "f", -100_001.0),
        "an eye without width": _put(_put(seen, 36, "f", 0.0), 40, "f", 0.009),
        "a stamp with no grids": made[:24],
        "grids cut short": made[:35],
        "no flow": _put(bare, 28, "H", 0),
        "no mask": _put(bare, 32, "H", 0),
        "a grid with columns alone": _put(bare, 30, "B", 3),
        "a grid with rows alone": _put(bare, 35, "B", 3),
        "a grid of one column": _put(made, 28, "2B", 1, 6),
        "a grid of one row": _put(made, 28, "2B", 6, 1),
        "a grid of 65 columns": pack(fields(1, ((65, 2), (2, 2), (2, 2), (2, 2)))),
        "a grid of 49 rows": pack(fields(1, ((2, 2), (2, 2), (2, 49), (2, 2)))),
        "grids larger than the packet": _put(made, 28, "8B", 64, 48, 64, 48, 64, 48, 64, 48),
        "a negative scale": _put(made, 40, "f", -0.001),
        "a scale that is no number": _put(made, 44, "f", math.nan),
        "an infinite scale": _put(made, 48, "f", math.inf),
        "a flow across the face": _put(made, 40, "f", 4.001),
        "a light beyond white": _put(made, 52, "f", 1.001),
        "fields cut short": made[:-1],
        "fields and a byte": made + b"\0",
    }


def _put(packet: bytes, at: int, form: str, *values: float) -> bytes:
    """The packet with these values written over it."""
    changed = bytearray(packet)
    struct.pack_into(f"<{form}", changed, at, *values)
    return bytes(changed)


def write() -> None:
    """Write the file of vectors."""
    VECTORS.parent.mkdir(exist_ok=True)
    lines = [json.dumps({"name": one.name, "packet": one.packet.hex(), "content": one.content}) for one in recipes()]
    VECTORS.write_text("[\n" + ",\n".join(lines) + "\n]\n")


if __name__ == "__main__":
    write()
