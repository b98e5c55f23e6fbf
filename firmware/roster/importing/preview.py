"""A plan for people, in both languages, and for programs. Names are shown: it is the office's own file."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import tzinfo
from typing import Any

from firmware.roster.errors import shown
from firmware.roster.importing.headers import STATUS_WORDS, TITLES_ZH
from firmware.roster.importing.plan import ENTITIES, Plan, Sample
from firmware.roster.importing.problems import Bad
from firmware.roster.schema import STATUSES
from firmware.roster.sheets.text_table import armoured
from firmware.roster.source.reading import Fields, compared, id_for_people
from firmware.roster.source.schema import KEYS
from firmware.terminal import table
from firmware.texts import LANGUAGES, Texts

WARNINGS_SHOWN = 50  # people look at a page of them; programs get all that are kept


def lines_of(plan: Plan, said: Texts, *, samples: bool = True) -> Iterator[str]:
    """The preview, line by line."""
    yield said.say("roster.import.head", file=shown(plan.file, bare=True), rows=plan.rows, sha256=plan.sha256)
    for each in plan.assumptions:
        yield "  " + assumed(each.code, each.values, said)
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
        yield from ("  " + sampled(sample, said, plan.zone) for sample in plan.samples)
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


def assumed(code: str, values: dict[str, object], said: Texts) -> str:
    """What was seen from the sheet and not said."""
    text = said.say(f"roster.import.assumed.{code}", **{key: str(value) for key, value in values.items()})
    sheet = values.get("sheet")
    return said.say("roster.import.of_sheet", sheet=sheet, text=text) if sheet else text


def _bad(bad: Bad, said: Texts) -> str:
    return said.say("roster.import.bad_row", place=bad.place(said), found=bad.found or "-", reason=bad.reason(said))


def sampled(sample: Sample, said: Texts, zone: tzinfo) -> str:
    """One row as `roster history` shows it; in Chinese under the words of our own export."""
    before, after = compared(sample.entity, sample.before, sample.after, zone)

    def value(fields: Fields, column: str) -> str:
        return _value(fields[column], column, said) if column in fields else "-"

    if sample.before is None or sample.after is None:
        what = "added" if sample.before is None else "removed"
        fields = after or before
        parts = [f"{_title(sample.entity, column, said)}={value(fields, column)}" for column in fields]
    else:
        what = "changed"
        columns = dict.fromkeys([*before, *after])
        parts = [
            f"{_title(sample.entity, column, said)}: {value(before, column)} -> {value(after, column)}"
            for column in columns
        ]
    entity = said.say(f"roster.import.entity.{sample.entity}")
    words = f"{said.say(f'roster.import.sample.{what}')} {entity} {shown(_id(sample), bare=True)}"
    return f"{words}: {', '.join(parts)}" if parts else words


def _id(sample: Sample) -> str:
    """As the commands take it; of a PIN nothing but that it is one."""
    row = sample.after if sample.after is not None else sample.before
    assert row is not None
    keys = [str(row[key]) for key in KEYS[sample.entity]]
    return "PIN" if keys[-1].startswith("digest:") else id_for_people(sample.entity, ":".join(keys))


def _title(entity: str, column: str, said: Texts) -> str:
    if said.language != LANGUAGES["zh"]:
        return column
    return TITLES_ZH.get(f"{entity}_{column}", TITLES_ZH.get(column, column))


def _value(text: str, column: str, said: Texts) -> str:
    if column == "status" and said.language == LANGUAGES["zh"]:
        return dict(zip(STATUSES, STATUS_WORDS["zh"], strict=True)).get(text, text)
    return shown(text, bare=True)


def _plain_sample(sample: Sample, zone: tzinfo) -> dict[str, object]:
    before, after = compared(sample.entity, sample.before, sample.after, zone)
    what = "added" if sample.before is None else "removed" if sample.after is None else "changed"
    return {"what": what, "entity": sample.entity, "id": _id(sample), "before": before, "after": after}


def plain_of(plan: Plan, said: Texts) -> dict[str, Any]:
    """The plan for programs."""
    return {
        "file": plan.file,
        "sha256": plan.sha256,
        "head": {"batch": plan.head.batch, "hash": plan.head.hash.hex()},
        "rows": plan.rows,
        "assumptions": [
            {"code": each.code, "text": assumed(each.code, each.values, said)} for each in plan.assumptions
        ],
        "counts": {entity: plan.counts[entity]._asdict() for entity in ENTITIES},
        "samples": [_plain_sample(sample, plan.zone) for sample in plan.samples],
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
