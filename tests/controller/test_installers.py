"""What installers ask at the network role's socket, at a whole gate on virtual time: wires, restarts, tests."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from firmware.backup.asks import TellBackups
from firmware.bench.gate import Gate, running_gate
from firmware.controller.installers import LATER_S_MAX, OTHERS_MS_MIN, RESTART_MS_MIN
from firmware.controller.role_socket import ASKS_BURST, LOOKS_BURST
from firmware.controller.wear import Wear
from firmware.controller.wire_watch import WATCH_MS
from firmware.core.codes import Code
from firmware.core.fact import Afar
from firmware.core.facts import OpenOnce, StartEvacuation
from firmware.local_socket import listening_socket
from firmware.messages import Answer, AnyFromController, Ask, FrameReader, Message, Wired, WiresChanged, pack
from firmware.rehearsal.virtual_time import run_virtual
from firmware.selftest.messages import BeginTest, ListReports, LookTest, ReadReport, ReportPart, ReportsListed, RunSeen
from firmware.wire_messages import Process, RestartProcess, WatchWires

SITE = Path(__file__).parents[2] / "provisioning" / "sites" / "community_gate.toml"
WHO = Afar("installer", "10.0.0.9")


class Network:
    """The network process' end, on the gate's own virtual time."""

    def __init__(self, gate: Gate, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.gate = gate
        self.heard: list[Message] = []
        self._writer = writer
        self._number = 0
        self._listening = asyncio.create_task(self._listen(reader))

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        frames = FrameReader(AnyFromController)
        while received := await reader.read(1 << 16):
            self.heard += frames.feed(received)

    async def close(self) -> None:
        self._listening.cancel()
        await asyncio.gather(self._listening, return_exceptions=True)
        self._writer.close()

    async def ask(self, command, seconds: float = 0.3) -> list[Message]:
        """What is told under this request, within that time."""
        self._number += 1
        request = f"n{self._number}"
        self._writer.write(pack(Ask(command, request)))
        await self.gate.pass_time(seconds)
        await self.gate.committed()
        await self.gate.pass_time(0.1)
        return [each for each in self.heard if getattr(each, "request", None) == request]

    async def answer(self, command, seconds: float = 0.3) -> Answer:
        (answer,) = await self.ask(command, seconds)
        assert isinstance(answer, Answer)
        return answer


def play(folder: Path, scene: Callable[[Network], Awaitable[None]]) -> None:
    async def whole() -> None:
        state = folder / "state"
        state.mkdir()
        async with running_gate(state, SITE) as gate:
            await gate.pass_time(1)
            path = folder / "role.sock"
            await gate.controller.role_socket.start(listening_socket(path))
            network = Network(gate, *await asyncio.open_unix_connection(str(path)))
            try:
                await scene(network)
            finally:
                await network.close()

    run_virtual(whole())


def restart(process: Process) -> RestartProcess:
    return RestartProcess(issuer="Li Na", process=process, afar=WHO)


def test_all_wires_come_and_then_their_changes_for_as_long_as_somebody_watches(tmp_path: Path) -> None:
    async def scene(network: Network) -> None:
        (listed,) = await network.ask(WatchWires())
        assert isinstance(listed, Wired)
        levels = {wire.id: wire.level for wire in listed.wires}
        assert (levels["front_rex"], levels["front_lock"]) == ("inactive", "off")
        network.gate.plants.doors["front_door"].press_rex()
        await network.gate.pass_time(2)
        told = [wire for each in network.heard if isinstance(each, WiresChanged) for wire in each.wires]
        assert {"front_rex", "front_lock"} <= {wire.id for wire in told}
        assert next(wire for wire in told if wire.id == "front_rex").level in ("active", "inactive")
        await network.gate.pass_time(WATCH_MS / 1000)
        network.heard.clear()
        network.gate.plants.doors["front_door"].press_rex()
        await network.gate.pass_time(2)
        assert not [each for each in network.heard if isinstance(each, WiresChanged)], "nobody watches any more"

    play(tmp_path, scene)


@pytest.mark.attack("devices-04")
def test_looking_takes_nothing_of_what_persons_order_and_has_its_own_pace(tmp_path: Path) -> None:
    async def scene(network: Network) -> None:
        answers = [await network.ask(LookTest(issuer="Li Na"), 0.0) for _ in range(3 * LOOKS_BURST)]
        refused = [each for told in answers for each in told if isinstance(each, Answer)]
        assert 0 < len(refused) < len(answers)
        assert {each.reasons for each in refused} == {("too_many",)}
        opened = await network.answer(OpenOnce("Chen Wei", afar=WHO, portal="front_door"))
        assert opened.done, "a guard is not kept waiting by it"

    play(tmp_path, scene)


def test_a_page_that_waits_for_a_backup_takes_nothing_of_what_persons_order(tmp_path: Path) -> None:
    """Its script asks twice in three seconds, in each window: as often as a guard at the busiest hour."""

    async def scene(network: Network) -> None:
        for _ in range(3 * ASKS_BURST):
            await network.ask(TellBackups(), 0.0)
        assert (await network.answer(OpenOnce("Chen Wei", afar=WHO, portal="front_door"))).done

    play(tmp_path, scene)


@pytest.mark.attack("devices-05")
def test_the_controller_ends_at_most_once_in_a_quarter_of_an_hour_and_says_who_asked(tmp_path: Path) -> None:
    async def scene(network: Network) -> None:
        gate = network.gate
        assert (await network.answer(restart(Process.CONTROLLER))).reasons == ("restart_too_soon",)
        await gate.pass_time(RESTART_MS_MIN / 1000 - 10)
        assert (await network.answer(restart(Process.CONTROLLER))).reasons == ("restart_too_soon",)
        await gate.pass_time(15)
        assert (await network.answer(restart(Process.CONTROLLER))).done
        (row,) = await gate.events(Code.RESTART_ASKED)
        assert row.event.body is not None
        assert (row.event.detail, row.event.body.issuer, row.event.body.address) == ("controller", "Li Na", "10.0.0.9")
        await asyncio.sleep(2)
        assert gate.controller.failed.done(), (
            "its process ends, every output safe; whoever supervises it starts it again"
        )

    play(tmp_path, scene)


@pytest.mark.attack("devices-06")
def test_nobody_restarts_the_controller_while_doors_are_held_open_for_life_or_a_barrier_moves(tmp_path: Path) -> None:
    async def scene(network: Network) -> None:
        gate = network.gate
        await gate.pass_time(RESTART_MS_MIN / 1000 + 1)
        gate.controller.engine.take(StartEvacuation("Chen Wei", confirmed=True))
        assert (await network.answer(restart(Process.CONTROLLER))).reasons == ("restart_emergency",)
        assert not gate.controller.failed.done()

    async def moving(network: Network) -> None:
        gate = network.gate
        await gate.pass_time(RESTART_MS_MIN / 1000 + 1)
        gate.controller.engine.take(OpenOnce("Chen Wei", portal="vehicle_lane"))
        await gate.pass_time(0.5)
        assert (await network.answer(restart(Process.CONTROLLER), 0.1)).reasons == ("restart_moving:vehicle_lane",)
        await gate.pass_time(10)
        assert (await network.answer(restart(Process.CONTROLLER))).done

    async def begun_meanwhile(network: Network) -> None:
        """Between the answer and the end is a second, in which anybody may come."""
        gate = network.gate
        await gate.pass_time(RESTART_MS_MIN / 1000 + 1)
        assert (await network.answer(restart(Process.CONTROLLER), 0.1)).done
        gate.controller.engine.take(OpenOnce("Chen Wei", portal="vehicle_lane"))
        await gate.pass_time(2)
        assert not gate.controller.failed.done(), "the boom is on its way"
        await asyncio.sleep(30)
        assert gate.controller.failed.done()

    async def fire_meanwhile(network: Network) -> None:
        gate = network.gate
        await gate.pass_time(RESTART_MS_MIN / 1000 + 1)
        assert (await network.answer(restart(Process.CONTROLLER), 0.1)).done
        gate.controller.engine.take(StartEvacuation("Chen Wei", confirmed=True))
        await gate.pass_time(LATER_S_MAX + 5)
        assert not gate.controller.failed.done()
        details = [row.event.detail for row in await gate.events(Code.RESTART_ASKED)]
        assert details == ["controller", "controller: not done, restart_emergency"]

    for number, scenario in enumerate((scene, moving, begun_meanwhile, fire_meanwhile)):
        folder = tmp_path / str(number)
        folder.mkdir()
        play(folder, scenario)


def test_other_processes_are_restarted_once_a_minute_where_they_are_there(tmp_path: Path) -> None:
    async def scene(network: Network) -> None:
        assert (await network.answer(restart(Process.VISION))).reasons == ("restart_absent",)
        ended: list[str] = []
        network.gate.controller.installers.ends[Process.VISION] = lambda: ended.append("vision")
        assert (await network.answer(restart(Process.VISION), 2)).done
        assert ended == ["vision"]
        assert (await network.answer(restart(Process.VISION), 2)).reasons == ("restart_too_soon",)
        await network.gate.pass_time(OTHERS_MS_MIN / 1000)
        assert (await network.answer(restart(Process.VISION), 2)).done
        assert not network.gate.controller.failed.done(), "the gate goes on"

    play(tmp_path, scene)


def test_a_self_test_is_begun_and_seen_and_its_reports_are_listed(tmp_path: Path) -> None:
    async def scene(network: Network) -> None:
        assert (await network.answer(BeginTest(issuer="Li Na", afar=WHO, portals=("front_door",)))).done
        (seen,) = await network.ask(LookTest(issuer="Li Na"))
        assert isinstance(seen, RunSeen)
        assert (seen.issuer, seen.portals, len(seen.steps)) == ("Li Na", ("front_door",), 5)
        assert (await network.answer(BeginTest(issuer="x", portals=("hall",)))).reasons == ("selftest_runs",)
        assert (await network.answer(BeginTest(issuer="x", portals=("nowhere",)))).reasons == ("selftest_runs",)
        (listed,) = await network.ask(ListReports())
        assert isinstance(listed, ReportsListed)
        assert listed.reports == ()
        (part,) = await network.ask(ReadReport(name="abc.en.html"))
        assert isinstance(part, ReportPart)
        assert (part.part, part.size) == (b"", 0)

    play(tmp_path, scene)


def test_wear_is_counted_over_power_cycles_and_begins_anew_where_it_cannot_be_read(tmp_path: Path) -> None:
    async def scene(network: Network) -> None:
        gate = network.gate
        for _ in range(3):
            gate.plants.doors["front_door"].press_rex()
            await gate.pass_time(10)
        before = gate.controller.wires.wear["front_lock"]
        assert before == 3
        await gate.power_off()
        await gate.power_on()
        assert gate.controller.wires.wear["front_lock"] == before

    play(tmp_path, scene)
    (tmp_path / "state" / "wear.json").write_bytes(b"\xff")
    assert Wear(tmp_path / "state").counts == {}
