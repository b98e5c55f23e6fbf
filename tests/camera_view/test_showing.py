"""What leaves the vision process: a bounded JPEG with boxes of vehicles and plates, and of nobody."""

from __future__ import annotations

import asyncio
import io
import socket
import stat

import numpy as np
import pytest
from PIL import Image

from firmware.config import load
from firmware.pictures import BOXES_MAX, JPEG_BYTES_MAX, Box
from firmware.vision.following import Voted
from firmware.vision.frames import Frame
from firmware.vision.pictures import Door, Pictures
from firmware.vision.showing import Showing, drawn, overlap
from firmware.vision.work import Detection
from tests.vision.camera_site import SITES


class Taken:
    """A raw frame."""

    def __init__(self, picture, at_ns: int) -> None:
        self.at_ns = at_ns
        self.size = (picture.shape[1], picture.shape[0])
        self._picture = picture

    def picture(self):
        return self._picture.copy()


def frame(at_ns: int = 1, value: int = 90) -> Frame:
    return Frame(Taken(np.full((180, 320, 3), value, np.uint8), at_ns), None, np.zeros((4, 4), np.uint8))


@pytest.mark.parametrize("side", [(720, 1280), (2160, 3840), (33, 33), (4000, 40)])
def test_no_picture_is_too_large_for_its_frame_not_even_noise(side):
    noise = np.random.default_rng(3).integers(0, 256, (*side, 3), dtype=np.uint8)
    jpeg = drawn(noise, ())
    assert len(jpeg) <= JPEG_BYTES_MAX
    shown = Image.open(io.BytesIO(jpeg))
    assert shown.width <= 960
    assert abs(shown.width / shown.height - side[1] / side[0]) < 0.1


def test_people_and_faces_are_never_boxed_and_a_plate_is_read_only_where_looks_agreed():
    showing = Showing()
    showing.want()
    plate = Detection("plate", (100, 100, 140, 112), 0.9, "", "A12345", 0.9)
    found = (
        Detection("person", (10, 10, 60, 170), 0.9, "person"),
        Detection("face", (20, 10, 40, 30), 0.9, pose=(0.0, 0.2)),
        Detection("vehicle", (80, 40, 200, 150), 0.9, "car"),
        plate,
        *(Detection("plate", (10 * n, 1, 10 * n + 5, 4), 0.9) for n in range(30)),
    )
    showing.looked(frame(), found, ())
    _, boxes = showing.newest()
    assert [box.kind for box in boxes[:3]] == ["vehicle", "plate", "plate"]
    assert len(boxes) == BOXES_MAX
    assert [box.number for box in boxes] == list(range(1, BOXES_MAX + 1))
    assert boxes[1].text == "", "one look is a guess"
    agreed = Voted("plate", "A12345", 0.9, 0.95, 3, "towards", (101, 101, 141, 113), 1)
    showing.looked(frame(2), found, (agreed,))
    assert showing.newest()[1][1].text == "A12345"


def test_boxes_are_drawn_where_things_are_and_not_into_what_others_look_at():
    picture = np.full((180, 320, 3), 90, np.uint8)
    box = Box(1, "plate", "", "A12345", (0.25, 0.5, 0.5, 0.75))
    shown = np.asarray(Image.open(io.BytesIO(drawn(picture, (box,))))).astype(int)
    yellow = np.abs(shown - (255, 210, 0)).sum(axis=2) < 160
    _, columns = np.nonzero(yellow[100:])
    assert 70 <= columns.min() <= 84
    assert 150 <= columns.max() <= 164
    assert (picture == 90).all()


def test_nothing_is_kept_while_nobody_asks_and_all_goes_once_nobody_does():
    showing = Showing()
    assert not showing.offer(frame())
    showing.looked(frame(), (), ())
    assert showing.newest() is None
    showing.want()
    assert showing.offer(frame(1_000_000_000))
    assert not showing.offer(frame(1_100_000_000)), "two a second are enough"
    assert showing.offer(frame(1_500_000_000))
    assert showing.make().at_ns == 1_500_000_000
    showing._wanted_ns = 0
    assert not showing.offer(frame(2_500_000_000))
    assert (showing.newest(), showing.made) == (None, None)


def test_the_frame_that_was_looked_at_is_shown_while_it_is_of_now_so_that_its_boxes_fit():
    showing = Showing()
    showing.want()
    looked = frame(1_000_000_000)
    showing.looked(looked, (Detection("vehicle", (1, 1, 20, 20), 0.9),), ())
    showing.offer(frame(1_600_000_000))
    assert showing.newest()[0] is looked
    showing.offer(frame(2_200_000_000))
    newest, boxes = showing.newest()
    assert newest.at_ns == 2_200_000_000
    assert boxes == ()


def test_overlap_of_boxes():
    assert overlap((0, 0, 2, 2), (0, 0, 2, 2)) == 1
    assert overlap((0, 0, 2, 2), (1, 0, 3, 2)) == pytest.approx(1 / 3)
    assert overlap((0, 0, 1, 1), (2, 2, 3, 3)) == 0


@pytest.mark.attack("camera-14")
def test_another_user_of_the_machine_gets_nothing(tmp_path):
    async def run():
        pictures = Pictures(lambda _camera: None, Door(tmp_path / "p.sock", frozenset({4_000_000})))
        serving = asyncio.create_task(pictures.run())
        async with asyncio.timeout(20):
            while not (tmp_path / "p.sock").exists():  # noqa: ASYNC110  the socket is made beside
                await asyncio.sleep(0.01)
        mode = stat.S_IMODE((tmp_path / "p.sock").stat().st_mode)
        reader, writer = await asyncio.open_unix_connection(tmp_path / "p.sock")
        said = await reader.read()
        writer.close()
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        return mode, said, pictures.refused_peers, (tmp_path / "p.sock").exists()

    assert asyncio.run(run()) == (0o600, b"", 1, False)


def test_where_the_socket_cannot_be_made_recognition_goes_on_without_pictures(tmp_path, capsys):
    blocked = tmp_path / "none" / "p.sock"
    asyncio.run(Pictures(lambda _camera: None, Door(blocked, frozenset({0}))).run())
    assert "no pictures at the page" in capsys.readouterr().err


def test_a_socket_that_a_dead_process_left_is_replaced(tmp_path):
    path = tmp_path / "p.sock"
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(path))
    left.close()

    async def run():
        serving = asyncio.create_task(Pictures(lambda _camera: None, Door(path, frozenset({0}))).run())
        async with asyncio.timeout(20):
            while True:
                try:
                    _, writer = await asyncio.open_unix_connection(path)
                    break
                except OSError:
                    await asyncio.sleep(0.01)
        writer.close()
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)

    asyncio.run(run())


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ("shift_hours = 15", "viewing.shift_hours"),
        ("shift_hours = 0", "viewing.shift_hours"),
        ("cameras_at_once = 9", "viewing.cameras_at_once"),
        ('on = "yes"', "viewing.on"),
        ("hours = 3", "viewing.hours"),
    ],
)
def test_check_says_what_is_wrong_in_the_site_file(tmp_path, table, problem):
    site = tmp_path / "site.toml"
    site.write_text((SITES / "community_gate.toml").read_text(encoding="utf-8") + f"\n[viewing]\n{table}\n")
    config, problems = load(site)
    assert config is None
    assert [each.path for each in problems if not each.path.startswith("rehearsal.")] == [problem]
