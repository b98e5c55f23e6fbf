"""Every row of the portals' tables is visited by a scenario, and every wrong row is noticed by one."""

from __future__ import annotations

import pytest

from firmware.core.machines import TABLES
from tests.core.mutation import judge, scenarios_of
from tests.core.portals import test_elsewhere, test_exit, test_fire, test_holds, test_leaf, test_passing, test_schedule

# Mutants that nobody can notice, each with its proof.
EQUIVALENT: dict[str, str] = {}


@pytest.mark.slow
def test_every_row_is_visited_and_every_mutant_is_noticed():
    scenarios = scenarios_of(test_leaf, test_passing, test_exit, test_holds, test_schedule, test_fire, test_elsewhere)
    verdict = judge(TABLES, scenarios, EQUIVALENT)
    assert verdict.unvisited == []
    assert verdict.survivors == []
    assert verdict.stale == []
    assert verdict.tried > 500
