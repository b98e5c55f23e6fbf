"""Backups, as the core has them: that one was made is told. Nothing of it releases or locks anything."""

from __future__ import annotations

from firmware.core.backup_facts import BackupMade
from firmware.core.codes import Code
from firmware.core.draft import Draft
from firmware.core.effects import Body

DETAIL_CHARACTERS_MAX = 500


def backup_made(draft: Draft, fact: BackupMade) -> None:
    """Tell it, with who did it and why."""
    draft.record(
        Code.BACKUP_FORGOTTEN if fact.forgotten else Code.BACKUP_MADE,
        detail=fact.detail[:DETAIL_CHARACTERS_MAX],
        body=Body(issuer=fact.issuer or None, note=fact.note or None, address=fact.address or None),
        request=fact.request,
    )
