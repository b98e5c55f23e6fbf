"""The wizard of the self-test: one step at a time, large enough for a ladder; and the reports that are kept.

What came of a step is said by the controller alone; this page asks for steps and shows what was observed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from http import HTTPStatus

import msgspec
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from firmware.core.codes import Reason
from firmware.core.fact import Afar
from firmware.network.accounts.account import Role, role_words
from firmware.network.devices.known import Known
from firmware.network.errors import LinkError
from firmware.network.rendering import Rendering, see
from firmware.network.routes import Answering, Asked
from firmware.network.sessions import Session, Sessions
from firmware.network.streams import Streams
from firmware.network.view import Speaker
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
    StepSeen,
)
from firmware.selftest.report import why_text

PATH = "/selftest"
REFRESH_S = 3  # without script, while a step runs
GONE_S = 5.0  # between two looks whether whoever tests is still logged in
RUNNING = ("listening", "accused", "moved", "settling", "asking")
OVER = ("passed", "failed", "skipped")


class StepRow(msgspec.Struct, frozen=True):
    """One step in words. `left_s`: until its time is over."""

    id: str
    stage: str
    title: str
    device: str
    lines: str
    stage_text: str
    todo: str
    why: str
    note: str
    at: str
    proves: str
    left_s: int | None
    word: bool


class RunView(msgspec.Struct, frozen=True):
    """What a window shows: `key` is another one whenever the page has to be made anew."""

    key: str
    now: StepRow | None


class SelfTestPages:
    """What answers the routes of self-tests."""

    def __init__(self, known: Known, streams: Streams, rendering: Rendering, sessions: Sessions) -> None:
        self._known = known
        self._streams = streams
        self._rendering = rendering
        self._sessions = sessions
        self._now_s = asyncio.get_running_loop().time
        self._encode = msgspec.json.Encoder().encode
        self._issuer = ""  # whoever tests by a session of ours
        self._watching = asyncio.get_running_loop().create_task(self._watch_sessions(), name="self-test")

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        return {
            "selftest": self._page,
            "selftest_stream": self._stream,
            "selftest_begin": self._begin,
            "selftest_step": self._step,
            "selftest_run": self._of_run,
            "selftest_report": self._report,
        }

    async def close(self) -> None:
        self._watching.cancel()
        await asyncio.gather(self._watching, return_exceptions=True)

    # -- what is shown ------------------------------------------------------------------------------------------------

    async def _page(self, asked: Asked) -> Response:
        return self._rendering.switched(asked) or await self._html(asked)

    async def _html(self, asked: Asked, status: HTTPStatus = HTTPStatus.OK, refused: Sequence[str] = ()) -> Response:
        tests = Role.INSTALLER in asked.person.roles
        seen = await self._known.look_at_run(LookTest(issuer=asked.person.name, here=tests))
        speaker = self._rendering.speaker(asked.request)
        rows = () if seen is None else self._rows(speaker, seen)
        reports = await self._reports()
        return self._rendering.html(
            "selftest.html",
            asked.request,
            asked.session,
            PATH,
            status,
            run=seen,
            rows=rows,
            places=[]
            if seen is None
            else [(row_place(speaker, portal), own) for portal, own in _by_portal(seen, rows)],
            now=next((row for row in rows if row.stage in RUNNING), None),
            next_step=next((row for row in rows if row.stage == "waiting"), None),
            tally={
                stage: sum(row.stage == stage for row in rows) for stage in ("passed", "failed", "skipped", "waiting")
            },
            portals=[] if seen is None else [(name, speaker.place(name)) for name in seen.choices],
            tests=tests,
            view=None if seen is None else self._view(speaker, seen),
            reports=[(entry, "" if entry.utc_ms is None else speaker.at(entry.utc_ms)) for entry in reports],
            place=speaker.place,
            refused=[self._refusal(speaker, reason) for reason in refused],
            note_max=NOTE_CHARACTERS_MAX,
            refresh_s=REFRESH_S,
        )

    async def _reports(self) -> Sequence[ReportEntry]:
        try:
            told = await self._known.asked(ListReports())
        except LinkError:
            return ()
        return told.reports if isinstance(told, ReportsListed) else ()

    def _rows(self, speaker: Speaker, seen: RunSeen) -> tuple[StepRow, ...]:
        return tuple(self._row(speaker, step) for step in seen.steps)

    def _row(self, speaker: Speaker, step: StepSeen) -> StepRow:
        words = speaker.words
        others = [name for name in step.proves if name != step.device]
        over = step.stage in ("failed", "skipped")
        names = step.names
        why = ""
        if over and step.why:
            word, _, rest = step.why.partition(":")
            if word == "core":
                names = tuple(self._refusal(speaker, reason) for reason in rest.split())
            why = why_text(words, "core" if word == "core" else step.why, names)
        return StepRow(
            step.id,
            step.stage,
            words(f"task_{step.task}"),
            step.device,
            ", ".join(step.lines),
            words(f"stage_{step.stage}"),
            words("task_word") if step.stage == "asking" else words(f"task_{step.task}_do", device=step.device),
            why,
            step.note,
            "" if step.utc_ms is None else speaker.at(step.utc_ms),
            ", ".join(others),
            None if step.left_ms is None else -(-step.left_ms // 1000),
            step.word,
        )

    def _refusal(self, speaker: Speaker, reason: str) -> str:
        word, _, argument = reason.partition(":")
        if speaker.words.has(f"no_{word}"):
            return speaker.words(f"no_{word}", place=speaker.place(argument) if argument else "")
        return speaker.reason(word) if word in frozenset(Reason) else word

    def _view(self, speaker: Speaker, seen: RunSeen) -> RunView:
        """The step that runs changes its stage under one's eyes; anything else makes the page anew."""
        running = next((step for step in seen.steps if step.stage in RUNNING), None)
        counts = "".join(step.stage[0] if step.stage not in RUNNING else "r" for step in seen.steps)
        tries = sum(step.tries for step in seen.steps)
        key = f"{seen.run}:{int(seen.paused)}:{counts}:{tries}:{int(running is not None and running.stage == 'asking')}"
        return RunView(key, None if running is None else self._row(speaker, running))

    # -- live ---------------------------------------------------------------------------------------------------------

    async def _stream(self, asked: Asked) -> Response:
        if asked.request.method == "HEAD":
            return Response(media_type="text/event-stream")
        return _Streaming(self, self._rendering.speaker(asked.request), asked.person)

    async def serve(self, speaker: Speaker, person: Session, receive: Receive, send: Send) -> None:
        """One window's stream, for as long as its session lives; the window of an installer keeps the run alive."""
        tests = Role.INSTALLER in person.roles

        def newest() -> dict[str, bytes]:
            self._known.here(LookTest(issuer=person.name, here=tests))
            seen = self._known.run
            return {} if seen is None else {"run": self._encode(self._view(speaker, seen))}

        await self._streams.serve(receive, send, newest, lambda: self._sessions.use(person, self._now_s()), person.name)

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

    # -- what is asked ------------------------------------------------------------------------------------------------

    async def _begin(self, asked: Asked) -> Response:
        portals = tuple(asked.form.get("portal", ()))[:PORTALS_MAX]
        command = BeginTest(
            issuer=asked.person.name, afar=_afar(asked), portals=portals, site=asked.field("site") == "yes"
        )
        return await self._ask(asked, command)

    async def _step(self, asked: Asked) -> Response:
        note = asked.field("note").strip()[:NOTE_CHARACTERS_MAX]
        try:
            do = Do(asked.field("do"))
        except ValueError:
            return await self._html(asked, HTTPStatus.BAD_REQUEST, ("selftest_no_step",))
        command = DoStep(
            issuer=asked.person.name,
            afar=_afar(asked),
            run=asked.field("run")[:64],
            step=asked.field("step")[:100],
            do=do,
            note=note,
        )
        return await self._ask(asked, command)

    async def _of_run(self, asked: Asked) -> Response:
        who, afar = asked.person.name, _afar(asked)
        commands: dict[str, RunAsk] = {
            "pause": PauseTest(issuer=who, afar=afar),
            "resume": ResumeTest(issuer=who, afar=afar),
            "finish": FinishTest(issuer=who, afar=afar, note=asked.field("note").strip()[:NOTE_CHARACTERS_MAX]),
            "drop": DropTest(issuer=who, afar=afar),
        }
        command = commands.get(asked.field("what"))
        if command is None:
            return await self._html(asked, HTTPStatus.BAD_REQUEST, ("selftest_none",))
        return await self._ask(asked, command)

    async def _ask(self, asked: Asked, command: RunAsk) -> Response:
        try:
            answer = await self._known.link.ask(command)  # type: ignore[arg-type]
        except LinkError:
            return await self._html(asked, HTTPStatus.SERVICE_UNAVAILABLE, ("selftest_silent",))
        if not answer.done:
            return await self._html(asked, HTTPStatus.CONFLICT, answer.reasons)
        self._issuer = asked.person.name
        return see(PATH + ("#now" if isinstance(command, BeginTest | DoStep | ResumeTest) else ""))

    async def _report(self, asked: Asked) -> Response:
        """One report, whole, as it was signed: to be kept as a file, for its bytes are what counts."""
        name, content = asked.field("name"), b""
        try:
            while True:
                told = await self._known.asked(ReadReport(name=name, offset=len(content)))
                if not isinstance(told, ReportPart) or not told.part:
                    break
                content += told.part
                if len(content) >= min(told.size, REPORT_BYTES_MAX):
                    break
        except (LinkError, msgspec.ValidationError):
            content = b""
        if not content:
            return await self._html(asked, HTTPStatus.NOT_FOUND, ("selftest_no_report",))
        headers = {"content-disposition": f'attachment; filename="self-test-{name}"'}
        return Response(content, media_type="text/html; charset=utf-8", headers=headers)


class _Streaming(Response):
    """A response that is a stream."""

    def __init__(self, pages: SelfTestPages, speaker: Speaker, session: Session) -> None:
        self._pages, self._speaker, self._session = pages, speaker, session

    async def __call__(self, _: Scope, receive: Receive, send: Send) -> None:
        await self._pages.serve(self._speaker, self._session, receive, send)


def row_place(speaker: Speaker, portal: str) -> str:
    return speaker.place(portal) if portal else speaker.words("devices_no_portal")


def _by_portal(seen: RunSeen, rows: Sequence[StepRow]) -> list[tuple[str, list[StepRow]]]:
    found: dict[str, list[StepRow]] = {}
    for step, row in zip(seen.steps, rows, strict=True):
        found.setdefault(step.portal, []).append(row)
    return list(found.items())


def _afar(asked: Asked) -> Afar:
    return Afar(role_words(asked.person.roles), asked.address)
