"""Texts that people read, in their language: gettext catalogues of English and Simplified Chinese.

Message ids are keys ("event.door.forced"), so that two codes may share a sentence in one language and not in the
other. The catalogues stand in firmware/locales; `make setup` compiles them.
"""

from __future__ import annotations

import functools
import gettext
import re
from collections.abc import Callable
from pathlib import Path

from firmware.core.codes import Code, Severity
from firmware.core.effects import Feedback
from firmware.core.view import Mode, Position

LOCALES = Path(__file__).parent / "locales"
DOMAIN = "menshen"
LANGUAGES = {"en": "en", "zh": "zh_CN"}  # as people and browsers ask for it -> the catalogue's folder

# "until" and UTC seconds, as firmware/core/turn.py: said_of writes it; before 2001 and after 2286 there are no entries.
_UNTIL = re.compile(r"\buntil ([1-9][0-9]{8,9})\b", re.ASCII)


class TextsError(Exception):
    """The catalogues are not there, or have no such text: whose fault it is and what to do."""


class Texts:
    """All texts of one language. A text that is missing is our mistake and raises TextsError."""

    def __init__(self, language: str, catalogue: gettext.NullTranslations) -> None:
        self.language = language
        self._catalogue = catalogue

    def say(self, msgid: str, **values: object) -> str:
        """Return the text of `msgid` with `{name}` filled in from `values`."""
        text = self._catalogue.gettext(msgid)
        if text == msgid:
            raise TextsError(f"no text {msgid!r} in {self.language}: add it to every catalogue of firmware/locales")
        return text.format(**values)

    def has(self, msgid: str) -> bool:
        """Whether there is such a text."""
        return self._catalogue.gettext(msgid) != msgid

    def event(self, code: Code | str) -> str:
        """What happened, for guards and residents."""
        return self.say(f"event.{Code(code).value}")

    def advice(self, code: Code | str) -> str:
        """What to do next; empty for what needs nothing (severities below a warning)."""
        text = self._catalogue.gettext(f"advice.{Code(code).value}")
        return "" if text.startswith("advice.") else text

    def reason(self, reason: str) -> str:
        """Why a decision came out as it did; `reason` may carry an argument after a colon."""
        word, _, argument = reason.partition(":")
        text = self.say(f"reason.{word}")
        return self.say("reason_with_argument", reason=text, argument=argument) if argument else text

    def detail(self, detail: str, at: Callable[[int], str]) -> str:
        """An event's detail as people read it: the end of a local entry as `at` writes a time in UTC seconds."""
        return _UNTIL.sub(lambda found: self.say("detail.until", until=at(int(found[1]))), detail)

    def mode(self, mode: Mode | str) -> str:
        return self.say(f"mode.{Mode(mode).value}")

    def position(self, position: Position | str) -> str:
        return self.say(f"position.{Position(position).value}")

    def severity(self, severity: Severity | str) -> str:
        return self.say(f"severity.{Severity(severity).value}")

    def feedback(self, feedback: Feedback | str) -> str:
        """What a reader shows to the person in front of it."""
        return self.say(f"feedback.{Feedback(feedback).value}")


def folder_of(language: str) -> str:
    """Return the catalogue's folder for "zh", "zh_CN", "zh-Hans-CN", "en-GB"; English for a language we do not have."""
    return LANGUAGES.get(language.replace("_", "-").split("-")[0].lower(), LANGUAGES["en"])


def texts(language: str) -> Texts:
    """Return the texts of a language. Raises TextsError when the catalogues were not compiled."""
    return _texts(folder_of(language))


@functools.cache
def _texts(folder: str) -> Texts:
    try:
        return Texts(folder, gettext.translation(DOMAIN, LOCALES, [folder]))
    except OSError as error:
        message = (
            f"{LOCALES / folder / 'LC_MESSAGES' / DOMAIN}.mo cannot be read: run `make texts`, or install Menshen again"
        )
        raise TextsError(message) from error
