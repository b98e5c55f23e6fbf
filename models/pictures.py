"""A picture file as u8[h, w, 3] RGB, whatever it holds; what cannot be one is refused with a reason.

Grey, palette, CMYK and 16 bit become 8 bit RGB; what is transparent lies on white; a picture that a telephone keeps
turned (EXIF) stands upright; of several in one file the first is taken, and that is said.
"""

from __future__ import annotations

import io
import os
import stat
import struct
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError, WebPImagePlugin

from models.warp import Picture

# What cameras, telephones and pages write (MPO is found as JPEG). Others run programs (EPS), or their library writes
# onto the terminal what it finds wrong (TIFF).
FORMATS = ("JPEG", "PNG", "BMP", "GIF", "PPM", WebPImagePlugin.WebPImageFile.format or "")
BYTES_MAX = 64 << 20
PIXELS_MAX = 64_000_000  # 192 MB as RGB; a telephone's largest have 50 million
SIDE_PX_MAX = 16_384
ORIENTATION = 0x0112  # EXIF 2.32, 4.6.4 A: how the rows and columns lie
ODD_NOTES = (OSError, ValueError, TypeError, LookupError, ArithmeticError, SyntaxError, AttributeError, struct.error)
DEEP = ("I;16", "I;16L", "I;16B", "I;16N")
WHITE = 255
PIECE_ROWS = 512


class PictureError(Exception):
    """A file is no picture or film that can be taken. `word`: which reason (WHY); `values` fill it in."""

    def __init__(self, word: str, **values: object) -> None:
        super().__init__(WHY[word].format(**values))
        self.word = word
        self.values = values


WHY = {
    "unreadable": "cannot be read ({why})",
    "folder": "is a folder: name the files in it",
    "special": "is no ordinary file",
    "empty": "is empty",
    "heavy": "has {mib} MiB; at most {most} are taken",
    "large": "is {width} x {height} pixels large; at most {most} million are taken, and {side} on a side",
    "huge": "is too large: at most {most} million pixels are taken, and {side} on a side",
    "unknown": "is no picture ({pictures}) and no film that can be read",
    "broken": "is damaged or cut off ({why})",
    "mode": "has pixels of a kind that is not taken ({mode})",
    "no_pictures": "is a film without one whole picture",
    "stalled": "gives no more pictures: it cannot be read to its end",
}


class Taken(NamedTuple):
    """A picture, and how many its file holds: the first one was taken."""

    picture: Picture
    pictures: int = 1


def load(path: Path) -> Picture:
    """The picture of a file, u8[h, w, 3] RGB, upright. Raises PictureError."""
    return taken(path).picture


def taken(path: Path) -> Taken:
    """As `load`, and how many pictures there were. Raises PictureError."""
    return decoded(content_of(path))


def opened(path: Path) -> BinaryIO:
    """An ordinary file that is not empty, open to be read. Raises PictureError."""
    try:
        # A FIFO without a writer would keep an ordinary open() waiting for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except (OSError, ValueError) as error:
        raise PictureError("unreadable", why=getattr(error, "strerror", None) or str(error)) from error
    found = os.fstat(descriptor)
    word = "folder" if stat.S_ISDIR(found.st_mode) else "" if stat.S_ISREG(found.st_mode) else "special"
    if word or not found.st_size:
        os.close(descriptor)
        raise PictureError(word or "empty")
    return open(descriptor, "rb")


def content_of(path: Path, most: int = BYTES_MAX) -> bytes:
    """All bytes of an ordinary file. Raises PictureError."""
    with opened(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > most:
            raise PictureError("heavy", mib=size >> 20, most=most >> 20)
        try:
            content = file.read(most + 1)
        except (OSError, MemoryError) as error:
            raise PictureError("unreadable", why=getattr(error, "strerror", None) or "no memory") from error
    if not content:
        raise PictureError("empty")
    if len(content) > most:
        raise PictureError("heavy", mib=len(content) >> 20, most=most >> 20)
    return content


def decoded(content: bytes) -> Taken:
    """The picture that these bytes are. Raises PictureError."""
    # Pillow warns of what is odd, and goes on; too many pixels are looked for by ourselves, and by it as an error.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(io.BytesIO(content), formats=FORMATS) as image:
                check_size(image.width, image.height)
                pictures = int(getattr(image, "n_frames", 1)) if getattr(image, "is_animated", False) else 1
                image.seek(0)
                turned = _orientation(image)
                return Taken(upright(_rgb(image), turned), pictures)
        except PictureError:
            raise
        except UnidentifiedImageError as error:
            raise PictureError("unknown", pictures=", ".join(FORMATS)) from error
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise PictureError("huge", most=PIXELS_MAX // 1_000_000, side=SIDE_PX_MAX) from error
        except Exception as error:  # a decoder on bytes that anybody made: it may raise anything
            why = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise PictureError("broken", why=" ".join(why.split())[:80]) from error


def check_size(width: int, height: int) -> None:
    """Refuse what would not fit. Raises PictureError."""
    if min(width, height) < 1:
        raise PictureError("broken", why=f"{width} x {height} pixels")
    if width * height > PIXELS_MAX or max(width, height) > SIDE_PX_MAX:
        raise PictureError("large", width=width, height=height, most=PIXELS_MAX // 1_000_000, side=SIDE_PX_MAX)


def upright(picture: Picture, orientation: int) -> Picture:
    """A picture as it should be seen, of how EXIF says that it lies (1 to 8; all others lie as they are)."""
    if orientation in (5, 6, 7, 8):
        picture = picture.swapaxes(0, 1)
    if orientation in (3, 4, 7, 8):
        picture = picture[::-1]
    if orientation in (2, 3, 6, 7):
        picture = picture[:, ::-1]
    return np.ascontiguousarray(picture)


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(ORIENTATION, 1))
    except ODD_NOTES:  # damaged notes beside a picture that may be sound: it lies as it is
        return 1


def _rgb(image: Image.Image) -> Picture:
    mode = image.mode
    if mode in DEEP or mode == "I":
        return _grey(np.asarray(image))
    if mode == "F":
        raise PictureError("mode", mode="F")
    if mode in ("LA", "PA", "La", "RGBA", "RGBa") or (mode in ("P", "L", "RGB", "1") and "transparency" in image.info):
        return _array(image, _on_white)
    try:
        return _array(image if mode == "RGB" else image.convert("RGB"))
    except ValueError as error:
        if mode in ("1", "L", "P", "RGB", "RGBX", "CMYK", "YCbCr", "HSV"):
            raise
        raise PictureError("mode", mode=mode) from error


def _on_white(piece: Image.Image) -> Image.Image:
    above = piece.convert("RGBA")
    below = Image.new("RGBA", above.size, (WHITE, WHITE, WHITE, WHITE))
    return Image.alpha_composite(below, above).convert("RGB")


def _array(image: Image.Image, in_colours: Callable[[Image.Image], Image.Image] = lambda piece: piece) -> Picture:
    """All pixels of an RGB image, or of what its pieces become. Pillow holds two more copies of what it hands over."""
    image.load()
    whole = np.empty((image.height, image.width, 3), np.uint8)
    for top in range(0, image.height, PIECE_ROWS):
        low = min(image.height, top + PIECE_ROWS)
        whole[top:low] = np.asarray(in_colours(image.crop((0, top, image.width, low))))
    return whole


def _grey(deep: NDArray[np.generic]) -> Picture:
    """16 bit grey: the upper 8 bits; what is beyond is white."""
    grey = (deep.astype(np.int64).clip(0, 0xFFFF) >> 8).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=2)
