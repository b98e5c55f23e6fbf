"""What is wrong in a configuration: one problem each, collected, so that a person sees all of them at once."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable
from typing import Protocol

import msgspec

PROBLEMS_MAX = 1_000  # past that the file is something else than a site, and the list helps nobody
SHOWN_CHARACTERS_MAX = 60  # of one value
SENTENCE_CHARACTERS_MAX = 300  # of what a driver or a parser says about one
NEAR_RATIO_MIN = 0.6  # difflib's own default: "lokc" is near "lock", "contact" is not
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]{1,60}")


class Problem(msgspec.Struct, frozen=True):
    """One thing that must be changed.

    `path` is the key path in the file (`portal[2].access_point[0].readers[1]`, counted from 0), `found` is what
    stands there, shortened and escaped, `rule` names the text that says what is allowed, with `values` in it.
    """

    path: str
    found: str
    rule: str
    values: dict[str, str | int] = {}
    near: str = ""  # what was probably meant

    def __str__(self) -> str:
        """Name it for a log or an error; `line` says it to a person."""
        return f"{self.path}: {self.rule}, found {self.found}"

    def allowed(self, says: Says) -> str:
        """Say what is allowed, in the language of `says`."""
        return says.say(f"check.rule.{self.rule}", **self.values)

    def line(self, says: Says) -> str:
        """Say all of it in one line."""
        text = says.say("check.problem", path=self.path, found=self.found, allowed=self.allowed(says))
        if self.near:
            text = says.say("check.problem_near", problem=text, near=self.near)
        return text


class Says(Protocol):
    """Texts of one language (firmware.texts.Texts)."""

    def say(self, msgid: str, **values: object) -> str: ...


class Problems:
    """A list of problems that knows which parts of the file are already spoiled."""

    def __init__(self) -> None:
        self.found: list[Problem] = []

    def add(self, path: str, found: str, rule: str, *, near: str = "", **values: str | int) -> None:
        """Take one more; the same one is taken once, and no more than PROBLEMS_MAX."""
        problem = Problem(path, found, rule, values, near)
        if len(self.found) < PROBLEMS_MAX and problem not in self.found:
            self.found.append(problem)

    def touch(self, path: str) -> bool:
        """Tell whether a problem is known at `path`, or in it, or of a misspelt key that was meant to be `path`.

        What follows from a spoiled key is no news.
        """
        inside = (f"{path}.", f"{path}[")
        return any(p.path == path or p.path.startswith(inside) or _meant(p) == path for p in self.found)


def _meant(problem: Problem) -> str:
    """Return the path that a misspelt key was probably meant to be."""
    parent = problem.path.rpartition(".")[0]
    misspelt = problem.rule == "unknown_key" and problem.near
    return (f"{parent}.{problem.near}" if parent else problem.near) if misspelt else ""


def key_shown(key: str) -> str:
    """Show a key of a table as it stands in the file: bare, or in quotes where TOML wants them."""
    return key if _BARE_KEY.fullmatch(key) else shown(key)


def escaped(text: str, characters_max: int = SENTENCE_CHARACTERS_MAX) -> str:
    """Return a text short and on one line, with nothing in it that a terminal would obey."""
    cut = "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text[:characters_max])
    return cut if len(text) <= characters_max else f"{cut}..."


def shown(value: object) -> str:
    """Show a value of a configuration: short, escaped, texts in quotes."""
    if isinstance(value, str):
        length = f" ({len(value)})" if len(value) > SHOWN_CHARACTERS_MAX else ""
        return f'"{escaped(value, SHOWN_CHARACTERS_MAX)}"{length}'
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{" + ", ".join(shown(key) for key in list(value)[:3]) + (", ..." if len(value) > 3 else "") + "}"
    if isinstance(value, list):
        return "[" + ", ".join(shown(item) for item in value[:3]) + (", ..." if len(value) > 3 else "") + "]"
    text = str(value)
    return text if len(text) <= SHOWN_CHARACTERS_MAX else text[:SHOWN_CHARACTERS_MAX] + "..."


def nearest(word: str, allowed: Iterable[str]) -> str:
    """Return the allowed word that was probably meant, or an empty string."""
    close = difflib.get_close_matches(word[:SHOWN_CHARACTERS_MAX], list(allowed), n=1, cutoff=NEAR_RATIO_MIN)
    return close[0] if close else ""
