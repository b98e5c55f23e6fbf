"""Every row of the readers' tables is visited, and every wrong table is noticed by a scenario of this folder."""

from __future__ import annotations

from firmware.core import dialog, enrolment, lockout, noise
from tests.core.access import test_dialog, test_enrolment, test_lockout, test_noise_and_flood
from tests.core.mutation import judge, scenarios_of
from tests.core.portals import test_local

TABLES = (dialog.TABLE, enrolment.TABLE, lockout.TABLE, noise.TABLE)

EQUIVALENT: dict[str, str] = {}


def test_every_row_is_visited_and_every_mutant_noticed() -> None:
    scenarios = scenarios_of(test_dialog, test_enrolment, test_local, test_lockout, test_noise_and_flood)
    verdict = judge(TABLES, scenarios, EQUIVALENT)
    assert verdict.tried > 150
    assert verdict.unvisited == []
    assert verdict.survivors == []
    assert verdict.stale == []
