"""What befalls a stream is a counted event that people see: from PyAV through vision to the words of the page."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys

import numpy as np
import pytest

from firmware.messages import Health
from firmware.network.cameras import rows
from firmware.network.words import LANGUAGES, Words
from firmware.sightings import CameraOrder
from firmware.texts import texts
from firmware.vision.cameras.stream import StreamCamera
from firmware.vision.challenge import Fail
from firmware.vision.clock import now_ns, rest
from firmware.vision.watch import Watch
from tests.vision.films import film, moving, still
from tests.vision.test_eyes import on_rig
from tests.vision.test_stream import film_with_times

LIMIT_S = 60.0


def of_two_sizes(folder):
    first = film(folder / "first.mjpeg", moving(20), codec="mjpeg")
    then = film(folder / "then.mjpeg", moving(20, 640, 360), codec="mjpeg")
    both = folder / "both.mjpeg"
    both.write_bytes(first.read_bytes() + then.read_bytes())
    return both


def with_a_hole(folder):
    return film_with_times(folder / "lane.mkv", [*range(40), *range(640, 680)])


def with_darkness(folder):
    return film(folder / "lane.mkv", [*moving(40), *still(40, shade=0)])


def with_turned_bytes(folder):
    content = bytearray(film(folder / "lane.mkv", moving(100)).read_bytes())
    chance = np.random.default_rng(7)
    for place in chance.integers(2_000, len(content), 40):
        content[place] ^= 0xFF
    path = folder / "spoilt.mkv"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("make", "counter", "said"),
    [
        (of_two_sizes, "resized", "changes of size: "),
        (with_a_hole, "jumps", "jumps in time: "),
        (with_darkness, "dark", "black pictures: "),
        (with_turned_bytes, "corrupt", "damaged pictures: "),
    ],
)
def test_it_is_counted_in_health_and_said_on_the_page_and_the_camera_goes_on(tmp_path, make, counter, said):
    path = make(tmp_path)

    async def scenario(rig):
        await rig.until(lambda: rig.driver.counters().get(f"vision_{counter}"))
        frames = rig.driver.counters()["vision_frames"]
        await rig.until(lambda: rig.driver.counters()["vision_frames"] > frames + 5)
        return rig.driver.counters()

    counted = on_rig(tmp_path, scenario, source=f"file:{path}", frames_per_s=25)
    health = Health(1, 0, 0, 0, 0, {"gate": "running"}, {"gate": counted})
    ((name, told),) = rows(Words("en"), health)
    assert name == "Camera gate"
    for language in LANGUAGES:  # and `menshen wire` has a word for each
        for each in counted:
            assert texts(language).say(f"wire.counter.{each}")
    assert f"{said}{counted[f'vision_{counter}']}" in told


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_cameras_for_faces_count_has_words(language):
    for each in ("asks", "embedded", "matches", "other", *Fail):
        assert texts(language).say(f"wire.counter.vision_face_{each}")


def test_a_stream_that_stalls_is_a_counted_loss_and_is_seen_again():
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"rtsp://127.0.0.1:{server.getsockname()[1]}/lane"
    listening = {"rtsp_flags": "listen", "listen_timeout": "30"}

    def make(_order: CameraOrder) -> StreamCamera:
        return StreamCamera(address, paced=False, shown="the camera of gate", open_s_max=30, options=listening)

    def pusher() -> subprocess.Popen[bytes]:
        words = [sys.executable, "-m", "tests.vision.films", address, "4000"]
        return subprocess.Popen(words, stderr=subprocess.DEVNULL)

    pushing = [pusher()]
    watch = Watch(CameraOrder("gate", address, 25, (320, 180), (), (), ("plate",), 2), make, lambda: None)
    try:
        until(lambda: not watch.says and watch.counters()["frames_per_s"])
        pushing[0].send_signal(signal.SIGSTOP)
        until(lambda: watch.says)
        until(lambda: watch.counters()["losses"])
        assert watch.counters()["frames_per_s"] == 0
        pushing[0].kill()
        pushing.append(pusher())
        until(lambda: not watch.says)
        assert watch.counters()["openings"] >= 2
        assert not watch.hangs
    finally:
        watch.stop()
        for each in pushing:
            each.kill()
            each.wait()
        assert watch.join(LIMIT_S)


def until(holds) -> None:
    end_ns = now_ns() + round(LIMIT_S * 1e9)
    while not holds():
        assert now_ns() < end_ns
        rest(0.01)
