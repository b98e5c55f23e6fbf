"""What a person reads on the page of each camera: whether it sees, how much of it is looked at, and what went wrong.

The counters are those of the health message (drivers/camera.py); a device that has them is a camera.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from firmware.messages import Health
from firmware.network.words import Words

RATE = "vision_frames_per_s"
LATENCY_STEP_MS = 10  # coarser than it is known: the page is sent again only when it changes
# What happens to a stream, each as often as it has happened since the vision process began.
MISHAPS = ("losses", "dark", "resized", "jumps", "corrupt", "failures")


def rows(words: Words, health: Health) -> Iterator[tuple[str, str]]:
    """(its name, what is to be said of it) of each camera."""
    for device, counters in sorted(health.counters.items()):
        if RATE in counters:
            sees = health.drivers.get(device) == "running"
            yield words("camera", camera=device), _said(words, counters, sees)


def _said(words: Words, counters: Mapping[str, int], sees: bool) -> str:
    said = [words("camera_rate", rate=counters[RATE]) if sees else words("camera_blind")]
    looked_at, dropped = counters.get("vision_looked_at", 0), counters.get("vision_dropped", 0)
    if looked_at:
        said.append(words("camera_dropped", dropped=dropped, percent=round(100 * dropped / (looked_at + dropped))))
        now_ms, most_ms = (_rounded(counters.get(f"vision_latency_ms{end}", 0)) for end in ("", "_max"))
        said.append(words("camera_latency", ms=now_ms, most=most_ms))
    happened = ((name, counters.get(f"vision_{name}", 0)) for name in MISHAPS)
    said += [words(f"camera_{name}", count=count) for name, count in happened if count]
    return words("list_separator").join(said)


def _rounded(ms: int) -> int:
    return -(-ms // LATENCY_STEP_MS) * LATENCY_STEP_MS
