"""Self-tests as page and API ask for them, at one desk. What came of a step is said by the controller alone."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec

from firmware.core.fact import Afar
from firmware.messages import Answer
from firmware.network.accounts.account import Role, role_words
from firmware.network.api.client import ClientSession
from firmware.network.devices.known import Known
from firmware.network.routes import Asked
from firmware.network.sessions import Session, Sessions
from firmware.selftest.messages import (
    NOTE_CHARACTERS_MAX,
    PORTALS_MAX,
    REPORT_BYTES_MAX,
    BeginTest,
    Do,
    DoStep,
    DropTest,
    FinishTest,
    ListReports,
    LookTest,
    PauseTest,
    ReadReport,
    ReportEntry,
    ReportPart,
    ReportsListed,
    ResumeTest,
    RunAsk,
    RunSeen,
)

GONE_S = 5.0  # between two looks whether whoever tests is still logged in
WHOLE = ("pause", "resume", "finish", "drop")  # what is asked of the whole run


class SelfTestDesk:
    """Made once, in the event loop. `close` is idempotent."""

    def __init__(self, known: Known, sessions: Sessions) -> None:
        self._known = known
        self._sessions = sessions
        self._now_s = asyncio.get_running_loop().time
        self._issuer = ""  # whoever tests by a session of ours
        self._watching = asyncio.get_running_loop().create_task(self._watch_sessions(), name="self-test")

    async def close(self) -> None:
        self._watching.cancel()
        await asyncio.gather(self._watching, return_exceptions=True)

    # -- what is looked at --------------------------------------------------------------------------------------------

    @property
    def newest(self) -> RunSeen | None:
        """The run as it was told last."""
        return self._known.run

    async def look(self, person: Session) -> RunSeen | None:
        """How the run stands; None: the controller does not answer. An installer's look keeps the run alive."""
        return await self._known.look_at_run(LookTest(issuer=person.name, here=_stands_there(person)))

    def keep_looking(self, person: Session) -> None:
        """A window is open: what it shows is told on, and of an installer's the run stays alive."""
        self._known.here(LookTest(issuer=person.name, here=_stands_there(person)))

    async def reports(self) -> Sequence[ReportEntry]:
        """Those that are kept, newest first. Raises LinkError."""
        told = await self._known.asked(ListReports())
        return told.reports if isinstance(told, ReportsListed) else ()

    async def report(self, name: str) -> bytes:
        """One report, whole, as it was signed; empty: there is none of this name. Raises LinkError."""
        content = b""
        while True:
            try:
                ask = msgspec.convert({"type": "ReadReport", "name": name, "offset": len(content)}, ReadReport)
            except msgspec.ValidationError:
                return b""
            told = await self._known.asked(ask)
            if not isinstance(told, ReportPart) or not told.part:
                return content
            content += told.part
            if len(content) >= min(told.size, REPORT_BYTES_MAX):
                return content

    # -- what is asked ------------------------------------------------------------------------------------------------

    async def begin(self, asked: Asked, portals: Sequence[str], site: bool) -> Answer:
        """Raises LinkError, as all of these do where it is not known whether it is done."""
        who, afar = _who(asked)
        return await self._ask(asked, BeginTest(issuer=who, afar=afar, portals=tuple(portals)[:PORTALS_MAX], site=site))

    async def step(self, asked: Asked, run: str, step: str, do: Do, note: str) -> Answer:
        who, afar = _who(asked)
        return await self._ask(asked, DoStep(issuer=who, afar=afar, run=run, step=step, do=do, note=_cut(note)))

    async def whole(self, asked: Asked, what: str, note: str) -> Answer:
        """`what` is one of WHOLE."""
        who, afar = _who(asked)
        commands: dict[str, RunAsk] = {
            "pause": PauseTest(issuer=who, afar=afar),
            "resume": ResumeTest(issuer=who, afar=afar),
            "finish": FinishTest(issuer=who, afar=afar, note=_cut(note)),
            "drop": DropTest(issuer=who, afar=afar),
        }
        return await self._ask(asked, commands[what])

    async def _ask(self, asked: Asked, command: RunAsk) -> Answer:
        assert not isinstance(asked.session, ClientSession), "the table of routes says so: a person stands there"
        answer = await self._known.link.ask(command)  # type: ignore[arg-type]
        if answer.done:
            self._issuer = asked.person.name
        return answer

    async def _watch_sessions(self) -> None:
        """Where whoever tests has logged out, the portals go back into service now and not minutes later."""
        while True:
            await asyncio.sleep(GONE_S)
            run, who = self._known.run, self._issuer
            if not who or run is None or not run.run or run.paused:
                continue
            if not any(session.lives(self._now_s()) for session in self._sessions.of(who)):
                self._issuer = ""
                self._known.link.look(PauseTest(issuer=who, left=True))


def _stands_there(person: Session) -> bool:
    """A program with an installer's token reads; it stands at no ladder, and keeps no portal out of service."""
    return Role.INSTALLER in person.roles and not isinstance(person, ClientSession)


def _who(asked: Asked) -> tuple[str, Afar]:
    return asked.person.name, Afar(role_words(asked.person.roles), asked.address)


def _cut(note: str) -> str:
    return note.strip()[:NOTE_CHARACTERS_MAX]
