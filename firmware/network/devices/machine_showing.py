"""How the machine is, in words, with what a person should look at; and the bounds from which on one should."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import NamedTuple

from firmware.network.acts.act import Gate
from firmware.network.devices import figures
from firmware.network.devices.known import Known
from firmware.network.live import Live
from firmware.network.view import Speaker

HOT_C, DISK_PERCENT_MIN, MEMORY_PERCENT_MIN, WORN_PERCENT = 80, 10, 10, 90
UNCERTAIN_MS = 5_000
MIB = 1 << 20
# Counters of edges that came late, or were only found by reading: wires, noise, or a processor that was busy.
EDGES = ("lost_edges", "late_edges", "repaired_edges")


class Row(NamedTuple):
    """One figure. `word` names it for programs; `look`: a person should look at it."""

    word: str
    label: str
    text: str
    look: bool


class MachineSpeaker:
    """One language's words for the machine."""

    def __init__(self, speaker: Speaker, live: Live, known: Known, gate: Gate) -> None:
        self._speaker = speaker
        self._live = live
        self._known = known
        self._gate = gate
        self._now_s = asyncio.get_running_loop().time

    def board(self, found: figures.Figures) -> Iterator[Row]:
        words = self._speaker.words
        if found.celsius is not None:
            yield Row("celsius", words("machine_celsius"), f"{found.celsius:.0f} °C", found.celsius >= HOT_C)
        for name, states in (("now", found.throttled_now), ("before", found.throttled_before)):
            if states is not None:
                said = ", ".join(words(f"throttled_{state}") for state in states) or words("throttled_not")
                yield Row(f"throttled_{name}", words(f"machine_throttled_{name}"), said, bool(states))
        for name, free, size, least in (
            ("disk", found.disk_free_bytes, found.disk_bytes, DISK_PERCENT_MIN),
            ("memory", found.memory_free_bytes, found.memory_bytes, MEMORY_PERCENT_MIN),
        ):
            if free is not None and size:
                percent = 100 * free // size
                text = words("machine_free", free=free // MIB, size=size // MIB, percent=percent)
                yield Row(name, words(f"machine_{name}"), text, percent < least)
        if found.disk_worn_percent is not None:
            yield Row(
                "worn", words("machine_worn"), f"{found.disk_worn_percent} %", found.disk_worn_percent >= WORN_PERCENT
            )
        if found.load is not None:
            text = words("machine_load_of", load=f"{found.load:.2f}", cores=found.cores)
            yield Row("load", words("machine_load"), text, found.load > 2 * found.cores)
        if found.up_s is not None:
            yield Row("up", words("machine_up"), words.elapsed(found.up_s), False)
        if self._live.health is not None:
            yield Row(
                "controller_up",
                words("machine_controller_up"),
                words.elapsed(self._live.health.uptime_ms // 1000),
                False,
            )

    def clock(self, found: figures.Figures) -> Iterator[Row]:
        words = self._speaker.words
        utc_ms = self._live.utc_ms_at(self._now_s())
        yield Row(
            "time",
            words("machine_time"),
            words("machine_no_time") if utc_ms is None else self._speaker.at(utc_ms),
            utc_ms is None,
        )
        source = found.clock_source or "nobody"
        if found.clock_synchronised and found.clock_source is None:
            source = "other"
        yield Row("clock_source", words("machine_clock_source"), words(f"clock_{source}"), not found.clock_synchronised)
        if found.clock_uncertainty_ms is not None:
            text = words("machine_within", ms=f"{found.clock_uncertainty_ms:.0f}")
            yield Row("uncertainty", words("machine_uncertainty"), text, found.clock_uncertainty_ms > UNCERTAIN_MS)
        else:
            yield Row("uncertainty", words("machine_uncertainty"), words("machine_unknown"), True)
        yield Row(
            "battery_clock", words("machine_rtc"), words("machine_yes" if found.battery_clock else "machine_no"), False
        )

    def journal(self) -> Iterator[Row]:
        words, live = self._speaker.words, self._live
        if live.states is not None:
            failed = live.states.view.store_failed
            yield Row(
                "store",
                words("machine_store"),
                words("machine_store_fails" if failed else "machine_store_works"),
                failed,
            )
            yield Row("journal", words("journal"), f"{live.states.epoch}/{live.states.seq}", False)
        if live.health is not None:
            for key, count in (
                ("backlog", live.health.journal_backlog),
                ("lost_events", live.health.events_lost),
                ("dropped", live.health.inbox_dropped),
            ):
                yield Row(key, words(key), str(count), key != "backlog" and count > 0)
            for name in EDGES:
                told = {device: own[name] for device, own in live.health.counters.items() if own.get(name)}
                text = ", ".join(f"{device} {count}" for device, count in sorted(told.items())) or "0"
                yield Row(name, words(f"count_{name}"), text, name == "lost_edges" and bool(told))

    def wear(self) -> Iterator[Row]:
        """Counted over power cycles: barriers by the core, all else since it was first seen here."""
        words = self._speaker.words
        if self._live.states is not None:
            for portal in self._live.states.view.portals:
                if portal.lane is not None:
                    known = self._gate.portals.get(portal.id)
                    made_for = None if known is None else known.cycles_service
                    text = words("wear_cycles", count=portal.lane.cycles)
                    if made_for:
                        text = words("wear_cycles_of", count=portal.lane.cycles, most=made_for)
                    yield Row(
                        portal.id,
                        self._speaker.place(portal.id),
                        text,
                        bool(made_for and portal.lane.cycles >= made_for),
                    )
        for wire in self._known.wires.values():
            if wire.cycles and wire.role in ("output", "reader"):
                key = "wear_switched" if wire.role == "output" else "wear_read"
                yield Row(wire.id, wire.id, words(key, count=wire.cycles), False)

    def concerns(self, found: figures.Figures) -> tuple[Row, ...]:
        """What of all of it a person should look at."""
        rows = (*self.board(found), *self.clock(found), *self.journal(), *self.wear())
        return tuple(row for row in rows if row.look)
