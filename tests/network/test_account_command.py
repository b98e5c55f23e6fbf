"""`menshen account`: who has an account, and a code for whoever lost theirs; nothing else that is secret."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from firmware.__main__ import main
from firmware.network.accounts import recovery
from firmware.network.accounts.account import FIRST, Account, Role
from firmware.network.accounts.store import Store

BOSS = Account("Chen Wei", FIRST, "$argon2id$hash-of-boss", secret=b"secret-of-boss")
GUEST = Account("陈\u200b伟", frozenset({Role.GUARD}), "", b"digest")


@pytest.fixture
def state(tmp_path: Path) -> Path:
    folder = tmp_path / "network"
    folder.mkdir()
    Store(folder).save({"chen wei": BOSS, "陈\u200b伟": GUEST})
    return tmp_path


def test_accounts_are_listed_for_people_and_programs(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["account", "list", "--state", str(state), "--language", "en"]) == 0
    printed = capsys.readouterr().out
    assert printed.splitlines()[0].split("  ") == ["Chen Wei", "", "manager, installer", "second factor"]
    assert "\u200b" not in printed, "nothing that a terminal would hide"
    assert main(["account", "list", "--state", str(state), "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert rows[0] == {
        "name": "Chen Wei",
        "roles": ["manager", "installer"],
        "invited": False,
        "second_factor": True,
    }
    assert rows[1]["invited"]
    assert "hash" not in printed + str(rows)
    assert "secret-of-boss" not in printed + str(rows)


def test_a_lost_passphrase_is_recovered_at_the_console(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["account", "recover", "CHEN WEI", "--state", str(state), "--language", "zh"]) == 0
    assert "设置口令" in capsys.readouterr().out
    assert main(["account", "recover", "Chen Wei", "--state", str(state), "--json"]) == 0
    code = json.loads(capsys.readouterr().out)["code"]
    assert recovery.fits(state / "network", "chen wei", code)
    (state / "network" / "recovery.json").write_bytes(b'{"account": "\xff", "digest": ""}')
    assert not recovery.fits(state / "network", "chen wei", code)
    assert main(["account", "recover", "nobody", "--state", str(state)]) == 1
    assert "menshen account list" in capsys.readouterr().err


def test_what_cannot_be_used_is_told(tmp_path: Path, state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["account", "list", "--state", str(tmp_path / "elsewhere"), "--language", "en"]) == 0
    assert capsys.readouterr().out == "Nobody has an account yet.\n"
    (state / "network" / "accounts.db").chmod(0o644)
    assert main(["account", "list", "--state", str(state)]) == 1
    assert "chmod 0600" in capsys.readouterr().err
