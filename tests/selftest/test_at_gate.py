"""Self-tests at a whole demo gate on virtual time: plants at the wires' ends, the real core, journal and drivers."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest

from firmware.bench.gate import Gate, running_gate
from firmware.controller import selftest_views as views
from firmware.controller.selftest import BEGINS, LEASE_MS, SAVE_S, SelfTests
from firmware.controller.selftest_shelf import Shelf
from firmware.core.codes import Code
from firmware.core.fact import Afar
from firmware.core.facts import OpenOnce, SetOutOfService
from firmware.core.view import Mode, Position
from firmware.core.views import view
from firmware.rehearsal.virtual_time import run_virtual
from firmware.selftest.machine import Stage
from firmware.selftest.messages import (
    REPORTS_MAX,
    BeginTest,
    Do,
    DoStep,
    DropTest,
    FinishTest,
    LookTest,
    PauseTest,
    ReportEntry,
    ResumeTest,
    RunAsk,
)
from firmware.selftest.report import ReportError, proven
from firmware.selftest.run import Entry

SITE = Path(__file__).parents[2] / "provisioning" / "sites" / "community_gate.toml"
WHO = {"issuer": "Li Na", "afar": Afar("installer", "10.0.0.9")}
LANE_S = 75.0  # it opens, waits half a minute for a passage, warns and closes


class Bench:
    """A gate and the one who tests it."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self._number = 0

    @property
    def tests(self) -> SelfTests:
        return self.gate.controller.installers.tests

    async def ask(self, command: RunAsk, seconds: float = 0.2) -> None:
        self._number += 1
        self.tests.ask(command, f"r{self._number}")
        await self.gate.pass_time(seconds)

    async def begin(self, *portals: str, site: bool = False) -> None:
        await self.ask(BeginTest(portals=portals, site=site, **WHO))

    async def do(self, step: str, do: Do = Do.BEGIN, note: str = "") -> None:
        run = self.tests.run
        assert run is not None
        await self.ask(DoStep(run=run.id, step=step, do=do, note=note, **WHO))

    def entry(self, step: str) -> Entry:
        run = self.tests.run
        assert run is not None
        found = run.entry(step)
        assert found is not None, [entry.step.id for entry in run.entries]
        return found

    def mode(self, portal: str) -> Mode:
        return next(each.mode for each in view(self.gate.controller.engine.state).portals if each.id == portal)

    def position(self, portal: str) -> Position:
        return next(each.position for each in view(self.gate.controller.engine.state).portals if each.id == portal)


def play(folder: Path, scene: Callable[[Bench], Awaitable[None]], change: Callable[[str], str] = str) -> None:
    async def whole() -> None:
        site = folder / "sites" / SITE.name
        site.parent.mkdir()
        for each in SITE.parent.iterdir():
            (site.parent / each.name).write_text(each.read_text(encoding="utf-8"), encoding="utf-8")
        site.write_text(change(site.read_text(encoding="utf-8")), encoding="utf-8")
        state = folder / "state"
        state.mkdir()
        async with running_gate(state, site) as gate:
            await gate.pass_time(1)
            await scene(Bench(gate))

    run_virtual(whole())


def test_a_door_is_proven_from_its_reader_to_its_lock(tmp_path: Path) -> None:
    async def scene(bench: Bench) -> None:
        gate, door = bench.gate, bench.gate.plants.doors["front_door"]
        await bench.begin("front_door")
        assert bench.mode("front_door") is Mode.OUT_OF_SERVICE
        await bench.do("present:front_reader")
        await gate.present("resident", "front_reader")
        await gate.pass_time(1)
        assert bench.entry("present:front_reader").stage is Stage.PASSED
        assert not door.state().released, "out of service no card opens it"
        await bench.do("press:front_rex")
        door.press_rex()
        await gate.pass_time(3)
        assert bench.entry("press:front_rex").stage is Stage.PASSED
        await bench.do("open:front_contact")
        assert door.state().released, "by the core's own command, as any operator's"
        door.push()
        await gate.pass_time(30)
        entry = bench.entry("open:front_contact")
        assert (entry.stage, entry.attempts[-1].by, entry.attempts[-1].said) == (Stage.PASSED, "Li Na", False)
        await bench.ask(FinishTest(note="seal 4711", **WHO), 1.0)
        assert bench.mode("front_door") is Mode.LOCKED
        assert bench.tests.run is None
        (ended,) = await gate.events(Code.SELFTEST_ENDED)
        assert "3 passed, 0 failed, 0 skipped, 2 not done" in ended.event.detail
        assert ended.event.body is not None
        assert (ended.event.body.issuer, ended.event.body.address) == ("Li Na", "10.0.0.9")
        for language, said in (("en", "observed by the controller"), ("zh", "由控制器观察")):
            (report,) = (gate.folder / "selftest").glob(f"*.{language}.html")
            content = report.read_bytes()
            assert proven(content).controller == gate.controller.identity.id
            assert said in content.decode()

    play(tmp_path, scene)


@pytest.mark.attack("selftest-02")
def test_readers_that_are_swapped_fail_both_and_name_each_other(tmp_path: Path) -> None:
    def swap(site: str) -> str:
        lines = {"GPIO20": "GPIO7", "GPIO21": "GPIO8", "GPIO7": "GPIO20", "GPIO8": "GPIO21"}
        return re.sub(r'(d[01] = )"(GPIO(?:20|21|7|8))"', lambda found: f'{found[1]}"{lines[found[2]]}"', site)

    async def scene(bench: Bench) -> None:
        await bench.begin("hall")
        for reader, other in (("hall_in_reader", "hall_out_reader"), ("hall_out_reader", "hall_in_reader")):
            await bench.do(f"present:{reader}")
            await bench.gate.present("resident", reader)
            await bench.gate.pass_time(2)
            entry = bench.entry(f"present:{reader}")
            assert (entry.stage, entry.watch.why, entry.watch.names) == (Stage.FAILED, "other", (other,))

    play(tmp_path, scene, swap)


def test_the_lane_moves_by_its_own_rules_and_is_proven_by_both_limits(tmp_path: Path) -> None:
    async def scene(bench: Bench) -> None:
        lane = bench.gate.plants.barriers["vehicle_lane"].lane
        bench.gate.controller.engine.take(OpenOnce("Chen Wei", portal="vehicle_lane", access_point="lane_in"))
        lane.arrive("car", "in", careful=True)  # so that loops and beam have been seen to work (R1)
        await bench.gate.pass_time(60)
        assert bench.position("vehicle_lane") is Position.CLOSED
        await bench.begin("vehicle_lane")
        await bench.do("move:vehicle_lane")
        await bench.gate.pass_time(10)
        assert bench.position("vehicle_lane") is Position.OPEN
        assert bench.entry("move:vehicle_lane").stage is Stage.MOVED
        await bench.gate.pass_time(LANE_S)
        assert bench.entry("move:vehicle_lane").stage is Stage.PASSED, bench.entry("move:vehicle_lane").watch
        barrier = bench.gate.plants.barriers["vehicle_lane"]
        assert barrier.strikes == []

    play(tmp_path, scene)


@pytest.mark.attack("selftest-03")
def test_the_lane_stays_where_it_is_when_whoever_tests_is_gone(tmp_path: Path) -> None:
    """A phone that lost its network: the portal comes back, and nothing moves because of that."""

    async def scene(bench: Bench) -> None:
        gate = bench.gate
        await bench.begin("vehicle_lane")
        await bench.do("occupy:lane_loop_entry")
        opened = len(await gate.events(Code.BARRIER_OPENED))
        await gate.pass_time(LEASE_MS / 1000 + 1)
        assert bench.mode("vehicle_lane") is not Mode.OUT_OF_SERVICE
        assert bench.position("vehicle_lane") is Position.CLOSED
        assert len(await gate.events(Code.BARRIER_OPENED)) == opened == 0
        run = bench.tests.run
        assert run is not None
        assert (run.paused, run.taken, run.running) == (True, (), None)
        (paused,) = await gate.events(Code.SELFTEST_PAUSED)
        assert paused.event.detail == "left"

    play(tmp_path, scene)


@pytest.mark.attack("selftest-04")
def test_a_door_whose_hours_are_open_is_not_unlocked_by_a_test_that_nobody_ends(tmp_path: Path) -> None:
    def always(site: str) -> str:
        return site.replace('lock = "front_lock"', 'lock = "front_lock"\nunlock_schedule = "always"')

    async def scene(bench: Bench) -> None:
        gate, door = bench.gate, bench.gate.plants.doors["front_door"]
        await bench.begin("front_door")
        await gate.pass_time(LEASE_MS / 1000 + 1)
        assert bench.mode("front_door") is Mode.LOCKED
        assert not door.state().released
        await bench.ask(ResumeTest(**WHO))
        await bench.ask(PauseTest(**WHO))
        assert door.state().released, "a person who ends it there lets the hours go on"

    play(tmp_path, scene, always)


def test_while_somebody_looks_the_test_goes_on(tmp_path: Path) -> None:
    async def scene(bench: Bench) -> None:
        await bench.begin("front_door")
        for _ in range(4):
            await bench.gate.pass_time(LEASE_MS / 2000)
            await bench.ask(LookTest(issuer="Li Na", here=True))
        assert bench.mode("front_door") is Mode.OUT_OF_SERVICE
        await bench.gate.pass_time(LEASE_MS / 2000)
        await bench.ask(LookTest(issuer="Chen Wei"))
        await bench.gate.pass_time(LEASE_MS / 2000 + 1)
        assert bench.mode("front_door") is Mode.LOCKED, "a manager who reads does not keep it open"

    play(tmp_path, scene)


def test_a_restart_in_the_middle_proves_nothing_and_keeps_what_was_proven(tmp_path: Path) -> None:
    async def scene(bench: Bench) -> None:
        gate = bench.gate
        await bench.begin("front_door")
        await bench.do("press:front_rex")
        gate.plants.doors["front_door"].press_rex()
        await gate.pass_time(3)
        await bench.do("present:front_reader")
        await gate.power_off()
        await gate.power_on()
        await gate.pass_time(2)
        assert bench.mode("front_door") is Mode.OUT_OF_SERVICE
        assert bench.entry("press:front_rex").stage is Stage.PASSED
        assert bench.entry("present:front_reader").stage is Stage.WAITING
        await gate.present("resident", "front_reader")
        assert bench.entry("present:front_reader").stage is Stage.WAITING, "what nobody asked for proves nothing"
        await bench.ask(DropTest(**WHO))
        assert bench.mode("front_door") is Mode.LOCKED

    play(tmp_path, scene)


@pytest.mark.attack("selftest-05")
def test_a_run_that_cannot_be_read_leaves_no_portal_out_of_service(tmp_path: Path) -> None:
    async def scene(bench: Bench) -> None:
        gate = bench.gate
        await bench.begin("front_door")
        gate.controller.engine.take(SetOutOfService("Chen Wei", portal="bike_shed"))
        await gate.pass_time(1)
        await gate.power_off()
        (gate.folder / "selftest" / "run.json").write_bytes(b"{")
        await gate.power_on()
        await gate.pass_time(2)
        assert bench.tests.run is None
        assert bench.mode("front_door") is Mode.LOCKED
        assert bench.mode("bike_shed") is Mode.OUT_OF_SERVICE, "which a person took, for good"

    play(tmp_path, scene)


def test_what_a_person_takes_out_for_good_stays_so_after_the_test(tmp_path: Path) -> None:
    async def scene(bench: Bench) -> None:
        gate = bench.gate
        await bench.begin("front_door", "bike_shed")
        gate.controller.engine.take(SetOutOfService("Chen Wei", portal="front_door"))
        gate.controller.engine.take(SetOutOfService("Chen Wei", portal="bike_shed", out=False))
        await bench.do("press:bike_rex")
        assert bench.entry("press:bike_rex").stage is Stage.WAITING, "in service nothing is tested"
        await bench.ask(FinishTest(**WHO), 1.0)
        assert bench.mode("front_door") is Mode.OUT_OF_SERVICE
        assert bench.mode("bike_shed") is Mode.LOCKED

    play(tmp_path, scene)


@pytest.mark.attack("selftest-06")
def test_whoever_has_the_page_cannot_say_that_a_step_passed(tmp_path: Path) -> None:
    async def scene(bench: Bench) -> None:
        gate = bench.gate
        await bench.begin("front_door")
        await bench.do("press:front_rex")
        for do in (Do.YES, Do.NO, Do.NOTE):
            await bench.do("press:front_rex", do, "passed")
            assert bench.entry("press:front_rex").stage is Stage.LISTENING
        for do in (Do.YES, Do.NO):
            await bench.do("open:front_contact", do)
            assert bench.entry("open:front_contact").stage is Stage.WAITING
        await bench.do("open:front_contact", Do.SKIP)
        assert bench.entry("open:front_contact").stage is Stage.WAITING, "skipped without a reason"
        before = len(await gate.events(Code.COMMANDED))
        await bench.ask(BeginTest(portals=("bike_shed",), **WHO))
        assert bench.mode("bike_shed") is Mode.LOCKED, "one test at a time"
        assert len(await gate.events(Code.COMMANDED)) == before

    play(tmp_path, scene)


@pytest.mark.attack("selftest-07")
def test_the_sites_word_on_what_is_done_from_afar_holds_for_tests_too(tmp_path: Path) -> None:
    def closed(site: str) -> str:
        return site.replace('lock = "front_lock"', 'lock = "front_lock"\nremote = ["service"]').replace(
            'lock = "bike_lock"', 'lock = "bike_lock"\nremote = []'
        )

    async def scene(bench: Bench) -> None:
        await bench.begin("bike_shed")
        assert bench.tests.run is None
        assert bench.mode("bike_shed") is Mode.LOCKED
        await bench.begin("front_door")
        await bench.do("open:front_contact")
        entry = bench.entry("open:front_contact")
        assert (entry.stage, entry.watch.why) == (Stage.FAILED, "core:not_from_afar")
        assert not bench.gate.plants.doors["front_door"].state().released

    play(tmp_path, scene, closed)


@pytest.mark.attack("selftest-10")
def test_steps_open_a_door_no_faster_than_the_page_may_and_reports_push_none_out(tmp_path: Path) -> None:
    """Whoever has the page: steps and ends, one after the other, as fast as they are taken."""

    async def scene(bench: Bench) -> None:
        await bench.begin("front_door")
        for _ in range(40):
            await bench.do("open:front_contact")
            await bench.do("open:front_contact", Do.STOP)
        opened = [row for row in await bench.gate.events(Code.COMMANDED) if row.event.detail.startswith("OpenOnce")]
        assert len(opened) <= 8 + 40 * 2 * 0.2 / 3 + 1
        for _ in range(20):
            await bench.ask(FinishTest(**WHO), 1.0)
            await bench.ask(DropTest(**WHO))
            await bench.begin("front_door")
        assert len(await bench.gate.events(Code.SELFTEST_ENDED)) == 6

    play(tmp_path, scene)


def test_a_lost_device_and_a_wire_that_sticks_fail(tmp_path: Path) -> None:
    async def scene(bench: Bench) -> None:
        gate, door = bench.gate, bench.gate.plants.doors["front_door"]
        await bench.begin("front_door")
        door.set_fault("rex_stuck", True)
        await bench.do("press:front_rex")
        door.press_rex()
        await gate.pass_time(61)
        entry = bench.entry("press:front_rex")
        assert (entry.stage, entry.watch.why, entry.watch.names) == (Stage.FAILED, "stuck", ("front_rex",))
        door.set_fault("rex_stuck", False)
        await bench.do("open:front_contact")
        door.set_fault("contact_stuck_closed", True)
        door.push()
        await gate.pass_time(125)
        assert bench.entry("open:front_contact").watch.why == "nothing"

    play(tmp_path, scene)


@pytest.mark.attack("selftest-09")
def test_a_report_is_refused_after_one_changed_byte_and_under_another_key(tmp_path: Path) -> None:
    async def scene(bench: Bench) -> None:
        await bench.begin("front_door")
        await bench.do("press:front_rex", Do.NOTE, "<script>alert(1)</script> & 封签")
        await bench.ask(FinishTest(**WHO), 1.0)
        (path,) = (bench.gate.folder / "selftest").glob("*.en.html")
        report = path.read_bytes()
        assert b"<script>" not in report
        assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; 封签".encode() in report
        proven(report)
        for place in range(0, len(report), max(1, len(report) // 97)):
            forged = report[:place] + bytes([report[place] ^ 1]) + report[place + 1 :]
            with pytest.raises(ReportError):
                proven(forged)
        for cut in (report[:-1], report[:-40], report + b"\n", b"", report + report):
            with pytest.raises(ReportError):
                proven(cut)

    play(tmp_path, scene)


def test_an_opening_by_somebody_else_is_not_taken_for_the_steps_own(tmp_path: Path) -> None:
    """A refusal that another person got ends no step."""

    async def scene(bench: Bench) -> None:
        await bench.begin("front_door")
        await bench.do("open:front_contact")
        bench.gate.controller.engine.take(OpenOnce("Chen Wei", "other", portal="nowhere"))
        await bench.gate.pass_time(1)
        assert bench.entry("open:front_contact").stage is Stage.LISTENING

    play(tmp_path, scene)


@pytest.mark.parametrize(
    "sent",
    [
        {"type": "BeginTest", "issuer": "x", "portals": ["p"] * 33},
        {"type": "BeginTest", "issuer": "", "portals": []},
        {"type": "DoStep", "issuer": "x", "run": "r", "step": "s" * 101, "do": "begin"},
        {"type": "DoStep", "issuer": "x", "run": "r", "step": "s", "do": "pass"},
        {"type": "DoStep", "issuer": "x", "run": "r", "step": "s", "do": "skip", "note": "n" * 201},
        {"type": "ReadReport", "name": "../identity/identity.pem"},
        {"type": "ReadReport", "name": "a.en.html/../../x"},
        {"type": "ReadReport", "name": "a.en.html", "offset": -1},
        {"type": "RestartProcess", "issuer": "x", "process": "sshd"},
    ],
)
@pytest.mark.attack("selftest-08")
def test_what_is_no_message_of_ours_is_refused(sent: dict[str, object]) -> None:
    from firmware.messages import AnyInstallerAsk

    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(sent, AnyInstallerAsk)


def test_of_too_many_reports_the_oldest_goes_and_never_the_one_just_made(tmp_path: Path) -> None:
    """A board without a clock makes reports without a time."""
    shelf = Shelf(tmp_path)
    pages = {"en": b"<!DOCTYPE html>", "zh": b"<!DOCTYPE html>"}
    for number in range(REPORTS_MAX):
        shelf.put(ReportEntry(f"{number:012x}", 1_000 + number, "Li Na", ("front_door",), 1, 0, 0, 0), pages)
    shelf.put(ReportEntry("f" * 12, None, "Li Na", ("front_door",), 1, 0, 0, 0), pages)
    kept = {entry.id for entry in shelf.entries()}
    assert len(kept) == REPORTS_MAX
    assert "f" * 12 in kept
    assert shelf.read(f"{'f' * 12}.en.html")
    assert f"{0:012x}" not in kept
    assert not shelf.read(f"{0:012x}.en.html")


def test_a_storm_at_other_wires_writes_the_run_no_oftener_than_once_a_second(tmp_path: Path) -> None:
    async def scene(bench: Bench) -> None:
        await bench.begin("front_door")
        await bench.do("press:front_rex")
        file, written = bench.gate.folder / "selftest" / "run.json", set()
        for number in range(200):
            for observer in bench.gate.controller.wires.observers:
                observer("hall_drop", ("active", "inactive")[number % 2])
            await bench.gate.pass_time(0.05)
            written.add(file.stat().st_mtime_ns)
        assert bench.entry("press:front_rex").stage is Stage.LISTENING
        assert len(written) <= 10 / SAVE_S + 2
        bench.gate.plants.doors["front_door"].press_rex()
        await bench.gate.pass_time(3)
        kept = Shelf(bench.gate.folder).load()
        assert kept is not None
        assert kept.entry("press:front_rex") == bench.entry("press:front_rex")

    play(tmp_path, scene)


@pytest.mark.attack("selftest-11")
def test_whoever_begins_and_drops_tests_all_day_fills_no_journal_and_flaps_no_portal(tmp_path: Path) -> None:
    async def scene(bench: Bench) -> None:
        for _ in range(60):
            await bench.begin("front_door", "bike_shed", "hall", "vehicle_lane")
            await bench.ask(DropTest(**WHO), 0.8)
        burst = BEGINS[1] + 1
        assert len(await bench.gate.events(Code.SELFTEST_BEGUN)) <= burst
        assert len(await bench.gate.events(Code.OUT_OF_SERVICE)) <= 4 * burst
        assert bench.mode("front_door") is Mode.LOCKED

    play(tmp_path, scene)


def test_the_reset_button_is_named_on_the_list_of_wires_and_proven_with_the_site(tmp_path: Path) -> None:
    def spare(site: str) -> str:
        button = '\n[[device]]\nid = "reset_button"\nkind = "contact"\nline = "X40"\nactive_level = "low"\n'
        assert site.count("[site]\n") == 1
        return site.replace("[site]\n", '[site]\nreset_input = "reset_button"\n') + button

    async def scene(bench: Bench) -> None:
        wires = [wire for frame in bench.gate.controller.wires.listed("r") for wire in frame.wires]
        assert [(wire.portal, wire.use) for wire in wires if wire.id == "reset_button"] == [("", "factory_reset")]
        await bench.begin(site=True)
        assert bench.entry("reset_button:reset_button").stage is Stage.WAITING
        seen = views.seen(bench.tests.run, "", bench.gate.controller.engine.state, bench.gate.controller.wires, 0, 0)
        assert "reset_button" not in seen.uncovered
        await bench.ask(DropTest(**WHO))
        await bench.begin("front_door")
        assert all(entry.step.device != "reset_button" for entry in bench.tests.run.entries)

    play(tmp_path, scene, spare)
