"""`menshen roster history`: whoever asks for what is not there is told so."""

from __future__ import annotations

import json

import pytest

from firmware.roster.source.store import Source


@pytest.fixture
def office(tmp_path):
    path = tmp_path / "office.db"
    Source.create(path, time_zone="Asia/Shanghai", who="office", why="a new gate", at_s=1_780_000_000).close()
    return path


@pytest.mark.parametrize("asked", [("--batch", "99"), ("--entity", "holder", "--id", "p9")])
def test_what_is_not_in_the_history_is_said_with_its_status(menshen, office, asked):
    answer = menshen("roster", "history", office, *asked, "--language", "zh")
    assert (answer.status, answer.out) == (1, "")
    assert "没有符合的批次" in answer.err
    answer = menshen("roster", "history", office, *asked, "--json")
    assert (answer.status, json.loads(answer.out)["ok"]) == (1, False)
    assert menshen("roster", "history", office, *asked, "--verify").status == 0
    assert menshen("roster", "history", office, "--batch", "1").status == 0
