"""What `menshen backup` says: what is in a backup and what is not, and what a restore changes. In words and as JSON."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from firmware.backup.contents import NAMED, WITHOUT, Contents
from firmware.backup.placing import Ready
from firmware.config import escaped
from firmware.terminal import moment, table
from firmware.texts import Texts

DETAIL_CHARACTERS_MAX = 400
_STRANGE = re.compile(r"[^a-z0-9 :;,._-]")  # firmware/office_commands.py takes nothing else

Changes = Sequence[tuple[str, str]]  # (new, replaced, same or removed; file)


def detail_of(contents: Contents) -> str:
    """For the journal: how much of what, and by whom it was made. Without names."""
    counts: dict[str, int] = {}
    for part in contents.parts:
        counts[part.kind] = counts.get(part.kind, 0) + 1
        for what, count in part.counts.items():
            counts[what] = counts.get(what, 0) + count
    parts = ", ".join(f"{what} {count}" for what, count in counts.items())
    made = f"made at {contents.made_s} by menshen {contents.menshen} on {contents.controller}".lower()
    return _STRANGE.sub("_", f"{made}; {parts}"[:DETAIL_CHARACTERS_MAX])


def lines_of_contents(contents: Contents, said: Texts) -> Iterator[str]:
    """What is in it, and what never is."""
    made = moment(contents.made_s * 1000, None) or str(contents.made_s)
    yield said.say(
        "backup.of",
        site=escaped(contents.site_name or contents.site),
        made=made,
        version=escaped(contents.menshen),
        controller=escaped(contents.controller),
    )
    rows = []
    for part in contents.parts:
        words = [said.say(f"backup.count.{what}", count=count) for what, count in part.counts.items() if count]
        name = escaped(part.name) if part.kind == NAMED else ""
        rows.append([f"  {said.say(f'backup.part.{part.kind}')}", name or "  ".join(words), f"{part.bytes:,}"])
    yield from table(rows)
    yield from _without(said)


def lines_of_ready(ready: Ready, changes: Changes, said: Texts, *, done: bool) -> Iterator[str]:
    """What a restore changes, or has changed, and what is to be known of it."""
    yield from lines_of_contents(ready.contents, said)
    yield said.say("backup.changes")
    rows = [[f"  {said.say(f'backup.change.{change}')}", escaped(target)] for change, target in changes]
    yield from table(rows)
    for name, values in ready.notes:
        shown = {key: escaped(value) if isinstance(value, str) else value for key, value in values.items()}
        yield "! " + said.say(f"backup.note.{name}", **shown)
    yield said.say("backup.restored" if done else "backup.would_be")


def plain_of_ready(ready: Ready, changes: Changes) -> dict[str, Any]:
    """The same for programs."""
    return {
        "contents": msgspec.to_builtins(ready.contents),
        "without": WITHOUT,
        "changes": [{"change": change, "file": target} for change, target in changes],
        "notes": [{"note": name, **values} for name, values in ready.notes],
    }


def changes_of(ready: Ready) -> list[tuple[str, str]]:
    """What becomes of each file; to be asked before it is done."""
    gone = [("removed", str(each.target)) for each in ready.gone if each.target.exists()]
    return gone + [(each.change, str(each.target)) for each in ready.placed]


def _without(said: Texts) -> Iterator[str]:
    yield said.say("backup.not_in_it")
    for name in WITHOUT:
        yield "  - " + said.say(f"backup.without.{name}")
