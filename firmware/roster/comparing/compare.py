"""What if: the journal's presentations decided again by two rosters, and who would be let in or refused differently.

Each presentation is asked about by itself, at its instant, with the past as it was: who was inside, what had been used
and what stood at the portal are the same for both rosters. A passage that only one of them would have allowed changes
nothing for the presentations after it. Local entries stay in force whatever roster comes: what rested on one is
counted, and the same under both unless the new roster knows the credential itself.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import msgspec

from firmware.core.access import Zone
from firmware.core.codes import Code
from firmware.core.effects import Body
from firmware.core.site import Site
from firmware.journal.reading import anchor_of, epoch_of, reading
from firmware.journal.rows import Header
from firmware.roster.comparing.again import Again, Case
from firmware.roster.comparing.found import Change, Difference, Found
from firmware.roster.comparing.past import Past, decoded
from firmware.roster.comparing.recorded import DECISIONS, Recorded, understood
from firmware.roster.comparing.side import Side
from firmware.roster.roster import Roster

DAYS = 30  # back from the newest row, where no time is asked for
DAY_MS = 86_400_000
PROGRESS_ROWS = 20_000
MEANINGS_MAX = 20_000  # combinations of code and reasons that are remembered; a site has hundreds
STATES = (Code.LOCKDOWN, Code.LOCKDOWN_ENDED, Code.OUT_OF_SERVICE, Code.IN_SERVICE, Code.FAULT, Code.FAULT_RESET)
FOLLOWED = (*DECISIONS, Code.DENIED_SUM, Code.TAKEN, Code.FORGIVEN, Code.ROSTER_REPLACED, *STATES)
_VERSION = re.compile(r"version (\d{1,19})\b")
_ROWS = (
    "SELECT seq, kind, header, body, commitment IS NOT NULL FROM events"
    " WHERE seq BETWEEN ? AND ? AND kind IN (SELECT id FROM words WHERE word IN ({marks})) ORDER BY seq"
)


class Asked(NamedTuple):
    """What is asked: wall time from `since_ms` to before `until_ms` (None: open), by `days` where both are open."""

    since_ms: int | None = None
    until_ms: int | None = None
    days: int = DAYS
    holder: str | None = None


THE_LAST_DAYS = Asked()


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The answer. Counts are of presentations; `differences` are sorted, those who would come in first.

    `presentations` = `compared` + `summed` + `erased` + `nameless` + `undecided`: sums of floods; bodies that were
    erased; PINs that identify nobody; what was refused without a decision. Of the compared, `strangers` are in neither
    roster and were unknown, `local` rested on local entries or are in neither roster any more. `agreed` is how many the
    old roster decides as the journal has it, `disagreed` the others by (what was recorded, what the old roster says).
    """

    old_version: int
    new_version: int
    since_ms: int | None  # the first and the last presentation with a time
    until_ms: int | None
    presentations: int
    compared: int
    summed: int
    erased: int
    nameless: int
    undecided: int
    strangers: int
    local: int
    other_versions: dict[str, int]  # roster in service then -> presentations; "?" where the journal does not tell
    agreed: int
    disagreed: dict[str, int]
    differently: int
    holders: int
    by_change: dict[Change, int]
    reasons_only: int  # the same outcome for another reason
    differences: tuple[Difference, ...]
    left_out: int  # presentations of differences that were too many to list


def compare(
    journal: Path,
    old: Roster,
    new: Roster,
    *,
    site: Site | None,
    zone: Zone,
    asked: Asked = THE_LAST_DAYS,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Report:
    """Decide again whatever was presented. Without a site its access points are as the record shows them.

    Reads one consistent view of the journal, also while it is written. Raises JournalUnreachable, JournalDamaged,
    RosterDamaged.
    """
    with reading(journal, steps_max=None) as connection, Side(old) as before, Side(new) as after:
        first, last, since_ms, until_ms = _span(connection, asked)
        window = (since_ms, until_ms, asked.holder)
        replay = _Replay(connection, before, after, site, zone, first, window)
        marks = ", ".join("?" * len(FOLLOWED))
        rows = connection.execute(_ROWS.format(marks=marks), (first, last, *(code.value for code in FOLLOWED)))
        for number, (seq, kind, header, body, erased) in enumerate(rows):
            if number % PROGRESS_ROWS == 0:
                progress(seq - first, last - first + 1)
            if replay.needs_not(kind):
                continue
            replay.take(seq, *decoded(seq, header, body), bool(erased))
        return replay.report()


def _span(connection: sqlite3.Connection, asked: Asked) -> tuple[int, int, int | None, int | None]:
    """(first row, last row, since, until) of the question. Wall time may have jumped: rows are looked at once more."""
    anchor = anchor_of(connection)
    since_ms, until_ms = asked.since_ms, asked.until_ms
    if since_ms is None:
        end_ms = until_ms if until_ms is not None else _newest_ms(connection)
        since_ms = None if end_ms is None else end_ms - asked.days * DAY_MS
    low = -(1 << 63) if since_ms is None else since_ms
    high = (1 << 63) - 1 if until_ms is None else until_ms
    row = connection.execute(
        "SELECT min(first), max(last) FROM spans WHERE utc_max >= ? AND utc_min < ? AND last > ?", (low, high, anchor)
    ).fetchone()
    first, last = row if row[0] is not None else (1, 0)
    return max(first, anchor + 1), last, since_ms, until_ms


def _newest_ms(connection: sqlite3.Connection) -> int | None:
    """Wall time of the newest row that has one."""
    row = connection.execute("SELECT utc_ms FROM events WHERE utc_ms IS NOT NULL ORDER BY seq DESC LIMIT 1").fetchone()
    return None if row is None else int(row[0])


class _Replay:
    """The rows in order: what changes the past is followed, what was presented is decided again."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        old: Side,
        new: Side,
        site: Site | None,
        zone: Zone,
        first: int,
        window: tuple[int | None, int | None, str | None],
    ) -> None:
        self._old, self._new = old, new
        self._since_ms, self._until_ms, self._holder = window
        self._past = Past(connection, anchor_of(connection), first, site)
        self._again = Again(old, new, site, zone, self._past)
        self._found = Found(epoch_of(connection))
        self._meanings: dict[tuple[str, tuple[str, ...]], Recorded | None] = {}
        self._in_service: int | None = None
        self._asked_about = False
        for seq, header in _states_before(connection, first):
            self._state(decoded(seq, header, None)[0])

    def needs_not(self, kind: int) -> bool:
        """Whether rows of this kind change nothing that is followed: half of a month without a site file."""
        return kind == self._past.taken and self._past.remembers_nothing

    def take(self, seq: int, header: Header, body: Body | None, erased: bool) -> None:
        """One row."""
        code, inside = header.code, self._inside(header.utc_ms)
        if code in DECISIONS:
            if inside:
                self._presented(seq, header, body, erased)
            if code == Code.GRANTED and body is not None:
                self._past.passed(code, header.access_point, header.portal, header.utc_ms, body)
        elif code == Code.TAKEN:
            if body is not None:
                self._past.passed(code, header.access_point, header.portal, header.utc_ms, body)
        elif code == Code.DENIED_SUM:
            if inside and self._holder is None:
                self._found.summed += header.count
        elif code == Code.FORGIVEN:
            if not erased:
                self._past.forgiven(None if body is None else body.holder)
        else:
            self._state(header)

    def _inside(self, utc_ms: int | None) -> bool:
        """Whether a row is asked about. One without wall time is where the row before it is that has one."""
        if utc_ms is not None:
            since, until = self._since_ms, self._until_ms
            self._asked_about = (since is None or utc_ms >= since) and (until is None or utc_ms < until)
        return self._asked_about

    def _state(self, header: Header) -> None:
        if header.code != Code.ROSTER_REPLACED:
            self._again.stands(header.code, header.portal, header.detail)
            return
        told = _VERSION.search(header.detail)
        self._in_service = int(told[1]) if told else None

    def _presented(self, seq: int, header: Header, body: Body | None, erased: bool) -> None:
        found = self._found
        if self._holder is not None and body is None:
            return  # whose it was is not told
        meaning = self._meaning(header)
        if body is None or meaning is None or header.access_point is None:
            found.uncounted(erased, meaning is not None and header.access_point is not None)
            return
        token = body.credential or body.token
        old, new = self._old.find(token), self._new.find(token)
        if self._holder is not None:
            people = (body.holder, body.second_holder, old and old.holder, new and new.holder)
            if self._holder not in people:
                return
        place = (header.access_point, header.portal or "", header.reader or "")
        case = Case(seq, header.utc_ms, *place, meaning, body, old, new)
        same_roster = self._in_service in (None, self._old.version)
        before, after, kind = self._again.decide(case, same_roster=same_roster)
        found.compared_one(case, before, after, kind)
        if self._in_service != self._old.version:
            found.other_version(self._in_service)

    def _meaning(self, header: Header) -> Recorded | None:
        key = (header.code, header.reasons)
        try:
            return self._meanings[key]
        except KeyError:
            if len(self._meanings) >= MEANINGS_MAX:
                self._meanings.clear()
            meaning = self._meanings[key] = understood(header.code, header.reasons)
            return meaning

    def report(self) -> Report:
        return Report(old_version=self._old.version, new_version=self._new.version, **self._found.report())


def _states_before(connection: sqlite3.Connection, first: int) -> list[tuple[int, bytes]]:
    """The rows before `first` that still may stand, in order: of each kind, and portal, the last one."""
    codes = (*STATES, Code.ROSTER_REPLACED)
    marks = ", ".join("?" * len(codes))
    return connection.execute(
        "SELECT seq, header FROM events WHERE seq IN"
        " (SELECT max(e.seq) FROM words p CROSS JOIN words k CROSS JOIN events e"
        f" ON e.portal = p.id AND e.kind = k.id WHERE k.word IN ({marks}) AND e.seq < ? GROUP BY p.id, k.id"
        f" UNION SELECT max(e.seq) FROM words k CROSS JOIN events e ON e.portal = 0 AND e.kind = k.id"
        f" WHERE k.word IN ({marks}) AND e.seq < ? GROUP BY k.id) ORDER BY seq",
        (*codes, first, *codes, first),
    ).fetchall()
