"""The simulated bus: claims, refusals, loss, what is sent when nobody listens, and the far end's rubbish."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
import threading
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import msgspec
import pytest

from drivers.bus.exchange import AnyMessage, Claim, Drive, Edges, Levels
from drivers.bus.lines import BusError, Edge, Found, Overflow
from drivers.bus.simulated import SimulatedLines, frame
from drivers.bus.simulated_safe import SafeLines
from firmware.rehearsal.virtual_time import run_virtual
from tests.drivers.wires import FarEnd, after_ms, now_ns


def nothing(edges: Sequence[Edge | Overflow]) -> None:
    raise AssertionError(f"nobody asked for {edges}")


def on_bus(body: Callable[[FarEnd, SimulatedLines], Awaitable[None]], far_end: FarEnd | None = None) -> None:
    async def run() -> None:
        end = far_end or FarEnd()
        lines = SimulatedLines(await end.hand_over())
        try:
            await lines.open()
            await body(end, lines)
        finally:
            lines.close()
            await end.close()

    run_virtual(run())


def test_edges_of_one_message_reach_each_claim_as_one_batch_in_order() -> None:
    async def body(far_end: FarEnd, lines: SimulatedLines) -> None:
        reader: list[Sequence[Edge | Overflow]] = []
        contact: list[Sequence[Edge | Overflow]] = []
        await lines.claim_edges(("D0", "D1"), "reader", reader.append).ready()
        await lines.claim_input("C", "contact", contact.append).ready()
        edges = [Edge("D0", False, 1), Edge("C", False, 2), Edge("D0", True, 3), Edge("D1", False, 4)]
        far_end.send([*edges, Edge("nobody", True, 5)])
        await after_ms(1)
        assert [list(batch) for batch in reader] == [[edges[0], edges[2], edges[3]]]
        assert [list(batch) for batch in contact] == [[edges[1]]]

    on_bus(body)


def test_one_claim_a_line_and_the_second_hears_who_has_it() -> None:
    async def body(far_end: FarEnd, lines: SimulatedLines) -> None:
        first = lines.claim_edges(("D0", "D1"), "front_reader", nothing)
        for claim in (
            lambda: lines.claim_input("D1", "contact", nothing),
            lambda: lines.claim_output("D0", "lock", False),
            lambda: lines.claim_edges(("D2", "D1"), "bike_reader", nothing),
        ):
            with pytest.raises(BusError, match="front_reader"):
                claim()
        first.close()
        first.close()
        lines.claim_input("D1", "contact", nothing)
        lines.claim_input("D2", "contact", nothing)

    on_bus(body)


def test_a_refused_line_says_why() -> None:
    async def body(far_end: FarEnd, lines: SimulatedLines) -> None:
        claim = lines.claim_input("X99", "contact", nothing)
        with pytest.raises(BusError, match="no such line"):
            await claim.ready()
        with pytest.raises(BusError, match="no such line"):
            claim.level()
        lines.claim_input("X99", "contact", nothing)  # free again

    on_bus(body, FarEnd(refused={"X99": "no such line"}))


def test_level_before_the_answer_is_an_error_and_after_it_follows_the_edges() -> None:
    async def body(far_end: FarEnd, lines: SimulatedLines) -> None:
        batches: list[Sequence[Edge | Overflow]] = []
        claim = lines.claim_input("C", "contact", batches.append)
        with pytest.raises(BusError, match="ready"):
            claim.level()
        await claim.ready()
        assert claim.level() is False
        far_end.send([Edge("C", True, now_ns())])
        await after_ms(1)
        assert claim.level() is True

    on_bus(body, FarEnd({"C": False}))


def test_an_edge_that_was_under_way_when_the_line_was_claimed_does_not_keep_it_from_being_ready() -> None:
    """The edge comes first, and the level that is told then is the same."""

    async def body(far_end: FarEnd, lines: SimulatedLines) -> None:
        batches: list[Sequence[Edge | Overflow]] = []
        await lines.claim_input("another", "button", nothing).ready()
        edge = Edge("C", True, now_ns())
        far_end.send([edge])
        claim = lines.claim_input("C", "contact", batches.append)
        async with asyncio.timeout(1):
            await claim.ready()
        assert claim.level() is True
        assert [list(batch) for batch in batches] == [[edge]]

    on_bus(body, FarEnd({"C": False}))


def test_outputs_are_driven_at_the_claim_and_keep_their_level() -> None:
    async def body(far_end: FarEnd, lines: SimulatedLines) -> None:
        output = lines.claim_output("L", "lock", True)
        await after_ms(1)
        assert far_end.levels["L"] is True
        output.set(False)
        output.set(True)
        output.close()
        await after_ms(1)
        assert [level for _, _, level in far_end.drives] == [True, False, True]
        with pytest.raises(BusError, match="not claimed"):
            output.set(False)

    on_bus(body)


def test_loss_reaches_everybody_once_and_says_why() -> None:
    async def body(far_end: FarEnd, lines: SimulatedLines) -> None:
        output = lines.claim_output("L", "lock", True)
        watch = lines.claim_input("C", "contact", nothing)
        await watch.ready()
        waiting = [asyncio.create_task(lines.lost()) for _ in range(3)]
        await after_ms(1)
        assert not any(task.done() for task in waiting)
        await far_end.hang_up()
        assert {await task for task in waiting} == {"the far end closed the connection"}
        for refused in (lambda: output.set(False), watch.level, lambda: lines.claim_input("C", "contact", nothing)):
            with pytest.raises(BusError, match="closed the connection"):
                refused()
        watch.close()
        output.close()
        with pytest.raises(BusError, match="no path"):
            await lines.open()

    on_bus(body)


@pytest.mark.parametrize(
    ("rubbish", "said"),
    [
        (struct.pack(">I", 0xFFFFFFFF), "4294967295 bytes"),
        (struct.pack(">I", 5) + b"\xff\x00\x01\x02\x03", "no message"),
        (struct.pack(">I", 0), "no message"),
        (frame(Drive("L", True)), "Drive"),
        (frame(Claim(("L",))), "Claim"),
        (b"GET / HTTP/1.1\r\n\r\n", "bytes"),
    ],
)
@pytest.mark.attack("wire-23")
def test_a_far_end_that_talks_rubbish_is_lost(rubbish: bytes, said: str) -> None:
    async def body(far_end: FarEnd, lines: SimulatedLines) -> None:
        await lines.claim_input("C", "contact", nothing).ready()
        far_end.send_raw(rubbish)
        assert said in await lines.lost()

    on_bus(body)


def test_messages_may_arrive_byte_by_byte() -> None:
    async def body(far_end: FarEnd, lines: SimulatedLines) -> None:
        batches: list[Sequence[Edge | Overflow]] = []
        await lines.claim_edges(("D0", "D1"), "reader", batches.append).ready()
        stream = frame(Edges((Edge("D0", False, 7),))) + frame(Edges((Edge("D1", False, 8), Edge("D1", True, 9))))
        for byte in stream:
            far_end.send_raw(bytes([byte]))
            await after_ms(1)
        assert [len(batch) for batch in batches] == [1, 2]

    on_bus(body)


def test_a_level_that_changed_without_an_edge_is_told_as_one() -> None:
    async def body(far_end: FarEnd, lines: SimulatedLines) -> None:
        batches: list[Sequence[Edge | Overflow]] = []
        await lines.claim_input("C", "contact", batches.append).ready()
        far_end.send_raw(frame(Levels({"C": False}, 77)))
        far_end.send_raw(frame(Levels({"C": False}, 78)))
        await after_ms(1)
        assert [list(batch) for batch in batches] == [[Found("C", False, 77)]]

    on_bus(body)


def test_inputs_are_read_together_and_streams_are_not() -> None:
    async def body(far_end: FarEnd, lines: SimulatedLines) -> None:
        found: list[Edge | Overflow] = []
        await lines.claim_edges(("D0", "D1"), "reader", nothing).ready()
        first = lines.claim_input("C", "contact", found.extend)
        await first.ready()
        await lines.claim_input("E", "other", found.extend).ready()
        await after_ms(1_000)
        assert [read for _, read in far_end.reads] == [("C", "E")] * 2
        for line in ("C", "E", "D0"):
            far_end.change_unheard(line, False)
        await after_ms(600)
        at_ns = far_end.reads[2][0]
        assert found == [Found("C", False, at_ns), Found("E", False, at_ns)]
        assert first.level() is False
        first.close()
        await after_ms(600)
        assert far_end.reads[-1][1] == ("E",)

    on_bus(body)


def test_one_reading_at_a_time_and_a_late_answer_is_one() -> None:
    async def body(far_end: FarEnd, lines: SimulatedLines) -> None:
        found: list[Edge | Overflow] = []
        await lines.claim_input("C", "contact", found.extend).ready()
        far_end.answers = False
        await after_ms(4_000)
        assert len(far_end.reads) == 1
        far_end.answers = True
        far_end.send_raw(frame(Levels({"C": False}, 77)))
        await after_ms(10_000)
        assert found[0] == Found("C", False, 77)
        assert len(far_end.reads) > 20

    on_bus(body)


def test_a_far_end_that_answers_no_reading_is_lost() -> None:
    async def body(far_end: FarEnd, lines: SimulatedLines) -> None:
        await lines.claim_input("C", "contact", nothing).ready()
        far_end.answers = False
        assert "5 s" in await lines.lost()
        assert len(far_end.reads) == 1

    on_bus(body)


def test_a_far_end_that_reads_nothing_is_lost_in_bounded_memory() -> None:
    async def run() -> None:
        ours, theirs = socket.socketpair()
        lines = SimulatedLines(theirs)
        await lines.open()
        output = lines.claim_output("L", "lock", True)

        def flood() -> None:
            for index in range(1_000_000):
                output.set(index % 2 == 0)

        with pytest.raises(BusError, match="takes nothing"):
            flood()
        assert "takes nothing" in await lines.lost()
        ours.close()

    run_virtual(run())


def test_what_waited_is_sent_when_the_far_end_reads_again() -> None:
    async def run() -> None:
        ours, theirs = socket.socketpair()
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4_096)
        lines = SimulatedLines(theirs)
        await lines.open()
        output = lines.claim_output("L", "lock", True)
        for index in range(2_000):
            output.set(index % 2 == 0)
        received = bytearray()
        ours.setblocking(False)
        while len(received) < 2_001 * len(frame(Drive("L", True))):
            await after_ms(1)
            received += await asyncio.get_running_loop().sock_recv(ours, 65_536)
        assert messages(bytes(received)) == [Drive("L", True), *[Drive("L", i % 2 == 0) for i in range(2_000)]]
        lines.close()
        ours.close()

    run_virtual(run())


def messages(stream: bytes) -> list[AnyMessage]:
    found = []
    while stream:
        (size,) = struct.unpack(">I", stream[:4])
        found.append(msgspec.msgpack.decode(stream[4 : 4 + size], type=AnyMessage))
        stream = stream[4 + size :]
    return found


def test_set_now_goes_out_behind_what_was_driven_before() -> None:
    async def body(far_end: FarEnd, lines: SimulatedLines) -> None:
        output = lines.claim_output("L", "lock", False)
        output.set(True)
        lines.set_now("L", False)
        await after_ms(1)
        assert [level for _, _, level in far_end.drives] == [False, True, False]

    on_bus(body)


def test_a_path_can_be_opened_again_and_driven_without_being_open(tmp_path: Path) -> None:
    async def run() -> None:
        far_end = FarEnd()
        await far_end.listen(str(tmp_path / "wires"))
        lines = SimulatedLines(tmp_path / "wires")
        lines.set_now("L", True)
        await after_ms(1)
        assert far_end.levels["L"] is True
        for _ in range(3):
            await lines.open()
            await lines.open()
            await lines.claim_input("C", "contact", nothing).ready()
            await far_end.hang_up()
            await lines.lost()
        lines.set_now("L", False)
        await after_ms(1)
        assert far_end.levels["L"] is False
        lines.close()
        lines.close()
        await far_end.close()

    run_virtual(run())


def test_nobody_at_the_path(tmp_path: Path) -> None:
    lines = SimulatedLines(tmp_path / "wires")
    with pytest.raises(BusError, match="nobody listens"):
        lines.set_now("L", True)
    with pytest.raises(BusError, match="nobody listens"):
        asyncio.run(lines.open())


def test_safe_lines_drive_over_one_connection_and_leave_no_descriptor(tmp_path: Path) -> None:
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(tmp_path / "wires"))
    server.listen(1)
    before = len(os.listdir("/proc/self/fd"))
    lines = SafeLines(tmp_path / "wires")
    lines.set_now("L", True)
    lines.set_now("M", False)
    lines.close()
    lines.close()
    assert len(os.listdir("/proc/self/fd")) == before
    connection, _ = server.accept()
    with connection, server:
        assert messages(connection.recv(65_536)) == [Drive("L", True), Drive("M", False)]
        assert connection.recv(1) == b""


def test_safe_lines_wait_once_for_a_far_end_that_hangs(tmp_path: Path) -> None:
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(tmp_path / "wires"))
    server.listen(0)  # one connection waits in the queue, and a second one hangs: nobody accepts
    fillers = []
    for _ in range(2):
        filler = socket.socket(socket.AF_UNIX)
        filler.setblocking(False)
        filler.connect_ex(str(tmp_path / "wires"))
        fillers.append(filler)
    lines = SafeLines(tmp_path / "wires")
    refused: list[str] = []

    def drive_all() -> None:
        for index in range(20):
            try:
                lines.set_now(f"X{index}", False)
            except BusError as error:
                refused.append(str(error))

    thread = threading.Thread(target=drive_all)
    thread.start()
    thread.join(0.5)
    assert not thread.is_alive()
    assert len(refused) == 20
    for filler in fillers:
        filler.close()
    server.close()


def test_safe_lines_do_nothing_else(tmp_path: Path) -> None:
    lines = SafeLines(tmp_path / "wires")
    for refused in (
        lambda: lines.claim_input("C", "contact", nothing),
        lambda: lines.claim_output("L", "lock", True),
        lambda: lines.claim_edges(("D0", "D1"), "reader", nothing),
        lambda: asyncio.run(lines.open()),
        lambda: asyncio.run(lines.lost()),
    ):
        with pytest.raises(BusError, match="safe levels"):
            refused()
