"""Makes a review: a roster of the source as it is now beside the one in service, everybody's access by both.

The people are compared by what their profiles and credentials allow, whether they came lately or not (reach.py). With a
purpose the journal's last 30 days are decided again by both as well, for what no profile tells: second factors, areas,
places, uses.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from firmware.core import calendar
from firmware.core.access import Factor, Rulebook
from firmware.people.errors import Denied
from firmware.people.jobs import Work
from firmware.people.place import Place
from firmware.people.reach import Profiles, Reach
from firmware.people.review_store import HOW, Person, ReviewStore
from firmware.people_words.review import HoursTold, PlaceTold
from firmware.roster.build import build_source
from firmware.roster.errors import RosterError, RosterMissing, RosterRefused
from firmware.roster.handover import newest_version
from firmware.roster.install import CURRENT
from firmware.roster.roster import Roster, open_roster
from firmware.roster.source.store import Source

PREFIX = "office.review-"  # of a folder in our own, for as long as a review is being made
PROBLEMS_TOLD_MAX = 5
LOOK_HOLDERS = 2_000  # between two looks at whether it is to end
ALL, SOME, CREDENTIAL = (HOW.index(how) for how in ("all", "some", "credential"))

Step = Callable[[int, int], None]


class Two(NamedTuple):
    """The rosters to compare. `old` is None where none is in service."""

    old: Roster | None
    new: Roster
    batch: int  # of the source, that `new` was built of


class _Holding(NamedTuple):
    """One holder in one roster: profiles, and the credentials that let in, by kind and token."""

    holder: str
    profiles: Profiles
    credentials: frozenset[tuple[Factor, bytes]]

    @property
    def reaching(self) -> Profiles:
        """What the holder has of these profiles: nothing without a credential."""
        return self.profiles if self.credentials else ()


@contextmanager
def two_rosters(place: Place, work: Work) -> Iterator[Two]:
    """The one in service, and one that is built of the source for a moment. Raises Denied."""
    with ExitStack() as stack:
        identity, authority = place.identity(), place.authority()
        for left in place.own_folder().glob(f"{PREFIX}*"):  # by a process that was killed: one review is made at a time
            shutil.rmtree(left)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=PREFIX, dir=place.own_folder())))
        out = folder / "roster"
        with place.sourced(), Source.open(place.source_path, readonly=True) as source:
            total = source.db.execute("SELECT count(*) FROM holder").fetchone()[0]
            at_least = newest_version(place.folder) + 1
            try:
                built = build_source(
                    source, out, identity, at_least=at_least, progress=lambda done: step_of(work)(done, total)
                )
            except RosterRefused as error:
                told = "\n".join(str(problem) for problem in error.problems[:PROBLEMS_TOLD_MAX])
                raise Denied("review_not_buildable", text=told, count=str(len(error.problems))) from error
        try:
            new = stack.enter_context(open_roster(out, [identity.public_key]))
            os.unlink(out)  # its descriptor keeps it, and nothing of it stays when the process is killed
            old: Roster | None = None
            try:
                old = stack.enter_context(
                    open_roster(place.folder / CURRENT, authority.signers, digest_key_id=authority.digest_key_ids)
                )
            except RosterMissing:
                old = None
            if old is not None and old.seal.digest_key_id != new.seal.digest_key_id:
                raise Denied("review_other_key")
        except RosterError as error:
            raise Denied("review_gate_unreadable", text=str(error)) from error
        yield Two(old, new, int(built.source.partition(":")[0]))


def step_of(work: Work) -> Step:
    """Says how far it is; ends the job where somebody wants that."""

    def step(done: int, total: int) -> None:
        if work.cancelled.is_set():
            raise Denied("people_cancelled")
        work.steps(done, total)

    return step


def reach_of(place: Place, two: Two, now_s: int) -> Reach:
    """Compares by the rules of both rosters, from today on."""
    points = (point.id for portal in place.config.site.portals for point in portal.access_points)
    old_book = Rulebook(0) if two.old is None else two.old.rulebook()
    return Reach(old_book, two.new.rulebook(), points, calendar.wall(place.config.site.zone, now_s).day)


def compare_people(place: Place, two: Two, reach: Reach, store: ReviewStore, now_s: int, work: Work, total: int) -> int:
    """Everybody's access by both rosters into `store`. Gives how many holders with credentials were looked at."""
    portal_of = {point.id: portal.id for portal in place.config.site.portals for point in portal.access_points}
    pairs: dict[tuple[Profiles, Profiles], int] = {}
    step = step_of(work)
    count = 0
    with place.sourced(), Source.open(place.source_path, readonly=True) as source:
        for before, after in _both(two, now_s):
            count += 1
            if count % LOOK_HOLDERS == 0:
                step(count, total)
            pair = (before.reaching if before else (), after.reaching if after else ())
            gone, come = _credentials(before, after)
            if pair[0] == pair[1] and not gone and not come and not reach.change(*pair).points:
                continue
            change = reach.change(*pair)
            lost, gained = _grave(change.loses, change.has, gone), _grave(change.gains, change.had, come)
            if lost is None and gained is None:
                continue
            number = pairs.get(pair)
            if number is None:
                number = pairs[pair] = store.add_pair(_places(change.points), portal_of)
            holder = (after or before or _NOBODY).holder
            store.add_person(Person(holder, *_name(source.db, holder), number, lost, gained, gone, come))
    return count


def _grave(changes: bool, other_side: bool, kinds: tuple[str, ...]) -> int | None:
    """How much somebody loses or gains: a number in HOW. `other_side`: there is access on the other side."""
    if changes:
        return SOME if other_side else ALL
    return CREDENTIAL if kinds else None


def _places(points: Any) -> tuple[PlaceTold, ...]:
    def told(hours: Any) -> tuple[HoursTold, ...]:
        return tuple(HoursTold(each.weekday, each.windows, each.day) for each in hours)

    return tuple(
        PlaceTold(each.point, told(each.lost), told(each.gained), each.shut, each.opened, each.more) for each in points
    )


_NOBODY = _Holding("", (), frozenset())


def _credentials(before: _Holding | None, after: _Holding | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The kinds of credentials that let in no more, and of those that do now."""
    old, new = (before or _NOBODY).credentials, (after or _NOBODY).credentials
    if old == new:
        return (), ()
    return _kinds(old - new), _kinds(new - old)


def _kinds(credentials: frozenset[tuple[Factor, bytes]]) -> tuple[str, ...]:
    return tuple(sorted(factor.value for factor, _ in credentials))


def _both(two: Two, now_s: int) -> Iterator[tuple[_Holding | None, _Holding | None]]:
    """Holders of both rosters side by side, by id, in bounded memory."""
    old = iter(()) if two.old is None else _holdings(two.old, now_s)
    new = _holdings(two.new, now_s)
    before, after = next(old, None), next(new, None)
    while before is not None or after is not None:
        if after is None or (before is not None and before.holder < after.holder):
            yield before, None
            before = next(old, None)
        elif before is None or after.holder < before.holder:
            yield None, after
            after = next(new, None)
        else:
            yield before, after
            before, after = next(old, None), next(new, None)


def _holdings(roster: Roster, now_s: int) -> Iterator[_Holding]:
    """Each holder with the credentials that let in, now or from a later day on."""
    holder = ""
    profiles: Profiles = ()
    usable = set[tuple[Factor, bytes]]()
    for of, own, factor, token, status, _, until_s in roster.holdings():
        if of != holder:
            if holder:
                yield _Holding(holder, profiles, frozenset(usable))
            holder, profiles, usable = of, own, set()
        if status == "active" and (until_s is None or until_s > now_s):
            usable.add((factor, token))
    if holder:
        yield _Holding(holder, profiles, frozenset(usable))


def _name(db: sqlite3.Connection, holder: str) -> tuple[str, str]:
    """Name and household; of somebody who is gone from the source, as they were."""
    row = db.execute("SELECT name, household FROM holder WHERE id = ?", (holder,)).fetchone()
    if row is None:
        row = db.execute(
            "SELECT json_extract(before, '$.name'), json_extract(before, '$.household') FROM change"
            " WHERE entity = 'holder' AND id = ? AND after IS NULL ORDER BY batch DESC LIMIT 1",
            (holder,),
        ).fetchone()
    return ("", "") if row is None else (row[0] or "", row[1] or "")
