"""What a person states before a camera is looked through, at the page and by the API; then it is looked.

A guard has one viewing a shift, with one purpose. Whatever else is looked for is an incident, stated in own words.
"""

from __future__ import annotations

from typing import NamedTuple

from firmware.camera_commands import ShiftTold
from firmware.core.codes import Reason
from firmware.network.accounts.account import Role
from firmware.network.camera_view.errors import NotBegun
from firmware.network.camera_view.viewings import Stated, Viewing, Viewings
from firmware.network.sessions import Session
from firmware.network.settings import Settings
from firmware.network.view import Speaker
from firmware.network.words import Words
from firmware.terminal import PURPOSE_CHARACTERS_MAX, PURPOSE_CHARACTERS_MIN
from firmware.texts import texts

OTHER = "other"
SHIFT = "shift"
PURPOSES = ("call", "vehicle", "alarm", SHIFT, "aim", OTHER)
INCIDENTS = ("call", "vehicle", "alarm", OTHER)
REASONS = frozenset(Reason)


class Wish(NamedTuple):
    """What was chosen and typed. `for_s` None: as long as may be."""

    cameras: tuple[str, ...]
    purpose: str
    note: str
    for_s: int | None = None


class Stating:
    """The one way to a viewing."""

    def __init__(self, viewings: Viewings, settings: Settings) -> None:
        self._viewings = viewings
        self._settings = settings

    async def begin(self, speaker: Speaker, person: Session, address: str, wish: Wish) -> Viewing:
        """Once the purpose is committed. Raises NotBegun."""
        cameras = self._chosen(wish.cameras)
        if wish.purpose not in PURPOSES:
            raise NotBegun("viewing_no_purpose")
        note = " ".join(wish.note.split())
        shift: ShiftTold | None = None
        incident = ""
        if wish.purpose == SHIFT and Role.GUARD in person.roles:
            shift = await self._viewings.shift(person)
        elif is_guard(person):
            incident = _incident(note)
        purpose = shift.purpose if shift is not None and not note else ""
        most = self._viewings.seconds(person, shift)
        stated = Stated(
            cameras,
            purpose or purpose_of(speaker, wish.purpose, note),
            most if wish.for_s is None else min(wish.for_s, most),
            shift is not None,
            incident,
        )
        return await self._viewings.begin(person, address, stated)

    def _chosen(self, names: tuple[str, ...]) -> tuple[str, ...]:
        cameras = tuple(dict.fromkeys(names))
        if not cameras or not set(cameras) <= self._settings.cameras.keys():
            raise NotBegun("viewing_no_camera")
        most = self._settings.viewing.cameras_at_once
        if len(cameras) > most:
            raise NotBegun("viewing_too_many_cameras", most=most)
        return cameras


def is_guard(person: Session) -> bool:
    """Whether one purpose a shift is all that this person may have, but for incidents."""
    return Role.GUARD in person.roles and Role.MANAGER not in person.roles


def _incident(note: str) -> str:
    """What has happened, in the guard's own words. Raises NotBegun."""
    if len(note) < PURPOSE_CHARACTERS_MIN:
        raise NotBegun("viewing_no_incident", least=PURPOSE_CHARACTERS_MIN)
    return note


def purpose_of(speaker: Speaker, chosen: str, note: str) -> str:
    """What stands in the journal, in the language of who stated it. Raises NotBegun."""
    least = PURPOSE_CHARACTERS_MIN if chosen == OTHER else 0
    named = speaker.words(f"viewing_for_{chosen}")
    if chosen != OTHER and note:
        purpose = speaker.words("viewing_with_note", reason=named, note=note)
    else:
        purpose = note or named
    if not least <= len(note) or len(purpose) > PURPOSE_CHARACTERS_MAX or not purpose.isprintable():
        raise NotBegun("viewing_no_note", least=PURPOSE_CHARACTERS_MIN, most=PURPOSE_CHARACTERS_MAX - len(named) - 2)
    return purpose


def said_of(speaker: Speaker, error: NotBegun) -> tuple[str, str]:
    """What went wrong, and what to do."""
    words = speaker.words
    if error.word:
        following = f"{error.word}_next"
        return words(error.word, **error.named), words(following) if words.has(following) else ""
    return words("viewing_refused"), reasons_text(speaker, words, error.reasons)


def reasons_text(speaker: Speaker, words: Words, reasons: tuple[str, ...]) -> str:
    """The controller's reasons, with portals by their names."""
    catalogue = texts(words.language)
    parted = [each.partition(":") for each in reasons]
    named = [word if not place else f"{word}:{speaker.place(place)}" for word, _, place in parted]
    return words("list_separator").join(
        catalogue.reason(each) if each.partition(":")[0] in REASONS else words("try_next") for each in named
    )
