"""The demo's camera as a new user has it: real processes, from a rehearsed car to the journal, with and without models.

What reads plates are the models that are here; without them it is tested that the gate says so, and goes on.
"""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from firmware.core.codes import Code, Reason
from firmware.journal import Row, search
from firmware.vision.clock import now_ns, rest
from models.drawn.faces import FontMissing, chinese_fonts
from models.manifest import ModelError, weights
from tests.run.demo import LIMIT_S, Demo

pytestmark = pytest.mark.slow
LANE, CAMERA = "vehicle_lane", "lane_camera"
RESIDENT, ALIKE, STRANGER = "京A12345", "京A1Z345", "粤B54321"  # the panel's
READ_S = 60.0  # for a plate to be read: the machine does other things too


def missing() -> str:
    """Why no plate can be read here; empty: it can."""
    try:
        for name in ("plate_detector", "plate_reader"):
            weights(name)
        chinese_fonts()
    except (ModelError, FontMissing) as error:
        return str(error)
    return ""


class Rehearsed:
    """A running demo gate, its panel without a browser, and its journal."""

    def __init__(self, demo: Demo, state: Path) -> None:
        self.demo = demo
        self.state = state
        address = httpx.URL(demo.address("Panel"))
        self._client = httpx.Client(base_url=f"{address.scheme}://{address.netloc.decode()}", timeout=LIMIT_S)
        assert self._client.get(address).status_code == 303
        self._origin = {"Origin": str(self._client.base_url).rstrip("/")}

    def close(self) -> None:
        self._client.close()

    def act(self, **action: object) -> None:
        answer = self._client.post("/act", json=action, headers=self._origin)
        assert answer.status_code == 200, answer.text

    def comes(self, plate: str) -> None:
        """A car drives in and waits for its green."""
        self.act(do="arrive", barrier=LANE, kind="car", direction="in", careful=True, plate=plate)

    def events(self, code: Code) -> list[Row]:
        """Committed ones, the newest first."""
        rows = search(self.state / "journal" / "journal.db", limit=1_000, with_bodies=True)
        return [row for row in rows if row.event.code is code]

    def presented(self, card: str) -> bool:
        """Hold a card to the lane's reader: whether it was let in by it."""
        self.act(do="card", reader="lane_in_reader", card=card)
        rest(1)  # as a person does, and looks
        return any(row.event.reader == "lane_in_reader" for row in self.events(Code.GRANTED))

    def until(self, holds: Callable[[], object], limit_s: float = LIMIT_S) -> None:
        end_ns = now_ns() + round(limit_s * 1e9)
        while not holds():
            assert now_ns() < end_ns, "\n".join(self.demo.said)
            rest(0.2)

    def processes(self, module: str) -> list[int]:
        """The demo's own children that run a module."""
        return [pid for pid in descendants(self.demo.process.pid) if module in command_of(pid)]


def command_of(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8").split("\0")
    except OSError:
        return []  # it has ended


def descendants(pid: int) -> Iterator[int]:
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        found = {int(child) for task in tasks for child in (task / "children").read_text().split()}
    except OSError:
        return  # it has ended
    for child in sorted(found):
        yield child
        yield from descendants(child)


@contextmanager
def rehearsed(folder: Path) -> Iterator[Rehearsed]:
    demo = Demo(folder)
    gate = None
    try:
        demo.line("Ready:")
        gate = Rehearsed(demo, folder)
        yield gate
    finally:
        if gate is not None:
            gate.close()
        demo.stop()


def test_the_demo_says_what_its_camera_sees_and_goes_on_without_it(tmp_path: Path):
    with rehearsed(tmp_path) as gate:
        said = gate.demo.line("Camera:")
        if "it sees" not in said:
            assert "make models" in said or "not part of this build" in said
            gate.until(lambda: CAMERA in [row.event.device for row in gate.events(Code.DEVICE_LOST)])
        # A card opens, whatever the camera says.
        gate.act(do="arrive", barrier=LANE, kind="car", direction="in", stop_at="approach", placed=True)
        gate.until(lambda: gate.presented("resident_car"))
        # The vision process dies: another one is started, and says what it sees.
        (vision,) = gate.processes("firmware.vision")
        os.kill(vision, signal.SIGKILL)
        gate.demo.line("Camera:", count=2)
        assert gate.processes("firmware.vision") != [vision]
        left = list(descendants(gate.demo.process.pid))
    assert gate.demo.process.returncode == 0
    assert [command_of(pid) for pid in left if command_of(pid)] == []
    assert not [line for line in gate.demo.said if "Traceback" in line], "\n".join(gate.demo.said)


@pytest.mark.skipif(bool(missing()), reason=f"no plate can be read here: {missing()}")
def test_a_resident_is_read_and_let_in_and_who_looks_alike_or_is_unknown_is_not(tmp_path: Path):
    with rehearsed(tmp_path) as gate:
        assert "it sees" in gate.demo.line("Camera:")
        for plate, alike in ((ALIKE, True), (STRANGER, False)):
            before = len(gate.events(Code.UNKNOWN_CREDENTIAL))
            gate.comes(plate)
            gate.until(lambda before=before: len(gate.events(Code.UNKNOWN_CREDENTIAL)) > before, READ_S)
            newest = gate.events(Code.UNKNOWN_CREDENTIAL)[0].event
            assert newest.reader == CAMERA
            assert (Reason.LOOKS_ALIKE in newest.reasons) == alike
            gate.act(do="clear_lane", barrier=LANE)
        assert gate.events(Code.GRANTED) == gate.events(Code.BARRIER_OPENED) == []
        gate.comes(RESIDENT)
        gate.until(lambda: gate.events(Code.GRANTED), READ_S)
        granted = gate.events(Code.GRANTED)[-1].event
        assert granted.reader == CAMERA
        assert granted.body.holder == "resident_car"
        assert re.fullmatch(r"lane_camera-[0-9a-f]+", granted.body.evidence)
        gate.until(lambda: gate.events(Code.TAKEN), READ_S)  # it has driven over the lowered bollards
    assert gate.demo.process.returncode == 0
    assert not [line for line in gate.demo.said if "Traceback" in line], "\n".join(gate.demo.said)
