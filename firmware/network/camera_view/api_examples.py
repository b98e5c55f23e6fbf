"""An example of each body and answer of cameras and faces, as the OpenAPI document has them."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from firmware.faces.receipt import Receipt, Signed
from firmware.network.camera_view import api, face_api
from firmware.network.route import API

_LEFT_AT = datetime(2026, 11, 27, 3, 25, 0, tzinfo=UTC)
_VIEWING = api.ViewingShown(
    id="5216554d880d93431e4d31f0",
    cameras=("lane_camera",),
    purpose="A vehicle stands in the lane: a lorry with open doors",
    shift=False,
    incident=True,
    until=_LEFT_AT,
    seconds_left=900,
    left_text="15 min left, until 2026-11-27 11:25:00.",
)
VIEWING_EXAMPLES: tuple[msgspec.Struct, ...] = (
    api.Cameras(
        True,
        1,
        (api.CameraShown("lane_camera", "lane_camera, at North lane", "north_lane", False, _LEFT_AT),),
        api.ShiftShown("Watching the entrance during my shift", _LEFT_AT, 900),
    ),
    api.ViewingsShown((_VIEWING,)),
    api.ViewingAsked(("lane_camera",), "vehicle", "a lorry with open doors", 900),
    _VIEWING,
    api.NewestShown(
        camera="lane_camera",
        state="live",
        state_text="Live",
        advice="",
        number="81234567890123",
        picture=f"{API}/viewings/5216554d880d93431e4d31f0/picture?camera=lane_camera&number=81234567890123",
        picture_text="Picture of camera lane_camera, Taken 2026-11-27 11:10:00, 0.2 s ago. 1: vehicle, car",
        taken=datetime(2026, 11, 27, 3, 10, 0, tzinfo=UTC),
        taken_text="Taken 2026-11-27 11:10:00, 0.2 s ago.",
        width=960,
        height=540,
        boxes=(api.BoxShown(1, "vehicle", "car", "", 0.2, 0.3, 0.6, 0.9, "1: vehicle, car"),),
        seconds_left=899,
        left_text="14 min left, until 2026-11-27 11:25:00.",
    ),
)

_GIVEN, _UNTIL = datetime(2026, 11, 27, 3, 10, 0, tzinfo=UTC), datetime(2027, 11, 27, 3, 10, 0, tzinfo=UTC)
_RECEIPT = Receipt(
    controller="north_gate",
    public_key="00" * 32,
    holder="h1",
    face="face-h1",
    given_by="Ann Example",
    consent_version="1",
    given_s=1_795_748_999,
    wiped_s=1_795_749_000,
    templates=3,
    why="expired",
    revision=7,
)
FACE_EXAMPLES: tuple[msgspec.Struct, ...] = (
    face_api.FacesShown(
        True,
        "",
        ("front_camera",),
        1,
        (face_api.FaceConsented("h1", "Ann Example", _GIVEN, "Li Na", "", _UNTIL, 3, False),),
        None,
    ),
    face_api.FaceAsked("h1", "Ann Example", "front_camera", "en", "yes"),
    face_api.EnrollingShown(
        "h1", "looking", "Turn the head a little to your left", "1 of 3 angles taken", (), "", False, 1, 3
    ),
    face_api.FaceEnding("moves away"),
    face_api.ReceiptsShown(
        1,
        (face_api.ReceiptShown("0" * 24, "h1", "Ann Example", _GIVEN, _UNTIL, "expired", "the consent was over"),),
        None,
    ),
    Signed(_RECEIPT, "11" * 64),
)
