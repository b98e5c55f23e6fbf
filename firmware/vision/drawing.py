"""What was seen, drawn over the picture for a person to check; written beside whole or not at all, over no input.

A drawn picture shows plates and faces of people: it is readable by whoever made it, and by nobody else.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from models.drawn.faces import FontMissing, chinese_fonts
from models.warp import Picture

NAME_BYTES_MAX = 200  # of an input's name that a drawn picture's keeps; 255 are all that a name may have
NAMES_MAX = 10_000  # tries to find a free one
QUALITY = 92
ENDING = ".seen.jpg"
COLOURS = {
    "plates": (255, 215, 0),
    "vehicles": (64, 160, 255),
    "people": (255, 120, 40),
    "animals": (200, 140, 90),
    "faces": (235, 90, 200),
}
INK, GROUND = (255, 255, 255), (20, 20, 24)
LINE_SHARE, TEXT_SHARE = 0.0022, 0.02  # of the longer side
LINE_PX_MIN, TEXT_PX_MIN = 2, 14
LONGER_PX, ENLARGED_MAX = 960, 8  # a picture is enlarged up to about this
LONGER_PX_MAX = 4_096
LABEL_ROWS_MAX = 8  # of a box that are tried for what stands beside it


class Drawer:
    """Draws into one folder. `font_missing`: no font has Chinese letters, so that plates are numbered instead."""

    def __init__(
        self,
        folder: Path,
        inputs: Iterable[Path],
        fonts: Sequence[tuple[str, int]] | None = None,
        word: Callable[[str], str] = str,
    ) -> None:
        """The folder is made where it is not there. `word`: what people call a kind of thing. Raises OSError."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._inputs = {where for path in inputs if (where := _where(path)) is not None}
        self._taken: set[str] = set()
        self._word = word
        self._fonts = _chinese() if fonts is None else tuple(fonts)
        self.font_missing = not self._fonts

    def write(self, picture: Picture, found: dict[str, Any], of: Path, number: str = "") -> Path:
        """Draw what was found (looking.told) over a picture. Raises OSError."""
        image = self.drawn(picture, found)
        path = self._free(of, number)
        handle, aside = tempfile.mkstemp(prefix=".", suffix=".part", dir=self._folder)
        try:
            with open(handle, "wb") as file:
                image.save(file, "JPEG", quality=QUALITY)
                file.flush()
                os.fsync(file.fileno())
            os.replace(aside, path)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(aside)
            raise
        return path

    def drawn(self, picture: Picture, found: dict[str, Any]) -> Image.Image:
        """The picture with boxes, corners and texts; a small one enlarged, so that they can be told apart, a huge one
        made smaller."""
        image = Image.fromarray(picture)
        longer = max(image.size)
        times = min(ENLARGED_MAX, max(1, LONGER_PX // longer)) if longer <= LONGER_PX_MAX else LONGER_PX_MAX / longer
        image = image.resize((max(1, round(image.width * times)), max(1, round(image.height * times))))
        canvas = ImageDraw.Draw(image)
        line_px = max(LINE_PX_MIN, round(max(image.size) * LINE_SHARE))
        font = self._font(max(TEXT_PX_MIN, round(max(image.size) * TEXT_SHARE)))
        labels: list[tuple[str, list[float]]] = []
        for name in ("vehicles", "people", "animals", "faces"):
            for each in found.get(name, ()):
                box = [side * times for side in each["box"]]
                canvas.rectangle(box, outline=COLOURS[name], width=line_px)
                labels.append((f"{self._called(each.get('kind', 'face'))} {each['found']:.2f}", box))
        plates: list[tuple[str, list[float]]] = []
        for place, plate in enumerate(found.get("plates", ()), 1):
            corners = [(x * times, y * times) for x, y in plate["corners"]]
            canvas.line([*corners, corners[0]], fill=COLOURS["plates"], width=line_px)
            for corner in corners:
                canvas.circle(corner, 1.5 * line_px, fill=COLOURS["plates"])
            text = plate["text"] if not self.font_missing or plate["text"].isascii() else f"#{place}"
            plates.append((f"{text or '?'}  {plate['read']:.2f}", [side * times for side in plate["box"]]))
        taken = [box for _, box in plates]  # nothing is written over a plate, nor over what was written before
        for text, box in (*plates, *labels):
            _label(canvas, text, box, font, image.size, taken)
        return image

    def _called(self, kind: str) -> str:
        """As people say; by the model's own word where no font has theirs."""
        word = self._word(kind)
        return kind if self.font_missing and not word.isascii() else word

    def _font(self, size_px: int) -> Any:
        for path, index in self._fonts:
            try:
                return ImageFont.truetype(path, size_px, index=index)
            except OSError:
                continue
        self.font_missing = True
        return ImageFont.load_default(size_px)

    def _free(self, of: Path, number: str) -> Path:
        """A name that no input has, and nothing that was drawn now."""
        stem = os.fsdecode(os.fsencode(of.name)[:NAME_BYTES_MAX])
        for name in _names(stem, number):
            path = self._folder / name
            if name not in self._taken and _where(path) not in self._inputs:
                self._taken.add(name)
                return path
        raise FileExistsError(f"there is no free name for {of.name} in {self._folder}")


def _names(stem: str, number: str) -> Iterator[str]:
    whole = f"{stem}.{number}" if number else stem
    yield whole + ENDING
    for again in range(2, NAMES_MAX):
        yield f"{whole}.{again}{ENDING}"


def _where(path: Path) -> tuple[int, int] | None:
    """Which file this is, whatever its name; None where there is none."""
    try:
        found = path.stat()
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino


def _meet(one: Sequence[float], other: Sequence[float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _chinese() -> tuple[tuple[str, int], ...]:
    try:
        return chinese_fonts()
    except FontMissing:
        return ()


def _label(
    canvas: ImageDraw.ImageDraw,
    text: str,
    box: Sequence[float],
    font: Any,
    size: tuple[int, int],
    taken: list[list[float]],
) -> None:
    """Above the box where there is room, else below it or in it; always in the picture. It is added to `taken`."""
    left, top, right, bottom = canvas.textbbox((0, 0), text, font=font)
    wide, high = right - left + 6, bottom - top + 6
    x = max(0.0, min(box[0], size[0] - wide))
    rows = (box[1] - high, box[3], *(box[1] + row * high for row in range(LABEL_ROWS_MAX)))
    tops = [max(0.0, min(y, size[1] - high)) for y in rows if 0 <= y <= size[1] - high] or [0.0]
    free = (y for y in tops if not any(_meet((x, y, x + wide, y + high), other) for other in taken))
    y = next(free, tops[0])
    taken.append([x, y, x + wide, y + high])
    canvas.rectangle((x, y, x + wide, y + high), fill=GROUND)
    canvas.text((x + 3 - left, y + 3 - top), text, fill=INK, font=font)
