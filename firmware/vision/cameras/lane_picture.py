"""Draws a lane with its vehicles and their plates, by day, by night and in rain: what a simulated camera sees.

Plain shapes: they train nobody's eye. The plates are those that models/drawn knows, or what a test paints instead.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from firmware.scene import Scene, Standing
from firmware.vision.cameras.lane_view import BEHIND_MM, NEAREST_MM, LaneView, Point
from firmware.vision.errors import CameraError
from firmware.vision.frames import Picture

Paint = Callable[[str], Picture]  # a plate's text -> the plate, new and seen from the front
Colour = tuple[int, int, int]

SIDE_MM = 900.0  # half of a car's width
PLATE_MM = (440.0, 140.0)
PLATE_LOW_MM = 430.0
PAINTS: tuple[Colour, ...] = ((200, 200, 205), (40, 42, 48), (120, 20, 25), (30, 50, 95), (235, 235, 232), (90, 95, 80))
NOISE = {"day": 2.0, "night": 7.0, "rain": 4.0}
DIM = {"day": 1.0, "night": 0.22, "rain": 0.7}
EXPOSED_S = {"day": 0.001, "night": 0.006, "rain": 0.003}
TALL_MM = 2_200  # from so high on it is a truck
PERSPECTIVE_PX_MAX = 2_000


@lru_cache(maxsize=64)
def painted(text: str) -> Picture:
    """The plate as models/drawn has it: blue, or green with eight characters, or a Latin one. Raises CameraError."""
    from models.drawn.faces import FontMissing
    from models.drawn.kinds import KINDS
    from models.drawn.plate import draw
    from models.plates.alphabet import PROVINCES

    name = "eu" if text[:1] not in PROVINCES else "green" if len(text) == 8 else "blue"
    try:
        return draw(KINDS[name], text, np.random.default_rng(sum(map(ord, text)))).picture
    except (FontMissing, KeyError, ValueError) as error:
        raise CameraError(f"the plate {text} cannot be drawn: {error}") from error


class LanePicture:
    """Pictures of one lane, of one size, seen in one direction ("in": what comes from outside)."""

    def __init__(self, size: tuple[int, int], direction: str, paint: Paint = painted) -> None:
        self._view = LaneView(*size)
        self._sign = -1 if direction == "in" else 1  # of the lane's x, for what lies ahead
        self._direction = direction
        self._paint = paint
        self._chance = np.random.default_rng(1)
        self._noise = self._chance.normal(0, 1, (size[1] + 64, size[0] + 64)).astype(np.float32)
        self._empty: dict[str, Image.Image] = {}

    def draw(self, scene: Scene, at_ns: int) -> Picture:
        """The lane at this instant: what moves has gone on since the scene was told."""
        light = scene.light if scene.light in DIM else "day"
        canvas = self._background(light).copy()
        lamps: list[tuple[float, float, float]] = []
        seconds = (at_ns - scene.at_ns) / 1e9
        near = sorted(((self._ahead(body, seconds), body) for body in scene.bodies), key=lambda each: -each[0][0])
        before_line = [(ahead, body) for ahead, body in near if ahead[0] > BEHIND_MM]
        for ahead, body in before_line:
            self._body(canvas, body, ahead, light, lamps)
        self._barrier(canvas, scene, light)
        for ahead, body in near[len(before_line) :]:
            self._body(canvas, body, ahead, light, lamps)
        return self._lit(canvas, light, lamps)

    def _ahead(self, body: Standing, seconds: float) -> tuple[float, float]:
        """How far away it begins and ends."""
        front = body.front_mm + body.speed_mm_s * seconds
        rear = front - body.length_mm if body.direction == "in" else front + body.length_mm
        ends = sorted((self._sign * front + BEHIND_MM, self._sign * rear + BEHIND_MM))
        return ends[0], ends[1]

    # --- what stands there ---

    def _body(
        self,
        canvas: Image.Image,
        body: Standing,
        ends: tuple[float, float],
        light: str,
        lamps: list[tuple[float, float, float]],
    ) -> None:
        near, far = ends
        if near < NEAREST_MM:
            return
        if body.length_mm < 2_000 or not body.plate:
            self._slim(canvas, body, near, light)
            return
        tone = PAINTS[body.id % len(PAINTS)]
        if body.high_mm >= TALL_MM:
            self._box(canvas, (near, far), 300, body.high_mm, tone, light)
            self._face(canvas, near, ((-SIDE_MM, 1_500), (SIDE_MM, 2_300)), (30, 38, 46), light)
        else:
            roof = float(body.high_mm)
            self._box(canvas, (near + 1_500, max(far, near + 1_600)), 800, roof, _shade(tone, 0.9), light)
            self._box(canvas, (near, far), 180, 900, tone, light)
            screen: list[Point] = [
                (near + 900, -SIDE_MM + 80, 905),
                (near + 900, SIDE_MM - 80, 905),
                (near + 1_500, SIDE_MM - 200, roof - 40),
                (near + 1_500, -SIDE_MM + 200, roof - 40),
            ]
            self._fill(canvas, screen, (28, 36, 44), light)
        self._face(canvas, near, ((-600, 560), (600, 700)), (22, 22, 24), light)
        for side in (-1, 1):
            self._face(canvas, near, ((side * 900, 60), (side * 640, 420)), (14, 14, 15), light)
            self._face(canvas, near, ((side * 860, 640), (side * 640, 760)), (240, 240, 225), light)
            (u, v), *_ = self._view.place([(near, side * 750.0, 700.0)])
            lamps.append((u, v, self._view.px_per_mm(near)))
        self._plate(canvas, body, near, light)

    def _slim(self, canvas: Image.Image, body: Standing, near: float, light: str) -> None:
        """People, bicycles, dogs: a shape of their height beside the lane's middle."""
        across = 700.0 if body.id % 2 else -500.0
        wide = 110.0 if body.high_mm < 700 else 260.0
        tone = PAINTS[body.id % len(PAINTS)]
        self._face(canvas, near, ((across - wide, 20), (across + wide, body.high_mm * 0.82)), tone, light)
        self._face(
            canvas, near, ((across - 110, body.high_mm * 0.84), (across + 110, body.high_mm)), (190, 150, 125), light
        )

    def _plate(self, canvas: Image.Image, body: Standing, near: float, light: str) -> None:
        wide, high = PLATE_MM
        corners = self._view.place(
            [
                (near, -wide / 2, PLATE_LOW_MM + high),
                (near, wide / 2, PLATE_LOW_MM + high),
                (near, wide / 2, PLATE_LOW_MM),
                (near, -wide / 2, PLATE_LOW_MM),
            ]
        )
        picture = self._paint(body.plate)
        moved_px = abs(body.speed_mm_s) * EXPOSED_S[light] / near * (corners[0][1] - self._view.size[1] / 2)
        _paste(canvas, picture, np.array(corners), max(DIM[light], 0.75), abs(moved_px))

    def _barrier(self, canvas: Image.Image, scene: Scene, light: str) -> None:
        raised = (1 - min(1.0, max(0.0, scene.open_share))) * 600
        if raised < 20 or BEHIND_MM < NEAREST_MM:
            return
        if scene.mover == "bollard":
            for across in (-1_600.0, 1_600.0):
                self._face(canvas, BEHIND_MM, ((across - 90, 0), (across + 90, raised)), (230, 120, 20), light)
        else:
            self._face(canvas, BEHIND_MM, ((-2_600, 250 + raised / 2), (2_600, 310 + raised / 2)), (220, 40, 40), light)

    # --- drawing ---

    def _box(
        self,
        canvas: Image.Image,
        ends: tuple[float, float],
        low: float,
        high: float,
        tone: Colour,
        light: str,
    ) -> None:
        """Top, the side that the camera sees, and front."""
        near, far = ends
        left, right = -SIDE_MM, SIDE_MM
        top: list[Point] = [(far, left, high), (far, right, high), (near, right, high), (near, left, high)]
        self._fill(canvas, top, _shade(tone, 1.1), light)
        side: list[Point] = [(far, left, high), (far, left, low), (near, left, low), (near, left, high)]
        self._fill(canvas, side, _shade(tone, 0.7), light)
        self._face(canvas, near, ((left, low), (right, high)), tone, light)

    def _face(
        self,
        canvas: Image.Image,
        ahead: float,
        box: tuple[tuple[float, float], tuple[float, float]],
        tone: Colour,
        light: str,
    ) -> None:
        (left, low), (right, high) = box
        corners: list[Point] = [(ahead, left, high), (ahead, right, high), (ahead, right, low), (ahead, left, low)]
        self._fill(canvas, corners, tone, light)

    def _fill(self, canvas: Image.Image, corners: list[Point], tone: Colour, light: str) -> None:
        if min(corner[0] for corner in corners) < NEAREST_MM:
            return
        ImageDraw.Draw(canvas).polygon(self._view.place(corners), fill=_shade(tone, DIM[light]))

    def _background(self, light: str) -> Image.Image:
        if light in self._empty:
            return self._empty[light]
        width, height = self._view.size
        canvas = Image.new("RGB", (width, height), _shade((150, 165, 180), DIM[light]))
        self._fill(
            canvas,
            [(60_000, -30_000, 0), (60_000, 30_000, 0), (1_000, 6_000, 0), (1_000, -6_000, 0)],
            (105, 112, 98),
            light,
        )
        self._fill(
            canvas,
            [(60_000, -2_000, 0), (60_000, 2_000, 0), (1_000, 2_000, 0), (1_000, -2_000, 0)],
            (86, 86, 88),
            light,
        )
        for across in (-2_000.0, 2_000.0):
            kerb: list[Point] = [(60_000, across, 0), (60_000, across, 120), (1_000, across, 120), (1_000, across, 0)]
            self._fill(canvas, kerb, (165, 165, 160), light)
        for number in range(6):  # houses along the street
            x, far = (number - 3) * 9_000.0 + 2_000, 40_000.0
            house: list[Point] = [(far, x, 6_000), (far, x + 7_000, 6_000), (far, x + 7_000, 0), (far, x, 0)]
            self._fill(canvas, house, PAINTS[number], light)
        self._empty[light] = canvas.filter(ImageFilter.GaussianBlur(1.2))
        return self._empty[light]

    def _lit(self, canvas: Image.Image, light: str, lamps: list[tuple[float, float, float]]) -> Picture:
        width, height = self._view.size
        if light == "rain":
            canvas = canvas.filter(ImageFilter.BoxBlur(0.6))
            draw_on = ImageDraw.Draw(canvas)
            for x, y in self._chance.integers(0, (width, height), (120, 2)).tolist():
                draw_on.line((x, y, x - 3, y + 26), fill=(150, 155, 160))
        values = np.asarray(canvas).astype(np.float32)
        if light == "night":
            for u, v, scale in lamps:
                _glow(values, u, v, 260 * scale)
        left, top = self._chance.integers(0, 64, 2)
        values += NOISE[light] * self._noise[top : top + height, left : left + width, None]
        return np.asarray(values.clip(0, 255).astype(np.uint8))


def _shade(tone: Colour, share: float) -> Colour:
    red, green, blue = (int(min(255.0, part * share)) for part in tone)
    return red, green, blue


def _glow(values: NDArray[np.float32], u: float, v: float, radius: float) -> None:
    """A lamp that shines into the camera."""
    height, width = values.shape[:2]
    left, right = max(0, int(u - 3 * radius)), min(width, int(u + 3 * radius))
    top, low = max(0, int(v - 3 * radius)), min(height, int(v + 3 * radius))
    if left >= right or top >= low:
        return
    y, x = np.mgrid[top:low, left:right]
    bright = 210 * np.exp(-((x - u) ** 2 + (y - v) ** 2) / (2 * max(radius, 1.0) ** 2))
    values[top:low, left:right] += bright[..., None].astype(np.float32)


def _paste(canvas: Image.Image, picture: Picture, corners: NDArray[np.float64], bright: float, blur_px: float) -> None:
    """Put a plate where its four corners (left top, right top, right low, left low) are."""
    from models.warp import projection

    low = np.floor(corners.min(axis=0)).astype(int) - 1
    high = np.ceil(corners.max(axis=0)).astype(int) + 1
    size = (int(high[0] - low[0]), int(high[1] - low[1]))
    if min(size) < 4 or max(size) > PERSPECTIVE_PX_MAX:
        return
    plate = Image.fromarray(picture)
    wide = max(8, round(float(np.linalg.norm(corners[1] - corners[0]))))
    tall = max(4, round(float(np.linalg.norm(corners[3] - corners[0]))))
    if wide < plate.width:  # smaller first: else a chance pixel of several is taken
        plate = plate.resize((wide, tall), Image.Resampling.LANCZOS)
    source = np.array([[0, 0], [plate.width, 0], [plate.width, plate.height], [0, plate.height]], dtype=np.float64)
    back = projection(corners - low, source).reshape(-1)[:8].tolist()
    shown = plate.point([min(255, round(value * bright)) for value in range(256)] * 3)
    mask = Image.new("L", plate.size, 255)
    laid = shown.transform(size, Image.Transform.PERSPECTIVE, back, Image.Resampling.BICUBIC)
    over = mask.transform(size, Image.Transform.PERSPECTIVE, back, Image.Resampling.BILINEAR)
    if blur_px > 1:
        laid = laid.filter(ImageFilter.BoxBlur((0, blur_px / 2)))
    canvas.paste(laid, (int(low[0]), int(low[1])), over)
