"""Why somebody looks at the journal's part of a review: told to the journal first, and good for that person a while.

Whose presentations would be decided otherwise tells when somebody came and went, so that nobody reads it for another's
purpose. Whoever made the review for a purpose has stated it.
"""

from __future__ import annotations

import threading
from typing import NamedTuple

from firmware.core.account_facts import Act
from firmware.people.errors import Denied
from firmware.people.place import Place
from firmware.people.promises import tell
from firmware.people_words.base import Asker
from firmware.terminal import PURPOSE_CHARACTERS_MIN

PURPOSE_S_MAX = 1800.0  # as a search of the journal lasts at the page
PURPOSES_MAX = 64  # of persons; the oldest gives way
NEEDED = "people_purpose_needed"


class _Stated(NamedTuple):
    review: str
    purpose: str
    until_s: float


class Purposes:
    """The newest of each person. Threads take their turns."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stated: dict[str, _Stated] = {}

    def state(self, place: Place, who: Asker, review: str, why: str, detail: str) -> str:
        """Once the journal has it; the same again, while it holds, is not told again. Raises Denied."""
        purpose = a_purpose(why)
        if self.of(place, who, review) != purpose:
            tell(place, who, Act.LOOKED_UP, detail, why=purpose)
            self.keep(place, who, review, purpose)
        return purpose

    def keep(self, place: Place, who: Asker, review: str, purpose: str) -> None:
        """It is told."""
        now_s = place.now_s()
        with self._lock:
            self._stated = {name: one for name, one in self._stated.items() if one.until_s > now_s}
            self._stated.pop(who.name, None)
            while len(self._stated) >= PURPOSES_MAX:
                del self._stated[next(iter(self._stated))]
            self._stated[who.name] = _Stated(review, purpose, now_s + PURPOSE_S_MAX)

    def of(self, place: Place, who: Asker, review: str) -> str:
        """What this person has stated for this review; "" for nothing, or nothing any more."""
        with self._lock:
            stated = self._stated.get(who.name)
        if stated is None or stated.review != review or place.now_s() >= stated.until_s:
            return ""
        return stated.purpose


def a_purpose(why: str) -> str:
    """On one line, and long enough to say something. Raises Denied."""
    purpose = " ".join(why.split())[:200].strip()
    if len(purpose) < PURPOSE_CHARACTERS_MIN or not purpose.isprintable():
        raise Denied(NEEDED, field="purpose")
    return purpose
