"""What is different in the source since the roster in service was built of it, as people read it.

A rule that only has another name is one difference, and what names it is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import tzinfo
from typing import Any

import msgspec

from firmware.core.access import Rule, Window
from firmware.people.review_renames import along, before_of, renames
from firmware.people_words.review import DifferenceTold
from firmware.roster.rules import DAYS
from firmware.roster.source.reading import Fields, compared, id_for_people
from firmware.roster.source.schema import ENTITIES
from firmware.roster.source.store import Source
from firmware.roster.weekly import day_line, week_lines

TEXT_CHARACTERS_MAX = 600  # of one column
ID_CHARACTERS_MAX = 200
FIELDS_MAX = 24  # of one entity
PIN = "pin"
_PIN_IDS = "2:"  # a PIN of its own: not even its digest is shown
_RULES_FIRST = ("schedule", "special_day", "profile", "area", "setting", "household", "holder", "credential", "vehicle")
assert set(_RULES_FIRST) == set(ENTITIES)
_week = msgspec.json.Decoder(tuple[tuple[Window, ...], ...])
_special = msgspec.json.Decoder(dict[str, tuple[Window, ...]])
_rules = msgspec.json.Decoder(tuple[Rule, ...])
Row = dict[str, Any]


def differences(source: Source, served_batch: int) -> Iterator[DifferenceTold]:
    """Every entity that is not as it was at batch `served_batch`: rules first, then by holder. From one snapshot."""
    ranks = " ".join(f"WHEN '{entity}' THEN {number}" for number, entity in enumerate(_RULES_FIRST))
    sql = (
        "WITH touched AS (SELECT entity, id, min(place) AS first, max(place) AS last FROM change"
        " WHERE place >= (SELECT ifnull(min(first), 1 << 62) FROM batch WHERE id > ?) AND id IS NOT NULL"
        " GROUP BY entity, id)"
        " SELECT touched.entity, touched.id, old.before, new.after,"
        " CASE WHEN touched.entity IN ('credential', 'vehicle')"
        " THEN json_extract(ifnull(new.after, old.before), '$.holder') ELSE '' END AS owner"
        " FROM touched JOIN change AS old ON old.place = touched.first JOIN change AS new ON new.place = touched.last"
        " WHERE old.before IS NOT new.after"
        f" ORDER BY CASE touched.entity {ranks} END, owner, touched.id"
    )
    zone = source.time_zone
    names = renames(source.db, served_batch)
    n = 0
    for entity, id, before, after, owner in source.db.execute(sql, (served_batch,)):
        old, new = (None if text is None else msgspec.json.decode(text, type=Row) for text in (before, after))
        kind = "added" if old is None else "removed" if new is None else "changed"
        count = 0
        name = names.old_of(entity, id) if old is None else None
        if name is not None:
            kind, old, count = "renamed", before_of(source.db, entity, name, served_batch), along(source.db, entity, id)
        elif new is None and id in names.of(entity):
            continue  # told under its new name
        if old is not None and new is not None:
            old = names.read_over(entity, old)
            if old == new:
                continue
        was, now = fields_of(entity, old, new, zone)
        if name is not None:
            was, now = {"name": name, **was}, {"name": id, **now}
        pin = entity == "credential" and id.startswith(_PIN_IDS)
        shown = PIN if pin else id_for_people(entity, id)
        n += 1
        yield DifferenceTold(n, kind, entity, shown[:ID_CHARACTERS_MAX], _short(was), _short(now), owner or "", count)


def fields_of(entity: str, old: Row | None, new: Row | None, zone: tzinfo) -> tuple[Fields, Fields]:
    """What differs: hours of a schedule by day, rules of a profile line by line, else column by column."""
    if entity not in ("schedule", "profile"):
        return compared(entity, old, new, zone)
    read = _hours if entity == "schedule" else _lines
    was, now = ({} if row is None else read(row) for row in (old, new))
    if old is None or new is None:
        return was, now
    keys = [key for key in {**was, **now} if was.get(key) != now.get(key)]
    return ({key: was[key] for key in keys if key in was}, {key: now[key] for key in keys if key in now})


def _hours(row: Row) -> Fields:
    """Days, and kinds of special days as "special:KIND"; an empty text is never, which is not the same as nothing."""
    week = dict(zip(DAYS, week_lines(_week.decode(row["week"])), strict=True))
    return week | {f"special:{kind}": day_line(windows) for kind, windows in _special.decode(row["special"]).items()}


def _lines(row: Row) -> Fields:
    """Access points by the schedule in which they are open."""
    found: dict[str, list[str]] = {}
    for rule in _rules.decode(row["rules"]):
        found.setdefault(f"in:{rule.schedule}", []).extend(rule.access_points)
    return {schedule: ", ".join(points) for schedule, points in found.items()}


def _short(fields: Fields) -> Fields:
    return {name: text[:TEXT_CHARACTERS_MAX] for name, text in list(fields.items())[:FIELDS_MAX]}
