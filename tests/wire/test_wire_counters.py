"""What drivers and buses count is shown to installers: by name to programs, in words of both languages to people."""

from __future__ import annotations

import asyncio
import json
from zoneinfo import ZoneInfo

import pytest

from drivers.bus.gpio_edges import KernelEdge
from drivers.bus.osdp_member import COMMAND_NAMES, Trouble
from drivers.camera import Camera
from drivers.camera_settings import CameraConfig
from drivers.reports import NoiseKind
from drivers.sights import Sights
from drivers.wiegand import Wiegand, WiegandConfig
from drivers.wire.osdp import Refusal
from firmware.messages import Wire
from firmware.rehearsal.virtual_time import run_virtual
from firmware.texts import LANGUAGES, texts
from firmware.wire.client import Picture
from firmware.wire.said import Saying
from tests.drivers.wiegand_soak import Lines

US = 1_000
OSDP = {
    *("channels", "answers", "unanswered", "late", "refusals", "restarts"),
    *(f"refused_{each.value}" for each in Refusal),
    *(f"refused_{name}" for name in (*COMMAND_NAMES.values(), "command")),
    *(each.value for each in Trouble),
}
VISION = (
    *("frames", "dropped", "looked_at", "frames_per_s", "latency_ms", "latency_ms_max", "motions", "jumps", "resized"),
    *("dark", "corrupt", "openings", "losses", "worker_starts", "refused", "not_closed", "failures"),
    *(f"not_{why}" for why in ("unread", "syntax", "unsure", "small", "shape", "size", "place", "crowd", "held")),
    "not_no_vehicle",
)
CAMERA = {*Camera(CameraConfig("gate", "picamera2"), Sights()).counters(), *(f"vision_{each}" for each in VISION)}
BUS = {"late_edges", "repaired_edges"}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", sorted(OSDP | BUS | CAMERA | {f"noise_{kind.value}" for kind in NoiseKind}))
def test_every_counter_of_a_reader_has_its_words(name: str, language: str) -> None:
    assert texts(language).say(f"wire.counter.{name}")


def test_what_the_bus_put_right_is_counted_with_its_reader_and_shown() -> None:
    """Over a mute as well, which takes another request of the kernel."""

    async def scenario() -> dict[str, int]:
        lines = Lines()
        reader = Wiegand(WiegandConfig("gate", "D0", "D1", formats=("H10301",)), lines)
        running = asyncio.create_task(reader.run(lambda _report: None))
        await asyncio.sleep(1)
        for _ in range(2):
            at_ns = round(asyncio.get_running_loop().time() * 1e9)
            fell, rose = KernelEdge(1, "D0", False, at_ns), KernelEdge(3, "D0", True, at_ns + 50 * US)
            lines.arrive([fell, rose])  # the second one is missing, is told as lost, and comes after all
            lines.arrive([KernelEdge(2, "D1", False, at_ns + 20 * US)])
            # A pulse so short that both of its edges have the level after it.
            lines.arrive([KernelEdge(n, "D0", True, at_ns + n * 1_000 * US) for n in (4, 5)])
            await asyncio.sleep(1)
            reader.mute(True)
            reader.mute(False)
            await asyncio.sleep(1)
        running.cancel()
        await asyncio.wait((running,))
        return reader.counters()

    counters = run_virtual(scenario())
    assert counters["late_edges"] == 2
    assert counters["repaired_edges"] >= 1
    wire = Wire("gate", "wiegand", "reader", counters=counters)
    saying = Saying(texts("en"), ZoneInfo("UTC"))
    shown = saying.cells(wire).counters
    assert "edges late 2" in shown
    assert f"edges put right {counters['repaired_edges']}" in shown
    plain = json.loads(json.dumps(saying.plain(Picture("site", None, (wire,), ()), [wire])))
    assert plain["wires"][0]["counters"]["late_edges"] == 2
