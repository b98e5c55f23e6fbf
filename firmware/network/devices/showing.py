"""What a person reads of devices, in one language: rows of wires, grouped by portal or by board, and their counters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from firmware.messages import Health, Wire, WirePortal
from firmware.network.view import Speaker

BY_PORTAL, BY_BOARD = "portal", "board"
GROUPINGS = (BY_PORTAL, BY_BOARD)
TROUBLES = ("lost", "failed", "noise", "fault", "open", "short")
COUNTERS_MAX = 24  # of one device
# Counters that tell of something wrong; of the others nobody needs to do anything.
GRAVE = frozenset(
    {
        *("restarts", "lost_edges", "faults", "overflows", "chatter", "noise", "timeouts", "late_edges"),
        *("repaired_edges", "bad_frames", "crc_errors", "exceptions", "dropped", "glitches"),
    }
)


class WireRow(msgspec.Struct, frozen=True):
    """One line. `state` is a word of the style sheet: ok, on, trouble, quiet."""

    id: str
    what: str
    use: str
    lines: str
    level: str
    state: str
    since: str
    why: str
    counters: str
    search: str  # in small letters, for the filter


class Group(msgspec.Struct, frozen=True):
    id: str
    title: str
    rows: tuple[WireRow, ...]
    portal: str = ""  # where it is one
    out_of_service: bool = False


class Chosen(msgspec.Struct, frozen=True):
    """How the list is shown."""

    by: str = BY_PORTAL
    text: str = ""
    only: str = ""  # trouble: only what has something wrong


class WireSpeaker:
    """One language's words for wires, with the site's names."""

    def __init__(self, speaker: Speaker) -> None:
        self.words = speaker.words
        self._speaker = speaker

    def groups(
        self, wires: Iterable[Wire], portals: Sequence[WirePortal], health: Health | None, chosen: Chosen
    ) -> tuple[Group, ...]:
        """All that is to be shown, in the order of the site file."""
        counters = {} if health is None else health.counters
        out = {portal.id: portal.out_of_service for portal in portals}
        order = [portal.id for portal in portals] if chosen.by == BY_PORTAL else []
        found: dict[str, list[WireRow]] = {name: [] for name in order}
        for wire in wires:
            row = self.row(wire, counters.get(wire.id, wire.counters))
            if self._wanted(row, chosen):
                key = wire.portal if chosen.by == BY_PORTAL else wire.board or f"kind:{wire.kind}"
                found.setdefault(key, []).append(row)
        return tuple(
            Group(
                name.replace(":", "-") or "site",
                self._title(name, chosen.by),
                tuple(rows),
                name if name in out else "",
                out.get(name, False),
            )
            for name, rows in found.items()
            if rows
        )

    def _wanted(self, row: WireRow, chosen: Chosen) -> bool:
        if chosen.only and row.state != "trouble":
            return False
        return all(word in row.search for word in chosen.text.lower().split())

    def _title(self, name: str, by: str) -> str:
        if by == BY_PORTAL:
            return self._speaker.place(name) if name else self.words("devices_no_portal")
        kind = name.removeprefix("kind:")
        return self.words("devices_board", board=name) if kind == name else self.kind(kind)

    def kind(self, kind: str) -> str:
        key = f"kind_{kind}"
        return self.words(key) if self.words.has(key) else kind

    def row(self, wire: Wire, counters: Mapping[str, int]) -> WireRow:
        words = self.words
        level = self._level(wire)
        trouble = wire.level in TROUBLES or any(counters.get(name) for name in ("restarts", "lost_edges", "faults"))
        state = "trouble" if wire.level in TROUBLES else "on" if wire.level in ("active", "on") else "ok"
        if state == "ok" and trouble:
            state = "trouble"
        if wire.level in ("unknown", "quiet"):
            state = "quiet" if state == "ok" else state
        since = "" if wire.since_ms is None else self._speaker.at(wire.since_ms)
        use = self.use(wire)
        lines = words("list_comma").join(wire.lines) if words.has("list_comma") else ", ".join(wire.lines)
        what = self.kind(wire.kind)
        text = " ".join((wire.id, what, wire.kind, use, lines, level, wire.board, wire.why)).lower()
        return WireRow(wire.id, what, use, lines, level, state, since, wire.why, self.counted(counters), text)

    def _level(self, wire: Wire) -> str:
        key = f"level_{wire.level}"
        said = self.words(key) if self.words.has(key) else wire.level
        if wire.value:
            said = self.words("level_value", value=wire.value)
        return self.words("level_tried", level=said) if wire.tried else said

    def use(self, wire: Wire) -> str:
        """What it is for, in words: of a lamp its direction, too."""
        if not wire.use:
            return self.words("use_nothing")
        first, _, rest = wire.use.partition(" ")
        key = f"use_{first}"
        said = self.words(key) if self.words.has(key) else first
        return f"{said} {self.words(f'device_way_{rest}')}" if rest in ("in", "out") else said

    def counted(self, counters: Mapping[str, int]) -> str:
        """Counters that are not zero: those that tell of trouble first."""
        names = sorted((name for name, count in counters.items() if count), key=lambda name: (name not in GRAVE, name))
        said = []
        for name in names[:COUNTERS_MAX]:
            key = f"count_{name}"
            text = self.words(key) if self.words.has(key) else name.replace("_", " ")
            said.append(f"{text} {counters[name]}")
        return ", ".join(said)
