"""The newest picture of one camera as people see it: masked before it comes here, with numbered boxes, as a JPEG.

Only while somebody asks: until then no picture is made for it. Kept nowhere but in memory, and let go when nobody has
asked for a while.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Sequence
from typing import NamedTuple

from firmware.pictures import BOXES_MAX, EVERY_MS, JPEG_BYTES_MAX, Box
from firmware.vision.clock import now_ns
from firmware.vision.following import Voted
from firmware.vision.frames import Frame, Picture
from firmware.vision.work import Detection

MS = 1_000_000
WANTED_NS = 3_000 * MS  # after the last question pictures are taken no more
LOOKED_NS = 700 * MS  # a frame that was looked at stands for the newest one so long: its boxes fit it
READ_NS = 2_000 * MS  # for so long what a plate says goes with the plate that is seen there
EARLY_NS = 60 * MS  # cameras are not punctual
SHOWN = ("vehicle", "plate")  # nobody's face, and no person
WIDTH_PX_MAX = 960
QUALITIES = ((WIDTH_PX_MAX, 70), (WIDTH_PX_MAX, 45), (640, 45), (320, 40))  # until it is small enough
COLOURS = {"vehicle": (64, 200, 255), "plate": (255, 210, 0)}
LINE_PX = 2
OVERLAP_MIN = 0.3


class Looked(NamedTuple):
    """A frame that models have looked at, and what they found in it."""

    frame: Frame
    found: tuple[Detection, ...]


class Made(NamedTuple):
    """A picture that may leave."""

    at_ns: int
    size: tuple[int, int]
    boxes: tuple[Box, ...]
    jpeg: bytes


class Showing:
    """Of one camera. `offer` is called by its thread, everything else by the event loop, `make` by any thread."""

    def __init__(self) -> None:
        self.made: Made | None = None
        self._wanted_ns = 0
        self._frame: Frame | None = None
        self._looked: Looked | None = None
        self._read: list[tuple[int, str, tuple[float, float, float, float]]] = []
        self._lock = threading.Lock()

    @property
    def wanted(self) -> bool:
        """Whether anybody asks."""
        return now_ns() < self._wanted_ns

    def want(self) -> None:
        """Somebody asks."""
        self._wanted_ns = now_ns() + WANTED_NS

    def offer(self, frame: Frame) -> bool:
        """Keep a frame if it is due; whether it was. From the camera's thread."""
        if not self.wanted:
            if self._frame is not None:
                self.forget()
            return False
        with self._lock:
            there = self._frame
            if there is not None and frame.at_ns - there.at_ns < EVERY_MS * MS - EARLY_NS:
                return False
        frame.picture()  # masked and converted in this thread
        with self._lock:
            self._frame = frame
        return True

    def looked(self, frame: Frame, found: Sequence[Detection], voted: Sequence[Voted]) -> None:
        """What models have found, and what was agreed on."""
        if not self.wanted:
            return
        self._looked = Looked(frame, tuple(each for each in found if each.kind in SHOWN))
        self._read = [each for each in self._read if frame.at_ns - each[0] < READ_NS]
        self._read += [(frame.at_ns, each.text, each.box) for each in voted if each.kind == "plate"]
        self._read = self._read[-BOXES_MAX:]

    def forget(self) -> None:
        """Nobody asks any more, or nobody may."""
        with self._lock:
            self._frame, self._looked, self.made = None, None, None
            self._read = []

    def newest(self) -> tuple[Frame, tuple[Box, ...]] | None:
        """The frame to be shown now, with its boxes; None: there is none."""
        with self._lock:
            frame, looked = self._frame, self._looked
        if looked is not None and (frame is None or frame.at_ns - looked.frame.at_ns < LOOKED_NS):
            return looked.frame, self._boxes(looked)
        return None if frame is None else (frame, ())

    def make(self) -> Made | None:
        """The newest one as a JPEG; one that is made already is not made again. Takes some ten milliseconds."""
        there = self.newest()
        if there is None:
            return None
        frame, boxes = there
        made = self.made
        if made is not None and made.at_ns == frame.at_ns:
            return made
        jpeg = drawn(frame.picture(), boxes)
        self.made = made = Made(frame.at_ns, frame.size, boxes, jpeg)
        return made

    def _boxes(self, looked: Looked) -> tuple[Box, ...]:
        width, height = looked.frame.size
        boxes = []
        for number, each in enumerate(looked.found[:BOXES_MAX], 1):
            left, top, right, low = each.box
            text = self._text(each) if each.kind == "plate" else ""
            place = (_share(left, width), _share(top, height), _share(right, width), _share(low, height))
            boxes.append(Box(number, each.kind, each.label, text, place))
        return tuple(boxes)

    def _text(self, plate: Detection) -> str:
        """What it says, where several looks have agreed on that: one look alone is a guess."""
        return next((text for _, text, box in reversed(self._read) if overlap(box, plate.box) >= OVERLAP_MIN), "")


def drawn(picture: Picture, boxes: Sequence[Box]) -> bytes:
    """With the boxes and their numbers burnt in, as a JPEG of JPEG_BYTES_MAX at most; empty where that cannot be."""
    from PIL import Image, ImageDraw  # here: who shows nothing needs it not

    whole = Image.fromarray(picture)
    if whole.width > WIDTH_PX_MAX:
        whole = whole.resize((WIDTH_PX_MAX, max(1, round(whole.height * WIDTH_PX_MAX / whole.width))))
    pen = ImageDraw.Draw(whole)
    for each in boxes:
        left, top, right, low = each.box
        place = (left * whole.width, top * whole.height, right * whole.width, low * whole.height)
        colour = COLOURS[each.kind]
        pen.rectangle(place, outline=colour, width=LINE_PX)
        name = str(each.number)
        corner = (place[0] + LINE_PX, max(0, place[1] - 14))
        pen.rectangle((corner[0] - 2, corner[1], corner[0] + 8 * len(name) + 2, corner[1] + 13), fill=colour)
        pen.text(corner, name, fill=(0, 0, 0))
    for width, quality in QUALITIES:
        image = whole
        if image.width > width:
            image = image.resize((width, max(1, round(image.height * width / image.width))))
        written = io.BytesIO()
        image.save(written, "JPEG", quality=quality)
        if written.tell() <= JPEG_BYTES_MAX:
            return written.getvalue()
    return b""


def overlap(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> float:
    """Intersection over union of two boxes, 0..1."""
    wide = min(one[2], other[2]) - max(one[0], other[0])
    high = min(one[3], other[3]) - max(one[1], other[1])
    if wide <= 0 or high <= 0:
        return 0.0
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return wide * high / max(1e-9, areas - wide * high)


def _share(value: float, whole: float) -> float:
    return min(1.0, max(0.0, value / whole))
