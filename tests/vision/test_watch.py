"""One camera's thread: what a camera does that nobody expected loses that camera, and it is opened again."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from firmware.sightings import CameraOrder
from firmware.vision.cameras.board_camera import PictureFrame
from firmware.vision.clock import now_ns, rest
from firmware.vision.errors import CameraError
from firmware.vision.watch import Watch

ORDER = CameraOrder("gate", "picamera2", 30, (64, 36), (), (), ("plate",), 2)
LIMIT_S = 20.0


class Broken:
    """Gives two pictures, then fails as it is told to."""

    opened: int = 0

    def __init__(self, failure: Exception) -> None:
        self.counts: Counter[str] = Counter()
        self._failure, self._given = failure, 0

    def open(self) -> None:
        Broken.opened += 1

    def next(self) -> PictureFrame:
        rest(0.02)
        self._given += 1
        if self._given > 2:
            raise self._failure
        shade = 100 + 20 * self._given
        return PictureFrame(np.full((36, 64, 3), shade, np.uint8), now_ns())

    def close(self) -> None:
        self.counts["closed"] += 1


def until(holds) -> None:
    end_ns = now_ns() + round(LIMIT_S * 1e9)
    while not holds():
        assert now_ns() < end_ns
        rest(0.01)


@pytest.mark.parametrize(
    ("failure", "says", "failures"),
    [
        (CameraError("no picture"), "no picture", 0),
        (KeyError("nobody expected it"), "(KeyError): please report it", 1),
        (MemoryError(), "(MemoryError): please report it", 1),
    ],
)
def test_a_camera_that_fails_is_lost_with_its_reason_and_opened_again(failure, says, failures, capfd):
    Broken.opened, said = 0, []
    watch = Watch(ORDER, lambda _order: Broken(failure), lambda: said.append(watch.says))
    try:
        until(lambda: Broken.opened >= 2)
    finally:
        watch.stop()
        assert watch.join(LIMIT_S)
    capfd.readouterr()  # where it failed stands there
    assert any(each.endswith(says) for each in said)
    assert "" in said  # it saw before
    counted = watch.counters()
    assert counted.get("failures", 0) >= failures
    assert counted["losses"] >= 1
    assert not watch.hangs
