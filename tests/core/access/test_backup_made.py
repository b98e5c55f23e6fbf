"""A backup is told with who made it and why, and changes nothing else."""

from __future__ import annotations

from firmware.core.backup_facts import BackupMade
from firmware.core.codes import Code
from firmware.core.effects import Body, Record
from firmware.core.site import Site
from firmware.core.step import initial, step


def test_a_backup_is_told_and_nothing_else_happens():
    before = initial(Site("test_site"))
    after, effects = step(
        before, 1_000, BackupMade(issuer="Li Wei", request="r1", detail="site 1, holders 10", note="why")
    )
    assert [effect for effect in effects if not isinstance(effect, Record)] == []
    (told,) = [effect.event for effect in effects]
    assert (told.code, told.detail, told.request) == (Code.BACKUP_MADE, "site 1, holders 10", "r1")
    assert told.body == Body(issuer="Li Wei", note="why")
    assert after.portals == before.portals
    long = step(before, 1_000, BackupMade(issuer="", detail="x" * 10_000))[1]
    assert len(long[0].event.detail) == 500
