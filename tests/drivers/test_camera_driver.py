"""A camera's driver: what it lets through, what it counts, and when it is lost."""

from __future__ import annotations

import asyncio

import pytest

from drivers.camera import AGAIN_NS, COUNTERS_MAX, HELD_UP_NS, SIGHTS_MAX, SILENT_NS, START_NS, Camera
from drivers.camera_settings import CameraConfig, Seen, Travel, secret_in, source_known, without_secrets
from drivers.reports import AnyReport, DriverError, Face, Noise, NoiseKind, Plate
from drivers.sights import Order, Sight, Sights
from firmware.rehearsal.virtual_time import VirtualLoop, run_virtual
from tests.drivers.camera_far import SOURCE, sight


class Bench:
    """A driver that watches, and what it says."""

    def __init__(self, **settings: object) -> None:
        self.sights = Sights()
        self.camera = Camera(CameraConfig("gate", SOURCE, **settings), self.sights)  # type: ignore[arg-type]
        self.said: list[AnyReport] = []
        self.running = asyncio.create_task(self.camera.run(self.said.append))

    async def sees(self) -> None:
        await asyncio.sleep(0)
        self.sights.state("gate", "", {"frames": 1})

    def seen(self, *sights: Sight) -> list[AnyReport]:
        """What it says of these at once."""
        before = len(self.said)
        for each in sights:
            self.sights.seen("gate", each)
        return self.said[before:]

    async def end(self) -> str:
        """Why it was lost."""
        with pytest.raises(DriverError) as caught:
            await self.running
        return str(caught.value)

    async def stop(self) -> None:
        self.running.cancel()
        await asyncio.wait((self.running,))


def on_bench(scenario, **settings):
    async def run():
        bench = Bench(**settings)
        await bench.sees()
        try:
            return await scenario(bench)
        finally:
            await bench.stop()

    return run_virtual(run())


@pytest.mark.parametrize(
    ("settings", "said", "counted"),
    [
        ({}, {}, "reads"),
        ({}, {"found": 0.59}, "unsure"),
        ({}, {"read": 0.89}, "unsure"),
        ({}, {"reads": 1}, "unsure"),
        ({"reads_min": 3}, {"reads": 2}, "unsure"),
        ({"travel": Travel.TOWARDS}, {"direction": "away"}, "other_way"),
        ({"travel": Travel.TOWARDS}, {"direction": "unknown"}, "reads"),
        ({"travel": Travel.AWAY}, {"direction": "towards"}, "other_way"),
        ({}, {"kind": "face", "text": "t:1"}, "refused"),
        ({"wanted": (Seen.PLATE, Seen.OBJECT)}, {"kind": "object", "text": "car"}, "objects"),
    ],
)
def test_what_is_told_and_what_is_only_counted(settings, said, counted):
    async def scenario(bench):
        told = bench.seen(sight(**said))
        assert bench.camera.counters()[counted] == 1
        return [type(each) for each in told]

    assert on_bench(scenario, **settings) == ([Plate] if counted == "reads" else [])


def test_a_sighting_older_than_three_seconds_is_stale_and_one_of_the_future_no_sighting():
    async def scenario(bench):
        await asyncio.sleep(4)
        bench.sights.state("gate", "", {})
        now_ns = round(asyncio.get_running_loop().time() * 1e9)
        assert bench.seen(sight(at_ns=now_ns - 3_100_000_000)) == []
        told = bench.seen(sight(at_ns=now_ns + 5_000_000_000))
        counted = bench.camera.counters()
        assert (counted["stale"], counted["refused"], counted["noise_text"]) == (1, 1, 1)
        assert [each.kind for each in told] == [NoiseKind.TEXT]

    on_bench(scenario)


@pytest.mark.attack("plate-05")
@pytest.mark.parametrize(
    "text",
    [
        "' OR 1=1 --",
        "A1;DROP TABLE x",
        "京A\x0012345",
        "\u202eA12345",
        "A12\n345",
        "=cmd|' /C'!A0",
        "x",
        "A" * 40,
        "🚗🚗🚗",
        "",
    ],
)
def test_text_that_no_plate_carries_is_refused_and_counted(text):
    async def scenario(bench):
        told = bench.seen(sight(text))
        assert bench.camera.counters()["refused"] == 1
        assert all(isinstance(each, Noise) and each.kind is NoiseKind.TEXT for each in told)

    on_bench(scenario)


def test_a_plate_that_stays_is_told_again_and_no_sooner_than_its_table_says():
    async def scenario(bench):
        for _ in range(30):  # three seconds
            bench.sights.state("gate", "", {})
            bench.seen(sight())
            await asyncio.sleep(0.1)
        return len(bench.said)

    assert on_bench(scenario, repeat_ms=1_000) == 3
    assert on_bench(scenario, repeat_ms=1_500) == 2


def test_more_sightings_than_a_lane_can_have_are_a_flood():
    async def scenario(bench):
        bench.seen(*(sight(f"A{number:05}") for number in range(200)))
        plates = [each for each in bench.said if isinstance(each, Plate)]
        assert bench.camera.counters()["flooded"] == 200 - SIGHTS_MAX
        return len(plates)

    assert on_bench(scenario) == SIGHTS_MAX


def test_while_it_is_muted_nothing_is_told():
    async def scenario(bench):
        bench.camera.mute(True)
        assert bench.seen(sight()) == []
        bench.camera.mute(False)
        return [type(each) for each in bench.seen(sight())]

    assert on_bench(scenario) == [Plate]


def test_a_face_is_told_as_the_id_of_its_template():
    async def scenario(bench):
        return bench.seen(sight("t:42", kind="face"))

    (told,) = on_bench(scenario, wanted=(Seen.FACE,))
    assert isinstance(told, Face)
    assert (told.text, told.confidence) == ("t:42", 0.95)


def test_it_is_lost_when_nobody_says_that_it_sees():
    async def silent(bench):
        began_s = asyncio.get_running_loop().time()
        why = await bench.end()
        return why, asyncio.get_running_loop().time() - began_s

    why, after_s = on_bench(silent)
    assert "gate" in why
    assert after_s == pytest.approx(SILENT_NS / 1e9, abs=0.1)


def stand_still(for_s: float) -> None:
    """Our loop does nothing for so long, as when the disk stalls or the process was stopped."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    loop._now_s += for_s


def test_a_loop_of_ours_that_stood_still_is_no_silence_of_theirs():
    """What they said meanwhile waits to be read: it is not lost for that, and still lost where nothing was said."""

    async def speaks_on(bench):
        await asyncio.sleep(1)
        for _ in range(3):
            stand_still(3600)
            await asyncio.sleep(1)
            bench.sights.state("gate", "", {})
            await asyncio.sleep(0.1)
        return bench.running.done(), bench.camera.proven()

    async def says_nothing(bench):
        stand_still(SILENT_NS / 1e9 + 60)
        began_s = asyncio.get_running_loop().time()
        why = await bench.end()
        return why, asyncio.get_running_loop().time() - began_s

    async def stands_still_again(bench):
        for _ in range(2):
            await asyncio.sleep(0)
            stand_still((SILENT_NS + AGAIN_NS + HELD_UP_NS) / 1e9 + 1)
            await asyncio.sleep(0.001)
        return await bench.end()

    assert on_bench(speaks_on) == (False, True)
    why, after_s = on_bench(says_nothing)
    assert "said nothing of it" in why
    assert after_s == pytest.approx(AGAIN_NS / 1e9, abs=0.1)
    assert "said nothing of it" in on_bench(stands_still_again), "a silence is excused once"


def test_it_is_lost_at_once_when_the_vision_process_ends_or_the_camera_is_unplugged():
    async def ends(bench):
        bench.sights.gone("the vision process has ended")
        return await bench.end()

    async def unplugged(bench):
        bench.sights.state("gate", "no picture\x00 for 5 s", {})
        return await bench.end()

    assert on_bench(ends) == "gate: the vision process has ended"
    assert on_bench(unplugged) == "gate: no picture  for 5 s"


def test_without_a_vision_process_it_says_so_after_a_while():
    async def scenario():
        camera = Camera(CameraConfig("gate", SOURCE), Sights())
        began_s = asyncio.get_running_loop().time()
        with pytest.raises(DriverError, match="no vision process"):
            await camera.run(lambda _: None)
        return asyncio.get_running_loop().time() - began_s

    assert run_virtual(scenario()) == pytest.approx(START_NS / 1e9, abs=0.1)


async def on_its_own(scenario):
    """A driver that nobody has told anything yet: (how long it lived, why it was lost)."""
    sights = Sights()
    camera = Camera(CameraConfig("gate", SOURCE), sights)
    began_s = asyncio.get_running_loop().time()
    telling = asyncio.create_task(scenario(sights))
    with pytest.raises(DriverError) as caught:
        await camera.run(lambda _: None)
    await telling
    return camera, sights, asyncio.get_running_loop().time() - began_s, str(caught.value)


def test_what_has_failed_is_told_at_once_and_what_begins_has_its_time():
    async def scenario(sights):
        for _ in range(5):
            await asyncio.sleep(1)
            sights.state("gate", "the worker is being started", {})
        sights.state("gate", "there are no models: run make models", {}, True)

    _, _, lived_s, why = run_virtual(on_its_own(scenario))
    assert lived_s == pytest.approx(5, abs=0.1)
    assert why == "gate: there are no models: run make models"


def test_once_lost_it_waits_for_somebody_who_sees_and_is_proven_after_a_second():
    """What is seen meanwhile is not missed between two tries."""

    async def failing(sights):
        await asyncio.sleep(0)
        sights.state("gate", "no camera", {}, True)

    async def scenario():
        camera, sights, *_ = await on_its_own(failing)
        said = []
        again = asyncio.create_task(camera.run(said.append))
        for _ in range(100):
            sights.state("gate", "no camera", {}, True)
            await asyncio.sleep(1)
        waited = not again.done()
        proven = []
        sights.state("gate", "", {})
        sights.seen("gate", sight(at_ns=round(asyncio.get_running_loop().time() * 1e9)))
        for _ in range(3):
            proven.append(camera.proven())
            await asyncio.sleep(0.6)
        again.cancel()
        await asyncio.wait((again,))
        return waited, proven, [type(each) for each in said]

    assert run_virtual(scenario()) == (True, [False, False, True], [Plate])


def test_counters_of_the_vision_process_are_taken_over_in_bounds():
    async def scenario(bench):
        many = {f"c{number}": number for number in range(100)} | {"BAD NAME": 1}
        bench.sights.state("gate", "", {"frames": 9, "worse": -1, **many})
        return bench.camera.counters()

    counted = on_bench(scenario)
    assert counted["vision_frames"] == 9
    assert "vision_worse" not in counted
    assert len([name for name in counted if name.startswith("vision_")]) <= COUNTERS_MAX


@pytest.mark.parametrize(
    ("source", "known", "secret"),
    [
        ("rtsp://10.0.0.7:554/h264", True, False),
        ("rtsps://cam.local/x?channel=1", True, False),
        ("picamera2", True, False),
        ("picamera2:1", True, False),
        ("file:/var/lib/lane.mp4", True, False),
        ("simulated:vehicle_lane:in", True, False),
        ("rtsp://admin:12345@10.0.0.7/x", True, True),
        ("rtsp://admin@10.0.0.7/x", True, True),
        ("rtsp://10.0.0.7/x?user=a&password=12345", True, True),
        ("rtsp://a:b@[::1", False, True),
        ("rtsp://", False, False),
        ("http://10.0.0.7/", False, False),
        ("file:relative.mp4", False, False),
        ("file://host/x", False, False),
        ("/dev/video0", False, False),
        ("picamera2:10", False, False),
        ("simulated:vehicle_lane", False, False),
        ("rtsp://a b/", False, False),
    ],
)
def test_sources_are_told_apart_and_their_secrets_are_seen(source, known, secret):
    assert source_known(source) == known
    assert secret_in(source) == secret
    assert "12345" not in without_secrets(source)


def test_an_order_says_all_that_the_vision_process_needs():
    config = CameraConfig("gate", SOURCE, user="watch", password_file="/secret", masks=(((0, 0), (1, 0), (1, 0.2)),))
    order = config.order()
    assert isinstance(order, Order)
    assert order.source == "rtsp://watch@10.0.0.7/stream"
    assert order.password_file == "/secret"
    assert config.problems() == ()
