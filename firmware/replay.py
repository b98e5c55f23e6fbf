"""`menshen replay RECORDING`: recorded facts through the core once more; the effects must be the same, line by line."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import msgspec

from firmware.core.facts import AnyFact
from firmware.core.state import initial
from firmware.core.step import step
from firmware.recording import VERSION, Header, Line

LINE_BYTES_MAX = 8 << 20  # a RosterReplaced fact carries the rulebook


class RecordingError(Exception):
    """The recording cannot be read: which line, and why."""


class Difference(msgspec.Struct, frozen=True):
    """The first line whose effects differ."""

    line: int
    fact: str
    recorded: list[Any]
    replayed: list[Any]


class Replayed(msgspec.Struct, frozen=True):
    steps: int
    effects: int
    difference: Difference | None = None
    complete: bool = True


def replay(path: Path) -> Replayed:
    """Replay a whole recording, or up to the first difference. Raises RecordingError."""
    steps = effects_seen = 0
    with path.open("rb") as file:
        header = _decode(file.readline(LINE_BYTES_MAX), Header, 1)
        if header.version != VERSION:
            raise RecordingError(f"{path}: the recording has version {header.version}; this Menshen reads {VERSION}")
        state = initial(header.site)
        for number, raw in enumerate(iter(lambda: file.readline(LINE_BYTES_MAX), b""), 2):
            if raw.startswith(b'{"ended"'):
                return Replayed(steps, effects_seen, complete=False)
            if not raw.endswith(b"\n"):
                return Replayed(steps, effects_seen, complete=False)  # cut while it was written
            line = _decode(raw, Line, number)
            try:
                fact = msgspec.convert(line.fact, AnyFact)
            except msgspec.ValidationError as error:
                raise RecordingError(f"line {number}: no fact of this Menshen: {error}") from error
            state, effects = step(state, line.now_ms, fact)
            replayed = msgspec.to_builtins(list(effects))
            steps += 1
            effects_seen += len(effects)
            if replayed != line.effects:
                return Replayed(
                    steps, effects_seen, Difference(number, type(fact).__name__, list(line.effects), replayed)
                )
    return Replayed(steps, effects_seen)


def _decode(raw: bytes, kind: type[Any], number: int) -> Any:
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.DecodeError as error:
        raise RecordingError(f"line {number} is no line of a recording: {error}") from error


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("recording", type=Path, metavar="RECORDING", help="a file written by `menshen run --record`")
    parser.add_argument("--json", action="store_true", help="the outcome as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Exit status 0: the same; 1: a difference; 2: not a recording."""
    try:
        outcome = replay(arguments.recording)
    except (OSError, RecordingError) as error:
        print(f"menshen replay: {error}", file=sys.stderr)
        return 2
    if arguments.json:
        print(msgspec.json.encode(outcome).decode())
    elif outcome.difference is None:
        print(
            f"{outcome.steps} steps, {outcome.effects} effects: the same" + ("" if outcome.complete else " (cut short)")
        )
    else:
        found = outcome.difference
        print(f"line {found.line}, {found.fact}:")
        print(f"  recorded: {msgspec.json.encode(found.recorded).decode()}")
        print(f"  replayed: {msgspec.json.encode(found.replayed).decode()}")
    return 0 if outcome.difference is None else 1
