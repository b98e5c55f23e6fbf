"""The command itself: it starts quickly, knows its words, goes quietly when its reader goes, and suits any terminal."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import timeit

import pytest

from firmware.__main__ import ROOMS
from tests.command.conftest import HOLDERS, LIMIT_S, ROOT, ROWS, RULES, SITE, environment, process

START_S_MAX = 0.3
OURS = {"journal": ("verify", "export", "search"), "roster": ("build", "verify")}


@pytest.mark.parametrize("words", [(), ("fly",), ("--fly",), ("journal",), ("roster",), ("explain",), ("",), ("🚪",)])
def test_what_it_does_not_know_is_misuse(menshen, words):
    answer = menshen(*words)
    assert (answer.status, answer.out) == (2, "")
    assert "usage: menshen" in answer.err


@pytest.mark.parametrize("room", ROOMS)
def test_every_command_has_its_help_and_refuses_what_it_does_not_know(menshen, room):
    helped = menshen(room, "--help")
    assert helped.status == 0
    assert ROOMS[room].purpose.split(":")[0].split(";")[0] in " ".join(helped.out.split())
    assert menshen(room, "--no-such-option").status == 2


@pytest.mark.parametrize(("room", "action"), [(room, action) for room in OURS for action in OURS[room]])
def test_every_action_has_its_help(menshen, room, action):
    helped = menshen(room, action, "--help")
    assert helped.status == 0
    assert "--json" in helped.out
    assert "--language" in helped.out
    assert menshen(room, action).status == 2
    assert menshen(room, "--help").out.count(action) >= 1


def test_a_file_that_is_not_there_is_said_by_every_command(menshen, tmp_path):
    nowhere = tmp_path / "nowhere"
    for words, status in ((("check", nowhere), 1), (("replay", nowhere), 2), (("safe", nowhere), 2),
                          (("run", nowhere), 2), (("journal", "verify", nowhere), 2),
                          (("roster", "verify", nowhere, "--key", "00" * 32), 2)):  # fmt: skip
        answer = menshen(*words)
        assert answer.status == status, words
        assert str(nowhere) in answer.err, words


def test_the_version_comes_at_once_and_help_imports_no_room():
    command = [sys.executable, "-m", "firmware", "--version"]
    best_s = min(
        timeit.repeat(lambda: subprocess.run(command, check=True, capture_output=True, cwd=ROOT), number=1, repeat=5)
    )
    assert best_s < START_S_MAX
    source = """import sys
from firmware.__main__ import main
try:
    main(["--help"])
except SystemExit:
    print([name for name in sys.modules if name.split(".")[0] in ("firmware", "drivers", "msgspec", "cryptography")])
"""
    ended = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, cwd=ROOT, check=True)
    assert ended.stdout.splitlines()[-1] == "['firmware', 'firmware.__main__']"


def test_our_rooms_need_no_hardware_and_no_process():
    source = """import sys
import firmware.explain, firmware.journal.command, firmware.roster.command
above = ("firmware.controller", "firmware.network", "firmware.vision", "firmware.rehearsal", "drivers")
print([name for name in sys.modules if name.startswith(above)])
"""
    ended = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, cwd=ROOT, check=True)
    assert ended.stdout == "[]\n"


@pytest.mark.parametrize(
    "words",
    [("journal", "search", "{state}", "--limit", "50", "--json"), ("journal", "search", "{state}"),
     ("journal", "export", "{state}"), ("journal", "verify", "{state}"),
     ("roster", "verify", "{built}", "--state", "{state}"),
     ("explain", str(SITE), "--roster", "{built}", "--access-point", "hall_in", "--credential", "card:x",
      "--at", "unknown")],
)  # fmt: skip
def test_a_reader_that_goes_is_no_error(state, built, words):
    """As `| head -c1`: the other end of standard output is closed after one byte, or before the first."""
    filled = [word.format(state=state, built=built) for word in words]
    for bytes_read in (0, 1):
        with subprocess.Popen(
            [sys.executable, "-m", "firmware", *filled],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=ROOT,
            env=environment(PYTHONUNBUFFERED=""),  # output waits in a buffer, as on any machine
        ) as running:
            if bytes_read:
                assert running.stdout.read(bytes_read)
            running.stdout.close()
            said = running.stderr.read()
            status = running.wait(LIMIT_S)
        assert said == b"", said
        assert status in ((0, 1) if words[0] == "explain" else (0,))


@pytest.mark.parametrize("encoding", ["ascii", "gbk"])
def test_any_terminals_encoding(state, built, encoding):
    shown = environment(PYTHONIOENCODING=encoding, LANG="zh_CN.UTF-8")
    words = (
        ("journal", "search", state),
        ("explain", SITE, "--state", state, "--roster", built, "--access-point", "hall_in", "--credential",
         "card:H10301:12:34567", "--at", "2026-11-23T12:00"),
    )  # fmt: skip
    for each in words:
        answer = process(*each, env=shown)
        assert (answer.returncode, answer.stderr) == (0, b""), each
        text = answer.stdout.decode(encoding)
        assert ("\\u" in text) is (encoding == "ascii")
        assert "Traceback" not in text


def test_json_is_one_value_or_one_a_line_and_plain_ascii(state, built):
    site = (
        "explain",
        SITE,
        "--roster",
        built,
        "--access-point",
        "hall_in",
        "--credential",
        "card:x",
        "--at",
        "unknown",
    )
    for each, count in (
        (("journal", "verify", state), 1),
        (("journal", "search", state, "--limit", "1000"), ROWS + 1),
        (("journal", "export", state, "--output", state / "out"), 1),
        (("roster", "build", HOLDERS, RULES, state / "new", "--state", state, "--version", "9"), 1),
        (("roster", "verify", built, "--state", state), 1),
        (site, 1),
    ):
        answer = process(*each, "--json", env=environment(LANG="zh_CN.UTF-8"))
        lines = answer.stdout.decode("ascii").splitlines()
        assert len(lines) == count, each
        assert all(isinstance(json.loads(line), dict) for line in lines)


def test_names_of_files_are_shown_escaped(menshen, tmp_path):
    for name in ("\x1b[2J", "\u202egnp", "a\nb", "\udcff"):
        for words in (
            ("journal", "verify", tmp_path / name),
            ("roster", "verify", tmp_path / name, "--key", "00" * 32),
        ):
            answer = menshen(*words)
            assert answer.status == 2
            assert not re.search("[\x1b\u202e\udcff]", answer.err)
            assert len(answer.err.splitlines()) <= 2
