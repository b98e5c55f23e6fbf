"""Devices and the machine by the API: the same as at the page, to the same roles, by token and by session."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import msgspec
import pytest

from firmware.core.fact import Afar
from firmware.messages import Wire, WiresChanged
from firmware.network.accounts.account import Role
from firmware.network.devices.logs import FolderLogs
from firmware.network.devices.machine_api import LINES_SHOWN, MachineApi
from firmware.network.devices.machine_desk import MachineDesk
from firmware.network.routes import Asked
from firmware.wire_messages import Process, RestartProcess
from tests.devices_page.test_device_pages import EVIL, INSTALLER, WIRES, Scripted, play
from tests.network.accounts import Gate as Accounts
from tests.network.api_client import KEY, call, seen, token_for, told, words
from tests.network.fake_controller import UTC_MS, barrier, door, health, lane, quiet, states
from tests.network.running import Response, RunningPage, Window, parsed_head

DEVICES, MACHINE = "/api/v1/devices", "/api/v1/machine"
RESTART = "/api/v1/machine/processes/{}/restart"
STREAM = "/api/v1/stream/devices"
CHINESE = {"accept-language": "zh-CN"}
YES = {"confirmed": "yes"}


async def by_session(
    page: RunningPage, method: str, path: str, body: object = None, key: str = KEY, **more: str
) -> Response:
    """As script of a page of ours asks it."""
    headers = {"origin": f"http://127.0.0.1:{page.port}", "x-csrf-token": await page.token(), "idempotency-key": key}
    return await call(page, method, path, None, body, headers | more)


async def by_token(
    page: RunningPage, path: str, token: str, body: object = None, key: str = KEY, **more: str
) -> Response:
    return await call(page, "POST", path, token, {} if body is None else body, {"idempotency-key": key} | more)


async def open_stream(page: RunningPage, path: str, token: str) -> Window:
    reader, writer = await asyncio.open_connection("127.0.0.1", page.port, limit=1 << 20)
    writer.write(page.request("GET", path, authorization=f"Bearer {token}", cookie="") + b"\r\n")
    head = await reader.readuntil(b"\r\n\r\n")
    window = Window(reader, writer, parsed_head(head)[0])
    page._windows.append(window)
    return window


def listed(response: Response) -> list[str]:
    assert response.status == 200, response.text
    return [each["id"] for each in told(response)["devices"]]  # type: ignore[attr-defined]


# -- devices ----------------------------------------------------------------------------------------------------------


def test_every_device_stands_there_with_terminal_level_fault_and_counters_by_both_ways_in(tmp_path: Path) -> None:
    async def scene(running: Accounts, _: Scripted) -> None:
        page = running.page
        token = await token_for(running, "monitoring", "installer")
        whole = told(await call(page, "GET", DEVICES, token))
        assert (whole["live"], whole["total"], whole["after"]) == (True, len(WIRES), None)
        lock, contact, reader, _bus, spare = whole["devices"]  # type: ignore[misc]
        assert (lock["id"], lock["kind"], lock["role"], lock["lines"]) == (
            "front_lock",
            "relay",
            "output",
            ["line GPIO13"],
        )
        assert (lock["portal"], lock["use"], lock["level"], lock["state"]) == ("front_door", "lock", "off", "ok")
        assert lock["since"] == "2026-11-23T05:03:22Z"
        assert (reader["level"], reader["state"], reader["why"]) == ("lost", "trouble", EVIL)
        assert (contact["level"], contact["since"]) == ("inactive", None)
        assert (spare["board"], spare["use"]) == ("io", "")
        assert whole["portals"] == [
            {"id": "front_door", "kind": "door", "out_of_service": True},
            {"id": "bike_shed", "kind": "door", "out_of_service": False},
        ]
        chinese = told(await call(page, "GET", f"{DEVICES}/front_lock", token, headers=CHINESE))
        english = told(await call(page, "GET", f"{DEVICES}/front_lock", token))
        assert english == lock
        assert (chinese["level"], chinese["kind_text"], chinese["use_text"]) == ("off", "继电器输出", "门锁")
        await running.log_in("manager")
        assert told(await page.get(DEVICES)) == whole, "and the page's own script reads the same"

    play(tmp_path, scene)


def test_counters_of_a_driver_come_with_the_newest_health(tmp_path: Path) -> None:
    async def scene(running: Accounts, _: Scripted) -> None:
        page = running.page
        token = await token_for(running, "monitoring", "installer")
        counts = {"frames": 7, "restarts": 2, "noise": 0}
        page.controller.say(msgspec.structs.replace(health(), counters={"front_reader": counts}))
        reader = await seen(page, f"{DEVICES}/front_reader", token, lambda each: told(each)["counters"] == counts)
        text = str(told(reader)["counters_text"])
        assert text.index("2") < text.index("7"), "what tells of trouble comes first"
        assert "noise" not in text

    play(tmp_path, scene)


def test_a_list_is_narrowed_and_turned_over_page_by_page(tmp_path: Path) -> None:
    async def scene(running: Accounts, _: Scripted) -> None:
        page = running.page
        await running.log_in("installer")
        names = [wire.id for wire in WIRES]
        assert listed(await page.get(f"{DEVICES}?portal=front_door")) == names[:3]
        assert listed(await page.get(f"{DEVICES}?only=trouble")) == ["front_reader"]
        assert listed(await page.get(f"{DEVICES}?portal=bike_shed")) == []
        found, after = [], 0
        for _ in range(len(names)):
            one = await page.get(f"{DEVICES}?limit=2&after={after}")
            found += listed(one)
            if told(one)["after"] is None:
                break
            after = int(str(told(one)["after"]))
        assert found == names
        assert listed(await page.get(f"{DEVICES}?after=400")) == []
        for query in (
            "limit=0",
            "limit=501",
            "limit=two",
            "after=-1",
            "only=all",
            "text=x",
            "portal=" + "a" * 65,
            "portal=%11i",
            "portal=",
        ):
            response = await page.get(f"{DEVICES}?{query}")
            assert words(response) == ("not_understood", "400"), query

    play(tmp_path, scene)


def test_what_is_not_there_and_a_controller_that_is_away_are_told_apart(tmp_path: Path) -> None:
    async def scene(running: Accounts, _: Scripted) -> None:
        page = running.page
        token = await token_for(running, "monitoring", "manager")
        for name in ("nothing", "front_lock%0a", "stream", "a" * 65, "%2e%2e"):
            assert words(await call(page, "GET", f"{DEVICES}/{name}", token)) == ("no_such_thing", "404"), name
        assert told(await call(page, "GET", DEVICES, token))["live"] is True
        await page.controller.die()
        gone = await call(page, "GET", DEVICES, token)
        assert (gone.status, told(gone)["live"], told(gone)["total"]) == (200, False, len(WIRES))
        for name in ("front_lock", "nothing"):
            refused = await call(page, "GET", f"{DEVICES}/{name}", token)
            assert words(refused) == ("not_sent", "503"), "of one device an old word is worse than none"
            assert refused.header("retry-after") == "5"

    play(tmp_path, scene)


def test_a_controller_that_says_nothing_is_one_that_is_not_live(tmp_path: Path) -> None:
    async def scene(running: Accounts, _: Scripted) -> None:
        page = running.page
        await running.log_in("installer")
        page.controller.on_ask = lambda _: None
        assert told(await page.get(DEVICES)) == {"live": False, "total": 0, "devices": [], "portals": [], "after": None}

    play(tmp_path, scene)


def test_only_who_works_on_devices_reads_them(tmp_path: Path) -> None:
    async def scene(running: Accounts, _: Scripted) -> None:
        page = running.page
        tokens = {role: await token_for(running, role.value, role.value) for role in (Role.GUARD, Role.AUDITOR)}
        for token in tokens.values():
            for path in (DEVICES, f"{DEVICES}/front_lock", STREAM, MACHINE):
                assert words(await call(page, "GET", path, token)) == ("not_allowed", "403"), path
            assert words(await by_token(page, f"{MACHINE}/logs", token)) == ("not_allowed", "403")

    play(tmp_path, scene)


def test_the_stream_has_what_the_resource_has_and_each_change_of_it(tmp_path: Path) -> None:
    async def scene(running: Accounts, _: Scripted) -> None:
        page = running.page
        token = await token_for(running, "panel", "installer")
        resource = told(await call(page, "GET", f"{DEVICES}/front_lock", token))
        window = await open_stream(page, STREAM, token)
        assert await window.until("live") is True
        assert await window.until("device front_lock") == resource
        page.controller.say(
            WiresChanged(UTC_MS, (Wire("front_lock", "relay", "output", use="lock", level="on", portal="front_door"),))
        )
        changed = await window.until("device front_lock")
        assert (changed["level"], changed["state"]) == ("on", "on")  # type: ignore[index]
        assert changed == told(await call(page, "GET", f"{DEVICES}/front_lock", token)) | {
            name: changed[name]  # type: ignore[index]
            for name in ("level", "level_text", "state", "lines", "since", "since_text")
        }
        assert (await call(page, "HEAD", STREAM, token)).header("content-type") == "text/event-stream; charset=utf-8"
        await running.log_in("manager")
        await by_session(page, "DELETE", "/api/v1/clients/panel")
        async with asyncio.timeout(15):
            while (await window.next())[0]:
                pass
        assert window.ended, "a client that is revoked is let go"

    play(tmp_path, scene)


# -- the machine ------------------------------------------------------------------------------------------------------


def test_the_machine_says_in_numbers_what_the_page_says_in_words(tmp_path: Path) -> None:
    memory = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text().splitlines())
    up_s = float(Path("/proc/uptime").read_text().split()[0])

    async def scene(running: Accounts, _: Scripted) -> None:
        page = running.page
        token = await token_for(running, "monitoring", "manager")
        counted = msgspec.structs.replace(health(), counters={"front_reader": {"lost_edges": 3}}, events_lost=2)
        page.controller.say(states(view=quiet(door(), barrier(lane(cycles=12_345)))), counted)
        machine = told(
            await seen(page, MACHINE, token, lambda each: told(each)["journal"]["lost_edges"] == {"front_reader": 3})  # type: ignore[index]
        )
        board, clock, journal = (machine[part] for part in ("board", "clock", "journal"))
        assert board["memory_bytes"] == int(memory["MemTotal"].split()[0]) * 1024  # type: ignore[index]
        assert board["cores"] == os.cpu_count()  # type: ignore[index]
        assert abs(board["up_s"] - up_s) < 60  # type: ignore[index]
        assert board["controller_up_s"] == 7_500  # type: ignore[index]
        assert clock["source"] in ("chrony", "timesyncd", "other", "nobody")  # type: ignore[index]
        assert str(clock["utc"]).startswith("2026-11-23T05:")  # type: ignore[index]
        assert (journal["works"], journal["epoch"], journal["seq"], journal["events_lost"]) == (True, 1, 1, 2)  # type: ignore[index]
        assert {"id": "north_lane", "kind": "portal", "cycles": 12_345, "made_for": None} in machine["wear"]  # type: ignore[operator]
        assert machine["processes"] == ["controller", "network", "vision", "people"]
        concerns = {each["word"]: each["text"] for each in machine["concerns"]}  # type: ignore[attr-defined]
        assert "front_reader 3" in concerns["lost_edges"]
        assert "lost_events" in concerns
        assert "store" not in concerns
        chinese = told(await call(page, "GET", MACHINE, token, headers=CHINESE))
        said = {each["word"]: each["text"] for each in chinese["concerns"]}  # type: ignore[attr-defined]
        assert any("\u4e00" <= letter <= "\u9fff" for letter in said["lost_edges"])
        await running.log_in("manager")
        text = (await page.get("/machine")).text
        assert "front_reader 3" in text
        await page.controller.die()
        await seen(page, MACHINE, token, lambda each: not told(each)["live"])

    play(tmp_path, scene)


def test_logs_come_by_process_and_level_without_what_tells_of_a_person(tmp_path: Path) -> None:
    (tmp_path / "controller.log").write_text(
        "".join(f"<6>line {n}\n" for n in range(390)) + "<3>connection from 10.0.0.7\n<4>late\n"
    )
    (tmp_path / "vision.log").write_text("<3>plate 京A12345 seen\n")

    async def scene() -> None:
        desk = MachineDesk(None, None, FolderLogs(tmp_path), None)  # type: ignore[arg-type]  only logs are read
        logs = MachineApi(desk, None, None, None, None).calls()["api logs"]  # type: ignore[arg-type]

        async def asked(**body: object) -> dict[str, object]:
            response = await logs(Asked(None, None, {}, body=msgspec.json.encode(body)))  # type: ignore[arg-type]
            content = msgspec.json.decode(response.body)
            assert isinstance(content, dict)
            return content

        whole = await asked()
        assert whole["kept"] is True
        assert len(whole["lines"]) == LINES_SHOWN  # type: ignore[arg-type]
        assert whole["lines"][-1] == {"process": "vision", "at": None, "level": "error", "text": "plate [plate] seen"}  # type: ignore[index]
        errors = await asked(process="controller", level="error")
        assert [each["text"] for each in errors["lines"]] == ["connection from [address]"]  # type: ignore[attr-defined]
        newest = await asked(process="controller", limit=2)
        assert [each["level"] for each in newest["lines"]] == ["error", "warning"]  # type: ignore[attr-defined]
        assert (await asked(process="people"))["lines"] == []

    asyncio.run(scene())


def test_logs_are_asked_in_a_body_and_where_none_are_kept_that_is_said(tmp_path: Path) -> None:
    async def scene(running: Accounts, _: Scripted) -> None:
        page = running.page
        token = await token_for(running, "monitoring", "manager")
        assert told(await by_token(page, f"{MACHINE}/logs", token)) == {"kept": False, "lines": []}
        for body in ({"process": "sshd"}, {"process": "../controller"}, {"level": "debug"}, {"limit": 0}, {"x": 1}, []):
            assert words(await by_token(page, f"{MACHINE}/logs", token, body)) == ("not_understood", "422"), body

    play(tmp_path, scene)


@pytest.mark.attack("devices-07")
def test_a_process_is_restarted_by_its_own_name_after_a_yes_by_an_installer_and_once(tmp_path: Path) -> None:
    async def scene(running: Accounts, scripted: Scripted) -> None:
        page = running.page
        installer, manager = [await token_for(running, role, role) for role in ("installer", "manager")]
        path = RESTART.format("vision")
        assert words(await by_token(page, path, manager, YES)) == ("not_allowed", "403")
        for body in ({}, {"confirmed": "no"}, {"confirmed": True}, {"confirmed": "yes", "sure": "yes"}):
            assert words(await by_token(page, path, installer, body)) == ("not_understood", "422"), body
        for name in ("sshd", "..%2fcontroller", "CONTROLLER", "controller%0a"):
            assert words(await by_token(page, RESTART.format(name), installer, YES)) == ("no_such_thing", "404"), name
        assert words(await call(page, "POST", path, installer, YES)) == ("key_needed", "400")
        assert scripted.asked == []
        for _ in range(2):
            done = await by_token(page, path, installer, YES)
            assert (done.status, told(done)) == (200, {"process": "vision"})
        client = Afar("installer", "127.0.0.1")
        assert scripted.asked == [RestartProcess(issuer="client:installer", process=Process.VISION, afar=client)]
        await running.log_in("installer")
        assert (await by_session(page, "POST", path, YES)).status == 200
        await page.post("/machine/restart", [("process", "vision"), ("sure", "yes")])
        assert scripted.asked[1:] == 2 * [RestartProcess(issuer="installer", process=Process.VISION, afar=INSTALLER)]

    play(tmp_path, scene)


def test_a_restart_that_is_refused_not_sent_or_not_answered_says_which(tmp_path: Path) -> None:
    async def scene(running: Accounts, _: Scripted) -> None:
        page = running.page
        token = await token_for(running, "maintenance", "installer")
        path = RESTART.format("controller")
        page.controller.refusals = {"RestartProcess": ("restart_too_soon",)}
        refused = await by_token(page, path, token, YES)
        assert words(refused) == ("refused", "409")
        assert told(refused)["reasons"] == ["restart_too_soon"]
        assert "once in a quarter of an hour" in str(told(refused)["cause"])
        chinese = await by_token(page, path, token, YES, **CHINESE)
        assert any("\u4e00" <= letter <= "\u9fff" for letter in str(told(chinese)["cause"]))
        page.controller.refusals = {}
        page.controller.answers = False
        assert words(await by_token(page, path, token, YES)) == ("not_known", "504")
        await page.controller.die()
        assert words(await by_token(page, path, token, YES, key="another-key-1")) == ("not_sent", "503")
        assert words(await by_token(page, path, token, YES)) == ("not_known", "504"), "and under its key it stays so"

    play(tmp_path, scene)


def test_people_that_do_not_end_are_told_of(tmp_path: Path) -> None:
    """No people process runs here: the controller has told the journal, and nobody took the ask."""

    async def scene(running: Accounts, scripted: Scripted) -> None:
        page = running.page
        token = await token_for(running, "maintenance", "installer")
        refused = await by_token(page, RESTART.format("people"), token, YES)
        assert words(refused) == ("refused", "409")
        assert told(refused)["reasons"] == ["restart_absent"]
        assert [each.process for each in scripted.asked] == [Process.PEOPLE]  # type: ignore[attr-defined]

    play(tmp_path, scene)
