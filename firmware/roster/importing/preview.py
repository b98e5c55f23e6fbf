"""A plan for people, in both languages, and for programs. Names are shown: it is the office's own file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import tzinfo
from typing import Any

from firmware.roster.errors import shown
from firmware.roster.importing.plan import ENTITIES, Plan, Sample
from firmware.roster.importing.problems import Bad
from firmware.roster.sheets.text_table import armoured
from firmware.roster.source.schema import KEYS
from firmware.terminal import moment, table
from firmware.texts import Texts

WARNINGS_SHOWN = 50  # people look at a page of them; programs get all that are kept
_SECRET = frozenset({"pin_with", "duress_pin_with"})


def lines_of(plan: Plan, said: Texts, *, samples: bool = True) -> Iterator[str]:
    """The preview, line by line."""
    yield said.say("roster.import.head", file=shown(plan.file, bare=True), rows=plan.rows, sha256=plan.sha256)
    for assumed in plan.assumptions:
        yield "  " + _assumed(assumed.code, assumed.values, said)
    yield ""
    heads = [
        said.say(f"roster.import.count.{name}") for name in ("added", "changed", "removed", "unchanged", "left_alone")
    ]
    rows = [["", *heads]]
    rows += [
        [said.say(f"roster.import.entity.{entity}"), *(str(n) for n in plan.counts[entity])] for entity in ENTITIES
    ]
    yield from table(rows)
    if samples and plan.samples:
        yield ""
        yield said.say("roster.import.samples")
        yield from ("  " + _sample(sample, said, plan.zone) for sample in plan.samples)
    for text, found, count, most in (
        ("roster.import.warnings", plan.warnings.found, plan.warnings.count, WARNINGS_SHOWN),
        ("roster.import.bad", plan.bad.found, plan.bad.count, len(plan.bad.found)),
    ):
        if count:
            yield ""
            yield said.say(text, count=count)
            yield from ("  " + _bad(bad, said) for bad in found[:most])
            if count > most:
                yield "  " + said.say("roster.import.more", count=count - most)
    yield ""


def _assumed(code: str, values: dict[str, object], said: Texts) -> str:
    text = said.say(f"roster.import.assumed.{code}", **{key: str(value) for key, value in values.items()})
    sheet = values.get("sheet")
    return said.say("roster.import.of_sheet", sheet=sheet, text=text) if sheet else text


def _bad(bad: Bad, said: Texts) -> str:
    return said.say("roster.import.bad_row", place=bad.place(said), found=bad.found or "-", reason=bad.reason(said))


def _sample(sample: Sample, said: Texts, zone: tzinfo) -> str:
    entity = said.say(f"roster.import.entity.{sample.entity}")
    row = sample.after if sample.after is not None else sample.before
    assert row is not None
    key = row[KEYS[sample.entity][-1]]
    if str(key).startswith("digest:"):
        key = "PIN"
    if sample.before is None or sample.after is None:
        what = said.say("roster.import.sample.added" if sample.before is None else "roster.import.sample.removed")
        parts = [
            f"{name}={_value(name, value, zone)}" for name, value in row.items() if value is not None and value != key
        ]
        return f"{what} {entity} {shown(str(key), bare=True)}: {', '.join(part for part in parts)}"
    before = sample.before
    parts = [
        f"{name}: {_value(name, before[name], zone)} -> {_value(name, value, zone)}"
        for name, value in sample.after.items()
        if before[name] != value
    ]
    return f"{said.say('roster.import.sample.changed')} {entity} {shown(str(key), bare=True)}: {', '.join(parts)}"


def _value(name: str, value: object, zone: tzinfo) -> str:
    if value is None:
        return "-"
    if name in _SECRET or str(value).startswith("digest:"):
        return "***"
    if name.endswith("_s"):
        return moment(int(str(value)) * 1000, zone) or str(value)
    return shown(str(value), bare=True)


def plain_of(plan: Plan, said: Texts) -> dict[str, Any]:
    """The plan for programs."""
    return {
        "file": plan.file,
        "sha256": plan.sha256,
        "head": {"batch": plan.head.batch, "hash": plan.head.hash.hex()},
        "rows": plan.rows,
        "assumptions": [
            {"code": assumed.code, "text": _assumed(assumed.code, assumed.values, said)} for assumed in plan.assumptions
        ],
        "counts": {entity: plan.counts[entity]._asdict() for entity in ENTITIES},
        "samples": [sample._asdict() for sample in plan.samples],
        "warnings": [_plain(bad, said) for bad in plan.warnings.found],
        "warnings_more": plan.warnings.more,
        "bad": [_plain(bad, said) for bad in plan.bad.found],
        "bad_more": plan.bad.more,
        "removed": plan.removed,
    }


def _plain(bad: Bad, said: Texts) -> dict[str, Any]:
    return {
        "sheet": bad.sheet,
        "row": bad.row,
        "column": bad.column,
        "found": bad.found,
        "code": bad.code,
        "reason": bad.reason(said),
    }


def bad_rows_csv(plan: Plan, said: Texts) -> bytes:
    """What the office has to correct, as a CSV that its spreadsheet program opens."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow([said.say(f"roster.import.csv.{name}") for name in ("sheet", "row", "column", "found", "reason")])
    for bad in plan.bad.found:
        cells = [bad.sheet, "" if bad.row is None else str(bad.row), bad.column, bad.found, bad.reason(said)]
        writer.writerow([armoured(cell) for cell in cells])
    return text.getvalue().encode("utf-8-sig")
