"""What a person reads on the page, in one language: made from the last states, used by template and stream alike.

Everything here is plain text; the template escapes it, and the page's script puts it in as text only.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Protocol

import msgspec
from msgspec import structs

from firmware.core.codes import MEANING, Code, Reason, Severity
from firmware.core.view import Mode, PortalView, Position, SiteView
from firmware.network import cameras
from firmware.network.calling.showing import CallRow, call_rows
from firmware.network.camera_view.telling import VIEWINGS, viewing_detail
from firmware.network.events import HIDDEN_REASONS, IDLE_REASONS, EventLine
from firmware.network.holding import held
from firmware.network.lane import LaneCard, LaneSpeaker, Sign, attention, said_by_bar, said_by_signs
from firmware.network.live import Live
from firmware.network.plan.drawing import Drawing
from firmware.network.plan.showing import PlanState, plan_state
from firmware.network.words import Words

# Whatever the controller has to say about these, the banner says already.
_IN_BANNERS = {Code.FIRE, Code.EVACUATION, Code.LOCKDOWN, Code.STORE_FAILED, Code.CLOCK_LOST}
LOOKING = "looking"  # somebody looks through a camera: to be seen by everybody, and nobody has to do anything
IDLE = ("clock", LOOKING)
_GRAVEST_FIRST = (Severity.ALARM, Severity.WARNING, Severity.NOTICE, Severity.INFO)
_OF_COMMANDS = (Code.COMMANDED, Code.COMMAND_REFUSED)
_OF_DEVICES = {Code.DEVICE_LOST, Code.READER_MUTED}  # told device by device
_LOCKED_MODES = (Mode.LOCKED, Mode.LOCKED_DOWN)
_REASONS = frozenset(Reason)
DEVICES_NAMED_MAX = 8  # of those lost, in one line


class Texts(Protocol):
    """What is used of the house's catalogues (firmware.texts)."""

    def event(self, code: Code, /) -> str: ...
    def reason(self, reason: str, /) -> str: ...
    def mode(self, mode: Mode, /) -> str: ...
    def position(self, position: Position, /) -> str: ...
    def advice(self, code: Code, /) -> str: ...
    def detail(self, detail: str, at: Callable[[int], str], /) -> str: ...


class Names(msgspec.Struct, frozen=True):
    """Names for people, of the configuration; an id without a name is its own name."""

    site: str
    portals: Mapping[str, str] = {}
    reader_portals: Mapping[str, str] = {}  # reader id -> id of the portal where it hangs
    id: str = ""  # of the site
    plan: Drawing = Drawing()
    stay_open: frozenset[str] = frozenset()  # barriers that nothing but the local key closes


class Banner(msgspec.Struct, frozen=True):
    """Something that holds for the whole site. `kind` is a word of the style sheet."""

    kind: str
    text: str
    advice: str


class Alarm(msgspec.Struct, frozen=True):
    place: str
    text: str
    advice: str
    severity: str
    seen: str  # "" while no person has acknowledged it
    subject: str = ""  # what is acknowledged; "": that is not possible


class Card(msgspec.Struct, frozen=True):
    """One portal. `position` may be "lost": the controller is silent, nothing is proven any more."""

    id: str
    name: str
    kind: str
    kind_text: str
    mode: str
    mode_text: str
    position: str
    position_text: str
    level: str  # ok, attention, alarm
    notes: tuple[str, ...]
    hold: str = ""  # until when a person keeps it so, and how that ends
    lane: LaneCard | None = None


class EventRow(msgspec.Struct, frozen=True):
    key: str
    at: str  # date and seconds in the site's zone
    at_iso: str  # "" where the time is not known
    severity: str
    text: str
    place: str
    note: str


class PageView(msgspec.Struct, frozen=True):
    """The page but for its events."""

    title: str
    live: bool
    live_text: str
    banners: tuple[Banner, ...]
    alarms: tuple[Alarm, ...]
    no_alarms_text: str
    cards: tuple[Card, ...]
    about: tuple[tuple[str, str], ...]
    events_trouble: str
    plan: PlanState
    calls: tuple[CallRow, ...]


class Speaker:
    """Puts states and events into one language, with the site's names and time zone."""

    def __init__(self, words: Words, texts: Texts, names: Names, zone: tzinfo) -> None:
        self.words = words
        self.names = names
        self._texts = texts
        self._zone = zone
        self._lanes = LaneSpeaker(words, texts.reason)
        # Rows have keys of their own: a number that is missing would tell of an event that nobody is shown.
        self._key = secrets.token_bytes(16)

    # -- the page -----------------------------------------------------------------------------------------------------

    def page(self, live: Live, events_trouble: str, now_s: float) -> PageView:
        """All of the page at loop time `now_s`."""
        words = self.words
        answers = live.answers(now_s)
        site = live.states.view if live.states is not None else SiteView(clock_known=True)
        alarms = tuple(self._alarms(site))
        banners = tuple(self._banners(live, site, answers, now_s))
        open_alarms = sum(not alarm.seen for alarm in alarms) + sum(banner.kind not in IDLE for banner in banners)
        title = words("title_count", count=open_alarms, site=self.names.site) if open_alarms else self.names.site
        # While events cannot be saved nothing new is committed: the last states are as old as those of a silence.
        told = answers and live.states is not None and not site.store_failed
        calls = call_rows(words, site, self.place, self.at, told)
        ringing = next((call for call in calls if call.state == "ringing"), None)
        if ringing is not None:
            title = words("call_title", place=ringing.place, site=self.names.site)
        speaks = any(banner.kind != LOOKING for banner in banners)
        return PageView(
            title=title,
            live=told,
            live_text=words("live" if told else "old"),
            banners=banners,
            alarms=alarms,
            # Banners speak for themselves; but "nothing" must never be read out of silence.
            no_alarms_text="" if alarms or (speaks and told) else words("nothing_needed" if told else "not_known"),
            cards=tuple(self._card(portal, told, site.readers_enrolling) for portal in site.portals),
            about=tuple(self._about(live)),
            events_trouble=words("events_unreadable", why=events_trouble) if events_trouble else "",
            plan=plan_state(self.names.plan, words, site, live.health, told),
            calls=calls,
        )

    def _banners(self, live: Live, site: SiteView, answers: bool, now_s: float) -> Iterator[Banner]:
        words = self.words
        if not answers:
            yield Banner("silent", self._silence(live, now_s), words("silent_advice" if live.states else "never_heard"))
        for kind, present in (
            ("fire", site.fire),
            ("evacuation", site.evacuation),
            ("lockdown", site.lockdown),
            ("store_failed", site.store_failed),
            ("clock_unknown", not site.clock_known),
        ):
            if present:
                yield Banner(kind.partition("_")[0], words(kind), words(f"{kind}_advice"))
        for camera, until_s in live.looking:
            utc_ms = live.utc_ms_at(until_s)
            until = words("looking_until", time=words("time_unknown") if utc_ms is None else self.at(utc_ms))
            yield Banner(LOOKING, words("looking_at", camera=self.place(camera)), until)

    def _silence(self, live: Live, now_s: float) -> str:
        since_s = live.silent_since_s()
        utc_ms = live.utc_ms_at(since_s)
        if utc_ms is None:
            return self.words("silent_for", elapsed=self.words.elapsed(now_s - since_s))
        return self.words("silent_since", time=self.at(utc_ms))

    def _alarms(self, site: SiteView) -> Iterator[Alarm]:
        """Gravest first, and of each gravity those that no person has seen yet."""
        words, unseen = self.words, set(site.unacknowledged)
        found: list[Alarm] = []
        for code in site.alarms:
            told_below = code in _OF_DEVICES and code in site.subjects
            if code not in _IN_BANNERS and not told_below:
                found += [self._site_alarm(code, each, unseen) for each in site.subjects.get(code, ("",))]
        for portal in site.portals:
            name = self.place(portal.id)
            codes = [code for code in portal.alarms if code != Code.DURESS]
            subject = "" if portal.acknowledged else portal.id
            found += [self._alarm(name, code, portal.acknowledged, portal.kind, subject) for code in codes]
            if not portal.acknowledged and not portal.alarms:
                found.append(self._over(name, portal.id))
        for device in site.devices_lost:
            found.append(Alarm(device, words("device_lost"), words("device_lost_advice"), Severity.WARNING.value, ""))
        for reader in site.readers_muted:
            seen = words("seen") if Code.READER_MUTED in site.subjects and reader not in unseen else ""
            text, advice = words("reader_muted"), words("reader_muted_advice")
            found.append(Alarm(reader, text, advice, Severity.ALARM.value, seen, reader if reader in unseen else ""))
        still = {subject for subjects in site.subjects.values() for subject in subjects}
        found += [self._over(self.place(subject), subject) for subject in sorted(unseen - still)]
        yield from sorted(found, key=lambda alarm: (bool(alarm.seen), _GRAVEST_FIRST.index(Severity(alarm.severity))))

    def _site_alarm(self, code: str, subject: str, unseen: Collection[str]) -> Alarm:
        """An alarm of the site's own, told by `subject`; "" where a controller does not say by whom."""
        alarm = self._alarm(self.place(subject) if subject else self.names.site, code, False)
        grave = bool(subject) and alarm.severity == Severity.ALARM  # nothing below it waits for a person to see it
        seen = self.words("seen") if grave and subject not in unseen else ""
        return structs.replace(alarm, seen=seen, subject=subject if grave and not seen else "")

    def _over(self, place: str, subject: str) -> Alarm:
        words = self.words
        return Alarm(place, words("alarm_over"), words("alarm_over_advice"), Severity.ALARM.value, "", subject)

    def _alarm(self, place: str, code: str, seen: bool, kind: str = "", subject: str = "") -> Alarm:
        seen_text = self.words("seen") if seen else ""
        try:
            known = Code(code)
        except ValueError:  # a controller newer than this process
            return Alarm(place, code, self.words("unknown_alarm_advice"), Severity.ALARM.value, seen_text, subject)
        severity = MEANING[known].severity.value
        advice = self._texts.advice(known)
        if known is Code.FAULT and kind == "barrier":  # what is said of doors, that leaving stays possible, is not true
            advice = self.words("lane_fault_advice")
        return Alarm(place, self._texts.event(known), advice, severity, seen_text, subject)

    def _card(self, portal: PortalView, told: bool, enrolling: Sequence[str]) -> Card:
        """A portal's card; while the controller is silent its position is no longer proven, and no reader waits."""
        words = self.words
        notes: list[str] = []
        level = "ok"
        barrier = portal.kind == "barrier"
        # A barrier stands open after each passage until the lane is clear; where it should not, it tells an alarm.
        if told and portal.position is Position.OPEN and portal.mode in _LOCKED_MODES and not barrier:
            notes.append(words("differs"))
            level = "attention"
        elif told and portal.position in (Position.UNKNOWN, Position.FAULT):
            if not (portal.lane and "unknown" in portal.lane.bars):
                notes.append(words("unproven"))
            level = "attention"
        if told and barrier and attention(portal):
            level = "attention"
        alarms = [code for code in portal.alarms if code != Code.DURESS]
        if alarms:
            level = "attention" if portal.acknowledged else "alarm"
        if not (told and barrier):  # a lane shows them as signs
            notes = [self._alarm("", code, False).text for code in alarms] + notes
        said = HIDDEN_REASONS | IDLE_REASONS | (said_by_signs(portal) if told else frozenset())
        reasons = [reason.partition(":")[0] for reason in portal.why]
        notes += [self.reason(reason) for reason in reasons if reason not in said]
        if told and any(self.names.reader_portals.get(reader) == portal.id for reader in enrolling):
            notes.append(words("enrolling"))
        mode_text = self._texts.mode(portal.mode)
        position_text = self._texts.position(portal.position)
        kind_text = words(portal.kind) if portal.kind in ("door", "turnstile") else portal.kind
        if barrier:
            kind_text = self._lanes.kind(portal.lane)
            mode_text = self._lanes.mode(portal.mode) or mode_text
            position_text = self._lanes.position(portal.lane, portal.position) or position_text
        if not told:
            position_text = words("position_lost")
        return Card(
            id=portal.id,
            name=self.place(portal.id),
            kind=portal.kind,
            kind_text=kind_text,
            mode=portal.mode.value,
            mode_text=mode_text,
            position=portal.position.value if told else "lost",
            position_text=position_text,
            level=level,
            notes=tuple(dict.fromkeys(notes)),
            hold=held(words, portal, self.at, portal.id in self.names.stay_open),
            lane=self._lanes.card(portal, position_text, self._signs(portal, alarms), told) if barrier else None,
        )

    def _signs(self, portal: PortalView, codes: Sequence[str]) -> list[Sign]:
        """The alarms of a lane that nothing which bars it says already."""
        alarms = [self._alarm("", code, False) for code in codes if not said_by_bar(portal, code)]
        return [Sign("grave" if alarm.severity == Severity.ALARM else "hold", alarm.text) for alarm in alarms]

    def _about(self, live: Live) -> Iterator[tuple[str, str]]:
        words = self.words
        yield words("trouble"), live.trouble or words("trouble_none")
        if live.welcome is not None:
            yield words("version"), live.welcome.version
        if live.states is not None:
            yield words("journal"), f"{live.states.epoch}/{live.states.seq}"
            version = live.states.view.roster_version
            yield words("roster"), words("roster_none") if version is None else words("roster_version", version=version)
            for area, count in sorted(live.states.view.occupancy.items()):
                yield f"{words('occupancy')}: {area}", str(count)
        if live.health is not None:
            health = live.health
            # To the minute: the page is sent again only when it changes.
            yield words("uptime"), words.elapsed(health.uptime_ms // 60_000 * 60)
            lost = [f"{device}: {state}" for device, state in sorted(health.drivers.items()) if state != "running"]
            running = words("devices_running", count=len(health.drivers))
            yield words("devices"), "; ".join(lost[:DEVICES_NAMED_MAX]) if lost else running
            yield from cameras.rows(words, health)
            for key, count in (
                ("backlog", health.journal_backlog),
                ("lost_events", health.events_lost),
                ("dropped", health.inbox_dropped),
            ):
                if count:
                    yield words(key), str(count)

    # -- events -------------------------------------------------------------------------------------------------------

    def rows(self, lines: Sequence[EventLine]) -> tuple[EventRow, ...]:
        return tuple(self._row(line) for line in lines)

    def _row(self, line: EventLine) -> EventRow:
        try:
            known = Code(line.code)
        except ValueError:  # written by a newer controller
            text, severity = line.code, Severity.NOTICE
        else:
            text, severity = self._texts.event(known), MEANING[known].severity
        detail = self._lanes.detail(line.code, line.detail)
        if line.code.startswith("account."):
            detail = self._account_detail(detail)
        elif line.code in _OF_COMMANDS:
            detail = self._command_detail(detail)
        elif line.code in VIEWINGS:
            detail = viewing_detail(self.words, detail)
        notes = [self.reason(line.reason), self._texts.detail(detail, self._at_s)]
        notes.append(f"×{line.count}" if line.count > 1 else "")
        local = None if line.utc_ms is None else self.local(line.utc_ms)
        return EventRow(
            key=hmac.digest(self._key, b"%d/%d" % (line.epoch, line.seq), "sha256")[:9].hex(),
            at=self.words("time_unknown") if line.utc_ms is None else self.at(line.utc_ms),
            at_iso="" if local is None else local.isoformat(timespec="seconds"),
            severity=severity.value,
            text=text,
            place=self.place(line.portal) if line.portal else line.place,
            note=" · ".join(note for note in notes if note),
        )

    def _account_detail(self, detail: str) -> str:
        """The roles that an account has been given; what else stands there is no word for people."""
        roles = [f"role_{word}" for word in detail.split() if self.words.has(f"role_{word}")]
        return self.words("lane_and").join(map(self.words, roles))

    def _command_detail(self, detail: str) -> str:
        """What was asked, and in which roles where it was asked from afar."""
        name, _, roles = detail.partition(" as ")
        text = self.words(f"command_{name}") if self.words.has(f"command_{name}") else name
        return f"{text} ({self._account_detail(roles)})" if roles else text

    def reason(self, reason: str) -> str:
        """A reason's text, or a lane's; what a newer controller says stands as it is."""
        return self._texts.reason(reason) if reason in _REASONS else self._lanes.against(reason)

    # -- names and times ----------------------------------------------------------------------------------------------

    def at(self, utc_ms: int) -> str:
        """Date and seconds in the site's zone."""
        local = self.local(utc_ms)
        return self.words("time_unknown") if local is None else local.strftime("%Y-%m-%d %H:%M:%S")

    def _at_s(self, utc_s: int) -> str:
        return self.at(utc_s * 1000)

    def local(self, utc_ms: int) -> datetime | None:
        """In the site's zone."""
        try:
            return datetime.fromtimestamp(utc_ms // 1000, self._zone)
        except (OverflowError, ValueError, OSError):  # a year that no calendar has: a broken clock wrote it
            return None

    def place(self, name: str) -> str:
        """The site and portals by their names, anything else by its id."""
        return self.names.site if name and name == self.names.id else self.names.portals.get(name, name)
