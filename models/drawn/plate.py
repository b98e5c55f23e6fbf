"""Draws one number plate, new and clean, seen from the front: RGB and where it is solid. Wear and light come later."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from models.drawn.faces import chinese_fonts, has_strokes, latin_fonts, line, printed, small_fonts, stroked
from models.drawn.kinds import KINDS, LATIN, Cell, Chance, Colour, Kind, pick
from models.drawn.strokes import Style

WEIGHTS = (7.0, 8.5, 10.0, 11.5, 13.0, 15.0)
SEEDS = 12  # sets of strokes that differ by their shake
SQUARE = 0.45  # how round the corners are of letters that fill their boxes, as many states have them
US_GROUNDS = (
    (250, 250, 250),
    (235, 240, 250),
    (150, 190, 235),
    (250, 235, 150),
    (245, 160, 70),
    (200, 70, 60),
    (120, 170, 90),
    (20, 50, 130),
    (180, 180, 185),
    (245, 225, 200),
)
US_INKS = ((15, 25, 90), (20, 20, 24), (150, 20, 30), (10, 70, 50), (250, 250, 250), (60, 30, 20))
FILL = ("dot", "dash", "blot", "space", "space")
EU_FILL = ("dash", "seals", "seals", "seals and dash", "seals and dash", "seal", "space", "dot")
ARMS = ((200, 30, 40), (30, 60, 160), (245, 245, 245), (230, 190, 40), (30, 120, 60), (20, 20, 24))


class Drawn(NamedTuple):
    """A plate: u8[h, w, 3] RGB, its mask u8[h, w] (rounded corners are not of it), what it says, of what kind."""

    picture: NDArray[np.uint8]
    solid: NDArray[np.uint8]
    text: str
    kind: Kind


class _Type(NamedTuple):
    """One face for all Latin letters of a plate, one for its Chinese ones."""

    style: Style | None
    font: tuple[str, int]
    chinese: tuple[str, int]
    heavier_px: int


def draw(kind: Kind, text: str, chance: Chance, px_per_mm: float = 0.6) -> Drawn:
    """Draw `text` as a plate of this kind; what may vary between two plates is drawn from `chance`.

    Spaces and dashes of `text` are gaps, and are no part of what the plate says. Raises FontMissing.
    """
    width, height = round(kind.width_mm * px_per_mm), round(kind.height_mm * px_per_mm)
    ground, ink = _colours(kind, chance)
    picture = _ground(ground, width, height)
    if kind.region == "us":
        picture, ink = _american(picture, chance, px_per_mm)
    elif kind.region in ("eu", "br"):
        _band(picture, kind, chance, px_per_mm)
    types = _types(kind, chance)
    cells = kind.cells(text)
    bare = chance.random() < kind.bare_ones
    _border(picture, kind, ink, chance, px_per_mm)
    canvas = Image.fromarray(picture)
    for cell in cells:
        red = cell.letter in kind.red and cell is cells[-1]
        shown = cell._replace(letter="I") if bare and cell.letter == "1" else cell
        _letter(canvas, shown, types, (200, 25, 30) if red else ink, px_per_mm)
    _between(canvas, kind, cells, ink, chance, px_per_mm)
    _screws(canvas, kind, chance, px_per_mm)
    return Drawn(np.asarray(canvas), _solid(width, height, px_per_mm), text.replace(" ", ""), kind)


def any_plate(chance: Chance, names: tuple[str, ...] = tuple(KINDS), px_per_mm: float = 0.6) -> Drawn:
    """Draw a plate of one of these kinds with a text of its own."""
    kind = KINDS[names[int(chance.integers(0, len(names)))]]
    return draw(kind, kind.text(chance), chance, px_per_mm)


def _near(colour: Colour, chance: Chance, spread: float) -> Colour:
    red, green, blue = (int(np.clip(part + chance.normal(0, spread), 0, 255)) for part in colour)
    return red, green, blue


def _colours(kind: Kind, chance: Chance) -> tuple[list[Colour], Colour]:
    return [_near(each, chance, 14) for each in kind.ground], _near(kind.ink, chance, 8)


def _ground(colours: list[Colour], width: int, height: int) -> NDArray[np.uint8]:
    if len(colours) == 1:
        return np.full((height, width, 3), colours[0], np.uint8)
    part = np.linspace(0, 1, height)[:, None]
    rows = (1 - part) * np.array(colours[0]) + part * np.array(colours[-1])
    return np.repeat(rows[:, None, :], width, axis=1).astype(np.uint8)


def _types(kind: Kind, chance: Chance) -> _Type:
    fonts, chinese = latin_fonts(), chinese_fonts()
    own = chance.random() < (0.75 if kind.region == "cn" else 0.5) or not fonts
    style = None
    if own:
        seed = int(chance.integers(0, SEEDS))
        style = Style(
            weight=WEIGHTS[int(chance.integers(0, len(WEIGHTS)))]
            if kind.region != "cn"
            else WEIGHTS[int(chance.integers(1, 5))],
            roundness=(1.0, 0.8, 1.15)[seed % 3] if kind.region == "cn" or chance.random() < 0.6 else SQUARE,
            slant=(0.0, 0.0, 0.03)[seed % 3],
            shake=0.0 if seed == 0 else 0.9,
            seed=seed,
        )
    font = fonts[int(chance.integers(0, len(fonts)))] if fonts else chinese[0]
    return _Type(style, font, chinese[int(chance.integers(0, len(chinese)))], int(chance.choice([0, 0, 0, 2, 4])))


def _letter(canvas: Image.Image, cell: Cell, types: _Type, ink: Colour, scale: float) -> None:
    width, height = max(3, round(cell.width * scale)), max(5, round(cell.height * scale))
    if not has_strokes(cell.letter):
        mask = printed(cell.letter, width, height, types.chinese, types.heavier_px)
    elif types.style is not None:
        mask = stroked(cell.letter, width, height, types.style)
    else:
        mask = printed(cell.letter, width, height, types.font)
    canvas.paste(ink, (round(cell.x * scale), round(cell.y * scale)), Image.fromarray(mask))


def _border(picture: NDArray[np.uint8], kind: Kind, ink: Colour, chance: Chance, scale: float) -> None:
    if kind.region == "us" or chance.random() < 0.15:
        return
    inset, thick = round(chance.uniform(2, 7) * scale), max(1, round(chance.uniform(1.5, 4) * scale))
    canvas = Image.fromarray(picture)
    height, width = picture.shape[:2]
    ImageDraw.Draw(canvas).rounded_rectangle(
        (inset, inset, width - 1 - inset, height - 1 - inset), round(10 * scale), outline=ink, width=thick
    )
    picture[:] = np.asarray(canvas)


def _between(canvas: Image.Image, kind: Kind, cells: list[Cell], ink: Colour, chance: Chance, scale: float) -> None:
    """What stands between the characters: the dot of a Chinese plate, a dash, a seal, a state's sign."""
    draw_on = ImageDraw.Draw(canvas)
    for left, right in pairwise(cells):
        gap = right.x - left.x - left.width
        if (
            left.y != right.y
            or gap <= 20
            or (kind.region == "cn" and kind.name.startswith("green") and chance.random() < 0.5)
        ):
            continue
        x, y = (left.x + left.width + gap / 2) * scale, (left.y + left.height / 2) * scale
        fill = EU_FILL if kind.region == "eu" else FILL
        what = "dot" if kind.region == "cn" else fill[int(chance.integers(0, len(fill)))]
        if what == "dot":
            half = 5 * scale
            draw_on.ellipse((x - half, y - half, x + half, y + half), fill=ink)
        if what.endswith("dash"):
            draw_on.rectangle((x - gap * 0.28 * scale, y - 4 * scale, x + gap * 0.28 * scale, y + 4 * scale), fill=ink)
        if what == "blot":
            _blot(draw_on, x, y, gap * 0.5 * scale, chance)
        elif what.startswith("seal"):
            apart = 0.0 if what == "seal" else left.height * chance.uniform(0.28, 0.36) * scale
            for height in (y - apart, y + apart) if apart else (y,):
                _seal(draw_on, x, height, gap * chance.uniform(0.28, 0.42) * scale, chance)


def _blot(draw_on: ImageDraw.ImageDraw, x: float, y: float, half: float, chance: Chance) -> None:
    """A seal or a picture: some shapes upon each other."""
    for _ in range(3):
        colour = tuple(int(part) for part in chance.integers(0, 255, 3))
        dx, dy, size = (
            chance.uniform(-0.4, 0.4) * half,
            chance.uniform(-0.6, 0.6) * half,
            chance.uniform(0.4, 1.0) * half,
        )
        draw_on.ellipse((x + dx - size * 0.6, y + dy - size, x + dx + size * 0.6, y + dy + size), fill=colour)


def _seal(draw_on: ImageDraw.ImageDraw, x: float, y: float, half: float, chance: Chance) -> None:
    """A round sticker of an authority or of a test: rings of two colours around a blot."""
    for part in (1.0, 0.72, 0.4):
        colour = ARMS[int(chance.integers(0, len(ARMS)))]
        dx, dy = chance.uniform(-0.1, 0.1, 2) * half * (part < 1)
        draw_on.ellipse(
            (x + dx - half * part, y + dy - half * part, x + dx + half * part, y + dy + half * part), colour
        )


def _arms(canvas: Image.Image, chance: Chance, scale: float) -> None:
    """Where a plate without a blue band has its state's arms: a shield of two colours, and letters below it."""
    draw_on = ImageDraw.Draw(canvas)
    middle, top = chance.uniform(20, 30) * scale, chance.uniform(16, 30) * scale
    half, high = chance.uniform(8, 13) * scale, chance.uniform(28, 44) * scale
    outer, inner = (ARMS[int(each)] for each in chance.integers(0, len(ARMS), 2))
    for part, colour in ((1.0, outer), (0.7, inner)):
        left, right, upper, lower = middle - half * part, middle + half * part, top, top + high * part
        side = top + 0.6 * high * part
        draw_on.polygon([(left, upper), (right, upper), (right, side), (middle, lower), (left, side)], fill=colour)
    if chance.random() < 0.7:
        _small(
            canvas,
            pick(chance, LATIN, int(chance.integers(1, 4))),
            middle,
            66 * scale,
            round(18 * scale),
            (20, 20, 24),
            chance,
        )


def _screws(canvas: Image.Image, kind: Kind, chance: Chance, scale: float) -> None:
    draw_on = ImageDraw.Draw(canvas)
    shade = int(chance.integers(60, 240))
    for part in (0.24, 0.76):
        for y in (10, kind.height_mm - 10):
            if chance.random() < 0.4:
                x, half = kind.width_mm * part * scale, chance.uniform(3, 7) * scale
                draw_on.ellipse((x - half, y * scale - half, x + half, y * scale + half), fill=(shade, shade, shade))


def _solid(width: int, height: int, scale: float) -> NDArray[np.uint8]:
    mask = Image.new("L", (width, height))
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, width - 1, height - 1), round(9 * scale), fill=255)
    return np.asarray(mask)


def _small(canvas: Image.Image, text: str, x: float, y: float, height_px: int, ink: Colour, chance: Chance) -> None:
    """A line of small letters around x."""
    fonts = small_fonts()
    if not fonts or height_px < 5:
        return
    mask = line(text, height_px, fonts[int(chance.integers(0, len(fonts)))])
    canvas.paste(ink, (round(x - mask.shape[1] / 2), round(y)), Image.fromarray(mask))


def _band(picture: NDArray[np.uint8], kind: Kind, chance: Chance, scale: float) -> None:
    """The coloured band of a European plate, the head of a Brazilian one."""
    canvas = Image.fromarray(picture)
    draw_on = ImageDraw.Draw(canvas)
    height, width = picture.shape[:2]
    if kind.name == "br":
        draw_on.rectangle((0, 0, width, round(30 * scale)), fill=(20, 50, 150))
        _small(canvas, "BRASIL", width / 2, 6 * scale, round(20 * scale), (250, 250, 250), chance)
    elif kind.name == "br_old":
        city = pick(chance, LATIN, 2) + " " + pick(chance, LATIN, int(chance.integers(4, 12)))
        _small(canvas, city, width / 2, 10 * scale, round(22 * scale), (12, 12, 14), chance)
    elif chance.random() < 0.35:
        _arms(canvas, chance, scale)
    elif chance.random() < 0.8:
        draw_on.rectangle((0, 0, round(42 * scale), height), fill=(15, 40, 150))
        _small(
            canvas,
            pick(chance, LATIN, int(chance.integers(1, 4))),
            21 * scale,
            height * 0.62,
            round(26 * scale),
            (250, 250, 250),
            chance,
        )
        if chance.random() < 0.3:
            draw_on.rectangle((width - round(40 * scale), 0, width, height), fill=(15, 40, 150))
    picture[:] = np.asarray(canvas)


def _american(picture: NDArray[np.uint8], chance: Chance, scale: float) -> tuple[NDArray[np.uint8], Colour]:
    """A ground with a picture, the state's name above, its motto below, stickers in the corners."""
    height, width = picture.shape[:2]
    colours = [_near(US_GROUNDS[int(chance.integers(0, len(US_GROUNDS)))], chance, 15) for _ in range(2)]
    same = chance.random() < 0.5
    canvas = Image.fromarray(_ground([colours[0]] if same else colours, width, height))
    draw_on = ImageDraw.Draw(canvas)
    for _ in range(int(chance.integers(0, 4))):  # hills, a sun, a flower: pale shapes behind the letters
        tone = _near(colours[int(chance.integers(0, 2))], chance, 30)
        x, y, size = chance.uniform(0, width), chance.uniform(0, height), chance.uniform(5, 45) * scale
        draw_on.ellipse((x - size, y - size * 0.8, x + size, y + size * 0.8), fill=tone)
    middle = np.asarray(canvas)[height // 2].mean()
    inks = [each for each in US_INKS if abs(sum(each) / 3 - middle) > 75] or [
        (12, 12, 14) if middle > 128 else (250, 250, 250)
    ]
    ink = inks[int(chance.integers(0, len(inks)))]
    accent = US_INKS[int(chance.integers(0, len(US_INKS)))] if chance.random() < 0.5 else ink
    words = [pick(chance, LATIN) + pick(chance, LATIN.lower(), int(chance.integers(3, 12))) for _ in range(3)]
    if chance.random() < 0.5:
        words = [word.upper() for word in words]
    _small(
        canvas,
        words[0],
        width / 2,
        chance.uniform(4, 14) * scale,
        round(chance.uniform(14, 27) * scale),
        accent,
        chance,
    )
    if chance.random() < 0.85:
        _small(
            canvas,
            words[1] + " " + words[2].lower(),
            width / 2,
            chance.uniform(124, 134) * scale,
            round(chance.uniform(9, 16) * scale),
            accent,
            chance,
        )
    for x in (14, 265):
        for y in (4, 128):
            if chance.random() < 0.35:
                colour = tuple(int(part) for part in chance.integers(0, 255, 3))
                draw_on.rectangle((x * scale, y * scale, (x + 28) * scale, (y + 20) * scale), fill=colour)
                _small(
                    canvas,
                    pick(chance, "0123456789", 2),
                    (x + 14) * scale,
                    (y + 3) * scale,
                    round(14 * scale),
                    (250, 250, 250) if sum(colour) < 380 else (10, 10, 10),
                    chance,
                )
    return np.asarray(canvas).copy(), ink
