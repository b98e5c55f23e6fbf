"""The office's commands: what they ask for, what they say, and what happens where no controller answers."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from firmware.__main__ import main
from firmware.core.access import Factor
from firmware.core.codes import Reason
from firmware.messages import (
    FRAME_BYTES_MAX,
    Answer,
    CancelEnrolment,
    Enrol,
    Invite,
    Leave,
    Lift,
    ListOverlay,
    LocalEntry,
    Overlaid,
    Suspend,
    pack,
)
from firmware.roster import office
from firmware.roster.entry import Status
from firmware.roster.overlay import EMPTY, ENTRIES_MAX, Conflict, Overlay, OverlayFull
from tests.overlay.entries import NOW_S, enrolled, lost, suspended, visitor
from tests.overlay.fake_desk import fake_desk

ROOT = Path(__file__).parents[2]
BY = ("--by", "Ms Wang", "--why", "reported at the counter")
LIMIT_S = 60


@pytest.fixture
def menshen(capsys, monkeypatch):
    monkeypatch.setenv("LANG", "en_US.UTF-8")
    monkeypatch.setenv("TZ", "UTC")
    for name in ("LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)

    def call(*words: object) -> tuple[int, str, str]:
        try:
            status = main([str(word) for word in ("roster", *words)])
        except SystemExit as left:
            status = left.code
        said = capsys.readouterr()
        return status, said.out, said.err

    return call


def granted(asked):
    return [Answer(asked.request, True)]


PERSON = {"issuer": "Ms Wang", "why": "reported at the counter"}
PERSONS_ZONE = ("--time-zone", "Asia/Shanghai")
EVENING_S = 1_795_431_600  # 2026-11-23 19:00 in Shanghai

ASKED = [
    (("suspend", "--holder", "li"), Suspend(holder="li", **PERSON)),
    (
        ("suspend", "--credential", "plate:沪A·12345", "--lost", "--until", "2026-11-23T19:00"),
        Suspend(factor=Factor.PLATE, key="沪A12345", lost=True, until_s=EVENING_S, **PERSON),
    ),
    (("leave", "--holder", "li"), Leave(holder="li", **PERSON)),
    (
        ("leave", "--holder", "li", "--until", "2026-11-23T11:00:00+00:00"),
        Leave(holder="li", until_s=EVENING_S, **PERSON),
    ),
    (("lift", "--entry", "l0123abcd"), Lift(entry="l0123abcd", **PERSON)),
    (("lift", "--holder", "li"), Lift(holder="li", **PERSON)),
    (("lift", "--credential", "card:H10301:1:2"), Lift(factor=Factor.CARD, key="H10301:1:2", **PERSON)),
    (
        ("enrol", "--holder", "li", "--credential", "tag:t-7", "--until", "2026-11-23T19:00"),
        Enrol(holder="li", factor=Factor.TAG, key="t-7", until_s=EVENING_S, **PERSON),
    ),
    (
        ("enrol", "--holder", "li", "--reader", "desk", "--seconds", "20", "--kind", "code"),
        Enrol(holder="li", factor=Factor.CODE, reader="desk", for_ms=20_000, **PERSON),
    ),
    (
        ("replace", "--holder", "li", "--old", "0123456789abcdef", "--old", "0" * 16, "--reader", "desk"),
        Enrol(holder="li", reader="desk", replaces=("0123456789abcdef", "0" * 16), **PERSON),
    ),
    (
        ("replace", "--holder", "li", "--old", "all", "--credential", "card:H10301:1:3"),
        Enrol(holder="li", key="H10301:1:3", replaces_all=True, **PERSON),
    ),
    (
        (
            "invite",
            "--visitor",
            "guest-7",
            "--profiles",
            "residents",
            "pool",
            "--until",
            "2026-11-23T19:00",
            "--from",
            "2026-11-23T18:00",
            "--uses",
            "2",
            "--host",
            "b1-2-301",
            "--escorted",
            "--credential",
            "code:welcome",
        ),
        Invite(
            visitor="guest-7",
            profiles=("residents", "pool"),
            until_s=EVENING_S,
            from_s=EVENING_S - 3600,
            use_limit=2,
            household="b1-2-301",
            escorted=True,
            factor=Factor.CODE,
            key="welcome",
            **PERSON,
        ),
    ),
]


@pytest.mark.parametrize(("words", "command"), ASKED, ids=[" ".join(words[:4]) for words, _ in ASKED])
def test_each_command_asks_for_what_was_written(menshen, tmp_path, words, command) -> None:
    with fake_desk(tmp_path, granted) as desk:
        status, out, err = menshen(*words, "--state", tmp_path, *BY, *PERSONS_ZONE)
        assert status == 0, err
        assert [asked.command for asked in desk.asked] == [command]
        assert "menshen roster local" in out
        status, out, _ = menshen(*words, "--state", tmp_path, *BY, *PERSONS_ZONE, "--json")
        assert status == 0
        assert json.loads(out)["ok"] is True
        status, out, _ = menshen(*words, "--state", tmp_path, *BY, *PERSONS_ZONE, "--language", "zh")
        assert status == 0
        assert "menshen roster local" in out
        assert not any(word in out for word in (" is ", " the ", "refused"))
    assert len({asked.request for asked in desk.asked}) == 3


def test_times_are_said_with_date_seconds_and_offset(menshen, tmp_path) -> None:
    with fake_desk(tmp_path, granted):
        words = ("suspend", "--holder", "li", "--until", "2026-11-23T19:00", "--state", tmp_path, *BY)
        assert "2026-11-23 19:00:00+08:00" in menshen(*words, *PERSONS_ZONE)[1]
        assert "ten years" in menshen("leave", "--holder", "li", "--state", tmp_path, *BY)[1]


def test_a_refusal_says_why_and_is_exit_status_1(menshen, tmp_path) -> None:
    def refuse(asked):
        return [Answer(asked.request, False, (f"{Reason.ALREADY_ISSUED}:zhao", Reason.NOT_ALLOWED))]

    words = ("enrol", "--holder", "li", "--credential", "card:H10301:1:2", "--state", tmp_path, *BY)
    with fake_desk(tmp_path, refuse):
        status, out, err = menshen(*words)
        assert (status, out) == (1, "")
        assert "1. " in err
        assert "zhao" in err
        status, out, _ = menshen(*words, "--json")
        said = json.loads(out)
        assert (status, said["ok"], said["reasons"]) == (1, False, ["credential_already_issued:zhao", "not_allowed"])
        assert "zhao" in said["words"][0]


def test_done_and_yet_the_roster_refuses_is_said(menshen, tmp_path) -> None:
    with fake_desk(tmp_path, lambda asked: [Answer(asked.request, True, (Reason.SAID_BY_ROSTER,))]):
        words = ("lift", "--holder", "li", "--state", tmp_path, *BY)
        status, out, _ = menshen(*words)
        assert status == 0
        assert len(out.splitlines()) == 4  # done, a but, its reason, where to look


def test_what_was_presented_is_said_with_what_ends_it(menshen, tmp_path) -> None:
    """Somebody else's card may have come in between: only a person who sees its number can tell."""

    def enrol(asked):
        return [Answer(asked.request, True, presented="card:H10301:99:1", entry="l0000000a")]

    words = ("enrol", "--holder", "li", "--reader", "desk", "--state", tmp_path, *BY)
    with fake_desk(tmp_path, enrol):
        for language in ("en", "zh"):
            _, out, _ = menshen(*words, "--language", language)
            assert "card:H10301:99:1" in out
            assert "menshen roster lift --entry l0000000a" in out
        said = json.loads(menshen(*words, "--json")[1])
    assert (said["presented"], said["entry"]) == ("card:H10301:99:1", "l0000000a")


@pytest.mark.parametrize(
    "words",
    [
        ("suspend", "--holder", "li"),
        ("enrol", "--holder", "li", "--reader", "desk"),
        ("local",),
    ],
)
def test_where_no_controller_answers_it_is_exit_status_2_and_says_what_to_do(menshen, tmp_path, words) -> None:
    person = () if words == ("local",) else BY
    for state in (tmp_path, tmp_path / "nowhere"):
        status, out, err = menshen(*words, "--state", state, *person)
        assert (status, out) == (2, "")
        assert "Start the controller" in err
    with socket.socket(socket.AF_UNIX) as left_behind:  # by a controller that was killed
        left_behind.bind(str(tmp_path / "office.sock"))
    assert menshen(*words, "--state", tmp_path, *person)[0] == 2


def test_a_state_folder_may_have_a_path_longer_than_a_sockets(menshen, tmp_path) -> None:
    deep = tmp_path / ("d" * 100) / ("e" * 100)
    deep.mkdir(parents=True)
    with fake_desk(deep, granted):
        assert menshen("leave", "--holder", "li", "--state", deep, *BY)[0] == 0


@pytest.mark.attack("roster-36")
@pytest.mark.parametrize(
    ("answers", "said"),
    [
        (lambda asked: [b""], "ended the connection"),
        (lambda asked: [(FRAME_BYTES_MAX + 1).to_bytes(4, "big")], "at most"),
        (lambda asked: [(5).to_bytes(4, "big") + b"rubby"], "no message"),
        (lambda asked: [Answer("another request", True)] * 1_100, "did not answer"),
        (lambda asked: [Overlaid(asked.request, 1, 1, (), True)] * 1_100, "did not answer"),
    ],
)
def test_a_far_end_that_talks_rubbish_is_no_answer(menshen, tmp_path, answers, said) -> None:
    with fake_desk(tmp_path, answers):
        status, out, err = menshen("leave", "--holder", "li", "--state", tmp_path, *BY)
        assert (status, out) == (2, "")
        assert said in err
        assert menshen("local", "--state", tmp_path)[0] == 2


WRONG = [
    ("suspend",),
    ("suspend", "--holder", "li", "--credential", "card:H10301:1:2"),
    ("suspend", "--holder", "no id"),
    ("suspend", "--holder", "x" * 33),
    ("suspend", "--credential", "card:12345678"),
    ("suspend", "--credential", "face"),
    ("suspend", "--holder", "li", "--until", "tomorrow"),
    ("enrol", "--holder", "li"),
    ("enrol", "--holder", "li", "--reader", "desk", "--seconds", "4"),
    ("enrol", "--holder", "li", "--reader", "desk", "--seconds", "121"),
    ("enrol", "--holder", "li", "--reader", "desk", "--kind", "pin"),
    ("replace", "--holder", "li", "--reader", "desk"),
    ("replace", "--holder", "li", "--old", "the blue one", "--reader", "desk"),
    ("invite", "--visitor", "g", "--profiles", "residents", "--uses", "1", "--credential", "code:x"),
    ("invite", "--visitor", "g", "--profiles", "Residents", "--uses", "1", "--until", "2026-12-01", "--reader", "d"),
    ("invite", "--visitor", "g", "--profiles", "residents", "--uses", "0", "--until", "2026-12-01", "--reader", "d"),
    ("lift", "--entry", "7"),
]


@pytest.mark.parametrize("words", WRONG, ids=[" ".join(words) for words in WRONG])
def test_what_is_misused_never_reaches_the_controller(menshen, tmp_path, words) -> None:
    with fake_desk(tmp_path, granted) as desk:
        status, out, err = menshen(*words, "--state", tmp_path, *BY)
        assert (status, out) == (2, "")
        assert err
    assert desk.asked == []


@pytest.mark.parametrize(
    "changed", [("--by", ""), ("--by", "x" * 65), ("--by", "a\tb\u202e"), ("--why", "x"), ("--why", "w" * 201)]
)
def test_nobody_asks_without_a_name_and_a_reason(menshen, tmp_path, changed) -> None:
    with fake_desk(tmp_path, granted) as desk:
        words = dict(zip(BY[::2], BY[1::2], strict=True)) | dict([changed])
        person = [part for pair in words.items() for part in pair]
        assert menshen("leave", "--holder", "li", "--state", tmp_path, *person)[0] == 2
        without = [part for pair in words.items() if pair[0] != changed[0] for part in pair]
        assert menshen("leave", "--holder", "li", "--state", tmp_path, *without)[0] == 2
    assert desk.asked == []


def test_a_credential_may_come_from_standard_input_and_a_pin_is_never_shown(menshen, tmp_path, monkeypatch) -> None:
    with fake_desk(tmp_path, granted) as desk:
        monkeypatch.setattr(sys, "stdin", io.StringIO("pin:80461357\n"))
        assert menshen("suspend", "--credential", "-", "--state", tmp_path, *BY)[0] == 0
        assert (desk.asked[0].command.factor, desk.asked[0].command.key) == (Factor.PIN, "80461357")
        for line in ("pin:8046135x\n", "pin\n", "x" * 5_000, "a\0b\n"):
            monkeypatch.setattr(sys, "stdin", io.StringIO(line))
            status, out, err = menshen("suspend", "--credential", "-", "--state", tmp_path, *BY)
            assert (status, out) == (2, "")
            assert "8046135" not in err
    assert len(desk.asked) == 1


# -- the list ---------------------------------------------------------------------------------------------------------


def listing(overlay: Overlay, conflicts=()):
    return lambda asked: list(office.listed(asked.request, overlay, 7, list(conflicts)))


def test_the_list_says_whose_doing_why_until_when_and_what_the_roster_says(menshen, tmp_path) -> None:
    entries = (
        lost("li", "ab" * 8, issuer="夜班保安 Liu", roster_version=6),
        suspended("wang", status=Status.LEFT, created_s=None),
        enrolled("zhao", "cd" * 8, "H10301:1:2"),
        visitor("guest-7", "ef" * 8, "secret-code"),
    )
    overlay = EMPTY.with_(*entries)
    with fake_desk(tmp_path, listing(overlay, [(entries[0], Conflict.ROSTER_ACTIVE)])) as desk:
        status, out, _ = menshen("local", "--state", tmp_path, *PERSONS_ZONE)
        assert status == 0
        assert isinstance(desk.asked[0].command, ListOverlay)
        for text in (
            "夜班保安 Liu",
            "reported at the counter",
            "2026-11-23 12:00:00+08:00",
            "2026-12-03 12:00:00+08:00",
        ):
            assert text in out
        assert [line.split()[0] for line in out.splitlines()[2:6]] == [entry.id for entry in entries]
        assert "active in the newer roster" in out
        for word in ("lost", "left", "enrolled", "visitor", "version 7", "revision 1"):
            assert word in out
        for key in ("H10301:1:2", "secret-code"):
            assert key not in out, "keys open gates: they are not listed"
        chinese = menshen("local", "--state", tmp_path, *PERSONS_ZONE, "--language", "zh")[1]
        for word in ("挂失", "迁出", "访客", "在新名册中有效"):
            assert word in chinese
        said = json.loads(menshen("local", "--state", tmp_path, *PERSONS_ZONE, "--json")[1])
        assert (said["revision"], said["roster_version"], len(said["entries"])) == (1, 7, 4)
        first, second = said["entries"][:2]
        assert (first["status"], first["conflict"], first["expires_s"]) == (
            "lost",
            "roster_active",
            NOW_S + 10 * 86_400,
        )
        assert (second["created_s"], second["created"], second["credential"]) == (None, "-", None)


def test_the_times_are_those_of_the_roster_in_service(menshen, tmp_path, workshop) -> None:
    """The rules of this roster name Berlin; the machine's zone is UTC."""
    (tmp_path / "state" / "roster").mkdir(parents=True)
    workshop.build("holder,profiles,card\nli,residents,H10301:1:1\n", out=tmp_path / "state" / "roster" / "roster")
    with fake_desk(tmp_path / "state", listing(EMPTY.with_(suspended("li")))):
        assert "2026-11-23 05:00:00+01:00" in menshen("local", "--state", tmp_path / "state")[1]
    (tmp_path / "state" / "roster" / "roster").write_bytes(b"no roster")
    (tmp_path / "state" / "office.sock").unlink()
    with fake_desk(tmp_path / "state", listing(EMPTY.with_(suspended("li")))):
        assert "2026-11-23 " in menshen("local", "--state", tmp_path / "state")[1]


def test_a_full_list_comes_whole_in_frames_that_may_be_sent(menshen, tmp_path) -> None:
    """Every entry as large as it may be, until the list has no room: more than one frame holds."""
    entries, overlay = [], EMPTY
    for number in range(ENTRIES_MAX):
        entries.append(suspended(f"h{number:031}", f"{number:016x}", why="\U00020000" * 200, issuer="印" * 64))
    with pytest.raises(OverlayFull):
        overlay = EMPTY.with_(*entries)
    overlay = EMPTY.with_(*entries[:1_500])
    frames = list(office.listed("0" * 16, overlay, 7, [(entry, Conflict.ROSTER_ACTIVE) for entry in overlay]))
    assert len(frames) > 1
    assert max(len(pack(frame)) for frame in frames) <= FRAME_BYTES_MAX
    with fake_desk(tmp_path, listing(overlay)):
        said = json.loads(menshen("local", "--state", tmp_path, "--json")[1])
    assert [entry["entry"] for entry in said["entries"]] == [entry.id for entry in overlay]


def test_nothing_to_list(menshen, tmp_path) -> None:
    with fake_desk(tmp_path, listing(EMPTY)):
        status, out, _ = menshen("local", "--state", tmp_path)
    assert status == 0
    assert len(out.splitlines()) == 1


def test_words_of_a_newer_controller_are_shown_escaped(menshen, tmp_path) -> None:
    entry = LocalEntry("l0", "new\x1b[2Jkind", "li", "a\x1b]0;x", "b\u202e", None, NOW_S, conflict="odd\x07")
    with fake_desk(tmp_path, lambda asked: [Overlaid(asked.request, 1, 1, (entry,))]):
        status, out, _ = menshen("local", "--state", tmp_path)
    assert status == 0
    assert not set("\x1b\x07\u202e") & set(out)


def test_who_gives_up_at_the_terminal_ends_the_enrolment_at_the_reader(tmp_path) -> None:
    """A real process, so that the signal is one."""
    waiting: list[object] = []

    def answers(asked):
        if isinstance(asked.command, CancelEnrolment):
            return [Answer(asked.request, True)]
        waiting.append(asked)
        process.send_signal(signal.SIGINT)
        return []

    command = [sys.executable, "-m", "firmware", "roster", "enrol", "--holder", "li", "--reader", "desk"]
    with fake_desk(tmp_path, answers) as desk:
        process = subprocess.Popen(
            [*command, "--state", tmp_path, *BY], cwd=ROOT, stderr=subprocess.PIPE, env=os.environ | {"LANG": "C.UTF-8"}
        )
        _, err = process.communicate(timeout=LIMIT_S)
    assert process.returncode != 0
    assert "desk" in err.decode()
    assert [type(asked.command) for asked in desk.asked] == [Enrol, CancelEnrolment]
    assert desk.asked[1].command == CancelEnrolment(reader="desk", **PERSON)
