"""Who looks through cameras now: one viewing of a log-in, with one purpose, for a while.

The controller is told before the first picture and after the last. It ends a viewing by itself at its time, and when we
are gone. A guard's of the shift is one, in whichever browser: it is the controller that knows what it is for.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from firmware.camera_commands import BeginViewing, EndViewing, ShiftTold, TellShift
from firmware.messages import Answer
from firmware.network.accounts.account import Role
from firmware.network.camera_view.errors import NotBegun
from firmware.network.camera_view.source import Pane
from firmware.network.errors import LinkError, NotSent
from firmware.network.link import Link
from firmware.network.live import Live, Looking
from firmware.network.sessions import Session, Sessions

TICKET_BYTES = 24
OF_ACCOUNT_MAX = 3  # in several browsers; a log-in has one
NUMBER_BYTES = 12
MANAGER_S = 1_800
INSTALLER_S = 900
INCIDENT_S = 900
LOOK_S = 1.0  # between two looks whether somebody logged out
ENDINGS_MAX = 32  # that the controller does not know yet
AGAIN_S = 10.0  # it ends them by itself after all: at their time, or with the connection


class Stated(NamedTuple):
    """What a person wants to look through, and what for. `shift`, `incident`: see BeginViewing."""

    cameras: tuple[str, ...]
    purpose: str
    for_s: int
    shift: bool = False
    incident: str = ""


class Viewing(msgspec.Struct, eq=False):
    """One person sees through these cameras, in one browser. Times are the event loop's seconds.

    `number` names it to that person; the ticket is never told.
    """

    number: str
    ticket: str
    session: Session
    stated: Stated
    until_s: float
    panes: dict[str, Pane]
    address: str = ""


class Viewings:
    """All of this process. `run` ends those whose log-in is over, or whose time is."""

    def __init__(self, live: Live, link: Link, sessions: Sessions, shift_hours: int) -> None:
        self._live = live
        self._link = link
        self._sessions = sessions
        self._shift_s = shift_hours * 3600
        self._open: dict[str, Viewing] = {}  # by the session's id
        self._ending: list[tuple[EndViewing, float]] = []
        self._beginning: set[str] = set()  # sessions whose purpose is being committed
        self._now_s = asyncio.get_running_loop().time
        live.watch(self._connected)

    def of(self, session: Session) -> Viewing | None:
        """What this very log-in sees now."""
        viewing, now_s = self._open.get(session.id), self._now_s()
        lasts = viewing is not None and now_s < viewing.until_s and self._sessions.holds(session, now_s)
        return viewing if lasts else None

    def seconds(self, session: Session, shift: ShiftTold | None = None) -> int:
        """How long this person may look at most, under the shift where it is given; no longer than the log-in lasts."""
        if shift is not None:
            most = shift.left_s
        elif Role.MANAGER in session.roles:
            most = MANAGER_S
        else:
            most = INCIDENT_S if Role.GUARD in session.roles else INSTALLER_S
        return max(0, min(most, int(session.made_s + session.absolute_s - self._now_s())))

    async def shift(self, session: Session) -> ShiftTold:
        """What stands of a guard's shift. Raises NotBegun."""
        try:
            answer = await self._link.ask(TellShift(issuer=session.name))
        except LinkError as error:
            raise NotBegun("viewing_not_sent") from error
        if not answer.done:
            raise NotBegun(reasons=answer.reasons)
        try:
            return msgspec.json.decode(answer.told, type=ShiftTold)
        except msgspec.MsgspecError:  # another release's controller, which has no shifts
            return ShiftTold(self._shift_s)

    async def begin(self, session: Session, address: str, stated: Stated) -> Viewing:
        """Once the controller has committed the purpose. Raises NotBegun."""
        own = [each for each in self._open.values() if each.session.name == session.name]
        if len([each for each in own if not (each.stated.shift and stated.shift)]) >= OF_ACCOUNT_MAX:
            raise NotBegun("viewing_many", most=OF_ACCOUNT_MAX)
        if session.id in self._beginning:
            raise NotBegun("viewing_beginning")
        if self.of(session) is not None:
            raise NotBegun("viewing_is_one")  # begun while the shift was asked about
        self._beginning.add(session.id)
        try:
            return await self._begin(session, address, stated)
        finally:
            self._beginning.discard(session.id)

    async def _begin(self, session: Session, address: str, stated: Stated) -> Viewing:
        ticket = secrets.token_urlsafe(TICKET_BYTES)
        for_s = max(1, min(stated.for_s, int(session.made_s + session.absolute_s - self._now_s())))
        command = BeginViewing(
            issuer=session.name,
            address=address[:64],
            roles=" ".join(sorted(session.roles)),
            cameras=stated.cameras,
            why=stated.purpose,
            ticket=ticket,
            for_s=for_s,
            shift=stated.shift,
            incident=stated.incident,
        )

        def late(answer: Answer) -> None:
            if answer.done:
                self._end_later(ticket, "too_late")

        try:
            answer = await self._link.ask(command, late)
        except LinkError as error:
            raise NotBegun("viewing_not_sent" if isinstance(error, NotSent) else "viewing_not_known") from error
        if not answer.done:
            raise NotBegun(reasons=answer.reasons)
        panes = {name: Pane(ticket, name) for name in stated.cameras}
        number = secrets.token_hex(NUMBER_BYTES)
        viewing = Viewing(number, ticket, session, stated, self._now_s() + for_s, panes, address)
        if not self._sessions.holds(session, self._now_s()):
            self._end_later(ticket, "logged_out")  # while it was committed
            raise NotBegun("viewing_over")
        for other in self:
            if other.stated.shift and stated.shift and other.session.name == session.name:
                del self._open[other.session.id]  # the controller has ended it: the guard looks here now
        self._open[session.id] = viewing
        self._tell()
        return viewing

    def end(self, viewing: Viewing, because: str) -> None:
        """Nothing is shown from now on; the controller hears of it as soon as can be."""
        if self._open.get(viewing.session.id) is viewing:
            del self._open[viewing.session.id]
            self._end_later(viewing.ticket, because)
            self._tell()

    def __iter__(self) -> Iterator[Viewing]:
        return iter(tuple(self._open.values()))

    async def run(self) -> None:
        """Runs until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            now_s = self._now_s()
            for viewing in self:
                if now_s >= viewing.until_s:
                    del self._open[viewing.session.id]  # the controller ends it by itself
                    self._tell()
                elif not self._sessions.holds(viewing.session, now_s):
                    self.end(viewing, "logged_out")
            await self._tell_endings(now_s)

    async def _tell_endings(self, now_s: float) -> None:
        ending, self._ending = self._ending, []
        for command, since_s in ending:
            try:
                answer = await self._link.ask(command)
                told = answer.done or "too_many" not in answer.reasons
            except LinkError:
                told = False
            if not told and now_s - since_s < AGAIN_S:
                self._ending.append((command, since_s))

    def _end_later(self, ticket: str, because: str) -> None:
        if len(self._ending) < ENDINGS_MAX:
            self._ending.append((EndViewing(ticket=ticket, because=because), self._now_s()))

    def _connected(self) -> None:
        """With the connection the controller has ended what was asked for by it."""
        if not self._live.connected and self._open:
            self._open.clear()
            self._tell()

    def _tell(self) -> None:
        """What everybody at the page sees: through which cameras somebody looks, and until when."""
        until: dict[str, float] = {}
        for viewing in self:
            for camera in viewing.panes:
                until[camera] = max(viewing.until_s, until.get(camera, 0.0))
        looking = tuple(Looking(camera, until_s) for camera, until_s in sorted(until.items()))
        if looking != self._live.looking:
            self._live.looking = looking
            self._live.changed()
