"""An enrolment as it is asked for, at the page and by the API: who consents, to what, before whom; and how far it is.

What no controller need be asked about is refused here; everything else is the controller's to decide.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from firmware.camera_commands import FaceProgress, TakeFace
from firmware.core.codes import Reason
from firmware.faces.consent import LANGUAGES, is_name
from firmware.network.camera_view.errors import NotBegun
from firmware.network.camera_view.faces import FaceDesk, roles_of
from firmware.network.sessions import Session
from firmware.network.view import Speaker
from firmware.terminal import PURPOSE_CHARACTERS_MAX
from firmware.texts import Texts, texts

WHY_CHARACTERS_MIN = 2
DAYS = (90, 365, 1096)
DAYS_ASKED = 365
ENDS = ("late", "stopped", "no_models")
REASONS = frozenset(Reason)


class Consenting(NamedTuple):
    """What was typed and ticked. `read` is the language of the text that was read."""

    holder: str
    given_by: str
    camera: str
    read: str
    agreed: bool
    days: int
    why: str = ""
    under_14: bool = False
    guardian: str = ""


def taking_of(speaker: Speaker, person: Session, cameras: tuple[str, ...], said: Consenting) -> TakeFace:
    """The command. Raises NotBegun."""
    for word, is_wrong in (
        ("faces_not_agreed", not said.agreed or said.read not in LANGUAGES),
        ("faces_no_holder", not is_name(said.holder)),
        ("faces_no_name", not is_name(said.given_by)),
        ("faces_no_guardian", said.under_14 != bool(said.guardian) or (said.under_14 and not is_name(said.guardian))),
        ("viewing_no_camera", said.camera not in cameras),
    ):
        if is_wrong:
            raise NotBegun(word)
    return TakeFace(
        issuer=person.name,
        roles=roles_of(person),
        holder=said.holder,
        camera=said.camera,
        why=why_of(speaker, said.why),
        language=said.read,
        given_by=said.given_by,
        days=said.days if said.days in DAYS else DAYS_ASKED,
        under_14=said.under_14,
        guardian=said.guardian,
    )


def why_of(speaker: Speaker, typed: str) -> str:
    """A reason as it is kept; two characters of Chinese are one. Raises NotBegun."""
    text = " ".join(typed.split()) or speaker.words("faces_why_asked")
    if not WHY_CHARACTERS_MIN <= len(text) <= PURPOSE_CHARACTERS_MAX or not text.isprintable():
        raise NotBegun("faces_no_why", least=WHY_CHARACTERS_MIN, most=PURPOSE_CHARACTERS_MAX)
    return text


# -- how far it is ----------------------------------------------------------------------------------------------------


class Progress(msgspec.Struct, frozen=True):
    """How far an enrolment is, in words. `state`: looking, saving, done, failed, over, or silent."""

    holder: str
    state: str
    step: str
    taken: str
    said: tuple[str, ...]
    next: str
    over: bool
    angles: int = 0
    angles_needed: int = 0


async def progress_of(speaker: Speaker, desk: FaceDesk, person: Session) -> Progress:
    """Of the enrolment that this log-in began; over where there is none, silent where the controller is."""
    words, holder = speaker.words, desk.enrolling(person)
    try:
        told = await desk.progress(person) if holder else FaceProgress("over")
    except NotBegun:
        return Progress(holder, "silent", words("faces_silent"), "", (), "", over=False)
    ends = {end: words(f"faces_end_{end}") for end in ENDS}
    said = said_of(texts(words.language), told.why, told.reasons, ends)
    over = told.state in ("done", "failed", "over")
    if over:
        step, following = words(f"faces_state_{told.state}"), words(f"faces_state_{told.state}_next")
    else:
        step = words("faces_saving") if told.state == "saving" else words(f"faces_step_{told.step}")
        following = ""
    taken = words("faces_taken_of", taken=told.taken, least=told.least) if told.least else ""
    shown = "" if told.state == "over" else taken
    return Progress(holder, told.state, step, shown, tuple(said), following, over, told.taken, told.least)


def said_of(catalogue: Texts, whys: tuple[str, ...], reasons: tuple[str, ...], words: dict[str, str]) -> list[str]:
    """Why a frame, or a whole enrolment, was none, for people. `words`: of ends that have no text elsewhere."""
    said = [words[why] if why in words else catalogue.say(f"faces.why.{why}") for why in whys]
    return said + [catalogue.reason(each) for each in reasons if each.partition(":")[0] in REASONS]


# -- what went wrong --------------------------------------------------------------------------------------------------


def refusal_of(speaker: Speaker, error: NotBegun) -> tuple[str, str]:
    """What went wrong, and what to do next."""
    words, catalogue = speaker.words, texts(speaker.words.language)
    if error.word:
        return words(error.word, **error.named), ""
    known = [each for each in error.reasons if each.partition(":")[0] in REASONS]
    return words("faces_refused"), words("list_separator").join(map(catalogue.reason, known)) or words("try_next")
