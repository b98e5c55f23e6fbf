"""What a person reads and sees of a barrier and its lane, in one language: words, and plain parts for the drawing.

A position is drawn at an end only where that end is proven. While nothing is told by the controller, nothing is drawn
as known: neither lights nor loops.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import msgspec

from firmware.core.codes import Code, Reason
from firmware.core.view import LaneView, Mode, PortalView, Position, SpotView
from firmware.network.words import Words

DIRECTIONS = ("in", "out")
SERVED = (*DIRECTIONS, "both")  # both: it stands open for everybody
MOVERS = ("bollard", "boom", "sliding_gate", "swing_gate")
SPOTS = ("entry", "safety", "exit", "photocell", "edge_closing", "edge_opening")
OTHER = "other"  # of a controller newer than this process: not drawn, but said
TRAVEL_MS_MAX = 60_000  # of the drawing: a longer one would look as if it stood
# What bars all powered motion, or wants a person at once: drawn as a stop sign.
_STOPS = frozenset({"stop", "isolated", "fault"})
_GRAVE = _STOPS | {"fire", "fire_key", "emergency", "obstructed"}
# These hold as long as they are meant to: nothing is wrong with the barrier.
_ORDINARY = frozenset({"hold_to_run", "lockdown"})

# An alarm that says what a bar says, too: the bar is enough.
_SAID_BY_BAR = {
    Code.STOP_PRESSED: "stop",
    Code.ISOLATED: "isolated",
    Code.FAULT: "fault",
    Code.BARRIER_BETWEEN: "between",
    Code.FIRE_KEY: "fire_key",
    Code.EMERGENCY_CLOSE: "emergency",
    Code.ON_BATTERY: "on_battery",
    Code.OBSTRUCTED_AGAIN: "obstructed",
    Code.LANE_DOUBTED: "doubt",
}

# What the details of events are words of: a direction, then perhaps a speed; or a word, then perhaps a device.
_WITH_WAY = frozenset(
    {
        *(Code.TAKEN, Code.NOT_TAKEN, Code.TURNED_BACK, Code.TAILGATE, Code.WRONG_WAY, Code.OVERSPEED),
        *(Code.PASSED_UNASKED, Code.LANE_DOUBTED, Code.LANE_CONFIRMED),
    }
)
_DETAILS: dict[str, tuple[str, ...]] = {
    Code.HELD_TO_RUN: ("detail",),
    Code.TRAVEL_SLOW: ("detail",),
    Code.TRAVEL_SLOWER: ("detail",),
    Code.EMERGENCY_CLOSE: ("detail",),
    Code.STOP_PRESSED: ("trouble",),
    Code.ISOLATED: ("trouble",),
    Code.SENSOR_FAULT: ("trouble", "detail"),
    Code.BARRIER_HALTED: ("detail", "bar"),
    Code.OBSTRUCTED: ("detail", "bar"),
    Code.OBSTRUCTED_AGAIN: ("detail", "bar"),
    Code.FAULT: ("detail",),
}


class Spot(msgspec.Struct, frozen=True):
    """One loop, beam or edge of the drawing. `state` is clear, active or unknown; `trouble` is yes or no."""

    id: str
    what: str
    state: str
    trouble: str


class Sign(msgspec.Struct, frozen=True):
    """Something that holds the barrier. `kind` is a word of the style sheet: grave, hold or warning."""

    kind: str
    text: str


class LaneCard(msgspec.Struct, frozen=True):
    """The lane's part of a card. Directions are in and out; lamps are none, unknown, dark, red or green."""

    mover: str
    label: str  # what the drawing says, for whoever does not see it
    travel_ms: int
    lamp_in: str
    lamp_out: str
    warning: str  # yes, no
    serving: str
    waiting_in: str  # "" for nobody
    waiting_out: str
    stopped: str  # yes, no
    spots: tuple[Spot, ...]
    signs: tuple[Sign, ...]
    against: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]


class LaneSpeaker:
    """Puts a lane into one language. `reason` gives the text of a Reason of the core."""

    def __init__(self, words: Words, reason: Callable[[str], str]) -> None:
        self._words = words
        self._reason_text = reason

    def card(self, portal: PortalView, position_text: str, alarms: Sequence[Sign], told: bool) -> LaneCard:
        """The lane of a barrier; a controller that has not said what moves there gets a plain drawing.

        `alarms` stand with what holds the barrier.
        """
        lane = portal.lane or LaneView(mover="")
        facts = tuple(self._facts(lane)) if told else ()
        signs = tuple(dict.fromkeys([*self._bars(lane), *alarms])) if told else ()
        waiting = {way: str(count) for way, count in lane.waiting.items() if count > 0} if told else {}
        against = lane.against if told and portal.position is not Position.CLOSED else ()
        return LaneCard(
            mover=lane.mover if lane.mover in MOVERS else OTHER,
            label=self._label(lane, position_text, signs, facts),
            travel_ms=min(max(lane.travel_ms or 0, 0), TRAVEL_MS_MAX),
            lamp_in=_lamp(lane, "in", told),
            lamp_out=_lamp(lane, "out", told),
            warning="yes" if told and lane.warning else "no",
            serving=lane.serving if told and lane.serving in SERVED else "",
            waiting_in=waiting.get("in", ""),
            waiting_out=waiting.get("out", ""),
            stopped="yes" if told and not _STOPS.isdisjoint(lane.bars) else "no",
            spots=tuple(_spot(spot, told) for spot in lane.spots),
            signs=signs,
            against=tuple(dict.fromkeys(self.against(each, lane.spots) for each in against)),
            facts=facts,
        )

    def kind(self, lane: LaneView | None) -> str:
        """What stands there, as people call it."""
        return self._words(lane.mover if lane is not None and lane.mover in MOVERS else "barrier")

    def mode(self, mode: Mode) -> str | None:
        """What was commanded, of something that lets vehicles through; None where a door's word is right."""
        return self._known(f"lane_mode_{mode.value}")

    def position(self, lane: LaneView | None, position: Position) -> str | None:
        """Where it stands, as people call it for a bollard or a boom; None where the plain word is right."""
        return self._known(f"{lane.mover}_{position.value}") if lane is not None and lane.mover in MOVERS else None

    def against(self, against: str, spots: tuple[SpotView, ...] = ()) -> str:
        """Why it does not close, or was halted: "reason" or "reason:device"; an unknown one as it stands."""
        reason, _, device = against.partition(":")
        spot = next((spot for spot in spots if spot.id == device), None)
        name = self._name(spot) if spot is not None else device
        if reason == "active" and spot is not None:
            return self._words("lane_device", device=name, state=self._active(spot.what))
        text = self._known(f"against_{reason}") or self._known(f"bar_{reason}")
        if device:
            text = self._known(f"against_{reason}_by") or text
            return self._words("lane_device", device=name, state=text or self._reason(reason))
        return self._reason(reason) if text is None else text[:1].upper() + text[1:]

    def detail(self, code: str, detail: str) -> str:
        """The detail of an event of a lane; what is no word of the core stays as it is."""
        head, mark, rest = detail.partition(" " if code in _WITH_WAY else ": ")
        word = head.replace(" ", "_")
        kinds = ("way",) if code in _WITH_WAY else _DETAILS.get(code, ())
        text = next((text for kind in kinds if (text := self._known(f"{kind}_{word}"))), None)
        if text is None:
            return detail
        if not mark:
            return text
        return f"{text} {rest}" if code in _WITH_WAY else self._words("lane_device", device=text, state=rest)

    # -- parts --------------------------------------------------------------------------------------------------------

    def _bars(self, lane: LaneView) -> Iterator[Sign]:
        words = self._words
        if lane.warning:
            yield Sign("warning", words("lane_warning"))
        for bar in lane.bars:
            yield Sign("grave" if bar in _GRAVE else "hold", self._known(f"bar_{bar}") or bar)

    def _facts(self, lane: LaneView) -> Iterator[tuple[str, str]]:
        """What the drawing shows, in words."""
        words = self._words
        ways = [way for way in DIRECTIONS if way in lane.lights]
        if ways:
            lamps = [
                words("lane_lamp", way=words(f"way_{way}"), lamp=words(f"lamp_{lane.lights[way].value}"))
                for way in ways
            ]
            yield words("lane_lights"), words("lane_and").join(lamps)
        if lane.serving:
            yield words("lane_serving"), self._known(f"way_{lane.serving}") or lane.serving
        waiting = [
            words("lane_queue", way=words(f"way_{way}"), count=lane.waiting[way])
            for way in DIRECTIONS
            if lane.waiting.get(way, 0) > 0
        ]
        if waiting:
            yield words("lane_waiting"), words("lane_and").join(waiting)
        if lane.spots:
            busy = [self._spot_text(spot) for spot in lane.spots if spot.active or spot.trouble]
            yield words("lane_spots"), "\n".join(busy) if busy else words("lane_all_clear")
        if lane.cycles > 0:
            yield words("lane_cycles"), f"{lane.cycles:,}"

    def _label(
        self, lane: LaneView, position_text: str, signs: tuple[Sign, ...], facts: tuple[tuple[str, str], ...]
    ) -> str:
        words = self._words
        parts = [words("lane_fact", label=self.kind(lane), text=position_text)]
        parts += [sign.text for sign in signs]
        parts += [words("lane_fact", label=label, text=text.replace("\n", words("lane_and"))) for label, text in facts]
        return words("lane_stop").join(parts)

    def _reason(self, reason: str) -> str:
        return self._reason_text(reason) if reason in frozenset(Reason) else reason

    def _spot_text(self, spot: SpotView) -> str:
        """Its name, and what is the matter: a device in trouble is not believed, whatever it says."""
        trouble = (self._known(f"trouble_{spot.trouble}") or spot.trouble) if spot.trouble else self._active(spot.what)
        return self._words("lane_device", device=self._name(spot), state=trouble)

    def _name(self, spot: SpotView) -> str:
        what = self._known(f"spot_{spot.what}")
        return self._words("lane_spot", what=what, id=spot.id) if what is not None else spot.id

    def _active(self, what: str) -> str:
        return self._known(f"active_{what}") or self._words("active_other")

    def _known(self, key: str) -> str | None:
        return self._words(key) if self._words.has(key) else None


def said_by_bar(portal: PortalView, code: str) -> bool:
    """Whether what bars the lane says as much as this alarm."""
    return portal.lane is not None and any(
        alarm == code and bar in portal.lane.bars for alarm, bar in _SAID_BY_BAR.items()
    )


def said_by_signs(portal: PortalView) -> frozenset[str]:
    """Reasons that what bars the lane says, too, and better."""
    bars = frozenset() if portal.lane is None else frozenset(portal.lane.bars)
    return bars | {Reason.BARRED.value} if bars else bars


def attention(portal: PortalView) -> bool:
    """Whether somebody should look at this barrier, although it has told no alarm."""
    if portal.position in (Position.UNKNOWN, Position.FAULT):
        return True
    lane = portal.lane
    return lane is not None and (
        any(spot.trouble for spot in lane.spots) or any(bar not in _ORDINARY for bar in lane.bars)
    )


def _lamp(lane: LaneView, way: str, told: bool) -> str:
    if way not in lane.lights:
        return "none"
    return lane.lights[way].value if told else "unknown"


def _spot(spot: SpotView, told: bool) -> Spot:
    what = spot.what if spot.what in SPOTS else OTHER
    if not told:
        return Spot(spot.id, what, "unknown", "no")
    return Spot(spot.id, what, "active" if spot.active else "clear", "yes" if spot.trouble else "no")
