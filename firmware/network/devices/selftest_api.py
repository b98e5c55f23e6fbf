"""Self-tests by the API: how a run stands, what is asked of the person there, its stream, and the signed reports.

Programs read. Whoever tests has logged in and stands at the gate: portals are out of service and move for it, and what
no wire can tell rests on that person's word (the table of routes: `person`). The wizard lives on the stream of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Literal

import msgspec
from msgspec import Meta
from starlette.responses import Response

from firmware.messages import Answer
from firmware.network.accounts.account import Role
from firmware.network.api.client import ClientSession, still
from firmware.network.api.errors import NOT_KNOWN, ApiError
from firmware.network.api.operation import CHANGED, READ, Operation
from firmware.network.api.speaking import Param, answer, body_of, missing, part_of, query_of, utc_of
from firmware.network.api.stream import STREAM_TYPE
from firmware.network.devices.selftest_desk import SelfTestDesk
from firmware.network.devices.selftest_showing import RUNNING, RunSpeaker
from firmware.network.devices.streaming import Streaming
from firmware.network.errors import LinkError, NotSent
from firmware.network.rendering import Rendering
from firmware.network.routes import Answering, Asked
from firmware.network.sessions import Sessions
from firmware.network.streams import Streams
from firmware.network.view import Speaker
from firmware.selftest.machine import Stage
from firmware.selftest.messages import NOTE_CHARACTERS_MAX, PORTALS_MAX, Do, ReportEntry, RunSeen, StepSeen

HTML_TYPE = "text/html"
RETRY_S = 5
Count = Annotated[int, Meta(ge=0)]
Id = Annotated[str, Meta(min_length=1, max_length=64, pattern="^[!-~]*$")]
Note = Annotated[str, Meta(max_length=NOTE_CHARACTERS_MAX)]
OF_REPORT = (Param("language", Literal["en", "zh"]),)


class SelfTestStep(msgspec.Struct, frozen=True):
    """One step. `stage` is what the controller has observed: nobody says by this that a step has passed.

    `expects`: the devices that have to move; `proves`: outputs that it proves with them; `names`: other devices that
    had to do with its end. `asks`: what a display has to show for a yes. `by_word`: a person's word is part of it.
    """

    id: str
    task: str
    task_text: str
    device: str
    portal: str
    lines: tuple[str, ...]
    stage: Stage
    stage_text: str
    todo_text: str
    expects: tuple[str, ...]
    proves: tuple[str, ...]
    asks: str
    by_word: bool
    why: str
    why_text: str
    names: tuple[str, ...]
    note: str
    tries: Count
    ended: datetime | None
    left_s: Count | None


class SelfTest(msgspec.Struct, frozen=True):
    """The run that is under way; `run` is empty where there is none. `now` is the step that somebody is at.

    `lease_s`: then the portals go back into service, where the installer is not heard. `uncovered`: devices that no
    step proves. `choices`: portals that may be tested. `may`: whether you may drive it.
    """

    run: str
    paused: bool
    issuer: str
    portals: tuple[str, ...]
    site: bool
    began: datetime | None
    lease_s: Count | None
    counts: dict[Stage, Count]
    now: SelfTestStep | None
    steps: tuple[SelfTestStep, ...]
    uncovered: tuple[str, ...]
    choices: tuple[str, ...]
    may: bool


class SelfTestNow(msgspec.Struct, frozen=True):
    """`key` is another one whenever anything but the step that runs has changed: then read the whole run again."""

    key: str
    now: SelfTestStep | None


class SelfTestStreamed(msgspec.Struct, frozen=True):
    """`run`: whenever it has become another one."""

    run: SelfTestNow


class SelfTestBegun(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """These portals go out of service; `site`: with what belongs to no portal. One of both has to be there."""

    portals: Annotated[tuple[Id, ...], Meta(max_length=PORTALS_MAX)] = ()
    site: bool = False


class StepAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`do`: begin, stop, yes, no (where the step asks), skip (with a note that says why), note."""

    run: Id
    step: Annotated[str, Meta(min_length=1, max_length=100, pattern="^[!-~]*$")]
    do: Do
    note: Note = ""


class RunAsked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of the whole run: pause (portals back into service), resume, finish (with the signed report), drop (without)."""

    what: Literal["pause", "resume", "finish", "drop"]
    note: Note = ""


class SelfTestReport(msgspec.Struct, frozen=True):
    """One report that is kept. `sha256` is of the English one."""

    id: str
    ended: datetime | None
    issuer: str
    portals: tuple[str, ...]
    passed: Count
    failed: Count
    skipped: Count
    waiting: Count
    sha256: str


class SelfTestReports(msgspec.Struct, frozen=True):
    """Newest first; each stands as a signed page under its id, in both languages."""

    reports: tuple[SelfTestReport, ...]


class SelfTestApi:
    """What answers the API's routes of self-tests, and their stream."""

    def __init__(self, desk: SelfTestDesk, streams: Streams, rendering: Rendering, sessions: Sessions) -> None:
        self._desk = desk
        self._streams = streams
        self._rendering = rendering
        self._sessions = sessions
        self._now_s = asyncio.get_running_loop().time
        self._encode = msgspec.json.Encoder().encode

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        return {
            "api selftest": self._look,
            "api selftest stream": self._stream,
            "api selftest begin": self._begin,
            "api selftest step": self._step,
            "api selftest run": self._whole,
            "api selftest reports": self._reports,
            "api selftest report": self._report,
        }

    # -- what is read -------------------------------------------------------------------------------------------------

    async def _look(self, asked: Asked) -> Response:
        return answer(await self._run(asked))

    async def _run(self, asked: Asked) -> SelfTest:
        seen = await self._desk.look(asked.person)
        if seen is None:
            raise ApiError(HTTPStatus.SERVICE_UNAVAILABLE, "not_sent", retry_s=RETRY_S)
        drives = Role.INSTALLER in asked.person.roles and not isinstance(asked.person, ClientSession)
        return _told(self._rendering.speaker(asked.request), seen, drives)

    async def _stream(self, asked: Asked) -> Response:
        if asked.request.method == "HEAD":
            return Response(media_type=STREAM_TYPE)
        speaker, person = self._rendering.speaker(asked.request), asked.person

        def newest() -> dict[str, bytes]:
            self._desk.keep_looking(person)
            seen = self._desk.newest
            return {} if seen is None else {"run": self._encode(_now(speaker, seen))}

        return Streaming(self._streams, newest, lambda: still(self._sessions, person, self._now_s()), person.name)

    async def _reports(self, _: Asked) -> Response:
        try:
            entries = await self._desk.reports()
        except LinkError as error:
            raise ApiError(HTTPStatus.SERVICE_UNAVAILABLE, "not_sent", retry_s=RETRY_S) from error
        return answer(SelfTestReports(tuple(map(_entry, entries))))

    async def _report(self, asked: Asked) -> Response:
        """The signed page itself: its bytes are what counts."""
        language = query_of(asked, OF_REPORT)["language"] or self._rendering.language(asked.request)
        name = f"{part_of(asked, 'report')}.{language}.html"
        try:
            content = await self._desk.report(name)
        except LinkError as error:
            raise ApiError(HTTPStatus.SERVICE_UNAVAILABLE, "not_sent", retry_s=RETRY_S) from error
        if not content:
            raise missing()
        headers = {"content-disposition": f'attachment; filename="self-test-{name}"'}
        return Response(content, media_type=f"{HTML_TYPE}; charset=utf-8", headers=headers)

    # -- what is asked ------------------------------------------------------------------------------------------------

    async def _begin(self, asked: Asked) -> Response:
        body = body_of(asked, SelfTestBegun)
        return await self._asked(asked, self._desk.begin(asked, body.portals, body.site))

    async def _step(self, asked: Asked) -> Response:
        body = body_of(asked, StepAsked)
        return await self._asked(asked, self._desk.step(asked, body.run, body.step, body.do, body.note))

    async def _whole(self, asked: Asked) -> Response:
        body = body_of(asked, RunAsked)
        return await self._asked(asked, self._desk.whole(asked, body.what, body.note))

    async def _asked(self, asked: Asked, asking: Awaitable[Answer]) -> Response:
        """The run as it stands afterwards. Raises ApiError."""
        said = RunSpeaker(self._rendering.speaker(asked.request))
        try:
            answered = await asking
        except NotSent as error:
            raise ApiError(HTTPStatus.SERVICE_UNAVAILABLE, "not_sent", retry_s=RETRY_S) from error
        except LinkError as error:
            text = said.refusal("selftest_silent")
            raise ApiError(HTTPStatus.GATEWAY_TIMEOUT, NOT_KNOWN, text) from error
        if not answered.done:
            text = " ".join(map(said.refusal, answered.reasons))
            raise ApiError(HTTPStatus.CONFLICT, "refused", text, more={"reasons": answered.reasons})
        return answer(await self._run(asked))


def _told(speaker: Speaker, seen: RunSeen, drives: bool) -> SelfTest:
    steps = tuple(_step_told(speaker, step) for step in seen.steps)
    return SelfTest(
        run=seen.run,
        paused=seen.paused,
        issuer=seen.issuer,
        portals=seen.portals,
        site=seen.site,
        began=utc_of(seen.began_utc_ms),
        lease_s=None if seen.lease_ms is None else seen.lease_ms // 1000,
        counts={stage: sum(step.stage is stage for step in steps) for stage in Stage},
        now=next((step for step in steps if step.stage in RUNNING), None),
        steps=steps,
        uncovered=seen.uncovered,
        choices=seen.choices,
        may=drives,
    )


def _now(speaker: Speaker, seen: RunSeen) -> SelfTestNow:
    running = next((step for step in seen.steps if step.stage in RUNNING), None)
    return SelfTestNow(RunSpeaker(speaker).view(seen).key, None if running is None else _step_told(speaker, running))


def _step_told(speaker: Speaker, step: StepSeen) -> SelfTestStep:
    row = RunSpeaker(speaker).row(step)
    return SelfTestStep(
        id=step.id,
        task=step.task,
        task_text=row.title,
        device=step.device,
        portal=step.portal,
        lines=step.lines,
        stage=Stage(step.stage),
        stage_text=row.stage_text,
        todo_text=row.todo,
        expects=step.expects,
        proves=step.proves,
        asks=step.asks,
        by_word=step.word,
        why=step.why,
        why_text=row.why,
        names=step.names,
        note=step.note,
        tries=step.tries,
        ended=utc_of(step.utc_ms),
        left_s=row.left_s,
    )


def _entry(entry: ReportEntry) -> SelfTestReport:
    return SelfTestReport(
        id=entry.id,
        ended=utc_of(entry.utc_ms),
        issuer=entry.issuer,
        portals=entry.portals,
        passed=entry.passed,
        failed=entry.failed,
        skipped=entry.skipped,
        waiting=entry.waiting,
        sha256=entry.sha256,
    )


SELFTEST_OPERATIONS: dict[str, Operation] = {
    "api selftest": Operation(SelfTest, problems=READ),
    "api selftest stream": Operation(SelfTestStreamed, media=STREAM_TYPE),
    "api selftest begin": Operation(SelfTest, body=SelfTestBegun, once=True, problems=CHANGED),
    "api selftest step": Operation(SelfTest, body=StepAsked, once=True, problems=CHANGED),
    "api selftest run": Operation(SelfTest, body=RunAsked, once=True, problems=CHANGED),
    "api selftest reports": Operation(SelfTestReports, problems=READ),
    "api selftest report": Operation(None, OF_REPORT, media=HTML_TYPE, problems=READ),
}
_AT = datetime(2026, 11, 27, 3, 10, 0, tzinfo=UTC)
_STEP_EXAMPLE = SelfTestStep(
    id="press:front_rex",
    task="press",
    task_text="Exit button",
    device="front_rex",
    portal="front_door",
    lines=("line GPIO5",),
    stage=Stage.LISTENING,
    stage_text="Waiting for it",
    todo_text="Now press the exit button front_rex and let it go.",
    expects=("front_rex",),
    proves=(),
    asks="",
    by_word=False,
    why="",
    why_text="",
    names=(),
    note="",
    tries=1,
    ended=None,
    left_s=58,
)
SELFTEST_EXAMPLES: tuple[msgspec.Struct, ...] = (
    SelfTest(
        run="5f1d07a2c9e4",
        paused=False,
        issuer="Li Na",
        portals=("front_door",),
        site=False,
        began=_AT,
        lease_s=600,
        counts={stage: int(stage is Stage.LISTENING) for stage in Stage},
        now=_STEP_EXAMPLE,
        steps=(_STEP_EXAMPLE,),
        uncovered=(),
        choices=("front_door", "hall"),
        may=True,
    ),
    SelfTestBegun(("front_door",)),
    StepAsked("5f1d07a2c9e4", "press:front_rex", Do.BEGIN),
    RunAsked("finish", "seal 4711"),
    SelfTestReports((SelfTestReport("5f1d07a2c9e4", _AT, "Li Na", ("front_door",), 5, 0, 0, 0, "00" * 32),)),
)
