"""`menshen explain --state`: the answer rests on what was suspended and enrolled at that controller, and says so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from firmware.__main__ import main
from firmware.core.access import Factor
from firmware.identity import Identity
from firmware.roster.build import build
from firmware.roster.entry import Entry
from firmware.roster.install import install
from firmware.roster.overlay import EMPTY
from firmware.roster.overlay_file import save
from tests.overlay.entries import NOW_S, enrolled, lost, suspended, visitor

SITES = Path(__file__).parents[2] / "provisioning" / "sites"
SITE = SITES / "community_gate.toml"
RESIDENT = "card:H10301:12:34567"  # of provisioning/sites/holders.csv
STRANGER = "card:H10301:77:7"
NOON = "2026-11-23T12:00"


class Asked:
    """A state folder with the demo's roster and whatever entries a test wants; and the command."""

    def __init__(self, state: Path, capsys) -> None:
        self.state, self._capsys = state, capsys
        self.identity = Identity.load_or_create(state / "identity")
        built = state / "built"
        build(SITES / "holders.csv", SITES / "rules.toml", built, self.identity, version=1, created_s=NOW_S - 86_400)
        install(built, state / "roster", [self.identity.public_key]).close()

    def with_entries(self, *entries: Entry) -> None:
        save(EMPTY.with_(*entries), self.state / "roster", self.identity)

    def explain(self, credential: str, at: str = NOON, *more: str, access_point: str = "front_in") -> tuple[int, dict]:
        words = ["--access-point", access_point, "--credential", credential, "--at", at, "--json", *more]
        status = main(["explain", str(SITE), "--state", str(self.state), *words])
        return status, json.loads(self._capsys.readouterr().out)


@pytest.fixture
def asked(tmp_path: Path, capsys, monkeypatch) -> Asked:
    monkeypatch.setenv("LANG", "en_US.UTF-8")
    return Asked(tmp_path, capsys)


def test_a_lost_card_is_explained_by_its_entry(asked: Asked) -> None:
    assert asked.explain(RESIDENT)[0] == 0
    token = asked.identity.pseudonym("card", RESIDENT.removeprefix("card:"))
    entry = lost("resident", token)
    asked.with_entries(entry, suspended("guard"))
    status, said = asked.explain(RESIDENT)
    assert status == 1
    assert said["reasons"] == ["credential_known", "credential_lost"]
    assert entry.id in said["notes"]["overlay_entry"]
    assert "2026-12-03 12:00:00+08:00" in said["notes"]["overlay_entry"]
    assert asked.explain(RESIDENT, "2026-12-03T11:59:59")[0] == 1
    assert asked.explain(RESIDENT, "2026-12-03T12:00:00")[0] == 0
    assert asked.explain(RESIDENT, "unknown")[1]["reasons"][-1] == "credential_lost"


def test_what_was_enrolled_here_is_explained(asked: Asked) -> None:
    status, said = asked.explain(STRANGER)
    assert (status, said["reasons"]) == (1, ["credential_not_found"])
    entry = enrolled("resident", "ab" * 8, STRANGER.removeprefix("card:"))
    guest = visitor("guest-7", "cd" * 8, "H10301:77:8", Factor.CARD, profiles=("residents",))
    asked.with_entries(entry, guest)
    for credential, made in ((STRANGER, entry), ("card:H10301:77:8", guest)):
        status, said = asked.explain(credential)
        assert (status, said["reasons"][:2]) == (0, ["credential_known", "local_entry"])
        assert made.id in said["notes"]["overlay_entry"]
    assert "overlay_entry" not in asked.explain("card:H10301:12:34568")[1]["notes"]


def test_the_second_pin_of_who_is_suspended_is_no_help(asked: Asked) -> None:
    night = ("2026-11-23T23:30", "--with", "pin:2468")
    assert asked.explain(RESIDENT, *night)[0] == 0
    other = enrolled("guard", "ab" * 8, STRANGER.removeprefix("card:"))
    asked.with_entries(suspended("resident"), other)
    status, said = asked.explain(RESIDENT, *night)
    assert (status, said["reasons"][-1]) == (1, "credential_suspended")
    assert asked.explain(RESIDENT, NOON)[1]["reasons"][-1] == "credential_suspended"


def test_entries_that_cannot_be_trusted_are_said(asked: Asked) -> None:
    asked.with_entries(suspended("resident"))
    (asked.state / "roster" / "overlay").write_bytes(b"a bad sector")
    status, said = asked.explain(RESIDENT)
    assert status == 0
    assert "overlay" in said["notes"]["overlay_refused"]
