"""The committed recordings replay with the same effects; a core that decides otherwise is told, with the line."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from firmware.__main__ import main
from firmware.core.machines import TABLES, Leaf, LeafTrigger, Passing, PassingTrigger
from firmware.core.table import Table
from firmware.replay import RecordingError, replay
from tests.core.mutation import planted
from tests.replay.make import AFTER, BYTES_MAX, LANE, MORNING, RECORDINGS

ALL = (MORNING, AFTER, LANE)
SEED = 11

# What the recordings must show, or they prove little: issues 2 and 4, and the words of make.py.
SHOWN = {
    "access.granted",
    "access.denied",
    "access.unknown_credential",
    "access.taken",
    "access.not_taken",
    "access.duress",
    "access.exit_requested",
    "access.antipassback_soft",
    "access.pin_locked_out",
    "access.pin_lockout_ended",
    "door.held_warning",
    "door.held",
    "door.forced",
    "reader.muted",
    "site.fire",
    "site.fire_ended",
    "site.lockdown",
    "turnstile.dropped",
    "clock.stepped",
    "clock.lost",
    "command.done",
    "command.refused",
    "controller.unclean_start",
    "barrier.opened",
    "barrier.closed",
    "barrier.obstructed",
    "lane.tailgate",
}


def lines_of(name: str) -> list[dict]:
    return [json.loads(line) for line in (RECORDINGS / name).read_text().splitlines()]


def codes_of(line: dict) -> list[str]:
    return [effect["event"]["code"] for effect in line.get("effects", ()) if effect["type"] == "Record"]


@pytest.mark.parametrize("name", ALL)
def test_a_committed_recording_replays_the_same(name: str, capsys):
    assert main(["replay", str(RECORDINGS / name), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    lines = lines_of(name)[1:]
    assert told == {
        "steps": len(lines),
        "effects": sum(len(line["effects"]) for line in lines),
        "difference": None,
        "cut": "",
    }
    assert (RECORDINGS / name).stat().st_size < BYTES_MAX


def test_the_committed_recordings_show_what_happens_at_a_gate():
    shown = {code for name in ALL for line in lines_of(name) for code in codes_of(line)}
    assert shown >= SHOWN
    kept = lines_of(AFTER)[1]["fact"]["kept"]
    assert set(kept) == {"history:vehicle_lane", "locked:bike_shed", "lockout:front_reader", "roster"}


def test_the_lane_shows_a_car_a_tailgater_and_a_child():
    """Issue 4: in this order, and the rising bollard stops and goes back in the step that tells of the broken beam."""
    lines = lines_of(LANE)[1:]
    codes = [code for line in lines for code in codes_of(line)]
    story = ["access.taken", "lane.tailgate", "barrier.closed", "access.taken", "barrier.obstructed", "barrier.closed"]
    at = 0
    for code in story:
        at = codes.index(code, at) + 1
    child = next(line for line in lines if "barrier.obstructed" in codes_of(line))
    assert child["fact"] == {"type": "InputChanged", "input": "lane_beam", "level": "active"}
    driven = [(effect["output"], effect["on"]) for effect in child["effects"] if effect["type"] == "SetOutput"]
    assert driven[:2] == [("lane_up", False), ("lane_permit", False)]
    after = lines[lines.index(child) + 1 :]
    outputs = [(e["output"], e["on"]) for line in after for e in line["effects"] if e["type"] == "SetOutput"]
    assert outputs.index(("lane_down", True)) < outputs.index(("lane_up", True))


# -- another core -----------------------------------------------------------------------------------------------------


def table_of(state_type: type) -> Table:
    return next(table for table in TABLES if table.states[0] in tuple(state_type))


@pytest.mark.parametrize(
    ("states", "pair", "code"),
    [
        (Leaf, (Leaf.CLOSED, LeafTrigger.OPENED_UNEXPECTED), "door.forced"),
        (Leaf, (Leaf.WARNED, LeafTrigger.HELD_DUE), "door.held"),
        (Leaf, (Leaf.OPEN, LeafTrigger.WARN_DUE), "door.held_warning"),
        (Passing, (Passing.SETTLING, PassingTrigger.SETTLED), "access.not_taken"),
    ],
)
def test_a_core_with_one_row_less_is_told_with_the_line(states, pair, code, capsys):
    """The row's event first stands in that line of the recording; without the row the pair is unlisted and raises."""
    table = table_of(states)
    first = next(number for number, line in enumerate(lines_of(MORNING), 1) if code in codes_of(line))
    with planted(table, {at: cell for at, cell in table.cells.items() if at != pair}):
        outcome = replay(RECORDINGS / MORNING)
    assert outcome.difference is not None
    assert outcome.difference.line == first
    assert outcome.difference.raised.startswith("UnlistedPair")

    target, actions = table.cells[pair]
    assert actions
    with planted(table, table.cells | {pair: (target, ())}):
        status = main(["replay", str(RECORDINGS / MORNING)])
    said = capsys.readouterr().out
    assert status == 1
    assert said.startswith(f"line {first}, ")
    assert "recorded" in said
    assert code in said


def test_a_difference_is_told_effect_by_effect(tmp_path: Path, capsys):
    lines = (RECORDINGS / MORNING).read_text().splitlines()
    number = next(n for n, line in enumerate(lines) if "door.forced" in line)
    lines[number] = lines[number].replace("door.forced", "door.opened")
    changed = tmp_path / "changed.jsonl"
    changed.write_text("\n".join(lines) + "\n")
    assert main(["replay", str(changed)]) == 1
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith(f"line {number + 1}, InputChanged at ")
    assert [line.split()[1] for line in said[1:]].count("replayed") == 1
    assert "door.opened" in next(line for line in said if "recorded" in line)
    assert "door.forced" in next(line for line in said if "replayed" in line)

    assert main(["replay", str(changed), "--json"]) == 1
    difference = json.loads(capsys.readouterr().out)["difference"]
    assert difference["line"] == number + 1
    assert difference["recorded"] != difference["replayed"]


# -- cut and bad files ------------------------------------------------------------------------------------------------


def test_a_recording_that_was_cut_anywhere_replays_up_to_the_cut(tmp_path: Path):
    whole = (RECORDINGS / AFTER).read_bytes()
    header = whole.index(b"\n") + 1
    rng = random.Random(SEED)
    cuts = {header, header + 1, len(whole) - 1, *(rng.randrange(header, len(whole)) for _ in range(60))}
    for length in cuts:
        cut = tmp_path / "cut.jsonl"
        cut.write_bytes(whole[:length])
        outcome = replay(cut)
        assert outcome.difference is None, length
        assert outcome.steps == whole[:length].count(b"\n") - 1, length
        assert bool(outcome.cut) == (not whole[:length].endswith(b"\n")), length


def with_header(**changes) -> bytes:
    header = lines_of(AFTER)[0] | changes
    return json.dumps(header).encode() + b"\n" + (RECORDINGS / AFTER).read_bytes().split(b"\n", 1)[1]


LINES = len(lines_of(AFTER))
BAD = {
    "empty": (b"", "no recording"),
    "not JSON": (b"\x7fELF\x02\x01\x01", "no recording"),
    "not text": (b'{"version": 1, "x": "\xff\xfe"}\n', "no "),
    "another list": (b"[1, 2]\n", "no recording"),
    "another object": (b'{"version": "one"}\n', "no recording"),
    "a journal export": (b'{"version": 1, "rows": 3}\n', "line 1"),
    "a newer version": (with_header(version=2, site="of another shape"), "version 2"),
    "a header cut short": ((RECORDINGS / AFTER).read_bytes()[:40], "no recording"),
    "an unknown fact": (
        with_header() + b'{"now_ms":9000000,"fact":{"type":"BarrierRaised"},"effects":[]}\n',
        f"line {LINES + 1}",
    ),
    "a fact without fields": (
        with_header() + b'{"now_ms":9000000,"fact":{"type":"CardRead"},"effects":[]}\n',
        f"line {LINES + 1}",
    ),
    "time that goes back": (
        with_header() + b'{"now_ms":5,"fact":{"type":"DeadlineReached"},"effects":[]}\n',
        f"line {LINES + 1}",
    ),
    "a line without end": (with_header() + b"[" * (9 << 20), f"line {LINES + 1}"),
    "deep nesting": (with_header() + b"[" * 100_000 + b"\n", f"line {LINES + 1}"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_recording_of_this_version_is_refused(name: str, tmp_path: Path, capsys):
    content, said = BAD[name]
    bad = tmp_path / "bad.jsonl"
    bad.write_bytes(content)
    assert main(["replay", str(bad)]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert said in told.err
    with pytest.raises(RecordingError):
        replay(bad)


def test_a_file_that_is_not_there_or_is_a_folder_is_misuse(tmp_path: Path, capsys):
    assert main(["replay", str(tmp_path / "nowhere")]) == 2
    assert main(["replay", str(tmp_path)]) == 2
    assert capsys.readouterr().err.count("menshen replay: ") == 2


# -- a recorder that is killed ----------------------------------------------------------------------------------------

ENDLESS = """
import sys
from pathlib import Path
import msgspec
from firmware.controller.recorder import Recorder
from firmware.core.effects import AnyEffect
from firmware.recording import Header, Line
lines = Path(sys.argv[1]).read_bytes().splitlines()
recorder = Recorder(Path(sys.argv[2]), msgspec.json.decode(lines[0], type=Header).site, 0)
for raw in lines[1:]:
    line = msgspec.json.decode(raw, type=Line)
    recorder.write(line.now_ms, line.fact, msgspec.convert(line.effects, list[AnyEffect]))
print("written", flush=True)
sys.stdin.read()
"""


def test_a_killed_recorder_leaves_what_is_older_than_a_second(tmp_path: Path):
    made = tmp_path / "killed.jsonl"
    command = [sys.executable, "-c", ENDLESS, str(RECORDINGS / MORNING), str(made)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]) as it:
        assert it.stdout is not None
        assert it.stdout.readline() == b"written\n"
        it.kill()
        it.wait(10)
    outcome = replay(made)
    assert outcome.difference is None
    whole = lines_of(MORNING)[1:]
    assert whole[outcome.steps - 1]["now_ms"] >= whole[-1]["now_ms"] - 1_000
    assert os.stat(made).st_mode & 0o777 == 0o600
