"""A real face is enrolled at the page: camera, vision process, worker with its models, controller, page. In real time.

The pictures are public test stills beside the project, played as a film; a machine without them, or without the models,
skips and says so. As in tests/faces/test_live_face.py.
"""

from __future__ import annotations

import asyncio

import numpy as np
import pytest
from PIL import Image

from firmware.bench.gate import running_gate
from firmware.controller.vision_socket import VisionSocket
from firmware.local_socket import listening_socket
from firmware.vision.cameras.makers import camera_of
from firmware.vision.evidence import Evidence
from firmware.vision.eyes import Eyes
from firmware.vision.plate_follower import follower_of
from models.faces import pipeline
from tests.camera_view.rig import Paged, serve_page
from tests.camera_view.test_faces_at_the_page import CAMERA, HOLDER, form, until_over
from tests.faces.people import site_with_faces, with_face_camera
from tests.faces.test_live_face import ENROLLED, PICTURES, RATE, SIDE, _without_the_lane_camera
from tests.models.weights import demand
from tests.vision.films import film

SECONDS = 1  # of each still


@pytest.fixture
def pictures():
    demand(*pipeline.NAMES)
    if not ENROLLED[0].is_file():
        pytest.skip(f"{PICTURES} is not here: pictures come beside the project, in ../shared/data")


def turning(path):
    """One person after another still, each for a second, as if the head were turned."""
    frames = []
    for picture in ENROLLED:
        still = Image.open(picture).convert("RGB")
        still.thumbnail((SIDE, SIDE))
        square = Image.new("RGB", (SIDE, SIDE), (96, 96, 96))
        square.paste(still, ((SIDE - still.width) // 2, (SIDE - still.height) // 2))
        frames += [np.asarray(square)] * (SECONDS * RATE)
    return film(path, frames, RATE, "mjpeg")


def test_a_person_before_the_camera_is_enrolled_and_nobody_is_looked_at_before_or_after(tmp_path, pictures):
    site = with_face_camera(site_with_faces(tmp_path / "site"))
    source = turning(tmp_path / "seen.avi")
    text = site.read_text().replace("rtsp://camera.invalid/front", f"file:{source}")
    site.write_text(_without_the_lane_camera(text))

    async def run():
        state = tmp_path / "state"
        state.mkdir(mode=0o700)
        async with running_gate(state, site, looks=False) as gate:
            rig = Paged(tmp_path, gate)
            socket = VisionSocket("site", gate.sights)
            await socket.start(listening_socket(tmp_path / "vision.sock"))
            await gate.controller.role_socket.start(listening_socket(tmp_path / "network.sock"))
            eyes = Eyes(tmp_path / "vision.sock", camera_of, follower_of, Evidence(None))
            looking = asyncio.create_task(eyes.run())
            try:
                await serve_page(rig, site)
                driver = gate.controller._board.drivers[CAMERA]
                await rig.until(driver.proven)
                before = driver.counters().get("vision_looked_at", 0)
                manager = await rig.person().log_in("manager")
                assert (await manager.post("/faces/enrol", form())).status == 303
                end = await until_over(manager)
                await rig.until(lambda: driver.counters().get("vision_face_enrolled", 0) >= 3)
                one = gate.controller.faces.of_holder(HOLDER)
                looked = driver.counters()["vision_looked_at"]
                await gate.pass_time(1.5)
                return before, end, one, driver.counters()["vision_looked_at"] - looked
            finally:
                await rig.close()
                looking.cancel()
                await asyncio.gather(looking, return_exceptions=True)
                await socket.stop()

    before, end, one, after = asyncio.run(run())
    assert before == 0
    assert end["state"] == "done", end
    assert len(one.templates) == 3
    assert after <= 1
