"""Every row of the tables of barrier and lane is visited by a scenario, and every wrong row is noticed, or is none.

A tenth of them here, drawn by a seed; all of them by `make mutants`.
"""

from __future__ import annotations

import pytest

from tests.core.lanes import mutants

SEED = 4


def test_every_row_is_visited():
    assert mutants.unvisited() == []


@pytest.mark.slow
def test_a_tenth_of_all_mutants_is_noticed(capsys):
    names = mutants.chosen(SEED)
    assert len(names) > 200
    fates = list(mutants.tried(names, 1))
    with capsys.disabled():
        print("\n" + ", ".join(f"{sum(each.fate == fate for each in fates)} {fate}" for fate in mutants.FATES), end="")
    assert [fate for fate in fates if fate.fate == "survived"] == []
    killed = sum(fate.fate in mutants.KILLED for fate in fates)
    assert killed > 0.9 * len(fates), "most of what is left is explained away"


def test_a_mutant_that_shows_is_no_equivalent():
    """The comparison finds what a scenario would find: here a barrier that gives no warning of its fault."""
    mutant = next(each for each in mutants.every_mutant() if each.name == "motion: closed + jumped without latch (0)")
    visitors = [scenario for seen, scenario in mutants.scenarios() if seen["motion"] & mutant.pairs]
    with pytest.raises((mutants.Different, mutants.Broken)):
        mutants.alike_in_scenarios(mutant, visitors)
