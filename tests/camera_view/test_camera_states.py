"""A camera that is lost, dark, frozen or masked wholly is said so, and no old picture is ever shown as live."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from firmware.pictures import LIVE_MS
from firmware.vision.cameras.board_camera import PictureFrame
from firmware.vision.clock import now_ns, rest
from firmware.vision.errors import CameraError
from firmware.vision.watch import FROZEN_NS, Watch
from tests.camera_view.rig import CAMERA, LIMIT_S, on_rig

SIZE = (320, 240)


class Staged:
    """A camera whose mood can be changed: well, gone, dark, still."""

    mood = "well"

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._noise = np.random.default_rng(7)

    def open(self) -> None:
        if Staged.mood == "gone":
            raise CameraError("no route to the camera")

    def next(self) -> PictureFrame:
        rest(0.1)
        if Staged.mood == "gone":
            raise CameraError("the stream has ended")
        picture = np.full((SIZE[1], SIZE[0], 3), 0 if Staged.mood == "dark" else 120, np.uint8)
        picture[: SIZE[1] // 2] //= 2
        if Staged.mood == "well":
            picture += self._noise.integers(0, 9, picture.shape, dtype=np.uint8)
        return PictureFrame(picture, now_ns())

    def close(self) -> None:
        return None


@pytest.fixture(autouse=True)
def well():
    Staged.mood = "well"


def states(tmp_path, *moods: str, **more: str):
    """What is told, mood after mood: (mood, the state that it comes to)."""

    async def scenario(rig):
        guard = await rig.person().log_in("guard")
        await guard.begin()
        told = [await guard.seen("masked" if "keys" in more else "live")]
        for mood, state in (each.split(":") for each in moods):
            Staged.mood = mood
            told.append(await guard.seen(state))
            told[-1]["old"] = (await guard.get(str(told[0]["picture"] or "/cameras/picture"))).status
        return told

    return on_rig(tmp_path, scenario, make=lambda _order: Staged(), **more)


def test_a_camera_that_is_lost_shows_nothing_and_comes_back(tmp_path):
    first, lost, back = states(tmp_path, "gone:lost", "well:live")
    assert first["number"]
    assert (lost["number"], lost["picture"], lost["boxes"]) == ("", "", [])
    assert "lost" in lost["state_text"]
    assert "cable" in lost["advice"]
    assert "old" in lost["taken_text"]  # the last picture's age
    assert lost["old"] == 404
    assert int(back["number"]) > int(first["number"])


def test_a_dark_picture_is_live_and_said_to_be_dark(tmp_path):
    _, dark = states(tmp_path, "dark:dark")
    assert dark["number"]
    assert "black" in dark["state_text"]


def test_a_picture_that_never_changes_is_not_shown(tmp_path):
    """Its time is of now, and what it shows may be of yesterday."""
    _, frozen = states(tmp_path, "still:frozen")
    assert (frozen["number"], frozen["picture"]) == ("", "")
    assert "No point of the picture has changed for" in frozen["state_text"]
    assert frozen["old"] == 404


def test_frozen_is_said_only_after_longer_than_any_stream_takes_for_a_new_whole_picture():
    assert 10e9 <= FROZEN_NS < LIMIT_S * 1e9  # group of pictures: 1 to 10 s are usual


def test_a_camera_that_is_masked_wholly_has_nothing_to_show(tmp_path):
    (masked,) = states(tmp_path, keys="masks = [[[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]]")
    assert (masked["number"], masked["picture"]) == ("", "")
    assert "masks cover the whole picture" in masked["state_text"]


def test_a_vision_process_that_is_gone_is_said_within_seconds_and_its_pictures_are_none(tmp_path):
    async def scenario(rig):
        guard = await rig.person().log_in("guard")
        await guard.begin()
        told = await guard.seen("live")
        rig.eyes.pictures.forget()
        gone = await guard.seen("refused")
        return gone, (await guard.get(str(told["picture"]))).status

    gone, status = on_rig(tmp_path, scenario, make=lambda _order: Staged())
    assert gone["number"] == ""
    assert status == 404


def test_a_picture_of_a_camera_that_says_nothing_more_grows_old_and_is_withdrawn(tmp_path):
    """Its library hangs: it is not lost yet, and has no picture of now."""

    async def scenario(rig):
        guard = await rig.person().log_in("guard")
        await guard.begin()
        told = await guard.seen("live")
        watch: Watch = rig.eyes._eyes[CAMERA].watch
        Staged.mood = "gone"
        await rig.until(lambda: now_ns() - watch.newest_ns > 3 * LIVE_MS * 1_000_000)
        again = await guard.newest("0")
        return again, (await guard.get(str(told["picture"]))).status

    again, status = on_rig(tmp_path, scenario, make=lambda _order: Staged())
    assert again["number"] == ""
    assert status == 404
