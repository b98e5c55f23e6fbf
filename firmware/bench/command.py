"""`menshen bench NAME`: runs one measurement in a folder of its own and says whether its figures hold."""

from __future__ import annotations

import argparse
import importlib
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import msgspec

from firmware.bench.figures import Figure, NotMeasured

BENCHES = {
    "build": "compile and sign a roster of 250,000 holders from the office's source",
    "swap": "a new roster of 250,000 credentials at a gate in use: time to swap, and what swipes wait meanwhile",
    "swipe": "end of frame to lock, idle and under load, 250,000 credentials",
    "stop": "safety input to stop output of moving lanes: idle, in a storm, during swaps, in stalls; and kills",
    "decide": "decisions a second with look-up, beside a plain dict",
    "lookup": "roster look-ups and build, beside a plain dict",
    "journal": "chained durable events a second, time to commit",
    "suspend": "from the office's command to the first refused swipe, 250,000 credentials",
    "search": "newest 100 of 10,000,000 rows by any one or two of holder, portal, kind, time",
    "memory": "PSS of controller and network",
    "page": "card to lock while 50 pages are open, 250,000 rows are imported and log-ins flood, all at once",
    "pages": "the journal's pages over 1,000,000 rows; memory, pages and swipes while all of it is exported",
    "start": "start of the process to the first decision",
    "day": "a simulated day of a gate with 20,000 passages",
    "compare": "what-if over 30 days of 20,000 passages, seconds and memory",
    "import": "an office's sheet of 250,000 rows imported, from CSV and XLSX",
    "modbus": "a round of four boards on an RS-485 line of 19,200 baud, and how soon a silent one is lost",
    "plates": "200 cars in a simulated lane by day, night and rain: how many are read before they stop, and what opens",
    "recognise": "what a frame of 1280 x 720 costs, stage by stage, on one thread",
    "vision": "what an idle camera costs, and what the vision process holds in memory",
    "kills": "SIGKILL at random instants in a storm of swipes",
}
MODULES = {"import": "import_"}  # whose names are words of Python


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name", choices=sorted(BENCHES), help="; ".join(f"{k}: {v}" for k, v in BENCHES.items()))
    parser.add_argument("--json", action="store_true", help="everything that was measured, as JSON")
    parser.add_argument("--folder", type=Path, help="where its files go, on the storage to be measured")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=N",
        help="another size than the promised one, such as rows=100000 or swipes=200",
    )


@contextmanager
def _ended_in_order() -> Iterator[None]:
    """SIGTERM is taken as Ctrl-C is: what was begun is ended and tidied up first. A second one ends it at once."""

    def end(number: int, _frame: FrameType | None) -> None:
        signal.signal(number, signal.SIG_DFL)
        raise SystemExit(128 + number)  # as shells tell it

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def run(arguments: argparse.Namespace) -> int:
    """Exit status 0: all figures hold; 1: one does not; 2: misused."""
    with _ended_in_order():
        return _run(arguments)


def _run(arguments: argparse.Namespace) -> int:
    sizes: dict[str, int] = {}
    for setting in arguments.set:
        key, _, value = setting.partition("=")
        if not value.isdecimal():
            print(f"menshen bench: --set {setting!r}: write KEY=N with a whole number", file=sys.stderr)
            return 2
        sizes[key] = int(value)
    folder = Path(tempfile.mkdtemp(prefix="menshen-bench-", dir=arguments.folder))
    try:
        bench = importlib.import_module(f"firmware.bench.{MODULES.get(arguments.name, arguments.name)}").bench
        try:
            outcome: dict[str, Any] = bench(folder, **sizes)
        except NotMeasured as error:
            print(f"menshen bench {arguments.name}: {error}", file=sys.stderr)
            return 1
        except TypeError as error:
            if not sizes:
                raise
            print(f"menshen bench {arguments.name}: {error}", file=sys.stderr)
            return 2
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    figures: list[Figure] = outcome["figures"]
    outcome["figures"] = [{**msgspec.to_builtins(figure), "holds": figure.holds} for figure in figures]
    if arguments.json:
        print(msgspec.json.format(msgspec.json.encode(outcome), indent=2).decode())
    else:
        for figure in figures:
            sign = ">=" if figure.at_least else "<="
            verdict = "holds" if figure.holds else "DOES NOT HOLD"
            print(f"{figure.name}: {figure.measured:g} {figure.unit} ({sign} {figure.allowed:g}): {verdict}")
    return 0 if all(figure.holds for figure in figures) else 1
