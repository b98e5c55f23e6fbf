"""What the road and the camera do to a plate: tilt, distance, motion, light, dirt, noise. u8[h, w, 3] RGB in, out."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
Quad = NDArray[np.float32]  # f32[4, 2]: left top, right top, right bottom, left bottom; pixels
Chance = np.random.Generator


def framed(chance: Chance, width: int, height: int, tilt: float) -> Quad:
    """Where a plate may lie in a crop of it: tilted, sheared, in perspective, a little loose or cut.

    `tilt`: 0 for a crop that was straightened already, 1 for the box around a plate seen from anywhere.
    """
    angle = np.clip(chance.normal(0, 0.07), -0.26, 0.26) * tilt
    shear = chance.normal(0, 0.10) * tilt
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], dtype=np.float64)
    corners[:, 0] += shear * corners[:, 1] / 3
    corners[:, 1] += angle * 3.0 * corners[:, 0]
    corners *= 1 + chance.normal(0, 0.02 + 0.03 * tilt, (4, 2))
    low, high = corners.min(axis=0), corners.max(axis=0)
    corners = (corners - low) / (high - low)
    margin = chance.normal(0.012, 0.025 if chance.random() < 0.7 else 0.05, 4).clip(-0.06, 0.16)
    x = margin[0] + corners[:, 0] * (1 - margin[0] - margin[1])
    y = margin[2] * 1.5 + corners[:, 1] * (1 - 1.5 * (margin[2] + margin[3]))
    return np.stack([x * width, y * height], axis=1).astype(np.float32)


def placed(plate: Picture, solid: Picture, ground: Picture, quad: Quad, corners: Quad | None = None) -> Picture:
    """The plate with its corners at `quad`, on `ground`. `corners`: where they are in `plate`, else its own."""
    height, width = plate.shape[:2]
    source = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32) if corners is None else corners
    turn = cv2.getPerspectiveTransform(source, quad)
    size = (ground.shape[1], ground.shape[0])
    shrink = float(np.linalg.norm(source[1] - source[0])) / max(1.0, float(np.linalg.norm(quad[1] - quad[0])))
    if shrink > 1.6:
        plate = cv2.GaussianBlur(plate, (0, 0), 0.3 * shrink)
    over = cv2.warpPerspective(plate, turn, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    where = cv2.warpPerspective(solid, turn, size, flags=cv2.INTER_LINEAR)[..., None].astype(np.float32) / 255
    return (over * where + ground * (1 - where)).astype(np.uint8)


def ground(chance: Chance, height: int, width: int, real: list[Picture]) -> Picture:
    """What is behind and beside a plate: a piece of a real picture, or a bumper's shades."""
    if real and chance.random() < 0.6:
        whole = real[int(chance.integers(0, len(real)))]
        h, w = (
            min(whole.shape[0], int(height * chance.uniform(0.7, 3))),
            min(whole.shape[1], int(width * chance.uniform(0.7, 3))),
        )
        y, x = int(chance.integers(0, whole.shape[0] - h + 1)), int(chance.integers(0, whole.shape[1] - w + 1))
        return cv2.resize(whole[y : y + h, x : x + w], (width, height), interpolation=cv2.INTER_AREA)
    few = chance.integers(0, 255, (int(chance.integers(1, 4)), int(chance.integers(1, 4)), 1)) + chance.normal(
        0, 12, (1, 1, 3)
    )
    return cv2.resize(few.clip(0, 255).astype(np.uint8), (width, height), interpolation=cv2.INTER_CUBIC)


def dirt(picture: Picture, chance: Chance) -> Picture:
    """Mud, scratches, worn paint."""
    height, width = picture.shape[:2]
    blots = chance.random((int(chance.integers(2, 9)), int(chance.integers(4, 24)))).astype(np.float32)
    mask = cv2.resize(blots, (width, height), interpolation=cv2.INTER_CUBIC)
    mask = ((mask - chance.uniform(0.55, 0.9)) * 4).clip(0, chance.uniform(0.3, 0.85))[..., None]
    colour = chance.uniform(20, 200) + chance.normal(0, 15, 3)
    return (picture * (1 - mask) + colour * mask).clip(0, 255).astype(np.uint8)


def light(picture: Picture, chance: Chance) -> Picture:
    """Exposure, white balance, haze, shadow, glare."""
    height, width = picture.shape[:2]
    work = picture.astype(np.float32) / 255
    if chance.random() < 0.35:  # a shadow, or a lamp from one side
        angle, offset = chance.uniform(0, 2 * np.pi), chance.uniform(-0.4, 0.4)
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        side = (np.cos(angle) * (x / width - 0.5) + np.sin(angle) * (y / height - 0.5) - offset) * chance.choice(
            [4.0, 25.0]
        )
        work *= 1 - chance.uniform(0.2, 0.65) / (1 + np.exp(-side))[..., None]
    if chance.random() < 0.12:  # glare
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        far = ((x - chance.uniform(0, width)) / (width * chance.uniform(0.08, 0.3))) ** 2 + (
            (y - chance.uniform(0, height)) / (height * chance.uniform(0.2, 0.7))
        ) ** 2
        work += chance.uniform(0.2, 0.9) * np.exp(-far)[..., None]
    if chance.random() < 0.25:  # less colour
        grey = work.mean(axis=2, keepdims=True)
        work = grey + (work - grey) * chance.uniform(0, 0.7)
    work *= np.exp(chance.normal(0, 0.13, 3)) * np.exp(chance.normal(-0.1, 0.4))
    work = work.clip(0, 1.6) ** np.exp(chance.normal(0, 0.25))
    if chance.random() < 0.45:  # haze: less contrast
        haze = chance.uniform(0.1, 0.75)
        work = work * (1 - haze) + haze * (chance.uniform(0.05, 0.9) + chance.normal(0, 0.04, 3))
    return (work * 255).clip(0, 255).astype(np.uint8)


def sight(picture: Picture, chance: Chance, far: float = 1.0) -> Picture:
    """Few pixels, motion, focus, noise, compression. `far`: how bad it may be."""
    height, width = picture.shape[:2]
    if chance.random() < 0.3 * far:
        length = int(chance.integers(2, 8))
        kernel = np.zeros((length, length), np.float32)
        turn = chance.uniform(0, np.pi)
        for step in np.linspace(-1, 1, 2 * length):
            kernel[
                round((length - 1) * (0.5 + 0.5 * step * np.sin(turn))),
                round((length - 1) * (0.5 + 0.5 * step * np.cos(turn))),
            ] = 1
        picture = cv2.filter2D(picture, -1, kernel / kernel.sum())
    if chance.random() < 0.5:
        picture = cv2.GaussianBlur(picture, (0, 0), chance.uniform(0.3, 0.4 + 1.3 * far))
    small = chance.random() < 0.65
    if small:
        part = chance.uniform(0.30 if far > 0.5 else 0.55, 1.0)
        picture = cv2.resize(
            picture, (max(24, int(width * part)), max(9, int(height * part))), interpolation=cv2.INTER_AREA
        )
    if chance.random() < 0.6:
        picture = (picture + chance.normal(0, chance.uniform(1, 11), picture.shape)).clip(0, 255).astype(np.uint8)
    if chance.random() < 0.5:
        done, packed = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, int(chance.integers(25, 96))])
        if done:
            picture = cv2.imdecode(packed, cv2.IMREAD_COLOR)
    if small:
        how = (cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_NEAREST)[int(chance.choice(3, p=[0.6, 0.3, 0.1]))]
        picture = cv2.resize(picture, (width, height), interpolation=how)
    return picture
