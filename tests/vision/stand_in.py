"""A stand-in for the models: plates that are painted as a pattern of cells, and a recogniser that reads the pattern.

It knows nothing but what stands in the picture, and has a checksum, so that what is half hidden is not read. Run as
`python -m tests.vision.stand_in MOOD SOCKET SHARED STAGE...` it is a worker: well, or ill in some way.
"""

from __future__ import annotations

import os
import signal
import sys
import zlib
from collections.abc import Sequence

import numpy as np

from firmware.vision.clock import rest
from firmware.vision.frames import Picture
from firmware.vision.work import Detection
from firmware.vision.worker import Built, serve
from models.warp import straightened

ALPHABET = " ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789京沪粤浙苏"
CHARACTERS, BITS = 8, 6
COLUMNS, ROWS = 14, 4  # 48 bits of text, 8 of checksum
CELL, RIM = 12, 10
FRAME = (255, 0, 255)  # magenta: nothing else in the lane is


def bits_of(text: str) -> list[int]:
    values = [ALPHABET.index(letter) for letter in text.ljust(CHARACTERS)]
    bits = [value >> shift & 1 for value in values for shift in range(BITS)]
    check = zlib.crc32(bytes(bits)) & 0xFF
    return [*bits, *(check >> shift & 1 for shift in range(8))]


def text_of(bits: Sequence[int]) -> str:
    """Empty where it is no text."""
    whole = CHARACTERS * BITS
    check = sum(bit << shift for shift, bit in enumerate(bits[whole:]))
    if zlib.crc32(bytes(bits[:whole])) & 0xFF != check:
        return ""
    values = [sum(bits[n * BITS + shift] << shift for shift in range(BITS)) for n in range(CHARACTERS)]
    return "" if max(values) >= len(ALPHABET) else "".join(ALPHABET[value] for value in values).rstrip()


def paint(text: str) -> Picture:
    """A plate of 440 x 140 mm that carries the text as cells within a magenta rim."""
    cells = np.array(bits_of(text), np.uint8).reshape(ROWS, COLUMNS)
    inner = np.repeat(np.repeat(cells * 255, CELL * 2, axis=0), CELL, axis=1)
    picture = np.empty((inner.shape[0] + 2 * RIM, inner.shape[1] + 2 * RIM, 3), np.uint8)
    picture[:] = FRAME
    picture[RIM:-RIM, RIM:-RIM] = inner[..., None]
    return picture


def recognise(picture: Picture, _at_ns: int, wanted: Sequence[str]) -> list[Detection]:
    """The rim that is in a picture, what is within it, and the car around it."""
    whole = picture.astype(np.int16)
    rim = (whole[..., 0] - whole[..., 1] > 80) & (whole[..., 2] - whole[..., 1] > 80)
    rows, columns = np.nonzero(rim)
    if "plate" not in wanted or rows.size < 40:
        return []
    total, difference = columns + rows, columns - rows
    corners = [
        (columns[i], rows[i]) for i in (total.argmin(), difference.argmax(), total.argmax(), difference.argmin())
    ]
    quad = np.array(corners, np.float32) + np.array([(0, 0), (1, 0), (1, 1), (0, 1)], np.float32)
    high, wide = ROWS * CELL * 2 + 2 * RIM, COLUMNS * CELL + 2 * RIM
    try:
        plate = straightened(picture, quad, high, wide)[RIM:-RIM, RIM:-RIM].mean(axis=2)
    except ValueError:
        return []
    middle = plate.reshape(ROWS, CELL * 2, COLUMNS, CELL)[:, 8:16, :, 4:8].mean(axis=(1, 3))
    text = text_of((middle > (middle.max() + middle.min()) / 2).astype(int).reshape(-1).tolist())
    left, top = quad.min(axis=0).tolist()
    right, low = quad.max(axis=0).tolist()
    wide = right - left
    around = (left - 1.5 * wide, top - 2.5 * wide, right + 1.5 * wide, low + wide)
    car = Detection("vehicle", around, 0.95, "car")
    return [car, Detection("plate", (left, top, right, low), 0.99, "", text, 0.99 if text else 0.0)]


def ill(mood: str, stages: Sequence[str]) -> Built:
    """A recogniser that dies or hangs over the third picture of a plate, or has no models."""
    seen = []

    def look(picture: Picture, at_ns: int, wanted: Sequence[str]) -> list[Detection]:
        found = recognise(picture, at_ns, wanted)
        seen.extend([at_ns] * bool(found))
        if len(seen) > 2 and mood == "dies":
            os.kill(os.getpid(), signal.SIGSEGV)
        if len(seen) > 2 and mood == "hangs":
            rest(600)
        if len(seen) > 2 and mood == "raises":
            raise ValueError("a picture that nobody expected")
        return found

    why = "there are no models here: run make models"
    return Built(look, dict.fromkeys(stages, why) if mood == "unable" else {})


if __name__ == "__main__":
    sys.exit(serve(sys.argv[2:], lambda: ill(sys.argv[1], sys.argv[4:]), gives_way=False))
