"""Every row of the tables of call buttons is visited by a scenario, and every wrong row is noticed by one."""

from __future__ import annotations

import pytest

from firmware.core.call_machines import TABLES
from tests.core.mutation import judge, scenarios_of
from tests.core.portals import test_calls

# Mutants that nobody can notice, each with its proof.
EQUIVALENT: dict[str, str] = {}


@pytest.mark.slow
def test_every_row_is_visited_and_every_mutant_is_noticed():
    verdict = judge(TABLES, scenarios_of(test_calls), EQUIVALENT)
    assert verdict.unvisited == []
    assert verdict.survivors == []
    assert verdict.stale == []
    assert verdict.tried > 100
