"""What a run of the rig found: one table for a person, or JSON for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from tests.rig.machine import Figure, Result


class Outcome(NamedTuple):
    """How one part ended. `took_s` is of this machine's time, `inside_s` of the rig's."""

    name: str
    ok: bool
    checks: int
    took_s: float
    inside_s: float = 0.0
    figures: tuple[Figure, ...] = ()
    wrong: tuple[str, ...] = ()

    @classmethod
    def of(cls, result: Result, took_s: float) -> Outcome:
        wrong = [f"{check.what}: {check.found}" for check in result.checks if not check.ok]
        if result.status != 0:
            ended = "took longer than it may" if result.status is None else f"ended with status {result.status}"
            wrong += [ended, *result.output[-10:]]
        if not result.checks:
            wrong.append("has checked nothing")
        return cls(
            result.script, result.ok, len(result.checks), took_s, result.inside_s, tuple(result.figures), tuple(wrong)
        )


def table(outcomes: Sequence[Outcome]) -> list[str]:
    """A line for each part and each of its figures, and at the end what went wrong."""
    rows = [("part", "", "checks", "here", "in the rig")]
    for each in outcomes:
        inside = f"{each.inside_s:.0f} s" if each.inside_s else "-"
        rows.append((each.name, "ok" if each.ok else "FAIL", str(each.checks), f"{each.took_s:.0f} s", inside))
    wide = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, wide, strict=True)).rstrip() for row in rows]
    named = max((len(figure.name) for each in outcomes for figure in each.figures), default=0)
    for each in outcomes:
        if each.figures:
            lines += ["", each.name]
            lines += [f"  {figure.name.ljust(named)}  {figure.value:12.6g} {figure.unit}" for figure in each.figures]
    for each in outcomes:
        if not each.ok:
            lines += ["", f"{each.name} FAILED", *(f"  {line}" for line in each.wrong)]
    return lines


def as_json(outcomes: Sequence[Outcome], took_s: float) -> dict[str, Any]:
    """The same for programs."""
    return {
        "ok": all(each.ok for each in outcomes),
        "took_s": round(took_s, 1),
        "parts": [
            each._asdict() | {"figures": [figure._asdict() for figure in each.figures], "wrong": list(each.wrong)}
            for each in outcomes
        ],
    }
