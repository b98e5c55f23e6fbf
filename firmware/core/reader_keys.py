"""Readers that prove who they are by a key: what became of one is told. Nothing of it releases or locks anything."""

from __future__ import annotations

from firmware.core.codes import Code, Reason
from firmware.core.draft import Draft
from firmware.core.effects import Body
from firmware.core.key_facts import KeyChange, ReaderKeyed
from firmware.core.refusals import ID_CHARACTERS_MAX

WHY_CHARACTERS_MAX = 200
# Words in which a driver says why a key was not changed; people are told each in their language.
_NOT_CHANGED = (Reason.READER_REFUSED_KEY, Reason.TOO_LATE, Reason.KEY_FILE, Reason.NO_SECURE_CHANNEL)

_CODE: dict[KeyChange, Code] = {
    KeyChange.UNTRUSTED: Code.READER_UNTRUSTED,
    KeyChange.CHANGED: Code.READER_KEY_CHANGED,
    KeyChange.KEPT: Code.READER_KEY_KEPT,
    KeyChange.INSTALLING: Code.READER_INSTALLING,
    KeyChange.INSTALLED: Code.READER_INSTALLED,
    KeyChange.INSTALL_OVER: Code.READER_INSTALL_OVER,
    KeyChange.REFUSED: Code.COMMAND_REFUSED,
}


def reader_keyed(draft: Draft, fact: ReaderKeyed) -> None:
    """Tell it, with who asked for it."""
    body = Body(issuer=fact.issuer or None, note=fact.note or None)
    reader = fact.reader[:ID_CHARACTERS_MAX]
    known = reader in draft.readers
    reasons: tuple[str, ...] = ()
    if fact.change is KeyChange.REFUSED:
        reasons = (fact.why,) if known else (f"{Reason.NOT_FOUND_READER}:{reader}",)
    elif fact.change is KeyChange.KEPT and fact.why.partition(":")[0] in _NOT_CHANGED:
        reasons = (fact.why[:WHY_CHARACTERS_MAX],)
    draft.record(
        _CODE[fact.change],
        reader=reader if known else None,
        device=reader if known else None,
        detail="" if reasons else fact.why[:WHY_CHARACTERS_MAX],
        reasons=reasons,
        body=None if body == Body() else body,
        request=fact.request,
    )
