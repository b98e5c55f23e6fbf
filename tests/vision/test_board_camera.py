"""picamera2's use against its documented calls, with a stand-in for the module where it is imported."""

from __future__ import annotations

import concurrent.futures
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from firmware.vision.cameras.board_camera import BUFFERS, BoardCamera
from firmware.vision.errors import CameraError


class Request:
    def __init__(self, array) -> None:
        self.array, self.released = array, 0

    def make_array(self, name):
        assert name == "main"
        if Library.fails == "array":
            raise RuntimeError("the buffer is gone")
        return self.array

    def release(self) -> None:
        self.released += 1


class Library:
    """What the Picamera2 manual promises of the class, as far as it is used."""

    cameras = 1
    fails = ""

    def __init__(self, number) -> None:
        self.number = number
        self.calls = []
        self.requests = []
        Library.last = self

    @classmethod
    def global_camera_info(cls):
        if cls.fails == "list":
            raise RuntimeError("Camera manager cannot be started")
        return [{"Num": number} for number in range(cls.cameras)]

    def create_video_configuration(self, main, controls, buffer_count):
        return {"main": main, "controls": controls, "buffer_count": buffer_count}

    def configure(self, configuration) -> None:
        self.calls.append("configure")
        self.configuration = configuration
        if Library.fails == "configure":
            raise RuntimeError("Failed to acquire camera: Device or resource busy")

    def start(self) -> None:
        self.calls.append("start")

    def capture_request(self, wait):
        assert wait is False
        if Library.fails == "read":
            raise RuntimeError("Camera in Running state trying requested to be disconnected")
        job = concurrent.futures.Future()
        if Library.fails != "silent":
            width, height = self.configuration["main"]["size"]
            array = np.zeros((height, width, 3), np.uint8)
            array[..., 0] = 200  # BGR888 is red first in numpy
            self.requests.append(Request(array))
            job.set_result(self.requests[-1])
        return SimpleNamespace(get_result=lambda timeout: job.result(min(timeout, 0.01)))

    def stop(self) -> None:
        self.calls.append("stop")
        if Library.fails == "stop":
            raise RuntimeError("gone")

    def close(self) -> None:
        self.calls.append("close")


@pytest.fixture
def library(monkeypatch):
    Library.fails, Library.cameras = "", 1
    monkeypatch.setitem(sys.modules, "picamera2", SimpleNamespace(Picamera2=Library))
    return Library


def test_without_the_package_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "picamera2", None)
    with pytest.raises(CameraError, match="python3-picamera2"):
        BoardCamera(0, (640, 480), 10).open()


def test_it_is_opened_read_and_closed_and_its_buffers_go_back(library):
    camera = BoardCamera(0, (640, 480), 10)
    camera.open()
    frame = camera.next()
    camera.close()
    camera.close()
    made = library.last
    assert made.configuration == {
        "main": {"size": (640, 480), "format": "BGR888"},
        "controls": {"FrameRate": 10.0},
        "buffer_count": BUFFERS,
    }
    assert made.calls == ["configure", "start", "stop", "close"]
    assert [request.released for request in made.requests] == [1]
    assert frame.size == (640, 480)
    assert frame.picture()[0, 0].tolist() == [200, 0, 0]
    made.requests[0].array[:] = 9
    assert frame.picture()[0, 0].tolist() == [200, 0, 0]  # a copy: the camera has its buffer back


def test_a_camera_that_is_not_there_is_said(library):
    library.cameras = 0
    with pytest.raises(CameraError, match="no camera 0"):
        BoardCamera(0, (640, 480), 10).open()


def test_one_that_is_busy_is_said_and_let_go(library):
    library.fails = "configure"
    with pytest.raises(CameraError, match="busy"):
        BoardCamera(0, (640, 480), 10).open()
    assert library.last.calls == ["configure", "stop", "close"]


def test_one_that_gives_no_picture_is_lost_and_one_that_does_not_stop_is_counted(library):
    camera = BoardCamera(0, (640, 480), 10)
    camera.open()
    library.fails = "silent"
    with pytest.raises(CameraError, match="gives no picture"):
        camera.next()
    library.fails = "stop"
    camera.close()
    assert camera.counts["not_closed"] == 1
    assert library.last.calls[-1] == "close"


@pytest.mark.parametrize("fails", ["read", "array"])
def test_one_that_is_unplugged_while_it_is_read_is_lost_and_its_buffers_go_back(library, fails):
    camera = BoardCamera(0, (640, 480), 10)
    camera.open()
    camera.next()
    library.fails = fails
    with pytest.raises(CameraError, match="camera 0 of this board"):
        camera.next()
    camera.close()
    assert all(request.released == 1 for request in library.last.requests)
    assert library.last.calls[-1] == "close"


def test_a_board_whose_cameras_cannot_be_listed_is_said(library):
    library.fails = "list"
    with pytest.raises(CameraError, match="cannot be listed"):
        BoardCamera(0, (640, 480), 10).open()
