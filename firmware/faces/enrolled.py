"""Who is enrolled with a face: the templates of one holder, and the consent that they rest on. Types."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated

import msgspec

from firmware.faces.consent import Consent
from firmware.faces.errors import FacesError
from firmware.faces.likeness import EMBEDDER
from firmware.faces.receipt import Signed

HOLDERS_MAX = 2_000  # of one controller
TEMPLATES_MAX = 5  # of one holder: several angles
TEMPLATES_ALL_MAX = 5_000  # of all: that many are compared within 5 ms
LENGTH = 192
TEMPLATE_BYTES = LENGTH * 2  # float16: the likeness differs by less than 0.001
RECEIPTS_MAX = 2_000  # of templates that were wiped; the newest


class Template(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One embedding, float16 little-endian, and the angle it was taken at. Never printed."""

    values: Annotated[bytes, msgspec.Meta(min_length=TEMPLATE_BYTES, max_length=TEMPLATE_BYTES)]
    turn: float

    def __repr__(self) -> str:
        return "Template(...)"


class Enrolled(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One holder's. `face`: the key of the face in the roster; `embedder`: sha256 of the model that made them."""

    face: str
    holder: str
    consent: Consent
    embedder: str
    enrolled_s: int
    templates: Annotated[tuple[Template, ...], msgspec.Meta(min_length=1, max_length=TEMPLATES_MAX)]

    @property
    def outdated(self) -> bool:
        """Other weights made them: by those in service they are like nobody, and are to be taken anew."""
        return self.embedder != EMBEDDER


class Faces:
    """All that are enrolled here, as of one revision. Immutable.

    `receipts`: of templates that were wiped without anybody there to be handed one; oldest first.
    """

    def __init__(self, enrolled: Iterable[Enrolled] = (), revision: int = 0, receipts: Iterable[Signed] = ()) -> None:
        """Raises FacesError where two have one face or holder, or they are too many."""
        self.revision = revision
        self.receipts = tuple(receipts)[-RECEIPTS_MAX:]
        given = tuple(enrolled)
        self._by_face = {one.face: one for one in given}
        self._by_holder = {one.holder: one for one in given}
        if not len(self._by_face) == len(self._by_holder) == len(given):
            raise FacesError("a face or a holder is enrolled twice")
        if len(self._by_face) > HOLDERS_MAX or self.templates > TEMPLATES_ALL_MAX:
            raise FacesError(f"at most {HOLDERS_MAX} holders and {TEMPLATES_ALL_MAX} templates are kept here")

    def __len__(self) -> int:
        return len(self._by_face)

    def __iter__(self) -> Iterator[Enrolled]:
        return iter(self._by_face.values())

    @property
    def templates(self) -> int:
        return sum(len(one.templates) for one in self._by_face.values())

    def of_holder(self, holder: str) -> Enrolled | None:
        return self._by_holder.get(holder)

    def of_face(self, face: str) -> Enrolled | None:
        return self._by_face.get(face)

    def holds(self, one: Enrolled | None, now_s: int | None) -> bool:
        """Whether somebody may be compared with this now: while the time is unknown no consent is known to last."""
        return one is not None and now_s is not None and one.consent.given_s - 60 <= now_s < one.consent.expires_s

    def with_(self, one: Enrolled) -> Faces:
        """In place of what the holder had."""
        others = [each for each in self if each.holder != one.holder]
        return Faces([*others, one], self.revision + 1, self.receipts)

    def without(self, holders: Iterable[str]) -> Faces:
        gone = set(holders)
        return Faces([each for each in self if each.holder not in gone], self.revision + 1, self.receipts)

    def with_receipts(self, receipts: Iterable[Signed]) -> Faces:
        """Beside those that are kept, in the same revision."""
        return Faces(self, self.revision, [*self.receipts, *receipts])

    def without_receipts(self, holder: str = "", before_s: int = 0) -> Faces:
        """Without those of a holder, and those of what was wiped before an instant; in the same revision.

        Where that is none of them it is these very Faces. What was wiped while the time was unknown stays.
        """
        gone = [one for one in self.receipts if one.receipt.holder == holder or 0 < one.receipt.wiped_s < before_s]
        return Faces(self, self.revision, [one for one in self.receipts if one not in gone]) if gone else self

    def expired(self, now_s: int) -> list[Enrolled]:
        return [one for one in self if one.consent.expires_s <= now_s]
