"""Figures for Prometheus: behind a token, in its text format as its own library reads it, with no person in them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from firmware.core.codes import Code
from firmware.core.effects import Body, Event
from firmware.core.view import Mode, Position, SiteView
from firmware.journal import JournalError
from firmware.messages import Health
from firmware.network.api.metric_text import Metric, text_of
from firmware.network.api.metrics import Metrics
from firmware.network.journal.desk import unreadable
from firmware.network.live import Live
from firmware.network.sessions import Sessions
from firmware.network.streams import Streams
from tests.network.accounts import Gate, gate
from tests.network.api_client import call, make_client, seen, token_for, told
from tests.network.fake_controller import barrier, door, hall, health, lane, shed, states, welcome
from tests.network.journals import HOLDER, TOKEN, Book, journal_gate

METRICS = "/metrics"
NAME = re.compile(r"[a-z][a-z0-9_]*")
# Prometheus' conventions (prometheus.io/docs/practices/naming): base units at the end, _total for what only grows.
UNITS = ("_seconds", "_bytes", "_celsius", "_rows", "_per_second", "_total")
NOT_BASE = ("_ms", "_milliseconds", "_minutes", "_kb", "_mb", "_kilobytes", "_fahrenheit", "_percent")


def play(folder: Path, scene: Callable[[Gate], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with gate(folder) as running:
            await scene(running)

    asyncio.run(whole())


def parsed(text: str) -> dict[str, dict[tuple[tuple[str, str], ...], float]]:
    """Every sample by its name and labels, as Prometheus' own library reads it; what promtool finds is an error."""
    found: dict[str, dict[tuple[tuple[str, str], ...], float]] = {}
    names = []
    for family in text_string_to_metric_families(text):
        names.append(family.name)
        assert NAME.fullmatch(family.name), family.name
        assert family.documentation.endswith("."), family.name
        assert family.type in ("gauge", "counter"), family.name
        assert not family.name.endswith(NOT_BASE), family.name
        assert family.samples, family.name
        for sample in family.samples:
            assert sample.name.endswith("_total") == (family.type == "counter"), sample.name
            labels = tuple(sorted(sample.labels.items()))
            assert labels not in found.get(sample.name, {}), f"{sample.name} twice"
            found.setdefault(sample.name, {})[labels] = sample.value
    assert len(names) == len(set(names)), "each family once, in one piece"
    assert text.endswith("\n")
    return found


def test_what_is_written_is_what_prometheus_own_library_reads() -> None:
    odd = 'a"b\\c\nd é \U0001f6aa'
    text = text_of(
        [
            Metric("menshen_a", "gauge", "First.", (({}, 1.5),)),
            Metric("menshen_b_total", "counter", "Second.", (({"place": odd}, 3), ({"place": "x", "of": ""}, 2**53))),
            Metric("menshen_c", "gauge", "Third.", (({}, True),)),
            Metric("menshen_d_seconds", "gauge", "Fourth.", (({}, 1e-9),)),
        ]
    ).decode()
    found = parsed(text)
    assert found == {
        "menshen_a": {(): 1.5},
        "menshen_b_total": {(("place", odd),): 3.0, (("of", ""), ("place", "x")): float(2**53)},
        "menshen_c": {(): 1.0},
        "menshen_d_seconds": {(): 1e-9},
    }


def test_a_client_for_figures_reads_them_all_with_types_units_and_no_double(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        token = await token_for(running, "prometheus", metrics=True)
        view = SiteView(
            portals=(
                door(position=Position.OPEN, mode=Mode.ACCESSED, alarms=(Code.FORCED, Code.DURESS), acknowledged=False),
                shed(),
                hall(),
                barrier(lane(cycles=777)),
            ),
            clock_known=True,
            roster_version=12,
            fire=True,
        )
        counters = {
            "lane_camera": {
                "vision_frames_per_s": 12,
                "vision_looked_at": 900,
                "vision_dropped": 100,
                "vision_latency_ms": 45,
                "vision_latency_ms_max": 120,
                "vision_dark": 2,
            },
            "front_reader": {"frames": 5},
        }
        drivers = {"front_reader": "running", "shed_reader": "lost: no answer", "lane_camera": "running"}
        page.controller.say(states(seq=41, view=view), Health(7_500_000, 3, 4, 5, 6, drivers, counters))
        read = await seen(page, METRICS, token, lambda each: "menshen_journal_row 41" in each.text)
        assert read.header("content-type") == "text/plain; version=0.0.4; charset=utf-8"
        found = parsed(read.text)
        expected = {
            "menshen_info": {(("version", "0.1.0"),): 1},
            "menshen_controller_up": {(): 1},
            "menshen_controller_uptime_seconds": {(): 7500},
            "menshen_inbox_depth": {(): 3},
            "menshen_inbox_dropped_total": {(): 4},
            "menshen_journal_backlog_rows": {(): 5},
            "menshen_events_lost_total": {(): 6},
            "menshen_site_fire": {(): 1},
            "menshen_site_lockdown": {(): 0},
            "menshen_roster_version": {(): 12},
            "menshen_devices_lost": {(): 1},
            "menshen_barrier_cycles_total": {(("portal", "north_lane"),): 777},
            "menshen_camera_frames_per_second": {(("camera", "lane_camera"),): 12},
            "menshen_camera_latency_seconds": {(("camera", "lane_camera"),): 0.045},
            "menshen_camera_latency_worst_seconds": {(("camera", "lane_camera"),): 0.12},
            "menshen_camera_dropped_total": {(("camera", "lane_camera"),): 100},
        }
        assert {name: found[name] for name in expected} == expected
        assert found["menshen_device_up"][(("device", "shed_reader"),)] == 0
        assert found["menshen_portal_alarms"][(("portal", "front_door"),)] == 1, "duress is on no screen"
        modes = {
            dict(labels)["mode"]: value
            for labels, value in found["menshen_portal_mode"].items()
            if "front_door" in dict(labels).values()
        }
        assert modes == {mode.value: float(mode is Mode.ACCESSED) for mode in Mode}
        assert found["menshen_page_loop_lag_seconds"][()] >= 0
        assert found["process_resident_memory_bytes"][()] > 1 << 20
        for name in found:
            if name.endswith(UNITS):
                continue
            assert not re.search(r"(time|age|lag|latency|size|memory|temperature)$", name), f"{name} has no unit"

    play(tmp_path, scene)


def test_labels_are_as_many_as_the_site_has_and_swipes_are_counted_from_the_journal(tmp_path: Path) -> None:
    async def scene() -> None:
        async with journal_gate(tmp_path, role=None) as running:
            page = running.page
            _, token = await make_client(page, "prometheus", metrics=True)
            page.cookie = None
            first = parsed((await call(page, "GET", METRICS, token)).text)
            assert first["menshen_swipes_total"] == {
                (("outcome", outcome),): 0 for outcome in ("granted", "denied", "unknown")
            }, "what was before is not counted"
            known = Body(holder=HOLDER, credential="card-0001", household="house-f5")
            rows = [Event(Code.GRANTED, portal="hall", body=known)] * 3
            rows += [Event(Code.DENIED, portal="hall", body=known), Event(Code.DENIED_SUM, reader="r", count=40)]
            rows += [Event(Code.UNKNOWN_CREDENTIAL, portal="hall", body=Body(token=TOKEN))] * 2
            rows += [Event(Code.DURESS, portal="hall", body=known), Event(Code.LOGIN_FAILED, count=7)]
            running.book.write(*rows)
            page.controller.say(states(seq=running.book.seq), health())
            read = await call(page, "GET", METRICS, token)
            found = parsed(read.text)
            assert found["menshen_swipes_total"] == {
                (("outcome", "granted"),): 3,
                (("outcome", "denied"),): 41,
                (("outcome", "unknown"),): 2,
            }
            assert found["menshen_logins_failed_total"] == {(): 7}
            for word in ("duress", HOLDER, "card-0001", "house-f5", TOKEN, "127.0.0.1", "prometheus", "console"):
                assert word not in read.text, word
            # a storm of strangers, of as many cards and places as one likes, adds no line
            storm = [
                Event(Code.UNKNOWN_CREDENTIAL, portal=f"p{n}", reader=f"r{n}", detail=f"d{n}") for n in range(3000)
            ]
            running.book.write(*storm)
            again = await call(page, "GET", METRICS, token)
            assert parsed(again.text)["menshen_swipes_total"][(("outcome", "unknown"),)] == 3002
            assert len(again.text.splitlines()) == len(read.text.splitlines())

    asyncio.run(scene())


def test_what_has_gathered_on_a_slow_card_is_counted_part_by_part(tmp_path: Path) -> None:
    """Half of the time that it takes, each time: what is counted then is counted."""
    book = Book(tmp_path / "journal")
    book.write(*(Event(Code.UNKNOWN_CREDENTIAL, portal="hall") for _ in range(4_000)))
    book.close()
    asked: list[int] = []

    class Slow:
        most = 1 << 62

        async def query(self, work: Callable[..., object]) -> object:
            asked.append(0)

            def expired() -> bool:
                asked[-1] += 1
                return asked[-1] > self.most

            try:
                return work(book.path, expired)
            except JournalError as error:
                raise unreadable(error) from error

    async def scene() -> None:
        said, live, desk = states(seq=1), Live(0.0), Slow()

        def made() -> Metrics:
            return Metrics(live, desk, Streams(), Sessions(), None)  # type: ignore[arg-type]

        metrics = made()
        live.heard(welcome(str(book.path)), 0.0)
        live.heard(said, 0.0)
        whole = await metrics._count(), metrics._events.total()
        assert whole == (True, 4_000)
        desk.most = asked[-1] // 2
        parts = made()
        parts._begin()
        totals = []
        for _ in range(4):
            assert await parts._count()
            totals.append(parts._events.total())
        assert 0 < totals[0] < 4_000
        assert totals[-1] == 4_000

    asyncio.run(scene())


@pytest.mark.attack("api-16")
def test_many_who_ask_at_once_get_the_figures_and_the_page_goes_on(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        token = await token_for(running, "prometheus", "installer", metrics=True)
        answers = await asyncio.gather(*(call(page, "GET", METRICS, token) for _ in range(40)))
        assert {answer.status for answer in answers} == {200}
        for answer in answers:
            parsed(answer.text)
        assert told(await call(page, "GET", "/api/v1/me", token))["name"] == "client:prometheus"

    play(tmp_path, scene)


def test_a_silent_controller_is_said_and_the_journal_that_is_not_there(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        token = await token_for(running, "prometheus", metrics=True)
        await page.controller.die()
        read = await seen(page, METRICS, token, lambda each: "menshen_controller_up 0" in each.text)
        found = parsed(read.text)
        assert found["menshen_journal_readable"] == {(): 0}
        assert found["menshen_controller_silence_seconds"][()] > 0

    play(tmp_path, scene)
