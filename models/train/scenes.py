"""Training pictures of the plate detector: real scenes with drawn plates for their own, and plates where none was."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from models.drawn.plate import Drawn
from models.train.spoil import Chance, Picture, Quad, light, sight

SIDE = 320  # of a training picture
STRIDE = 8
NARROW_PX, WIDE_PX = 16.0, 230.0  # widths of plates
ELSEWHERE = 0.25  # of the pictures show any place of their scene: what has no plate is to be learnt, too
KINDS = (
    ("blue",) * 6
    + ("green",) * 4
    + ("green_large", "yellow", "yellow_double", "yellow_double", "white", "black")
    + ("eu",) * 4
    + ("eu_yellow", "eu_yellow", "br_old", "br_old", "br", "us", "us", "us", "us")
)


class Scene(NamedTuple):
    """A real picture, RGB, whole and halved and halved again, and the corners of its plates in the whole one."""

    levels: list[Picture]
    quads: list[Quad]

    @property
    def picture(self) -> Picture:
        return self.levels[0]


def halved(picture: Picture, times: int = 3) -> list[Picture]:
    """The picture and its halves: a warp reads the one that is next above its own scale."""
    levels = [picture]
    for _ in range(times):
        levels.append(cv2.pyrDown(levels[-1]))
    return levels


def ordered(points: NDArray[np.float32]) -> Quad:
    """Corners of a plate as left top, right top, right bottom, left bottom."""
    middle = points.mean(axis=0)
    turned = points[np.argsort(np.arctan2(points[:, 1] - middle[1], points[:, 0] - middle[0]))]
    # The long sides are the upper and the lower one.
    if np.linalg.norm(turned[1] - turned[0]) < np.linalg.norm(turned[2] - turned[1]):
        turned = np.roll(turned, 1, axis=0)
    if turned[:2, 1].mean() > turned[2:, 1].mean():
        turned = np.roll(turned, 2, axis=0)
    return turned.astype(np.float32)


def corners_of(row: dict[str, str]) -> Quad:
    """The corners of a labelled plate: of its own, of its turned box, or of its box."""
    if "corners_rb_lb_lt_rt" in row:
        points = [[float(part) for part in each.split("&")] for each in row["corners_rb_lb_lt_rt"].split("_")]
    elif "rotation" in row:
        box = ((float(row["cx"]), float(row["cy"])), (float(row["rw"]), float(row["rh"])), float(row["rotation"]))
        points = cv2.boxPoints(box)
    else:
        x, y, w, h = (float(row[key]) for key in ("x", "y", "w", "h"))
        points = [[x, y], [x + w, y], [x + w, y + h], [x, y + h]]
    return ordered(np.array(points, np.float32))


def labelled(folder: Path) -> list[Scene]:
    """Scenes of a folder with labels.csv."""
    found: dict[str, list[Quad]] = {}
    with (folder / "labels.csv").open(encoding="utf-8") as rows:
        for row in csv.DictReader(rows):
            found.setdefault(row["file"], []).append(corners_of(row))
    return [
        Scene(halved(cv2.cvtColor(cv2.imread(str(folder / name)), cv2.COLOR_BGR2RGB)), quads)
        for name, quads in found.items()
    ]


def put(scene: Picture, plate: Picture, solid: Picture, quad: Quad, chance: Chance) -> None:
    """Draw a plate into a scene, as bright as what was there."""
    height, width = plate.shape[:2]
    low, high = np.floor(quad.min(axis=0)).astype(int) - 2, np.ceil(quad.max(axis=0)).astype(int) + 3
    low, high = np.maximum(low, 0), np.minimum(high, [scene.shape[1], scene.shape[0]])
    if (high - low).min() < 3:
        return
    there = scene[low[1] : high[1], low[0] : high[0]]
    shrink = width / max(1.0, float(np.linalg.norm(quad[1] - quad[0])))
    if shrink > 1.3:
        plate = cv2.GaussianBlur(plate, (0, 0), 0.4 * shrink)
    source = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    turn = cv2.getPerspectiveTransform(source, (quad - low).astype(np.float32))
    size = (there.shape[1], there.shape[0])
    over = cv2.warpPerspective(plate, turn, size, borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
    where = cv2.warpPerspective(solid, turn, size)[..., None].astype(np.float32) / 255
    gain = np.clip(there.mean() / 128, 0.15, 1.2) * np.exp(chance.normal(0.1, 0.3))
    there[:] = (np.clip(over * gain, 0, 255) * where + there * (1 - where)).astype(np.uint8)


def somewhere(chance: Chance, kind_ratio: float, width: float, side: int) -> Quad:
    """A plate's corners anywhere in a picture, seen from anywhere."""
    angle, shear = chance.normal(0, 0.12), chance.normal(0, 0.2)
    squeeze = chance.uniform(0.6, 1.0)
    shape = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float64) * [width / 2 * squeeze, width / kind_ratio / 2]
    shape[:, 1] += np.tan(shear * 0.5) * shape[:, 0]
    shape *= 1 + chance.normal(0, 0.03, (4, 2))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return (shape @ turn.T + chance.uniform(0, side, 2)).astype(np.float32)


def sign(scene: Picture, chance: Chance) -> None:
    """Letters that are no plate: a shop's sign, a brand, and what cameras write into their pictures."""
    colour = tuple(int(part) for part in chance.integers(0, 255, 3))
    if chance.random() < 0.4:
        numbers = [int(each) for each in chance.integers(0, 60, 3)]
        words = str(chance.choice(list(":/-."))).join(f"{each:02d}" for each in numbers)
        if chance.random() < 0.5:
            colour = (255, 255, 255)
    else:
        words = "".join(chr(int(each)) for each in chance.integers(33, 91, int(chance.integers(2, 12))))
    at = (int(chance.integers(-20, SIDE)), int(chance.integers(0, SIDE)))
    if chance.random() < 0.4:
        back = tuple(int(part) for part in chance.integers(0, 255, 3))
        left_top = (at[0] - 5, at[1] - int(chance.integers(15, 60)))
        cv2.rectangle(scene, left_top, (at[0] + int(chance.integers(30, 200)), at[1] + 8), back, -1)
    size, thick = float(chance.uniform(0.3, 2.0)), int(chance.integers(1, 4))
    cv2.putText(scene, words, at, int(chance.integers(0, 8)), size, colour, thick, cv2.LINE_AA)


def sample(chance: Chance, scenes: list[Scene], plates: list[Drawn]) -> tuple[Picture, list[Quad]]:
    """One training picture u8[320, 320, 3] and the corners of its plates."""
    scene = scenes[int(chance.integers(0, len(scenes)))]
    height, width = scene.picture.shape[:2]
    anchor = scene.quads[int(chance.integers(0, len(scene.quads)))]
    wide = float(np.linalg.norm(anchor[1] - anchor[0]))
    wanted = float(np.exp(chance.uniform(np.log(NARROW_PX), np.log(WIDE_PX))))
    scale = float(np.clip(wanted / wide, 220 / min(height, width), 2.2))
    middle = anchor.mean(axis=0)
    if chance.random() < ELSEWHERE:
        middle = np.array([chance.uniform(0, width), chance.uniform(0, height)])
    place = chance.uniform(0.1, 0.9, 2) * SIDE
    flip = chance.random() < 0.5
    move = np.array([[scale, 0, place[0] - scale * middle[0]], [0, scale, place[1] - scale * middle[1]]], np.float32)
    angle = chance.normal(0, 0.05)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]], np.float32)
    move = np.concatenate([turn @ move[:, :2], (turn @ (move[:, 2] - SIDE / 2) + SIDE / 2)[:, None]], axis=1)
    level = int(np.clip(np.floor(np.log2(1 / scale)), 0, len(scene.levels) - 1))
    near = move.copy()
    near[:, :2] *= 2**level
    edge = tuple(int(part) for part in chance.integers(0, 255, 3)) if chance.random() < 0.5 else (114, 114, 114)
    picture = cv2.warpAffine(scene.levels[level], near, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderValue=edge)
    quads = [quad @ move[:, :2].T + move[:, 2] for quad in scene.quads]
    if flip:
        picture = np.ascontiguousarray(picture[:, ::-1])
        quads = [(quad * [-1, 1] + [SIDE, 0])[[1, 0, 3, 2]] for quad in quads]
    kept = []
    for quad in quads:
        if flip or chance.random() < 0.6:
            plate = plates[int(chance.integers(0, len(plates)))]
            grown = quad.mean(axis=0) + (quad - quad.mean(axis=0)) * chance.uniform(1.0, 1.12)
            ratio = plate.kind.width_mm / plate.kind.height_mm
            if ratio < 2.5:  # a plate of two rows, or an American one, is higher
                up = (grown[0] - grown[3]) * (3.2 / ratio - 1) * 0.6
                grown[:2] += up / 2
                grown[2:] -= up / 2
            quad = grown.astype(np.float32)
            put(picture, plate.picture, plate.solid, quad, chance)
        kept.append(quad.astype(np.float32))
    for _ in range(int(chance.choice([0, 1, 2], p=[0.45, 0.35, 0.2]))):
        plate = plates[int(chance.integers(0, len(plates)))]
        size = float(np.exp(chance.uniform(np.log(NARROW_PX), np.log(WIDE_PX))))
        quad = somewhere(chance, plate.kind.width_mm / plate.kind.height_mm, size, SIDE)
        if any(
            np.abs(quad.mean(axis=0) - other.mean(axis=0)).max()
            < (np.ptp(quad, axis=0) + np.ptp(other, axis=0)).max() * 0.6
            for other in kept
        ):
            continue
        put(picture, plate.picture, plate.solid, quad, chance)
        kept.append(quad)
    for _ in range(int(chance.choice([0, 1, 2, 3], p=[0.5, 0.25, 0.15, 0.1]))):
        sign(picture, chance)
    picture = light(picture, chance)
    if chance.random() < 0.6:
        picture = sight(picture, chance, 0.25)
    return picture, kept


def targets(quads: list[Quad]) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]:
    """What the net should answer: heat f32[40, 40], corners f32[40, 40, 8] in strides, and where corners count."""
    cells = SIDE // STRIDE
    heat, corners, weight = (
        np.zeros((cells, cells), np.float32),
        np.zeros((cells, cells, 8), np.float32),
        np.zeros((cells, cells), np.float32),
    )
    y, x = np.mgrid[0:cells, 0:cells].astype(np.float32)
    for quad in sorted(quads, key=lambda each: -float(np.ptp(each, axis=0).max())):
        middle = quad.mean(axis=0) / STRIDE - 0.5
        if not (-0.5 <= middle[0] < cells - 0.5 and -0.5 <= middle[1] < cells - 0.5):
            continue
        spread = np.maximum(np.ptp(quad, axis=0) / STRIDE / 7, 0.55)
        bell = np.exp(-0.5 * (((x - middle[0]) / spread[0]) ** 2 + ((y - middle[1]) / spread[1]) ** 2))
        peak = (
            int(np.clip(round(float(middle[1])), 0, cells - 1)),
            int(np.clip(round(float(middle[0])), 0, cells - 1)),
        )
        bell[peak] = 1.0
        own = (bell > 0.35) & (bell > heat)
        heat = np.maximum(heat, bell)
        for index, (cx, cy) in enumerate(quad / STRIDE - 0.5):
            corners[..., 2 * index][own] = cx - x[own]
            corners[..., 2 * index + 1][own] = cy - y[own]
        weight[own] = 1.0 / max(1.0, float(np.ptp(quad, axis=0).max()) / 40)
    return heat, corners, weight
