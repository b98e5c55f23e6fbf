"""One camera's picture in words: what is seen in it, how old it is, and why there is none."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import urlencode

import msgspec

from firmware.network.route import API
from firmware.network.view import Speaker
from firmware.pictures import LIVE_MS, Box, Pictured, Seeing


class Shown(msgspec.Struct, frozen=True):
    """What a window puts in. `number` is the picture's, "" where there is none; `src` leads to it.

    `state` is a word for the looks; `said` what is to be known of it; `advice` what to do; `seen` each box.
    """

    camera: str
    state: str
    said: str
    advice: str
    number: str
    src: str
    alt: str
    taken: str
    seen: tuple[str, ...]
    width: int = 0
    height: int = 0


class Camera(NamedTuple):
    """Which one, in whose words, what time it was at a second of the loop, and in which viewing it is seen."""

    speaker: Speaker
    name: str
    utc_ms_at: Callable[[float], int | None]
    viewing: str


def shown(camera: Camera, told: Pictured | None, age_ms: int | None, now_s: float) -> Shown:
    """`told` is the vision process's last answer, None: it gave none; `age_ms` how old its picture is now."""
    words = camera.speaker.words
    if told is None:
        return _blind(camera, "none", words("picture_none"), "")
    fresh = bool(told.jpeg) and age_ms is not None and age_ms <= LIVE_MS
    if not fresh:
        return _unseen(camera, told, age_ms)
    assert age_ms is not None, "it is fresh"
    utc_ms = camera.utc_ms_at(now_s - age_ms / 1_000)
    seconds = f"{age_ms / 1_000:.1f}"
    taken = (
        words("picture_taken_ago", seconds=seconds)
        if utc_ms is None
        else words("picture_taken", time=camera.speaker.at(utc_ms), seconds=seconds)
    )
    seen = tuple(_box(camera, box) for box in told.boxes)
    summary = words("list_separator").join(seen) or words("picture_seen_nothing")
    return Shown(
        camera.name,
        told.seeing.value,
        words(f"picture_{told.seeing.value}"),
        "",
        str(told.at_ns),
        f"{API}/viewings/{camera.viewing}/picture?" + urlencode({"camera": camera.name, "number": told.at_ns}),
        words("picture_alt", camera=camera.name, taken=taken, seen=summary),
        taken,
        seen,
        *told.size,
    )


def _unseen(camera: Camera, told: Pictured, age_ms: int | None) -> Shown:
    """Why there is no picture, and how old the last one is."""
    words = camera.speaker.words
    state = told.seeing
    if state in (Seeing.LIVE, Seeing.DARK):
        return _blind(camera, "waiting", words("picture_waiting"), "", age_ms)
    said = words(f"picture_{state.value}", elapsed=words.elapsed(told.still_ms // 1_000))
    advice = words("picture_lost_next") if state is Seeing.LOST else ""
    return _blind(camera, state.value, said, advice, age_ms)


def _blind(camera: Camera, state: str, said: str, advice: str, age_ms: int | None = None) -> Shown:
    words = camera.speaker.words
    last = words("picture_never") if age_ms is None else words("picture_last", elapsed=words.elapsed(age_ms / 1_000))
    return Shown(camera.name, state, said, advice, "", "", "", "" if state == "none" else last, ())


def _box(camera: Camera, box: Box) -> str:
    words = camera.speaker.words
    if box.kind == "plate":
        if not box.text:
            return words("picture_plate", number=box.number)
        return words("picture_plate_is", number=box.number, text=box.text)
    label = f"picture_label_{box.label}"
    if not words.has(label):
        return words("picture_vehicle", number=box.number)
    return words("picture_vehicle_is", number=box.number, label=words(label))
