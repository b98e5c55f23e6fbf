"""`menshen wire` as a process beside a real controller: the table, lines for programs, refusals, no controller."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from firmware.bench.rig import CONTACT, Rig
from firmware.core.codes import Code
from firmware.journal import search
from tests.wire.terminal import LIMIT_S, ROOT


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    made = Rig(tmp_path_factory.mktemp("wire"))
    made.start()
    made.listens()
    yield made
    made.close()


def wire(*words: object, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run it without a terminal."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG"))}
    return subprocess.run(
        [sys.executable, "-m", "firmware", "wire", *map(str, words)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=2 * LIMIT_S,
        cwd=ROOT,
        env={**variables, "LANG": "en_US.UTF-8", **environment},
    )


def seen(rig: Rig, *words: object) -> dict[str, dict]:
    answer = wire(rig.site, "--json", *words)
    assert answer.returncode == 0, answer.stderr
    return {each["id"]: each for each in json.loads(answer.stdout)["wires"]}


def test_the_table_without_a_terminal(rig: Rig):
    answer = wire(rig.site)
    assert answer.returncode == 0
    assert answer.stderr == ""
    assert "\x1b" not in answer.stdout
    rows = {line.split()[1]: line for line in answer.stdout.splitlines()[2:]}
    assert set(rows) == {"reader", "lock", "contact"}
    assert "off" in rows["lock"]
    assert "inactive" in rows["contact"]
    assert "quiet" in rows["reader"]


def test_in_chinese_by_option_and_by_the_terminals_language(rig: Rig):
    by_option, by_terminal = wire(rig.site, "--language", "zh"), wire(rig.site, LC_ALL="zh_CN.UTF-8")
    for answer in (by_option, by_terminal):
        assert answer.returncode == 0
        assert "\N{CJK UNIFIED IDEOGRAPH-95E8}\N{CJK UNIFIED IDEOGRAPH-9501}" in answer.stdout  # door lock


def test_for_programs_with_the_sites_time_zone(rig: Rig):
    answer = wire(rig.site, "--json")
    told = json.loads(answer.stdout)
    assert (told["ok"], told["site"]) == (True, "bench")
    assert told["portals"] == [{"portal": "door", "kind": "door", "out_of_service": False}]
    (lock,) = [each for each in told["wires"] if each["id"] == "lock"]
    assert (lock["kind"], lock["role"], lock["portal"], lock["use"]) == ("relay", "output", "door", "lock")
    assert lock["lines"] == ["line GPIO13"]
    assert lock["refused"] == ["in_service:door"]
    at = datetime.fromisoformat(lock["since"])
    assert at.utcoffset() == ZoneInfo("Asia/Shanghai").utcoffset(at.replace(tzinfo=None))
    assert at.timestamp() == lock["since_ms"] // 1000
    assert 0 <= told["utc_ms"] - lock["since_ms"] - lock["age_ms"] <= 1, "both say the same instant"


def test_an_input_and_a_reader_that_speak(rig: Rig):
    before = seen(rig)
    rig.contact(True)
    rig.swipe(0b11, 26)  # its parity is wrong: no card of anybody
    for _ in range(50):
        after = seen(rig)
        if after["contact"]["level"] == "active" and after["reader"]["level"] == "noise":
            break
    assert after["contact"]["level"] == "active"
    assert after["contact"]["since_ms"] > before["contact"]["since_ms"]
    assert after["contact"]["counters"]["edges"] == before["contact"]["counters"]["edges"] + 1
    assert after["reader"]["level"] == "noise"
    rig.contact(False)
    assert rig.far_end.levels[CONTACT] is False


def test_a_line_a_second(rig: Rig):
    answer = wire(rig.site, "--json", "--watch", "2", "--device", "lock")
    told = [json.loads(line) for line in answer.stdout.splitlines()]
    assert len(told) == 2
    assert [[each["id"] for each in one["wires"]] for one in told] == [["lock"], ["lock"]]
    assert 900 <= told[1]["utc_ms"] - told[0]["utc_ms"] <= 1000 * LIMIT_S


def test_out_of_service_and_back_with_who_asked(rig: Rig):
    assert wire(rig.site, "--out-of-service", "door", "--by", "Li").returncode == 0
    assert "door is out of service" in wire(rig.site).stdout
    assert seen(rig)["lock"]["refused"] == []
    answer = wire(rig.site, "--in-service", "door", "--by", "Li", "--json")
    assert json.loads(answer.stdout) == {"ok": True, "portal": "door", "out": False, "reasons": []}
    rows = search(rig.state / "journal" / "journal.db", limit=100)
    done = [row.event for row in rows if row.event.code is Code.COMMANDED]
    assert [event.detail for event in done] == ["SetOutOfService"] * 2
    assert {event.portal for event in done} == {"door"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--portal", "dor"), "did you mean door"),
        (("--device", "lokc"), "did you mean lock"),
        (("--device", "x\x1b[2Jy"), "there are: reader, lock, contact"),
        (("--watch", "3"), "--json"),
        (("--watch", "0", "--json"), "1 to 86400"),
        (("--watch", "1e9", "--json"), "1 to 86400"),
        (("--out-of-service", "door"), "--by"),
        (("--out-of-service", "door", "--in-service", "door", "--by", "Li"), "not allowed with"),
        (("--by", ""), "say who asks"),
        (("--language", "de"), "invalid choice"),
    ],
)
def test_what_is_misused_is_said_and_status_2(rig: Rig, words: tuple[str, ...], said: str):
    answer = wire(rig.site, *words)
    assert answer.returncode == 2, answer.stdout
    assert said.lower() in answer.stderr.lower()
    assert "\x1b" not in answer.stderr
    assert "Traceback" not in answer.stderr


def test_no_file_and_a_wrong_file(tmp_path: Path):
    broken = tmp_path / "broken.toml"
    broken.write_text("[site]\n")
    for file in (tmp_path / "none.toml", broken):
        answer = wire(file)
        assert answer.returncode == 2
        assert "menshen check" in answer.stderr


def test_another_sites_file_is_noticed(rig: Rig, tmp_path: Path):
    other = tmp_path / "other.toml"
    other.write_text(rig.site.read_text().replace('id = "bench"', 'id = "elsewhere"'))
    answer = wire(other, "--state", rig.state)
    assert answer.returncode == 2
    assert "elsewhere" in answer.stderr


@pytest.mark.parametrize("json_too", [False, True])
def test_where_no_controller_runs_it_says_what_to_do(tmp_path: Path, rig: Rig, json_too: bool):
    file = tmp_path / "site.toml"
    file.write_text(rig.site.read_text())
    answer = wire(file, *(["--json"] if json_too else []), XDG_STATE_HOME=str(tmp_path / "nobody"))
    assert answer.returncode == 1
    assert "menshen run" in answer.stderr
    assert str(tmp_path / "state" / "office.sock") in answer.stderr, "where it has looked"
    if json_too:
        assert json.loads(answer.stdout)["ok"] is False


def test_a_socket_that_a_dead_controller_left_is_no_controller(tmp_path: Path, rig: Rig):
    import socket

    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(tmp_path / "office.sock"))
    answer = wire(rig.site, "--state", tmp_path)
    assert answer.returncode == 1
    assert "menshen run" in answer.stderr
