"""Where the reader's training pictures come from: plates drawn once and spoiled anew each time, and real ones."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from models.drawn.plate import any_plate
from models.plates.alphabet import BLANK, INDEX
from models.train.scenes import corners_of
from models.train.spoil import Chance, Picture, Quad, dirt, framed, ground, light, placed, sight

HEIGHT, WIDTH, TEXT_MAX = 48, 144, 9
CHINESE = ("blue",) * 9 + ("green",) * 4 + ("green_large", "yellow", "yellow", "white", "black")
LATIN = ("eu",) * 6 + ("eu_yellow",) * 2 + ("br_old",) * 3 + ("br",) * 3 + ("us",) * 6
DOUBLE = ("yellow_double",)


class Plate(NamedTuple):
    """A whole plate before it is spoiled: RGB, where it is solid, its text, and where it lies if not everywhere."""

    picture: Picture
    solid: Picture
    text: str
    corners: Quad | None = None


class Sources(NamedTuple):
    """All that batches are drawn from."""

    chinese: list[Plate]
    latin: list[Plate]
    real_chinese: list[Plate]
    real_latin: list[Plate]
    grounds: list[Picture]


def drawn(count: int, names: tuple[str, ...], seed: int) -> list[Plate]:
    chance = np.random.default_rng(seed)
    made = []
    for _ in range(count):
        one = any_plate(chance, names, 0.5)
        made.append(Plate(one.picture, one.solid, one.text))
    return made


def labelled(folder: Path) -> list[Plate]:
    """Real crops of a folder with labels.csv (file, plate)."""
    made = []
    with (folder / "labels.csv").open(encoding="utf-8") as rows:
        for row in csv.DictReader(rows):
            picture = cv2.imread(str(folder / row["file"]))
            if picture is None or any(letter not in INDEX for letter in row["plate"]) or len(row["plate"]) > TEXT_MAX:
                continue
            picture = cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
            made.append(Plate(picture, np.full(picture.shape[:2], 255, np.uint8), row["plate"]))
    return made


def in_scenes(folder: Path) -> list[Plate]:
    """The plates of labelled scenes with what is around them, so that a frame that is not exact shows what is there."""
    made = []
    with (folder / "labels.csv").open(encoding="utf-8") as rows:
        for row in csv.DictReader(rows):
            if any(letter not in INDEX for letter in row["plate"]) or len(row["plate"]) > TEXT_MAX:
                continue
            whole = cv2.cvtColor(cv2.imread(str(folder / row["file"])), cv2.COLOR_BGR2RGB)
            corners = corners_of(row)
            low, high = corners.min(axis=0), corners.max(axis=0)
            around = 0.4 * (high[1] - low[1])
            left, top = np.maximum(0, low - around).astype(int)
            right, bottom = np.ceil(high + around).astype(int)
            picture = np.ascontiguousarray(whole[top:bottom, left:right])
            solid = np.full(picture.shape[:2], 255, np.uint8)
            made.append(Plate(picture, solid, row["plate"], (corners - [left, top]).astype(np.float32)))
    return made


def evened(plates: list[Plate]) -> list[Plate]:
    """The same, those of rare first characters repeated: by the root of how rarer they are than the most frequent.

    Else a reader takes what it cannot make out for the province that most of its pictures came from.
    """
    often = Counter(each.text[0] for each in plates)
    most = max(often.values())
    return [each for each in plates for _ in range(round((most / often[each.text[0]]) ** 0.5))]


def grounds(folder: Path) -> list[Picture]:
    """Pieces of real scenes below and above the plates."""
    pieces = []
    with (folder / "labels.csv").open(encoding="utf-8") as rows:
        for row in csv.DictReader(rows):
            picture = cv2.cvtColor(cv2.imread(str(folder / row["file"])), cv2.COLOR_BGR2RGB)
            y, height = int(row["y"]), int(row["h"])
            for piece in (picture[: max(0, y - height)], picture[y + 2 * height :]):
                if min(piece.shape[:2]) >= 60:
                    pieces.append(piece)
    return pieces


def sized(picture: Picture) -> Picture:
    """A whole crop in the size that the reader takes."""
    how = cv2.INTER_LINEAR if picture.shape[1] < WIDTH else cv2.INTER_AREA
    return np.asarray(cv2.resize(picture, (WIDTH, HEIGHT), interpolation=how), np.uint8)


def rows_in_line(plate: Plate) -> Plate:
    """A plate of two rows as one: the upper row, then the lower one. What the reader gets of such a plate."""
    height, width = plate.picture.shape[:2]
    cut = round(height * 0.375)
    upper, lower = plate.picture[:cut], plate.picture[cut:]
    upper = cv2.resize(
        upper[:, width // 6 : -width // 6], (round(width * 0.45), height - cut), interpolation=cv2.INTER_LINEAR
    )
    whole = np.concatenate([upper, lower], axis=1)
    return Plate(whole, np.full(whole.shape[:2], 255, np.uint8), plate.text)


def one_drawn(chance: Chance, plates: list[Plate], behind: list[Picture], hard: float) -> tuple[Picture, str]:
    """A drawn plate; `hard`: how likely all of it is spoiled, 0..1."""
    plate = plates[int(chance.integers(0, len(plates)))]
    picture = plate.picture
    spoiled = chance.random() < hard
    if spoiled and chance.random() < 0.3:
        picture = dirt(picture, chance)
    quad = framed(chance, WIDTH, HEIGHT, float(chance.choice([0.25, 0.6, 1.0])) if spoiled else 0.1)
    picture = placed(picture, plate.solid, ground(chance, HEIGHT, WIDTH, behind), quad)
    return (sight(light(picture, chance), chance) if spoiled else picture), plate.text


def one_real(chance: Chance, plates: list[Plate], behind: list[Picture]) -> tuple[Picture, str]:
    """A real one is spoiled already: a little more light and frame, so that it is not learnt by heart."""
    plate = plates[int(chance.integers(0, len(plates)))]
    quad = framed(chance, WIDTH, HEIGHT, float(chance.choice([0.0, 0.3, 0.6])))
    picture = placed(plate.picture, plate.solid, ground(chance, HEIGHT, WIDTH, behind), quad, plate.corners)
    if chance.random() < 0.7:
        picture = light(picture, chance)
    if chance.random() < 0.5:
        picture = sight(picture, chance, 0.3)
    return picture, plate.text


def batch(
    chance: Chance, sources: Sources, size: int, real: float, hard: float = 1.0
) -> tuple[Picture, NDArray[np.int32], NDArray[np.int32]]:
    """u8[size, 48, 144, 3], labels i32[size, 9], lengths i32[size].

    `real`: the share of real pictures; `hard`: of spoiled ones among the drawn.
    """
    pictures = np.empty((size, HEIGHT, WIDTH, 3), np.uint8)
    labels, lengths = np.full((size, TEXT_MAX), BLANK, np.int32), np.empty(size, np.int32)
    for index in range(size):
        draw = chance.random()
        if draw < real * 0.78:
            picture, text = one_real(chance, sources.real_chinese, sources.grounds)
        elif draw < real:
            picture, text = one_real(chance, sources.real_latin, sources.grounds)
        elif chance.random() < 0.66:
            picture, text = one_drawn(chance, sources.chinese, sources.grounds, hard)
        else:
            picture, text = one_drawn(chance, sources.latin, sources.grounds, hard)
        pictures[index] = picture
        lengths[index] = len(text)
        labels[index, : len(text)] = [INDEX[letter] for letter in text]
    return pictures, labels, lengths
