"""A schedule or an access profile gets another name: in one batch, with all that names it. Nobody's access moves.

A row of the source never changes its key: the one of the new name is added, what names the old one names it now, and
the old one goes. What names it outside of the list cannot go along: the site file, and visitors invited at the gate.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from firmware.core.access import Rule
from firmware.core.calendar import ALWAYS
from firmware.people.ruling import NAMED_MAX, NEW, RuleRefused, a_name, not_of_visitors, row_of, sum_of, unchanged
from firmware.roster.source.batch import Batch
from firmware.roster.source.schema import COLUMNS

_rules = msgspec.json.Decoder(tuple[Rule, ...])
_encode = msgspec.json.Encoder().encode
# A holder's profiles with one of them under its new name, in the alphabet's order as all lists of them are.
_PROFILES = (
    "(SELECT json_group_array(name) FROM (SELECT CASE value WHEN ? THEN ? ELSE value END AS name"
    " FROM json_each(profiles) ORDER BY name))"
)


def rename_schedule(batch: Batch, name: str, new_name: str, was: str, portals: Sequence[str] = ()) -> str:
    """Give a schedule, and whatever follows it, another name. Gives what it is recognised by. Raises RuleRefused.

    `portals` are those that the site file has follow it by the old name, or by the new one.
    """
    row = _renamed(batch, "schedule", name, new_name, was)
    if name == new_name:
        return was
    if portals:
        raise RuleRefused("rule_name_of_site", name, portals[:NAMED_MAX], max(0, len(portals) - NAMED_MAX))
    batch.db.execute("INSERT INTO schedule VALUES (?, ?, ?)", (new_name, *row[1:]))
    for profile, rules in batch.db.execute("SELECT name, rules FROM profile").fetchall():
        old = _rules.decode(rules)
        new = tuple(Rule(rule.access_points, new_name) if rule.schedule == name else rule for rule in old)
        if new != old:
            batch.db.execute("UPDATE profile SET rules = ? WHERE name = ?", (_encode(new).decode(), profile))
    batch.db.execute("DELETE FROM schedule WHERE name = ?", (name,))
    return sum_of(new_name, *row[1:])


def rename_profile(batch: Batch, name: str, new_name: str, was: str, visitors: Sequence[str] = ()) -> str:
    """Give an access profile another name, at every holder too. Gives what it is recognised by. Raises RuleRefused.

    `visitors` are those who hold it at the gate.
    """
    row = _renamed(batch, "profile", name, new_name, was)
    if name == new_name:
        return was
    not_of_visitors(name, visitors)
    batch.db.execute("INSERT INTO profile VALUES (?, ?)", (new_name, *row[1:]))
    columns = ", ".join(_PROFILES if column == "profiles" else column for column in COLUMNS["holder"])
    batch.put(
        "holder",
        f"SELECT {columns} FROM holder WHERE instr(profiles, json_quote(?))",
        (name, new_name, name),
    )
    batch.db.execute("DELETE FROM profile WHERE name = ?", (name,))
    return sum_of(new_name, *row[1:])


def _renamed(batch: Batch, entity: str, name: str, new_name: str, was: str) -> tuple[str, ...]:
    """The row that is there, once nothing is against its new name. Raises RuleRefused."""
    if entity == "schedule" and ALWAYS in (name, new_name):
        raise RuleRefused("rule_built_in", ALWAYS)
    a_name(new_name, entity)
    row = row_of(batch, entity, name)
    if row is None or was == NEW:
        raise RuleRefused(f"rule_no_such_{entity}", name)
    unchanged(batch, entity, name, was)
    if name != new_name and row_of(batch, entity, new_name) is not None:
        raise RuleRefused(f"rule_{entity}_there", new_name)
    return row
