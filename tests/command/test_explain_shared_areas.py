"""`menshen explain` where areas are shared with other controllers, and where the roster limits places."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from firmware.config import load
from firmware.core.access import Rulebook
from firmware.core.effects import Remember
from firmware.explain import standing_of
from firmware.identity import Identity
from tests.command.conftest import BEGIN_UTC_MS, SITE, SITES, open_journal

# RFC 8032, section 7.1, TEST 1; the id by `xxd -r -p | sha256sum`, its first ten bytes by `base32`.
PEER = """
[[peer]]
id = "eh7ddx5bksrgcytl"
key = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
"""


@pytest.fixture
def shared_site(tmp_path: Path) -> Path:
    """The demo gate, with its lobby shared and hard anti-passback into it."""
    folder = shutil.copytree(SITES, tmp_path / "sites")
    path = folder / SITE.name
    text = path.read_text(encoding="utf-8").replace('antipassback = "soft"', 'antipassback = "hard"')
    lobby = 'id = "lobby"\n'
    assert text.count(f"[[area]]\n{lobby}") == 1
    path.write_text(text.replace(f"[[area]]\n{lobby}", f"[[area]]\n{lobby}shared = true\n") + PEER, encoding="utf-8")
    return path


def inside(state: Path) -> None:
    """The resident has gone into the lobby, says the ledger."""
    journal, listener = open_journal(state, Identity.load_or_create(state / "identity"))
    effect = Remember("resident", area="lobby", entered_s=BEGIN_UTC_MS // 1000)
    listener.wait_ticket(journal.append([effect], now_ms=0, utc_ms=BEGIN_UTC_MS))
    assert journal.close()


@pytest.mark.parametrize(
    ("standing", "status", "last"),
    [
        ("", 1, ["antipassback_hard"]),  # other controllers are taken as heard
        ("peers_cut_off", 0, ["antipassback_soft", "peers_cut_off", "granted"]),
    ],
)
def test_hard_is_explained_as_soft_while_others_are_not_heard(
    menshen, state, built, shared_site, standing, status, last
):
    inside(state)
    words = ("explain", shared_site, "--roster", built, "--state", state, "--access-point", "hall_in", "--json")
    answer = menshen(*words, "--credential", "card:H10301:12:34567", "--at", "2026-11-23T12:00", "--standing", standing)
    assert answer.status == status
    assert json.loads(answer.out)["reasons"][-len(last) :] == last


def test_an_area_of_our_own_is_never_cut_off(menshen, state, built):
    answer = menshen(
        *("explain", SITE, "--roster", built, "--state", state, "--access-point", "hall_in", "--json"),
        *("--credential", "card:H10301:12:34567", "--at", "2026-11-23T12:00", "--standing", "peers_cut_off"),
    )
    assert "peers_cut_off" not in json.loads(answer.out)["reasons"]


def test_the_rosters_places_stand_beside_the_sites():
    config, _ = load(SITE)
    assert config is not None
    places = {area.id: area.occupancy_max for area in config.site.areas}
    assert places["shed"] == 60
    for given, holds in ((None, 60), (10, 10), (100, 60)):
        rulebook = Rulebook(1, areas={} if given is None else {"shed": given})
        assert standing_of(config, "bike_in", {}, {"shed": 7}, rulebook).area_max == holds
