"""The pages of devices, self-test and machine over a made-up controller: what is shown, asked, refused and kept out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from firmware.core.account_facts import Administered
from firmware.core.fact import Afar
from firmware.core.facts import SetOutOfService
from firmware.messages import Ask, Wire, Wired, WirePortal, WiresChanged
from firmware.network.accounts.account import Role
from firmware.selftest.messages import (
    BeginTest,
    Do,
    DoStep,
    FinishTest,
    ListReports,
    LookTest,
    PauseTest,
    ReadReport,
    ReportEntry,
    ReportPart,
    ReportsListed,
    RunSeen,
    StepSeen,
)
from firmware.wire_messages import RestartProcess, WatchWires
from tests.network.accounts import Gate as Accounts
from tests.network.accounts import gate
from tests.network.api_client import until
from tests.network.fake_controller import UTC_MS, health, states, welcome
from tests.network.running import RunningPage

EVIL = '<img src=x onerror="alert(1)">'
WIRES = (
    Wire(
        "front_lock",
        "relay",
        "output",
        lines=("line GPIO13",),
        portal="front_door",
        use="lock",
        level="off",
        since_ms=UTC_MS,
    ),
    Wire(
        "front_contact", "contact", "input", lines=("line GPIO6",), portal="front_door", use="contact", level="inactive"
    ),
    Wire(
        "front_reader",
        "wiegand",
        "reader",
        lines=("d0 GPIO17",),
        portal="front_door",
        use="reader",
        level="lost",
        why=EVIL,
    ),
    Wire("io", "modbus_io", "bus", lines=("port /dev/ttyS0",), level="quiet"),
    Wire("spare", "modbus_io", "input", board="io", lines=("inputs.di3",), level="active"),
)
PORTALS = (WirePortal("front_door", "door", True), WirePortal("bike_shed", "door"))
DOOR = "front_door"
STEPS = (
    StepSeen(
        "present:front_reader",
        "present",
        "front_reader",
        "passed",
        "front_door",
        ("d0 GPIO17",),
        utc_ms=UTC_MS,
        tries=1,
    ),
    StepSeen(
        "press:front_rex", "press", "front_rex", "failed", "front_door", why="other", names=("front_contact",), tries=1
    ),
    StepSeen("open:front_contact", "open", "front_contact", "listening", "front_door", left_ms=60_000, tries=1),
    StepSeen("watch:lamp", "watch", "lamp", "waiting", "front_door", word=True),
)
RUN = RunSeen(
    "", "r1", False, "Li Na", ("front_door",), False, UTC_MS, 600_000, STEPS, ("front_drop",), ("front_door",)
)
REPORT = b"<!DOCTYPE html><title>report</title>" + b"x" * 300_000
INSTALLER = Afar("installer", "127.0.0.1")


class Scripted:
    """What the made-up controller tells when it is asked."""

    def __init__(self, page: RunningPage) -> None:
        self.page = page
        self.run = RUN
        self.asked: list[object] = []
        page.controller.on_ask, page.controller.looks = self._told, {}

    def _told(self, ask: Ask) -> None:
        command, request, say = ask.command, ask.request, self.page.controller.say
        if isinstance(command, WatchWires):
            say(Wired(request, "north_gate", UTC_MS, WIRES[:3], more=True))
            say(Wired(request, "north_gate", UTC_MS, WIRES[3:], PORTALS))
        elif isinstance(command, LookTest):
            say(RunSeen(request, *(getattr(self.run, name) for name in RunSeen.__struct_fields__[1:])))
        elif isinstance(command, ListReports):
            say(ReportsListed(request, (ReportEntry("abc123", UTC_MS, "Li Na", ("front_door",), 5, 1, 0, 0),)))
        elif isinstance(command, ReadReport):
            found = REPORT if command.name == "abc123.en.html" else b""
            say(ReportPart(request, found[command.offset : command.offset + 131_072], len(found)))
        elif not isinstance(command, Administered):
            self.asked.append(command)


def play(folder: Path, scene: Callable[[Accounts, Scripted], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with gate(folder) as running:
            controller = running.page.controller
            controller.say(welcome(), states(), health(front_reader="lost: no answer"))
            await scene(running, Scripted(running.page))

    asyncio.run(whole())


def test_every_wire_stands_at_its_portal_with_its_terminal_its_level_and_its_fault(tmp_path: Path) -> None:
    async def scene(running: Accounts, _: Scripted) -> None:
        await running.log_in("manager")
        text = (await running.page.get("/devices")).text
        for said in ("5 of 5", "front_lock", "GPIO13", "relay", "lock", "2026-11-23 13:03:22", "Front door", "wire"):
            assert said in text, said
        assert EVIL not in text
        assert "&lt;img src=x" in text, "what a device says of its loss is text"
        assert "/act/out_of_service" not in text, "a manager reads"
        by_board = (await running.page.get("/devices?by=board")).text
        assert "Board io" in by_board
        assert "Wiegand reader" in by_board

    play(tmp_path, scene)


def test_a_filter_finds_by_name_line_and_kind_and_what_has_something_wrong(tmp_path: Path) -> None:
    async def scene(running: Accounts, _: Scripted) -> None:
        await running.log_in("installer")
        for query, found, missing in (
            ("text=gpio6", "front_contact", 'data-wire="front_lock"'),
            ("text=relay", 'data-wire="front_lock"', 'data-wire="front_contact"'),
            ("only=trouble", 'data-wire="front_reader"', 'data-wire="front_lock"'),
            ("text=DI3&by=board", 'data-wire="spare"', 'data-wire="io"'),
        ):
            text = (await running.page.get(f"/devices?{query}")).text
            assert found in text, query
            assert missing not in text, query
        assert "Nothing here." in (await running.page.get("/devices?text=" + "z" * 5_000)).text

    play(tmp_path, scene)


def test_a_change_comes_to_an_open_window_and_only_what_changed_is_sent(tmp_path: Path) -> None:
    async def scene(running: Accounts, _: Scripted) -> None:
        await running.log_in("installer")
        await running.page.get("/devices")
        window = await running.page.open_window("/api/v1/stream/devices")
        first = await window.until("device front_lock")
        assert first["level"] == "off"
        running.page.controller.say(WiresChanged(UTC_MS, (Wire("front_lock", "relay", "output", level="on"),)))
        name, row = await asyncio.wait_for(window.next(), 10)
        while name != "device front_lock":
            assert not name.startswith("device") or name in {f"device {wire.id}" for wire in WIRES}
            name, row = await asyncio.wait_for(window.next(), 10)
        assert (row["level"], row["state"]) == ("on", "on")

    play(tmp_path, scene)


@pytest.mark.attack("devices-01")
def test_a_portal_goes_out_of_service_by_an_installer_alone_with_a_page_that_names_it(tmp_path: Path) -> None:
    async def scene(running: Accounts, scripted: Scripted) -> None:
        page = running.page
        await running.log_in("installer")
        assert 'href="/act/in_service?portal=front_door"' in (await page.get("/devices")).text
        for what, effect in (
            ("out_of_service", "no card, code or schedule opens it"),
            ("in_service", "Puts Front door back"),
        ):
            form = (await page.get(f"/act/{what}?portal=front_door")).text
            assert effect in form
            once = form.partition('name="once" value="')[2].partition('"')[0]
            fields = [("sure", "yes"), ("once", once), ("portal", "front_door")]
            assert (await page.post(f"/act/{what}", fields)).status == 303
        assert scripted.asked == [
            SetOutOfService("installer", afar=INSTALLER, portal="front_door"),
            SetOutOfService("installer", afar=INSTALLER, portal="front_door", out=False),
        ]
        for role in (Role.GUARD, Role.MANAGER, Role.AUDITOR):
            await running.log_in(role.value)
            assert (await page.get("/act/out_of_service?portal=front_door")).status == 403
            assert (await page.post("/act/out_of_service", [("portal", "front_door")])).status == 403

    play(tmp_path, scene)


def test_the_wizard_shows_one_step_and_asks_for_no_result(tmp_path: Path) -> None:
    async def scene(running: Accounts, scripted: Scripted) -> None:
        page = running.page
        await running.log_in("installer")
        text = (await page.get("/selftest")).text
        assert "The lock has been released once. Now open the door, and let it close again." in text
        assert "Another one moved instead: front_contact. The wires are swapped." in text
        assert "front_drop" in text, "what no step covers is said"
        fields = [("run", "r1"), ("step", "watch:lamp"), ("do", "begin")]
        assert (await page.post("/selftest/step", fields)).status == 303
        await page.post("/selftest/step", [("run", "r1"), ("step", "watch:lamp"), ("do", "skip"), ("note", " dark ")])
        await page.post("/selftest/begin", [("portal", "front_door"), ("portal", "bike_shed"), ("site", "yes")])
        await page.post("/selftest/run", [("what", "finish"), ("note", "seal 4711")])
        who = {"issuer": "installer", "afar": INSTALLER}
        assert scripted.asked == [
            DoStep(run="r1", step="watch:lamp", do=Do.BEGIN, **who),
            DoStep(run="r1", step="watch:lamp", do=Do.SKIP, note="dark", **who),
            BeginTest(portals=("front_door", "bike_shed"), site=True, **who),
            FinishTest(note="seal 4711", **who),
        ]
        assert (
            await page.post("/selftest/step", [("run", "r1"), ("step", "watch:lamp"), ("do", "passed")])
        ).status == 400

    play(tmp_path, scene)


def test_what_the_controller_refuses_is_said_with_what_to_do_next(tmp_path: Path) -> None:
    async def scene(running: Accounts, _: Scripted) -> None:
        page = running.page
        await running.log_in("installer")
        page.controller.refusals = {"BeginTest": ("not_from_afar:front_door",), "RestartProcess": ("restart_too_soon",)}
        refused = await page.post("/selftest/begin", [("portal", "front_door")])
        assert refused.status == 409
        assert "does not let Front door be taken out of service" in refused.text
        refused = await page.post("/machine/restart", [("process", "controller"), ("sure", "yes")])
        assert refused.status == 409
        assert "once in a quarter of an hour" in refused.text

    play(tmp_path, scene)


def test_a_session_that_ends_puts_the_portals_back(tmp_path: Path) -> None:
    async def scene(running: Accounts, scripted: Scripted) -> None:
        page = running.page
        await running.log_in("installer")
        await page.get("/selftest")
        await page.post("/selftest/begin", [("portal", "front_door")])
        await page.post("/logout")
        async with asyncio.timeout(20):
            while not any(isinstance(command, PauseTest) for command in scripted.asked):
                page.controller.was_asked.clear()
                await page.controller.was_asked.wait()
        assert scripted.asked[-1] == PauseTest(issuer="installer", left=True)

    play(tmp_path, scene)


@pytest.mark.parametrize("first", ["auditor", "installer"])
def test_whoever_only_looks_at_a_test_does_not_stand_for_whoever_is_at_it(tmp_path: Path, first: str) -> None:
    """Of two windows each tells the controller: else the portals of an installer on a ladder go back into service."""

    async def scene(running: Accounts, scripted: Scripted) -> None:
        page = running.page
        heard: list[LookTest] = []

        def on_ask(ask: Ask) -> None:
            if isinstance(ask.command, LookTest):
                heard.append(ask.command)
            scripted._told(ask)

        page.controller.on_ask = on_ask
        for name in (first, "installer" if first == "auditor" else "auditor"):
            await running.log_in(name)
            window = await page.open_window("/api/v1/stream/selftest")
            await window.until("run")
        both = {("auditor", False), ("installer", True)}
        await until(lambda: {(look.issuer, look.here) for look in heard} == both)

    play(tmp_path, scene)


def test_a_report_comes_whole_and_as_a_file_to_whoever_may_have_it(tmp_path: Path) -> None:
    async def scene(running: Accounts, _: Scripted) -> None:
        page = running.page
        for role in (Role.INSTALLER, Role.MANAGER, Role.AUDITOR):
            await running.log_in(role.value)
            assert "abc123.en.html" in (await page.get("/selftest")).text
            report = await page.post("/selftest/report", [("name", "abc123.en.html")])
            assert (report.status, report.body) == (200, REPORT)
            assert report.header("content-disposition") == 'attachment; filename="self-test-abc123.en.html"'
        for name in ("../../identity/identity.pem", "abc123.en.html/..", "", "ABC.en.html", "other.en.html"):
            assert (await page.post("/selftest/report", [("name", name)])).status == 404, name

    play(tmp_path, scene)


@pytest.mark.attack("devices-02")
def test_a_process_is_restarted_only_after_a_yes_and_by_its_own_name(tmp_path: Path) -> None:
    async def scene(running: Accounts, scripted: Scripted) -> None:
        page = running.page
        await running.log_in("installer")
        assert "nobody gets in by card" in (await page.get("/machine/restart?process=controller")).text
        for fields in (
            [("process", "controller"), ("sure", "no")],
            [("process", "controller")],
            [("process", "sshd"), ("sure", "yes")],
            [("process", "../controller"), ("sure", "yes")],
        ):
            assert (await page.post("/machine/restart", fields)).status == 303
        assert scripted.asked == []
        await page.post("/machine/restart", [("process", "vision"), ("sure", "yes")])
        assert scripted.asked == [RestartProcess(issuer="installer", process="vision", afar=INSTALLER)]

    play(tmp_path, scene)


def test_the_machine_says_how_it_is_and_what_wears(tmp_path: Path) -> None:
    async def scene(running: Accounts, _: Scripted) -> None:
        await running.log_in("manager")
        text = (await running.page.get("/machine")).text
        for said in (
            "Storage",
            "Memory",
            "Load",
            "Kept right by",
            "Clock with a battery",
            "late edges",
            "repaired edges",
        ):
            assert said in text, said
        assert "Restart one process" not in text, "a manager reads"

    play(tmp_path, scene)


def test_without_the_controller_the_pages_say_so_and_nothing_is_taken_for_now(tmp_path: Path) -> None:
    async def scene(running: Accounts, _: Scripted) -> None:
        page = running.page
        await running.log_in("installer")
        await page.controller.die()
        for path in ("/devices", "/selftest"):
            response = await page.get(path)
            assert response.status == 200
            assert "The controller does not answer now." in response.text
        refused = await page.post("/selftest/begin", [("portal", "front_door")])
        assert (refused.status, "nothing is known to be done" in refused.text) == (503, True)

    play(tmp_path, scene)
