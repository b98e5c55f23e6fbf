"""`menshen replay RECORDING`: recorded facts through the core once more; the effects must be the same, line by line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import msgspec

from firmware.core.state import initial
from firmware.core.step import step
from firmware.recording import LINE_BYTES_MAX, VERSION, Ended, Header, Line, Opening

SAME, DIFFERENT, MISUSED = 0, 1, 2
ENDED = msgspec.json.encode(Ended("")).partition(b":")[0]  # how the line begins that ends a recording early

T = TypeVar("T")


class RecordingError(Exception):
    """The recording cannot be read: which line, and why."""


class Difference(msgspec.Struct, frozen=True):
    """The first line whose effects differ. `raised` is what the core raised instead of any effects."""

    line: int
    now_ms: int
    fact: str
    recorded: list[Any]
    replayed: list[Any]
    raised: str = ""


class Replayed(msgspec.Struct, frozen=True):
    """What came of it. `cut` says why the recording ends before its controller did; empty: it does not."""

    steps: int
    effects: int
    difference: Difference | None = None
    cut: str = ""


def replay(path: Path) -> Replayed:
    """Replay a whole recording, or up to the first difference. Raises RecordingError, OSError."""
    steps = effects_seen = 0
    with path.open("rb") as file:
        state = initial(_header(file, path).site)
        before_ms: int | None = None
        for number, raw in _lines(file):
            if not raw.endswith(b"\n"):
                return Replayed(steps, effects_seen, cut="the last line was cut while it was written")
            if raw.startswith(ENDED):
                return Replayed(steps, effects_seen, cut=_decode(raw, Ended, number).ended)
            line = _decode(raw, Line, number)
            if before_ms is not None and line.now_ms < before_ms:
                raise RecordingError(f"line {number}: time goes back, from {before_ms} to {line.now_ms} ms")
            before_ms = line.now_ms
            replayed: list[Any] = []
            raised = ""
            try:
                state, effects = step(state, line.now_ms, line.fact)
                replayed = msgspec.json.decode(msgspec.json.encode(effects))
            except (AssertionError, AttributeError, LookupError, TypeError, ValueError) as error:
                raised = f"{type(error).__name__}: {error}"  # a core that fails on it differs from the one recorded
            steps += 1
            effects_seen += len(replayed)
            if raised or replayed != line.effects:
                kind = type(line.fact).__name__
                found = Difference(number, line.now_ms, kind, line.effects, replayed, raised)
                return Replayed(steps, effects_seen, found)
    return Replayed(steps, effects_seen)


def _header(file: BinaryIO, path: Path) -> Header:
    """The first line. The version is looked at before anything that only this version can read."""
    raw = file.readline(LINE_BYTES_MAX)
    try:
        version = msgspec.json.decode(raw, type=Opening).version
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RecordingError(f"{path} is no recording of `menshen run --record`: {error}") from error
    if version != VERSION:
        raise RecordingError(
            f"{path}: the recording has version {version}, and this Menshen reads {VERSION}: "
            "replay it with the firmware that made it"
        )
    return _decode(raw, Header, 1)


def _lines(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """(number, line) from the second on. Raises RecordingError for one that is too long."""
    number = 2
    while raw := file.readline(LINE_BYTES_MAX + 1):
        if len(raw) > LINE_BYTES_MAX:
            raise RecordingError(f"line {number} is longer than {LINE_BYTES_MAX} bytes: no recorder wrote it")
        yield number, raw
        number += 1


def _decode(raw: bytes, kind: type[T], number: int) -> T:
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RecordingError(f"line {number} is no line of a recording: {error}") from error


# -- the command ------------------------------------------------------------------------------------------------------


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("recording", type=Path, metavar="RECORDING", help="a file written by `menshen run --record`")
    parser.add_argument("--json", action="store_true", help="the outcome as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Exit status 0: the same; 1: a difference; 2: not a recording."""
    try:
        outcome = replay(arguments.recording)
    except (OSError, RecordingError) as error:
        print(f"menshen replay: {error}", file=sys.stderr)
        return MISUSED
    if arguments.json:
        print(msgspec.json.encode(outcome).decode())
    elif outcome.difference is None:
        print(f"{outcome.steps} steps, {outcome.effects} effects: the same")
        if outcome.cut:
            print(f"The recording ends early: {outcome.cut}")
    else:
        print("\n".join(_told(outcome.difference)))
    return SAME if outcome.difference is None else DIFFERENT


def _told(found: Difference) -> Iterator[str]:
    """The difference, effect by effect."""
    yield f"line {found.line}, {found.fact} at {found.now_ms} ms:"
    if found.raised:
        yield f"  the core raised {found.raised}"
        return
    for place, (recorded, replayed) in enumerate(zip_longest(found.recorded, found.replayed), 1):
        if recorded == replayed:
            yield f"  {place}  both      {_text(recorded)}"
        else:
            yield f"  {place}  recorded  {_text(recorded)}"
            yield f"  {place}  replayed  {_text(replayed)}"


def _text(effect: Any) -> str:
    return "nothing" if effect is None else ascii(msgspec.json.encode(effect).decode())[1:-1]
