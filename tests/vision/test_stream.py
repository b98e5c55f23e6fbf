"""Streams and recordings through PyAV: broken, truncated, of changing size, silent; every wait has a limit."""

from __future__ import annotations

import io
import signal
import socket
import subprocess
import sys
import threading

import numpy as np
import pytest
from PIL import Image

from firmware.bench.process import forget_peak, status_kb
from firmware.sightings import CameraOrder
from firmware.vision.cameras.camera import NEXT_S_MAX
from firmware.vision.cameras.makers import camera_of
from firmware.vision.cameras.stream import StreamCamera
from firmware.vision.clock import now_ns
from firmware.vision.errors import CameraError
from firmware.vision.secret import with_password
from tests.vision.films import film, moving, still

STALL_S = 1.0  # of a stream that is given no more


def opened(source, **more) -> StreamCamera:
    camera = StreamCamera(str(source), paced=True, **more)
    camera.open()
    return camera


def read(camera: StreamCamera, count: int) -> list:
    """So many frames; what is none is passed over, and bounded."""
    found = []
    for _ in range(20 * count):
        frame = camera.next()
        if frame is not None:
            found.append(frame)
        if len(found) == count:
            return found
    raise AssertionError(f"{len(found)} frames only")


def film_with_times(path, times):
    """A picture for each of these times, which count at 25 a second and may jump; each is whole by itself."""
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=25)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuvj420p"
        for picture, time in zip(moving(len(times)), times, strict=True):
            for packet in stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")):
                packet.pts = packet.dts = time
                container.mux(packet)
    return path


def test_a_recording_plays_at_its_speed_and_begins_again(tmp_path):
    camera = opened(film(tmp_path / "lane.mp4", moving(10)))
    try:
        frames = read(camera, 25)
    finally:
        camera.close()
    assert frames[0].size == (320, 180)
    first = frames[0].picture()
    assert abs(int(first[80, 20, 0]) - 220) < 12  # the square
    assert abs(int(first[20, 20, 0]) - 90) < 12
    coarse = frames[0].coarse(4)
    assert coarse.shape == (45, 80)
    assert abs(int(coarse[20, 5]) - 220) < 25
    lasted_s = (frames[9].at_ns - frames[0].at_ns) / 1e9
    assert lasted_s >= 0.34  # nine pauses of 40 ms
    assert [frame.at_ns for frame in frames] == sorted(frame.at_ns for frame in frames)


def refused(path, else_said="", count=1) -> str:
    """Why a film is not taken; `else_said`, where so many of its frames are."""
    camera = StreamCamera(str(path), paced=True)
    try:
        camera.open()
        for frame in read(camera, count):
            frame.picture()
    except CameraError as error:
        return str(error)
    finally:
        camera.close()
    return else_said


def lost(camera) -> str:
    """Read until it is."""
    try:
        for _ in range(500):
            camera.next()
    except CameraError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_a_truncated_recording_is_a_clear_error_or_what_is_left_of_it(tmp_path, share):
    whole = film(tmp_path / "lane.mkv", moving(40))
    content = whole.read_bytes()
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(content[: int(share * len(content))])
    camera = opened(cut)
    try:
        assert read(camera, 5)
    finally:
        camera.close()


@pytest.mark.parametrize(
    "content",
    [b"", b"\x00" * 5_000, b"GIF89a" + b"\x01" * 50, bytes(range(256)) * 50],
    ids=["empty", "zeros", "gif", "bytes"],
)
def test_what_is_no_film_is_a_clear_error(tmp_path, content):
    path = tmp_path / "lane.mp4"
    path.write_bytes(content)
    assert "lane.mp4" in refused(path)


def test_a_film_with_turned_bytes_is_counted_or_an_error_and_never_more(tmp_path):
    content = bytearray(film(tmp_path / "lane.mkv", moving(60)).read_bytes())
    chance = np.random.default_rng(7)
    for place in chance.integers(600, len(content), 200):
        content[place] ^= 0xFF
    spoilt = tmp_path / "spoilt.mkv"
    spoilt.write_bytes(content)
    assert "spoilt.mkv" in refused(spoilt, "spoilt.mkv is well enough", 60)


def test_a_size_that_changes_in_mid_stream_is_counted(tmp_path):
    both = tmp_path / "lane.mjpeg"
    first = film(tmp_path / "first.mjpeg", moving(5), codec="mjpeg")
    then = film(tmp_path / "then.mjpeg", moving(5, 640, 360), codec="mjpeg")
    both.write_bytes(first.read_bytes() + then.read_bytes())
    camera = opened(both)
    try:
        sizes = [frame.size for frame in read(camera, 9)]
    finally:
        camera.close()
    assert set(sizes) == {(320, 180), (640, 360)}
    assert camera.counts["resized"] == 1


def test_a_hole_in_the_streams_time_is_counted_and_not_waited_through(tmp_path):
    # 24 seconds are missing
    camera = opened(film_with_times(tmp_path / "lane.mkv", [*range(6), *range(606, 612)]))
    began_ns = now_ns()
    try:
        read(camera, 11)
    finally:
        camera.close()
    assert camera.counts["jumps"] == 1
    assert now_ns() - began_ns < 10e9


def test_a_stream_over_rtsp_is_read_and_its_stall_and_its_end_are_noticed():
    """The other end pushes to us, as there is no server here: the protocol and its packets are the same."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    address = f"rtsp://127.0.0.1:{port}/lane"
    listening = {"rtsp_flags": "listen", "listen_timeout": "30"}
    camera = StreamCamera(
        address, paced=False, shown="the camera of gate", open_s_max=30, next_s_max=STALL_S, options=listening
    )
    pushing = subprocess.Popen([sys.executable, "-m", "tests.vision.films", address, "4000"], stderr=subprocess.DEVNULL)
    try:
        camera.open()
        frames = read(camera, 20)
        assert frames[-1].size == (320, 180)
        assert abs(int(frames[-1].picture()[10, 10, 0]) - 90) < 12
        pushing.send_signal(signal.SIGSTOP)
        began_ns = now_ns()
        assert "the camera of gate" in lost(camera)
        assert STALL_S * 1e9 / 2 < now_ns() - began_ns < NEXT_S_MAX * 1e9
    finally:
        camera.close()
        pushing.kill()
        pushing.wait()


def test_a_camera_that_is_unplugged_while_it_is_read_is_lost_at_once():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    address = f"rtsp://127.0.0.1:{port}/lane"
    listening = {"rtsp_flags": "listen", "listen_timeout": "30"}
    camera = StreamCamera(address, paced=False, shown="the camera of gate", open_s_max=30, options=listening)
    pushing = subprocess.Popen([sys.executable, "-m", "tests.vision.films", address, "4000"], stderr=subprocess.DEVNULL)
    try:
        camera.open()
        read(camera, 3)
        pushing.kill()
        assert "the camera of gate" in lost(camera)
    finally:
        camera.close()
        pushing.kill()
        pushing.wait()


@pytest.mark.parametrize("way", ["forwards", "backwards"])
def test_a_live_stream_whose_time_jumps_is_counted_and_read_on(tmp_path, way):
    """Frames are stamped when they come, so that no sighting is from tomorrow."""
    if way == "forwards":
        path = film_with_times(tmp_path / "lane.mkv", [*range(6), *range(606, 612)])
    else:  # its time begins again
        path = film(tmp_path / "lane.ts", moving(12), codec="mpeg2video")
        path.write_bytes(2 * path.read_bytes())
    camera = StreamCamera(str(path), paced=False, options={"protocol_whitelist": "file"})
    camera.open()
    began_ns = now_ns()
    try:
        stamps = [frame.at_ns for frame in read(camera, 11 if way == "forwards" else 20)]
    finally:
        camera.close()
    assert camera.counts["jumps"] >= 1
    assert began_ns <= min(stamps)
    assert max(stamps) <= now_ns()


@pytest.mark.parametrize("size", [(16, 16), (4_200, 32)])
def test_pictures_too_small_or_too_large_are_refused(tmp_path, size):
    width, height = size
    pictures = (np.zeros((height, width, 3), np.uint8) for _ in range(3))
    path = film(tmp_path / "lane.mkv", pictures)
    with pytest.raises(CameraError, match=f"{width} x {height} are not taken; 32 to 4096"):
        opened(path)  # before one is decoded


def test_a_picture_that_grows_too_large_in_mid_stream_is_never_decoded(tmp_path):
    """Sixty million pixels would take 240 MB, more than all of the process may."""
    small = film(tmp_path / "small.mjpeg", moving(5), codec="mjpeg").read_bytes()
    buffer = io.BytesIO()
    Image.new("L", (10_000, 6_000), 90).save(buffer, "JPEG", quality=10)
    path = tmp_path / "lane.mjpeg"
    path.write_bytes(small + buffer.getvalue() + small)
    before = forget_peak()
    camera = opened(path)
    try:
        sizes = {frame.size for frame in read(camera, 9)}
    finally:
        camera.close()
    assert sizes == {(320, 180)}
    assert camera.counts["corrupt"] >= 1
    assert status_kb("VmHWM") - before < 50_000  # kB


def test_a_film_without_a_picture_is_a_clear_error(tmp_path):
    import av

    path = tmp_path / "sound.wav"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8_000, layout="mono")
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        sound.rate = 8_000
        for packet in stream.encode(sound):
            container.mux(packet)
    with pytest.raises(CameraError, match="no picture"):
        opened(path)


def test_a_camera_that_accepts_and_says_nothing_is_given_up_in_time():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        taken: list[socket.socket] = []
        thread = threading.Thread(target=lambda: taken.append(server.accept()[0]), daemon=True)
        thread.start()
        camera = StreamCamera(f"rtsp://127.0.0.1:{port}/x", paced=False, shown="the camera of gate", open_s_max=1.0)
        began_ns = now_ns()
        with pytest.raises(CameraError, match="the camera of gate"):
            camera.open()
        assert now_ns() - began_ns < 8e9
        camera.close()
        thread.join(5)
        for each in taken:
            each.close()


def test_nobody_at_the_address_is_a_clear_error_without_the_password(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("hunter2\n")
    secret.chmod(0o600)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    order = CameraOrder(
        "gate", f"rtsp://watch@127.0.0.1:{port}/x", 10, (1280, 720), (), (), ("plate",), 2, True, str(secret)
    )
    camera = camera_of(order)
    with pytest.raises(CameraError) as caught:
        camera.open()
    assert "hunter2" not in str(caught.value)
    assert "gate" in str(caught.value)


def test_a_password_comes_from_a_file_that_nobody_else_may_read(tmp_path):
    secret = tmp_path / "secret"
    with pytest.raises(CameraError, match="password"):
        with_password("rtsp://a@h/x", str(secret))
    secret.write_text("p:w/@ä\n")
    secret.chmod(0o644)
    with pytest.raises(CameraError, match="0600"):
        with_password("rtsp://a@h/x", str(secret))
    secret.chmod(0o600)
    assert with_password("rtsp://a@h/x", str(secret)) == "rtsp://a:p%3Aw%2F%40%C3%A4@h/x"
    assert with_password("rtsp://h/x", "") == "rtsp://h/x"


def test_only_streams_and_files_are_opened(tmp_path):
    """A recording that names another place is not followed: a playlist would reach any address of the network."""
    playlist = tmp_path / "lane.m3u8"
    playlist.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:9,\nhttp://127.0.0.1:9/x.ts\n#EXT-X-ENDLIST\n")
    assert "lane.m3u8" in refused(playlist)


def test_a_black_film_gives_black_pictures(tmp_path):
    camera = opened(film(tmp_path / "black.mp4", still(3, shade=0)))
    assert camera.next().picture().max() < 16
    camera.close()
