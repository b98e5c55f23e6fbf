"""The live stream of the API: what the status page lives on, and in other parts for other programs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from firmware.network.streams import BEAT_S, STREAMS_MAX
from tests.network.accounts import Gate, gate
from tests.network.api_client import call, seen, token_for, told, words
from tests.network.fake_controller import door, hall, health, quiet, shed, states
from tests.network.running import WAIT_S, Window, parsed_head

STREAM = "/api/v1/stream"
KINDS = (STREAM, f"{STREAM}/devices", f"{STREAM}/selftest")
STATIC = Path(__file__).parents[2] / "firmware/network/static"


def play(folder: Path, scene: Callable[[Gate], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with gate(folder) as running:
            await scene(running)

    asyncio.run(whole())


async def opened(running: Gate, token: str, query: str = "", path: str = STREAM) -> Window:
    page = running.page
    reader, writer = await asyncio.open_connection("127.0.0.1", page.port, limit=1 << 20)
    writer.write(page.request("GET", path + query, authorization=f"Bearer {token}", cookie="") + b"\r\n")
    head = await reader.readuntil(b"\r\n\r\n")
    window = Window(reader, writer, parsed_head(head)[0])
    page._windows.append(window)
    return window


def test_the_status_page_lives_on_the_stream_of_the_api() -> None:
    script = (STATIC / "page.js").read_text(encoding="utf-8")
    assert f'follow("{STREAM}", ' in script


def test_the_parts_that_were_asked_for_come_whole_at_each_change_and_are_what_the_resources_say(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        token = await token_for(running, "panel", "guard")
        await seen(page, "/api/v1/site", token, lambda each: told(each)["live"])
        window = await opened(running, token, "?parts=site,portals")
        site = await window.until("site")
        assert site == told(await call(page, "GET", "/api/v1/site", token))
        assert await window.until("portals") == told(await call(page, "GET", "/api/v1/portals", token))
        page.controller.say(states(seq=9, view=quiet(door(alarms=("door.forced",)), shed(), hall())), health())
        changed = await window.until("site", lambda site: site["seq"] == 9)  # type: ignore[index]
        assert changed == told(await call(page, "GET", "/api/v1/site", token))
        whole = await window.until("portals", lambda each: each["portals"][0]["alarms"])  # type: ignore[index]
        assert whole["portals"][0]["alarms"] == ["door.forced"]  # type: ignore[index]
        names = set()
        plain = await opened(running, token)
        for _ in range(3):
            names.add((await plain.next())[0])
        assert names == {"view", "asked", "events"}

    play(tmp_path, scene)


def test_other_parts_are_problems_and_no_stream(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        token = await token_for(running, "panel", "guard")
        for query in (
            "?parts=",
            "?parts=all",
            "?parts=site,,view",
            "?parts=site,",
            "?parts=view%0A",
            "?part=site",
            "?parts=site&parts=view",
        ):
            response = await call(running.page, "GET", STREAM + query, token)
            assert words(response) == ("not_understood", "400"), query
        assert (await call(running.page, "HEAD", STREAM, token)).status == 200

    play(tmp_path, scene)


@pytest.mark.attack("api-15")
def test_a_client_that_opens_streams_without_end_closes_only_its_own(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        token = await token_for(running, "greedy", "guard")
        await running.log_in("guard")
        window = await running.page.open_window()
        await window.until("view")
        streams = [await opened(running, token, "?parts=site") for _ in range(STREAMS_MAX + 3)]
        assert {stream.status for stream in streams} == {200}
        await streams[0].until("full")
        running.page.controller.say(states(seq=3, view=quiet(door(alarms=("door.forced",)), shed(), hall())), health())
        await window.until("view", lambda view: view["alarms"])  # type: ignore[index]

    play(tmp_path, scene)


@pytest.mark.attack("api-22")
def test_streams_of_every_kind_have_one_bound_and_nobody_loses_the_only_one(tmp_path: Path) -> None:
    """Or a client with three kinds of streams would hold most of the connections that there are."""

    async def scene(running: Gate) -> None:
        page = running.page
        token = await token_for(running, "greedy", "installer")
        counting = await token_for(running, "counting", metrics=True)
        await running.log_in("guard")
        window = await page.open_window()
        await window.until("view")
        streams = [await opened(running, token, path=KINDS[n % 3]) for n in range(STREAMS_MAX + 30)]
        assert {stream.status for stream in streams} == {200}
        for stream in streams[:31]:
            await stream.until("full")
        figures = (await call(page, "GET", "/metrics", counting)).text
        assert f"menshen_page_streams {STREAMS_MAX}\n" in figures
        page.controller.say(states(seq=3, view=quiet(door(alarms=("door.forced",)), shed(), hall())), health())
        await window.until("view", lambda view: view["alarms"])  # type: ignore[index]

    play(tmp_path, scene)


@pytest.mark.attack("api-23")
@pytest.mark.parametrize("path", KINDS)
def test_a_stream_ends_at_once_with_its_token_or_its_session(tmp_path: Path, path: str) -> None:
    """Not with the next beat."""

    async def scene(running: Gate) -> None:
        page, now_s = running.page, asyncio.get_running_loop().time
        token = await token_for(running, "revoked", "installer")
        manager = await token_for(running, "Property office", "manager")
        await running.log_in("installer")
        window, stream = await page.open_window(path), await opened(running, token, path=path)
        for each in (window, stream):
            assert (await each.next())[0]
        await asyncio.sleep(0.5)  # long after what each begins with
        for each in (stream, window):
            if each is stream:
                assert (await call(page, "DELETE", "/api/v1/clients/revoked", manager)).status == 204
            else:
                assert (await page.post("/logout")).status == 303
            began_s = now_s()
            async with asyncio.timeout(WAIT_S):
                while (await each.next())[0]:
                    pass
            assert now_s() - began_s < BEAT_S / 2

    play(tmp_path, scene)
