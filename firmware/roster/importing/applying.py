"""Carries a plan out, in one batch of the source; or refuses it, and nothing is imported."""

from __future__ import annotations

from typing import NamedTuple

from firmware.roster.importing.mapping import Mapping
from firmware.roster.importing.plan import ENTITIES, Plan, gone_sql, new_sql
from firmware.roster.importing.problems import ImportRefused
from firmware.roster.source.batch import Kind
from firmware.roster.source.store import Source


class Receipt(NamedTuple):
    """What was done. `batch` is the number to undo it by; None where nothing was different."""

    batch: int | None
    changes: int
    hash: str  # of the source's head, hexadecimal


def refusals(plan: Plan, *, good_rows: bool, remove: int | None) -> list[str]:
    """Why the plan may not be carried out so: the texts roster.import.refused.CODE; none where it may."""
    found = []
    if plan.bad.count and not good_rows:
        found.append("bad_rows")
    if plan.bad.count and good_rows and _whole(plan.mapping):
        found.append("whole_with_bad_rows")
    if plan.removes_many and remove != plan.removed:
        found.append("removes_many")
    return found


def _whole(mapping: Mapping) -> bool:
    return mapping.whole is not None


def apply(
    source: Source,
    plan: Plan,
    who: str,
    why: str,
    at_s: int,
    *,
    good_rows: bool = False,
    remove: int | None = None,
) -> Receipt:
    """Import what was planned on this very `source`, at `at_s` (UTC), all or nothing.

    Raises ImportRefused where bad rows, many removals or somebody's change in between stand against it; SourceError.
    """
    against = refusals(plan, good_rows=good_rows, remove=remove)
    if against:
        raise ImportRefused(f"Nothing was imported: {', '.join(against)}. Look at the preview.")
    with source.batch(Kind.IMPORT, who, why, at_s, file=plan.file, sha256=plan.sha256) as batch:
        now = batch.id - 1  # the head under the lock of this batch
        if now != plan.head.batch:
            raise ImportRefused(
                f"Somebody changed {source.path} since the preview (batch {now}). Nothing was imported: do it again."
            )
        for entity in ENTITIES:
            batch.put(entity, new_sql(entity))
        for entity in reversed(ENTITIES):
            batch.take(entity, gone_sql(entity))
    head = source.head
    return Receipt(batch.id if batch.changes else None, batch.changes, head.hash.hex())
