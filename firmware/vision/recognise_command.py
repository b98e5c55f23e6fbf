"""`menshen recognise IMAGE|VIDEO...`: everything that is seen in pictures and films, for a person to check.

With --json one object a line and file, shaped as firmware/vision/looking.py says. Nothing is kept, nobody is embedded.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from firmware.config import escaped
from firmware.terminal import (
    DONE,
    MISUSED,
    SAID_NO,
    Progress,
    a_path,
    add_language,
    complain,
    language_of,
    prepare_output,
)
from firmware.vision.clock import now_ns
from firmware.vision.drawing import Drawer
from firmware.vision.looking import Outcome, look_at
from firmware.vision.recognise_words import Words
from firmware.vision.recogniser import gathered
from models.recogniser import STAGES, Recogniser, Stages
from models.warp import Picture

EVERY_MAX = 10_000
PICTURES_MAX = 100_000  # of one film; what is told of each is kept until its end
PICTURES = 600  # a minute at ten a second
DRAWN_MAX = 200  # of one film

Gather = Callable[[Sequence[str]], tuple[Stages, Mapping[str, object]]]  # of what is not here: why


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", nargs="+", type=a_path, metavar="FILE", help="pictures and films")
    parser.add_argument("--draw", type=a_path, metavar="FOLDER", help="draw what was seen over copies, in this folder")
    parser.add_argument(
        "--only",
        type=_stages,
        default=STAGES,
        metavar="WHAT",
        help=f"of {', '.join(STAGES)}, with commas between (default: all)",
    )
    parser.add_argument(
        "--every", type=_count(EVERY_MAX), default=1, metavar="N", help="of a film, every Nth picture (default: each)"
    )
    parser.add_argument(
        "--frames",
        type=_count(PICTURES_MAX),
        default=PICTURES,
        metavar="N",
        help=f"of a film, at most so many pictures (default: {PICTURES})",
    )
    add_language(parser)


def run(arguments: argparse.Namespace) -> int:
    """Exit status 0: looked at; 1: a file cannot be read, or a model is missing; 2: misused."""
    return recognise(arguments, gathered)


def recognise(arguments: argparse.Namespace, gather: Gather) -> int:
    """As `run`, with the stages that `gather` has for what is wanted, and of the others why not."""
    prepare_output()
    words = Words(language_of(arguments))
    try:
        called = partial(words.word, "what")
        drawer = None if arguments.draw is None else Drawer(arguments.draw, arguments.file, word=called)
    except OSError as error:
        complain("recognise", words.folder(arguments.draw, error))
        return MISUSED
    stages, missing = gather(arguments.only)
    for name, why in missing.items():
        complain("recognise", words.missing(name, why))
    recogniser = Recogniser(stages, now_ns)
    if not recogniser.has:
        return SAID_NO
    sound = not missing
    pen = _Pen(drawer, words)
    for path in arguments.file:
        progress = Progress()
        pen.begin(path)
        outcome = look_at(
            path, recogniser, arguments.only, arguments.every, arguments.frames, pen.see, progress.rows
        )  # fmt: skip
        progress.end()
        pen.end(outcome)
        sound = sound and "error" not in outcome and not pen.failed
        _say(arguments, words, outcome, missing)
    return DONE if sound else SAID_NO


class _Pen:
    """Draws what is seen in one file after the other, and keeps what came of it."""

    def __init__(self, drawer: Drawer | None, words: Words) -> None:
        self.failed = False
        self._drawer = drawer
        self._words = words
        self._path = Path()
        self._drawn: list[str] = []
        self._left_out = 0
        self._told = False

    def begin(self, path: Path) -> None:
        self._path, self._drawn, self._left_out = path, [], 0

    def see(self, picture: Picture, found: Outcome, number: str) -> None:
        """Of a film only what shows anything."""
        if self._drawer is None or self.failed:
            return
        if number and not any(found[name] for name in ("plates", "vehicles", "people", "animals", "faces")):
            return
        if len(self._drawn) >= DRAWN_MAX:
            self._left_out += 1
            return
        try:
            self._drawn.append(str(self._drawer.write(picture, found, self._path, number)))
        except OSError as error:
            self.failed = True
            complain("recognise", self._words.undrawn(self._path, error))
        if self._drawer.font_missing and not self._told:
            self._told = True
            complain("recognise", self._words.say("note.no_font"))

    def end(self, outcome: dict[str, Any]) -> None:
        if self._drawer is not None:
            outcome["drawn"] = self._drawn
            if self._left_out:
                outcome["not_drawn"] = self._left_out


def _say(arguments: argparse.Namespace, words: Words, outcome: Outcome, missing: Mapping[str, object]) -> None:
    if arguments.json:
        # Any terminal and any pipe takes ASCII.
        lacks = {"missing": {name: str(why) for name, why in missing.items()}} if missing else {}
        print(json.dumps(outcome | lacks, ensure_ascii=True), flush=True)
        return
    if "error" in outcome:
        complain("recognise", words.error(outcome))
    for line in words.lines(outcome):
        print(line, flush=True)


def _count(most: int) -> Callable[[str], int]:
    def count(text: str) -> int:
        if not (text.isascii() and text.isdecimal()) or len(text) > len(str(most)) or not 1 <= int(text) <= most:
            raise argparse.ArgumentTypeError(f'"{escaped(text, 40)}": a whole number from 1 to {most} is allowed')
        return int(text)

    return count


def _stages(text: str) -> tuple[str, ...]:
    named = tuple(text.split(","))
    wrong = next((each for each in named if each not in STAGES), None)
    if wrong is not None:
        raise argparse.ArgumentTypeError(
            f'"{escaped(wrong, 40)}" is not looked for; of {", ".join(STAGES)} some with commas between are allowed'
        )
    return tuple(each for each in STAGES if each in named)
