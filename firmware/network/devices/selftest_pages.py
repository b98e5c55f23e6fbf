"""The wizard of the self-test: one step at a time, large enough for a ladder; and the reports that are kept.

What came of a step is said by the controller alone; this page asks for steps and shows what was observed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from http import HTTPStatus

from starlette.responses import Response

from firmware.messages import Answer
from firmware.network.accounts.account import Role
from firmware.network.devices.selftest_desk import WHOLE, SelfTestDesk
from firmware.network.devices.selftest_showing import RUNNING, RunSpeaker, StepRow
from firmware.network.errors import LinkError
from firmware.network.rendering import Rendering, see
from firmware.network.routes import Answering, Asked
from firmware.network.view import Speaker
from firmware.selftest.messages import NOTE_CHARACTERS_MAX, Do, ReportEntry, RunSeen

PATH = "/selftest"
REFRESH_S = 3  # without script, while a step runs


class SelfTestPages:
    """What answers the routes of self-tests."""

    def __init__(self, desk: SelfTestDesk, rendering: Rendering) -> None:
        self._desk = desk
        self._rendering = rendering

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        return {
            "selftest": self._page,
            "selftest_begin": self._begin,
            "selftest_step": self._step,
            "selftest_run": self._of_run,
            "selftest_report": self._report,
        }

    # -- what is shown ------------------------------------------------------------------------------------------------

    async def _page(self, asked: Asked) -> Response:
        return self._rendering.switched(asked) or await self._html(asked)

    async def _html(self, asked: Asked, status: HTTPStatus = HTTPStatus.OK, refused: Sequence[str] = ()) -> Response:
        seen = await self._desk.look(asked.person)
        speaker = self._rendering.speaker(asked.request)
        said = RunSpeaker(speaker)
        rows = () if seen is None else said.rows(seen)
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
            tests=Role.INSTALLER in asked.person.roles,
            view=None if seen is None else said.view(seen),
            reports=[(entry, "" if entry.utc_ms is None else speaker.at(entry.utc_ms)) for entry in reports],
            place=speaker.place,
            refused=[said.refusal(reason) for reason in refused],
            note_max=NOTE_CHARACTERS_MAX,
            refresh_s=REFRESH_S,
        )

    async def _reports(self) -> Sequence[ReportEntry]:
        try:
            return await self._desk.reports()
        except LinkError:
            return ()

    # -- what is asked ------------------------------------------------------------------------------------------------

    async def _begin(self, asked: Asked) -> Response:
        portals = tuple(asked.form.get("portal", ()))
        return await self._see(asked, self._desk.begin(asked, portals, asked.field("site") == "yes"), now=True)

    async def _step(self, asked: Asked) -> Response:
        try:
            do = Do(asked.field("do"))
        except ValueError:
            return await self._html(asked, HTTPStatus.BAD_REQUEST, ("selftest_no_step",))
        run, step = asked.field("run")[:64], asked.field("step")[:100]
        return await self._see(asked, self._desk.step(asked, run, step, do, asked.field("note")), now=True)

    async def _of_run(self, asked: Asked) -> Response:
        what = asked.field("what")
        if what not in WHOLE:
            return await self._html(asked, HTTPStatus.BAD_REQUEST, ("selftest_none",))
        return await self._see(asked, self._desk.whole(asked, what, asked.field("note")), now=what == "resume")

    async def _see(self, asked: Asked, asking: Awaitable[Answer], now: bool) -> Response:
        try:
            answer = await asking
        except LinkError:
            return await self._html(asked, HTTPStatus.SERVICE_UNAVAILABLE, ("selftest_silent",))
        if not answer.done:
            return await self._html(asked, HTTPStatus.CONFLICT, answer.reasons)
        return see(PATH + ("#now" if now else ""))

    async def _report(self, asked: Asked) -> Response:
        """One report, whole, as it was signed: to be kept as a file, for its bytes are what counts."""
        name = asked.field("name")
        try:
            content = await self._desk.report(name)
        except LinkError:
            content = b""
        if not content:
            return await self._html(asked, HTTPStatus.NOT_FOUND, ("selftest_no_report",))
        headers = {"content-disposition": f'attachment; filename="self-test-{name}"'}
        return Response(content, media_type="text/html; charset=utf-8", headers=headers)


def row_place(speaker: Speaker, portal: str) -> str:
    return speaker.place(portal) if portal else speaker.words("devices_no_portal")


def _by_portal(seen: RunSeen, rows: Sequence[StepRow]) -> list[tuple[str, list[StepRow]]]:
    found: dict[str, list[StepRow]] = {}
    for step, row in zip(seen.steps, rows, strict=True):
        found.setdefault(step.portal, []).append(row)
    return list(found.items())
