"""Asks for a face: only after a card or PIN of a holder who is enrolled, and only as long as the reader waits for it.

The core's dialog says when that is: a reader waits for the further factor "face" of one holder. Then, and only then,
the camera of that access point is asked whether this holder's face is before it; with the templates of that holder and
of nobody else. When the reader waits no more, the camera is told to forget. What is seen without having been asked for
is nobody's. Where a site may look for one of many (firmware/faces/one_of_many.py), the camera is asked for all who
consent, as long as that is allowed. What a person is to do meanwhile is shown there, and goes through no fact.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from drivers.sights import Comparison, Progress, Sights
from firmware.config import Config
from firmware.controller.board import Board
from firmware.controller.face_desk import Desk, FaceDesk, Owner
from firmware.controller.intake import Intake
from firmware.core.access import Factor
from firmware.core.codes import Reason
from firmware.core.dialog import Stage
from firmware.core.face_facts import FaceChange, FaceChanged
from firmware.core.site import AccessPoint
from firmware.core.state import State
from firmware.faces.enrolled import Enrolled
from firmware.faces.errors import OneOfManyRefused
from firmware.faces.one_of_many import Measured, admit, measured
from firmware.faces.steps import STEP_MS_MAX, Prompt, Step, drawn, prompt_of
from firmware.journal import Journal

WAITS = f"{Reason.FACTOR_MISSING}:{Factor.FACE}"  # as a decision says that it lacks the face
MANY_MS = 30_000  # that a camera is asked for one of many before it is asked anew
NS, MS = 1_000_000_000, 1_000_000
PROMPT_S = STEP_MS_MAX / 1000 + 1  # that a step is shown where nobody waits for its end
NO_MODELS = "no_models"  # as the vision process says that it can compare nobody
NO_MODELS_TOLD = "the vision process has no models of faces: run `make models`, or see what it has printed"
NOBODY_THERE = frozenset(("late", "gone", "eyes"))  # ends after which one of many may be looked for anew at once


class Open(NamedTuple):
    """What a camera is asked now. `reader`: who waits; the camera itself where it is asked for one of many.

    `dialog_until_ms`: of the reader's dialog; another card begins another one.
    """

    ask: str
    point: AccessPoint
    reader: str
    dialog_until_ms: int
    faces: frozenset[str]
    holder: str | None
    asked_ns: int
    until_ns: int


class FaceAsks:
    """See the head of this file. All methods are for the event loop's thread."""

    def __init__(self, config: Config, cameras: Iterable[str], desk: FaceDesk, sights: Sights) -> None:
        """`cameras`: those that look for faces."""
        seeing = frozenset(cameras)
        self._desk = desk
        self._sights = sights
        self._use = config.faces
        self._open: dict[str, Open] = {}  # camera -> what it is asked
        self._by_reader: dict[str, tuple[str, AccessPoint]] = {}  # a reader -> the camera of its access point
        self._many: dict[str, AccessPoint] = {}  # camera -> an access point that looks for one of many
        self._record: Measured | None = None
        self._told = ""  # why one of many is refused
        self._told_no_models = False
        self.show: Callable[[AccessPoint, Prompt, float], None] = lambda _point, _prompt, _for_s: None
        for portal in config.site.portals:
            for point in portal.access_points:
                camera = next((reader for reader in point.readers if reader in seeing), None)
                if camera is not None and config.faces.on:
                    self._by_reader |= dict.fromkeys(point.readers, (camera, point))
                    if point.id in config.faces.one_of_many:
                        self._many[camera] = point
        desk.on_changed, desk.on_look = self.changed, self.look
        sights.on_progress = self.progressed

    def _now_ns(self) -> int:
        return round(asyncio.get_running_loop().time() * NS)

    # -- what the core did --------------------------------------------------------------------------------------------

    def stepped(self, state: State, now_ms: int) -> None:
        """Ask where a reader has begun to wait for a face, and forget where none waits any more."""
        if not self._by_reader:
            return
        for reader, (camera, point) in self._by_reader.items():
            pending = state.readers[reader].pending
            waits = pending is not None and pending.stage is Stage.FACTOR and WAITS in pending.reasons
            asked = self._open.get(camera)
            if waits and pending is not None and pending.holder is not None:
                asking = (reader, pending.holder, pending.until_ms)
                if asked is None or (asked.reader, asked.holder, asked.dialog_until_ms) != asking:
                    self._ask_one(camera, point, asking, now_ms)
            elif asked is not None and asked.reader == reader and asked.holder is not None:
                self._forget(camera)

    def _ask_one(self, camera: str, point: AccessPoint, asking: tuple[str, str, int], now_ms: int) -> None:
        """`asking`: reader, holder, and until when the reader's dialog waits."""
        reader, holder, dialog_until_ms = asking
        one = self._desk.of_holder(holder)
        if one is None:
            self._forget(camera)  # not enrolled, or the consent is over: nobody is looked at
            return
        now_ns = self._now_ns()
        until_ns = now_ns + max(0, dialog_until_ms - now_ms) * MS
        faces = frozenset([one.face])
        asked = Open(secrets.token_hex(8), point, reader, dialog_until_ms, faces, holder, now_ns, until_ns)
        self._ask(camera, asked, [one])
        self.show(point, Prompt.LOOK, (until_ns - now_ns) / NS)

    def _ask(self, camera: str, asked: Open, those: list[Enrolled]) -> None:
        self._open[camera] = asked
        steps: tuple[Step, ...] = drawn(secrets.choice) if asked.point.id in self._use.challenge else ()
        faces = tuple((one.face, tuple(each.values for each in one.templates)) for one in those)
        self._sights.compare(camera, Comparison(asked.ask, faces, steps, asked.until_ns))

    def _forget(self, camera: str) -> None:
        if self._open.pop(camera, None) is not None:
            self._sights.compare(camera, None)

    def changed(self, holder: str) -> None:
        """This holder's consent holds no more: whatever was asked with these templates is forgotten at once."""
        for camera, asked in tuple(self._open.items()):
            if asked.holder in (holder, None):
                self._forget(camera)

    def progressed(self, camera: str, progress: Progress) -> None:
        """What a person is to do now, or that it came to nothing: shown there, while that very ask stands."""
        asked = self._open.get(camera)
        if asked is None or asked.ask != progress.ask or (progress.over and not progress.why):
            return  # a face that was recognised has its outcome from the core
        if progress.why == NO_MODELS and not self._told_no_models:
            self._told_no_models = True  # once a run: each try would tell it again
            self._desk.put(FaceChanged(FaceChange.FAILED, detail=NO_MODELS_TOLD))
        one_of_many = asked.holder is None
        try:
            prompt = Prompt.AGAIN if progress.over else prompt_of(progress.step)
        except ValueError:
            return  # of another release: shown as nothing
        if not one_of_many:
            self.show(asked.point, prompt, max(0.0, (asked.until_ns - self._now_ns()) / NS))
        elif not progress.over:
            self.show(asked.point, prompt, PROMPT_S)
        elif progress.why in NOBODY_THERE:
            self._forget(camera)  # whoever comes next is not to wait until this ask is over

    # -- what a camera saw --------------------------------------------------------------------------------------------

    def reader_for(self, camera: str, face: str, at_ns: int) -> str | None:
        """Who waited for this face at this camera when it was seen; None: nobody asked, so that it is nobody's."""
        asked = self._open.get(camera)
        if asked is None or face not in asked.faces or not asked.asked_ns <= at_ns <= asked.until_ns:
            return None
        return asked.reader if self._desk.stands(face) else None

    # -- one of many --------------------------------------------------------------------------------------------------

    def look(self) -> None:
        """Once a second: where a site wants one of many, ask for all who consent, while that is allowed."""
        for camera, point in self._many.items():
            asked = self._open.get(camera)
            if asked is not None and (asked.holder is not None or asked.until_ns - self._now_ns() > MANY_MS * 500_000):
                continue
            everybody = self._desk.everybody()
            if everybody and self._admits(everybody):
                faces, now_ns = frozenset(one.face for one in everybody), self._now_ns()
                many = Open(secrets.token_hex(8), point, camera, 0, faces, None, now_ns, now_ns + MANY_MS * MS)
                self._ask(camera, many, everybody)
            elif asked is not None:
                self._forget(camera)

    def _admits(self, everybody: list[Enrolled]) -> bool:
        try:
            if self._use.evaluation is None:
                raise OneOfManyRefused("no evaluation is named")
            if self._record is None:
                self._record = measured(self._use.evaluation)
            templates = sum(len(one.templates) for one in everybody)
            admit(self._record, templates)
        except OneOfManyRefused as error:
            if str(error) != self._told:
                self._told = str(error)
                self._desk.put(FaceChanged(FaceChange.REFUSED, detail=self._told))
            return False
        self._told = ""
        return True


class FacesHere(NamedTuple):
    """What of a controller has to do with faces."""

    desk: FaceDesk
    asks: FaceAsks


def faces_of(
    config: Config, folder: Path, owner: Owner, journal: Journal, desk: Desk, intake: Intake, board: Board
) -> FacesHere:
    """Those of a controller; its cameras are those whose drivers look for faces. Intake asks who asked for a face."""
    keeps = FaceDesk(folder / "faces", owner, journal.kept(), desk, lambda: intake.roster, on=config.faces.on)
    cameras = [name for name, driver in board.drivers.items() if getattr(driver, "looks_for_faces", False)]
    asks = FaceAsks(config, cameras, keeps, board.sights)
    intake.face_reader = asks.reader_for
    return FacesHere(keeps, asks)
