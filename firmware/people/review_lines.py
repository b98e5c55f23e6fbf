"""Questions about what is not at the gate yet, and what answers them: a review, its lists, and putting things back."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from secrets import token_urlsafe
from typing import TypeVar

from msgspec.structs import replace

from firmware.journal import JournalError
from firmware.journal.schema import DATABASE_FILE
from firmware.people.errors import Denied
from firmware.people.jobs import Work
from firmware.people.line import AUDITOR, MANAGER, MANAGERS, Desk, Line, Lines, LongLine
from firmware.people.place import Place
from firmware.people.promises import one_line, promised
from firmware.people.review_differences import differences
from firmware.people.review_making import Two, compare_people, reach_of, step_of, two_rosters
from firmware.people.review_purposes import NEEDED, Purposes, a_purpose
from firmware.people.review_store import SIDES, ReviewStore
from firmware.people.ruling import portals_following
from firmware.people.standing import in_service, served_batch
from firmware.people_words.base import Asker
from firmware.people_words.review import (
    Concerned,
    Differences,
    DifferenceTold,
    DiscardWaiting,
    ListConcerned,
    ListDifferences,
    ListPassages,
    LookAtReview,
    MakeReview,
    Passages,
    PassagesTold,
    PassageTold,
    PersonTold,
    PutBack,
    ReviewTold,
    UndoBatch,
)
from firmware.roster.comparing.compare import compare
from firmware.roster.comparing.found import Difference
from firmware.roster.errors import RosterError
from firmware.roster.source.errors import ChangeRefused
from firmware.roster.source.store import Source
from firmware.roster.source.undo import is_undone, undo
from firmware.terminal import now_utc_s

READERS = frozenset({MANAGER, AUDITOR})
ANSWER_BYTES_MAX = 1 << 17
DISCARDED_MAX = 200  # batches at once; who has more brings some of it to the gate first
JOURNAL_FOLDER = "journal"
ID_BYTES = 9
_NEWEST = "SELECT max(id) FROM batch WHERE kind <> 'export'"  # what was taken out changes nothing

T = TypeVar("T")


class Reviews:
    """The newest review of this process; the one before it is let go."""

    def __init__(self, now_s: Callable[[], int] = now_utc_s) -> None:
        self._now_s = now_s
        self._lock = threading.Lock()
        self._store: ReviewStore | None = None
        self._place: Place | None = None  # whose review it is
        self._purposes = Purposes()

    def lines(self) -> Lines:
        return {
            MakeReview: LongLine(MANAGERS, self.make),
            LookAtReview: Line(READERS, self.look),
            ListConcerned: Line(READERS, self.concerned),
            ListDifferences: Line(READERS, self.differences),
            ListPassages: Line(READERS, self.passages, slow=True),
        }

    # -- made ---------------------------------------------------------------------------------------------------------

    def make(self, desk: Desk, who: Asker, question: MakeReview, work: Work) -> ReviewTold:
        """Compare, and keep what was found. Raises Denied."""
        place = desk.place
        if not place.rights().mine:
            raise Denied("people_not_ours")
        if question.why:
            a_purpose(question.why)  # or minutes later nothing came of it
        begun_s = place.now_s()
        store = ReviewStore()
        try:
            work.at("review_stage_build")
            with two_rosters(place, work) as two:
                told = self._compared(place, who, question, work, two, store)
            store.finish()
            took_ms = round((place.now_s() - begun_s) * 1000)
            sides = {side: store.counts(side) for side in SIDES}
            told = replace(told, took_ms=took_ms, portals=store.portals(), **sides)
            store.told = told
        except BaseException:
            store.close()
            raise
        with self._lock:
            before, self._store, self._place = self._store, store, place
        if before is not None:
            before.close()
        return told

    def _compared(
        self, place: Place, who: Asker, question: MakeReview, work: Work, two: Two, store: ReviewStore
    ) -> ReviewTold:
        """Everything but the sums."""
        work.at("review_stage_differences")
        with place.sourced(), Source.open(place.source_path, readonly=True) as source:
            served = None if two.old is None else served_batch(source, two.old.seal.source)
            changed = () if served is None else store.add_differences(differences(source, served))
        work.at("review_stage_people")
        step_of(work)(0, 0)
        now_s = self._now_s()
        reach = reach_of(place, two, now_s)
        holders = compare_people(place, two, reach, store, now_s, work, max(two.new.seal.holders, 1))
        followed = portals_following(place.config.site)
        told = ReviewTold(
            id=token_urlsafe(ID_BYTES),
            made_s=self._now_s(),
            took_ms=0,
            who=who.name,
            batch=two.batch,
            served_version=0 if two.old is None else two.old.version,
            served_batch=served,
            changed=changed,
            holders=holders,
            at_portals={name: tuple(portals) for name, portals in followed.items() if reach.changed(name)},
        )
        if question.why and two.old is not None:
            self._purposes.state(place, who, told.id, question.why, "review of the last 30 days")
            work.at("review_stage_journal")
            told = self._passages(place, two, work, store, told)
        return told

    def _passages(self, place: Place, two: Two, work: Work, store: ReviewStore, told: ReviewTold) -> ReviewTold:
        """The journal decided again by both rosters; where it cannot be read, that is said, and all else holds."""
        assert two.old is not None
        step = step_of(work)
        site = place.config.site
        try:
            path: Path = place.state / JOURNAL_FOLDER / DATABASE_FILE
            report = compare(path, two.old, two.new, site=site, zone=site.zone, progress=step)
        except JournalError as error:
            return replace(told, journal=str(error)[:200])
        except RosterError as error:
            raise Denied("review_gate_unreadable", text=str(error)) from error
        with place.sourced(), Source.open(place.source_path, readonly=True) as source:
            names = _Names(source)
            store.add_passages(_told(n, each, names) for n, each in enumerate(report.differences, start=1))
        passages = Passages(
            presentations=report.presentations,
            compared=report.compared,
            since_ms=report.since_ms,
            until_ms=report.until_ms,
            by_change={change.value: count for change, count in report.by_change.items()},
            agreed=report.agreed,
            left_out=report.left_out,
        )
        return replace(told, passages=passages)

    # -- looked at ----------------------------------------------------------------------------------------------------

    def look(self, desk: Desk, _who: Asker, _question: LookAtReview) -> ReviewTold:
        """The newest one, and whether anything has moved on since. Raises Denied where there is none."""
        told = self._found(desk.place, "").told
        assert told is not None
        return replace(told, stale=self._stale(desk.place, told))

    def _stale(self, place: Place, told: ReviewTold) -> str:
        with place.reading() as source:
            if (source.db.execute(_NEWEST).fetchone()[0] or 0) > told.batch:
                return "source"
        with place.served() as roster:
            version = 0 if roster is None else roster.version
        return "gate" if version != told.served_version else ""

    def concerned(self, desk: Desk, who: Asker, question: ListConcerned) -> Concerned:
        """How often somebody came is told to whoever has said why. Raises Denied where the review is gone."""
        if question.side not in SIDES:
            raise Denied("review_gone")
        people, places, total = self._read(
            desk.place,
            question.review,
            lambda store: store.people(
                question.side, question.portal, question.words, question.after, question.most + 1
            ),
        )
        if not self._purposes.of(desk.place, who, question.review):
            people = [replace(person, passages=None) for person in people]
        kept: list[PersonTold] = []
        room = ANSWER_BYTES_MAX
        sizes = {pair: sum(100 + 24 * len(place.lost + place.gained) for place in of) for pair, of in places.items()}
        seen = set[int]()
        for person in people[: question.most]:
            room -= 300 + (0 if person.places in seen else sizes[person.places])
            if room < 0 and kept:
                break
            seen.add(person.places)
            kept.append(person)
        return Concerned(
            people=tuple(kept),
            places={pair: of for pair, of in places.items() if pair in seen},
            total=total,
            more=len(people) > len(kept),
        )

    def differences(self, desk: Desk, _who: Asker, question: ListDifferences) -> Differences:
        """Raises Denied where the review is gone."""
        found, total = self._read(
            desk.place,
            question.review,
            lambda store: store.differences(question.entity, question.words, question.after, question.most + 1),
        )
        kept: list[DifferenceTold] = []
        room = ANSWER_BYTES_MAX
        for each in found[: question.most]:
            room -= 200 + sum(
                len(name) + 3 * len(text) for of in (each.before, each.after) for name, text in of.items()
            )
            if room < 0 and kept:
                break
            kept.append(each)
        return Differences(differences=tuple(kept), total=total, more=len(found) > len(kept))

    def passages(self, desk: Desk, who: Asker, question: ListPassages) -> PassagesTold:
        """For a purpose of one's own. Raises Denied where there is none, or the review is gone."""
        place, review = desk.place, question.review
        most = min(question.most, 200)  # each has reasons of both sides
        self._found(place, review or "-")
        if question.why:
            purpose = self._purposes.state(place, who, review, question.why, "passages of a review of the last 30 days")
        else:
            purpose = self._purposes.of(place, who, review)
        if not purpose:
            raise Denied(NEEDED, field="purpose")
        found, total = self._read(place, review, lambda store: store.passages(question.words, question.after, most + 1))
        return PassagesTold(passages=tuple(found[:most]), total=total, more=len(found) > most, purpose=purpose)

    def _found(self, place: Place, id: str) -> ReviewStore:
        with self._lock:
            store = self._store if self._place is place else None
        if store is None:
            raise Denied("review_none")
        if id and (store.told is None or store.told.id != id):
            raise Denied("review_gone")
        return store

    def _read(self, place: Place, id: str, read: Callable[[ReviewStore], T]) -> T:
        store = self._found(place, id or "-")
        try:
            return read(store)
        except sqlite3.ProgrammingError as error:  # a newer one took its place this instant, and closed it
            raise Denied("review_gone") from error


class _Names:
    """Names of holders, as the source has them."""

    def __init__(self, source: Source) -> None:
        self._db = source.db

    def of(self, holder: str) -> str:
        row = self._db.execute("SELECT name FROM holder WHERE id = ?", (holder,)).fetchone()
        return "" if row is None else row[0] or ""


def _told(n: int, one: Difference, names: _Names) -> PassageTold:
    return PassageTold(
        n=n,
        change=one.change.value,
        holder=one.holder,
        point=one.access_point,
        before=one.before[:8],
        after=one.after[:8],
        count=one.count,
        name=names.of(one.holder),
        first_ms=one.first_ms,
        last_ms=one.last_ms,
    )


# -- put back ---------------------------------------------------------------------------------------------------------


def undo_batch(desk: Desk, who: Asker, question: UndoBatch, work: Work) -> PutBack:
    """The newest change of the source, and no other, put back. Raises Denied."""
    return _put_back(desk.place, who, question.batch, [question.batch], question.why, work)


def discard_waiting(desk: Desk, who: Asker, question: DiscardWaiting, work: Work) -> PutBack:
    """All that is not at the gate put back, the newest first. Raises Denied, perhaps with a part of it put back."""
    place = desk.place
    _, built_of, _ = in_service(place)
    with place.reading() as source:
        served = served_batch(source, built_of)
        if served is None:
            raise Denied("review_nothing_to_return_to")
        waiting = [
            batch
            for batch, kind in source.db.execute(
                "SELECT id, kind FROM batch WHERE id > ? AND kind <> 'export' ORDER BY id DESC LIMIT ?",
                (served, DISCARDED_MAX + 1),
            ).fetchall()
            if not is_undone(source.db, batch) and not _undoes_waiting(source.db, batch, served)
        ]
    if not waiting:
        raise Denied("review_nothing_waits")
    if len(waiting) > DISCARDED_MAX:
        raise Denied("review_too_much_waits", count=str(DISCARDED_MAX))
    return _put_back(place, who, question.batch, waiting, question.why, work)


def _undoes_waiting(db: sqlite3.Connection, batch: int, served: int) -> bool:
    """Whether a batch only puts back another one that was never at the gate: the two together are nothing."""
    undoes = db.execute("SELECT undoes FROM batch WHERE id = ?", (batch,)).fetchone()[0]
    return undoes is not None and undoes > served


def _put_back(place: Place, who: Asker, seen: int, batches: list[int], why: str, work: Work) -> PutBack:
    """Each batch put back by one of its own, told first. Nothing is, where the source has moved on beyond `seen`."""
    changes = 0
    newest = 0
    with ExitStack() as stack:
        source = stack.enter_context(place.writing())
        if source.db.execute(_NEWEST).fetchone()[0] != seen:
            raise Denied("review_moved_on")
        for done, batch in enumerate(batches):
            work.at("review_stage_undo", done, len(batches), batch=str(batch))
            if work.cancelled.is_set():
                raise Denied("people_cancelled")
            at_s = now_utc_s()
            told = promised(place, who, f"undo of batch {batch}", batch=source.head.batch + 1, at_s=at_s, why=why)
            try:
                made = undo(source, batch, who.name, one_line(why), at_s, progress=work.steps)
            except BaseException as error:
                told.broken()
                if isinstance(error, ChangeRefused):
                    raise Denied("review_not_undone", text=str(error), batch=str(batch)) from error
                raise
            told.kept()
            changes += made.changes
            newest = max(newest, made.id if made.changes else source.head.batch)
    return PutBack(undone=len(batches), batch=newest, changes=changes)


LINES: Lines = {
    **Reviews().lines(),
    UndoBatch: LongLine(MANAGERS, undo_batch),
    DiscardWaiting: LongLine(MANAGERS, discard_waiting),
}
