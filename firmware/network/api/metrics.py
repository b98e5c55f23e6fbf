"""The figures of the controller for Prometheus: states, devices, journal, page. No names of people, no endless labels.

Labels are ids of the site file (portals, devices, cameras) and words of the core: as many as the site has. Events are
counted from the journal, from where it stood when this process began, each time somebody asks.
"""

from __future__ import annotations

import asyncio
import os
import resource
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from starlette.responses import Response

from firmware.core.codes import Code
from firmware.core.view import Mode, Position, SiteView
from firmware.journal import QueryTooLong, search
from firmware.messages import Health
from firmware.network.api.clients import ClientDesk
from firmware.network.api.metric_text import METRICS_TYPE, Metric, counter, gauge, text_of
from firmware.network.cameras import MISHAPS, RATE
from firmware.network.events import HIDDEN
from firmware.network.journal.desk import Expired, ReadingDesk
from firmware.network.journal.errors import PageError
from firmware.network.live import Live
from firmware.network.routes import Answering, Asked
from firmware.network.sessions import Sessions
from firmware.network.streams import Streams

LAG_EVERY_S = 1.0  # the loop's lag is looked at
LAG_KEPT = 60  # looks: so that the worst of a minute is seen by whoever asks once in it
ROWS_AT_ONCE = 1_000
BATCHES_MAX = 20  # of rows, at one question: what is left is counted at the next
THERMAL = Path("/sys/class/thermal")
MILLI = 1000

_OUTCOMES = {
    Code.GRANTED: "granted",
    Code.DENIED: "denied",
    Code.DENIED_SUM: "denied",
    Code.UNKNOWN_CREDENTIAL: "unknown",
}


class Metrics:
    """What answers /metrics. `run` looks at the loop's lag, until cancelled."""

    def __init__(
        self, live: Live, journal: ReadingDesk, streams: Streams, sessions: Sessions, clients: ClientDesk
    ) -> None:
        self._live = live
        self._journal = journal
        self._streams = streams
        self._sessions = sessions
        self._clients = clients
        self._now_s = asyncio.get_running_loop().time
        self._lags_s = [0.0] * LAG_KEPT
        self._events: Counter[Code] = Counter()
        self._cursor: tuple[int, int] | None = None
        self._counting = asyncio.Lock()
        live.watch(self._begin)

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        return {"metrics": self._metrics}

    async def run(self) -> None:
        place = 0
        while True:
            asleep_s = self._now_s()
            await asyncio.sleep(LAG_EVERY_S)
            self._lags_s[place] = max(0.0, self._now_s() - asleep_s - LAG_EVERY_S)
            place = (place + 1) % LAG_KEPT

    async def _metrics(self, _: Asked) -> Response:
        readable = await self._count()
        storage = await asyncio.to_thread(_board, self._path())
        families = [*self._of_controller(), *self._of_site(), *self._of_devices(), *self._of_page(), *storage]
        families += self._of_events(readable)
        return Response(text_of(families), media_type=METRICS_TYPE)

    # -- events -------------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        """From here on events are counted."""
        if self._cursor is None and self._live.states is not None:
            self._cursor = (self._live.states.epoch, self._live.states.seq)

    def _path(self) -> Path | None:
        return None if self._live.welcome is None else Path(self._live.welcome.journal)

    async def _count(self) -> bool:
        """Count what was committed since; whether the journal could be read. Others meanwhile get the last count."""
        if self._cursor is None or self._counting.locked():
            return self._cursor is not None
        async with self._counting:
            try:
                counted, self._cursor = await self._journal.query(self._read)
            except PageError:
                return False
            self._events.update(counted)
            return True

    def _read(self, path: Path, expired: Expired) -> tuple[Counter[Code], tuple[int, int]]:
        assert self._cursor is not None
        counted: Counter[Code] = Counter()
        cursor = self._cursor
        for _ in range(BATCHES_MAX):
            try:
                rows = search(path, after=cursor, oldest=True, limit=ROWS_AT_ONCE, expired=expired)
            except QueryTooLong:
                if cursor == self._cursor:
                    raise
                break  # or a slow card would never be through with what has gathered
            for row in rows:
                if row.event.code not in HIDDEN:
                    counted[row.event.code] += max(1, row.event.count)
                cursor = (row.epoch, row.seq)
            if len(rows) < ROWS_AT_ONCE:
                break
        return counted, cursor

    def _of_events(self, readable: bool) -> Iterator[Metric]:
        yield gauge("menshen_journal_readable", "Whether the page can read the journal.", readable)
        outcomes = dict.fromkeys(dict.fromkeys(_OUTCOMES.values()), 0)
        for code, outcome in _OUTCOMES.items():
            outcomes[outcome] += self._events[code]
        yield Metric(
            "menshen_swipes_total",
            "counter",
            "Credentials presented since this process began, by outcome.",
            tuple(({"outcome": outcome}, many) for outcome, many in outcomes.items()),
        )
        yield Metric(
            "menshen_events_total",
            "counter",
            "Events of the journal since this process began, by kind.",
            tuple(({"kind": code.value}, self._events[code]) for code in Code if code not in HIDDEN),
        )
        failed = self._events[Code.LOGIN_FAILED]
        yield counter("menshen_logins_failed_total", "Log-ins and tokens that failed.", failed)

    # -- the controller -----------------------------------------------------------------------------------------------

    def _of_controller(self) -> Iterator[Metric]:
        live, now_s = self._live, self._now_s()
        version = "" if live.welcome is None else live.welcome.version
        yield Metric("menshen_info", "gauge", "The controller's firmware.", (({"version": version}, 1),))
        yield gauge("menshen_controller_up", "Whether the controller answers.", live.answers(now_s))
        yield gauge("menshen_controller_silence_seconds", "Since it was heard last.", now_s - live.silent_since_s())
        if live.states is not None:
            seq, epoch = live.states.seq, live.states.epoch
            yield gauge("menshen_journal_row", "The newest committed row of the journal's epoch.", seq)
            yield gauge("menshen_journal_epoch", "How often the journal was begun anew.", epoch)
        health = live.health
        if health is None:
            return
        yield gauge("menshen_controller_uptime_seconds", "Since the controller began.", health.uptime_ms / MILLI)
        yield gauge("menshen_inbox_depth", "Facts that wait for the core.", health.inbox_depth)
        yield counter("menshen_inbox_dropped_total", "Facts that found no room.", health.inbox_dropped)
        yield gauge("menshen_journal_backlog_rows", "Rows that are not committed yet.", health.journal_backlog)
        yield counter("menshen_events_lost_total", "Events that could not be kept.", health.events_lost)

    def _of_site(self) -> Iterator[Metric]:
        site = SiteView() if self._live.states is None else self._live.states.view
        for name, told, value in (
            ("fire", "Whether a fire input is active.", site.fire),
            ("lockdown", "Whether a lockdown holds.", site.lockdown),
            ("evacuation", "Whether an evacuation holds.", site.evacuation),
            ("clock_known", "Whether the controller knows the time.", site.clock_known),
            ("store_failed", "Whether events cannot be kept.", site.store_failed),
            ("alarms", "Alarms of the site itself.", len([code for code in site.alarms if code != Code.DURESS])),
            ("unacknowledged", "Alarms of the site that nobody has seen.", len(site.unacknowledged)),
            ("readers_muted", "Readers that are muted for their noise.", len(site.readers_muted)),
        ):
            yield gauge(f"menshen_site_{name}", told, value)
        if site.roster_version is not None:
            yield gauge("menshen_roster_version", "The roster in service.", site.roster_version)
        portals = site.portals
        if not portals:
            return
        modes = (({"portal": each.id, "mode": mode.value}, each.mode is mode) for each in portals for mode in Mode)
        yield Metric("menshen_portal_mode", "gauge", "1 for what was commanded.", tuple(modes))
        places = (
            ({"portal": each.id, "position": place.value}, each.position is place)
            for each in portals
            for place in Position
        )
        yield Metric("menshen_portal_position", "gauge", "1 for what is proven.", tuple(places))
        alarms = (({"portal": each.id}, len([c for c in each.alarms if c != Code.DURESS])) for each in portals)
        yield Metric("menshen_portal_alarms", "gauge", "Alarms and faults of a portal.", tuple(alarms))
        unseen = (({"portal": each.id}, not each.acknowledged) for each in portals)
        yield Metric("menshen_portal_unacknowledged", "gauge", "Whether nobody has seen them.", tuple(unseen))
        cycles = tuple(({"portal": each.id}, each.lane.cycles) for each in portals if each.lane is not None)
        if cycles:
            yield Metric("menshen_barrier_cycles_total", "counter", "Cycles of a barrier.", cycles)

    def _of_devices(self) -> Iterator[Metric]:
        health = self._live.health
        if health is None or not health.drivers:
            return
        running = {name: state == "running" for name, state in sorted(health.drivers.items())}
        up = tuple(({"device": name}, well) for name, well in running.items())
        yield Metric("menshen_device_up", "gauge", "Whether a device answers.", up)
        yield gauge("menshen_devices_lost", "Devices that do not answer.", sum(not well for well in running.values()))
        yield from _cameras(health)

    # -- ourselves ----------------------------------------------------------------------------------------------------

    def _of_page(self) -> Iterator[Metric]:
        worst = max(self._lags_s)
        yield gauge("menshen_page_loop_lag_seconds", "How late the page's loop was at worst in a minute.", worst)
        yield gauge("menshen_page_streams", "Open windows and streams.", len(self._streams))
        yield gauge("menshen_page_sessions", "Sessions that are open.", len(self._sessions))
        yield gauge("menshen_page_clients", "Clients with a token.", len(self._clients.all()))
        yield counter("menshen_page_tokens_refused_total", "Wrong tokens.", self._clients.refused)
        used = resource.getrusage(resource.RUSAGE_SELF)
        yield counter("process_cpu_seconds_total", "User and system time of the page.", used.ru_utime + used.ru_stime)
        yield gauge("process_resident_memory_bytes", "Resident memory of the page.", _resident_bytes())


def _cameras(health: Health) -> Iterator[Metric]:
    cameras = {name: counts for name, counts in sorted(health.counters.items()) if RATE in counts}
    if not cameras:
        return

    def of(key: str, part: float = 1) -> tuple[tuple[dict[str, str], float], ...]:
        return tuple(({"camera": name}, counts.get(key, 0) / part) for name, counts in cameras.items())

    yield Metric("menshen_camera_frames_per_second", "gauge", "Pictures that arrive.", of(RATE))
    yield Metric("menshen_camera_looked_at_total", "counter", "Pictures looked at.", of("vision_looked_at"))
    yield Metric("menshen_camera_dropped_total", "counter", "Pictures nobody had time for.", of("vision_dropped"))
    latency, worst = of("vision_latency_ms", MILLI), of("vision_latency_ms_max", MILLI)
    yield Metric("menshen_camera_latency_seconds", "gauge", "From a picture to what is seen in it.", latency)
    yield Metric("menshen_camera_latency_worst_seconds", "gauge", "The same at worst.", worst)
    happened = (
        ({"camera": name, "what": what}, counts.get(f"vision_{what}", 0))
        for name, counts in cameras.items()
        for what in MISHAPS
    )
    yield Metric("menshen_camera_mishaps_total", "counter", "What went wrong with a stream.", tuple(happened))


def _board(journal: Path | None) -> list[Metric]:
    """Temperature and storage, where this machine tells them. Blocks for a moment."""
    found: list[Metric] = []
    zones = []
    for zone in sorted(THERMAL.glob("thermal_zone*")):
        try:
            zones.append(({"zone": zone.name}, int((zone / "temp").read_text()) / MILLI))
        except (OSError, ValueError):
            continue  # a zone without a sensor
    if zones:
        found.append(Metric("menshen_board_temperature_celsius", "gauge", "By the kernel's zones.", tuple(zones)))
    if journal is not None:
        try:
            disk = os.statvfs(journal.parent)
        except OSError:
            return found  # it is said by menshen_journal_readable
        size, free = disk.f_blocks * disk.f_frsize, disk.f_bavail * disk.f_frsize
        found.append(gauge("menshen_storage_size_bytes", "Where the journal is.", size))
        found.append(gauge("menshen_storage_free_bytes", "What is free there.", free))
    return found


def _resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
