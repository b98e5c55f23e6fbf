"""Wires in words: the cells of the table, in a language and the site's time zone; and the same for programs."""

from __future__ import annotations

from datetime import tzinfo
from typing import NamedTuple

from firmware.config import escaped
from firmware.messages import Wire
from firmware.terminal import moment, reason
from firmware.texts import LANGUAGES, Texts, TextsError
from firmware.wire.client import Picture, WireError

BAD = ("lost", "failed", "open", "short", "fault")  # levels that want somebody to look
_DATE_AND_TIME = len("2026-11-26 14:03:05")


class Cells(NamedTuple):
    """One row, in words."""

    id: str
    use: str
    level: str
    changed: str
    counters: str


class Saying:
    """One language, one time zone."""

    def __init__(self, texts: Texts, zone: tzinfo) -> None:
        self.texts = texts
        self._zone = zone
        self.comma = "\N{FULLWIDTH COMMA}" if texts.language == LANGUAGES["zh"] else ", "

    def word(self, kind: str, word: str) -> str:
        """A word of the controller's; one that this release has no text for is shown as it is."""
        try:
            return self.texts.say(f"wire.{kind}.{word}")
        except TextsError:
            return escaped(word.replace("_", " "))

    def say(self, key: str, **values: object) -> str:
        return self.texts.say(f"wire.{key}", **values)

    def cells(self, wire: Wire) -> Cells:
        return Cells(wire.id, self.use(wire), self.level(wire), self.changed(wire), self.counters(wire))

    def use(self, wire: Wire) -> str:
        """What it is for: lock, contact, red light (in) ..."""
        if not wire.use:
            return self.word("role", wire.role)
        part, _, direction = wire.use.partition(" ")
        if not direction:
            return self.word("use", part)
        return self.say("way", what=self.word("use", part), way=self.word("direction", direction))

    def level(self, wire: Wire) -> str:
        if wire.value and wire.level == "measured":
            return self.say("celsius", value=escaped(wire.value, 12))
        level = self.word("level", wire.level)
        return self.say("held", level=level) if wire.tried else level

    def changed(self, wire: Wire) -> str:
        """Local date and time; how long ago where the time is not known; nothing where nothing was heard yet."""
        told = moment(wire.since_ms, self._zone)
        if told is not None:
            return told[:_DATE_AND_TIME]
        return "-" if wire.age_ms is None else self.say("ago", seconds=wire.age_ms // 1000)

    def counters(self, wire: Wire) -> str:
        """Those that have counted anything."""
        counted = [(name, count) for name, count in wire.counters.items() if count]
        return self.comma.join(f"{self.word('counter', name)} {count}" for name, count in counted)

    def reasons(self, reasons: tuple[str, ...]) -> str:
        return self.comma.join(reason(self.texts, code) for code in reasons)

    def error(self, error: WireError) -> str:
        return self.say(f"error.{error.key}", **error.values)

    def time(self, picture: Picture) -> str:
        """Local date, time and offset of the controller's clock."""
        return moment(picture.utc_ms, self._zone) or self.say("time_unknown")

    # -- for programs -------------------------------------------------------------------------------------------------

    def plain(self, picture: Picture, wires: list[Wire]) -> dict[str, object]:
        """Times twice, as UTC milliseconds and as people write them."""
        return {
            "ok": True,
            "site": picture.site,
            "utc_ms": picture.utc_ms,
            "time": moment(picture.utc_ms, self._zone),
            "portals": [
                {"portal": each.id, "kind": each.kind, "out_of_service": each.out_of_service}
                for each in picture.portals
            ],
            "wires": [self._plain_wire(wire) for wire in wires],
            "last_held": {"output": picture.ended, "reasons": list(picture.ended_by)} if picture.ended else None,
        }

    def _plain_wire(self, wire: Wire) -> dict[str, object]:
        return {
            "id": wire.id,
            "kind": wire.kind,
            "role": wire.role,
            "board": wire.board or None,
            "lines": list(wire.lines),
            "portal": wire.portal or None,
            "use": wire.use or None,
            "level": wire.level,
            "value": wire.value or None,
            "since_ms": wire.since_ms,
            "since": moment(wire.since_ms, self._zone),
            "age_ms": wire.age_ms,
            "why": wire.why or None,
            "counters": wire.counters,
            "held": wire.tried,
            "refused": list(wire.refused),
        }
