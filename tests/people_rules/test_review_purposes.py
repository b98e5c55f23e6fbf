"""Whose presentations would be decided otherwise: told to whoever has said why, and to nobody for another's purpose."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from firmware.messages import TellPeople
from firmware.people.errors import Denied
from firmware.people.jobs import Jobs, Lane, Work
from firmware.people.line import Desk, Line, LongLine
from firmware.people.place import Place
from firmware.people.review_lines import Reviews
from firmware.people.review_purposes import PURPOSE_S_MAX, PURPOSES_MAX
from firmware.people.seeking import Index
from firmware.people_words.base import Asker, Question
from firmware.people_words.review import ListConcerned, ListPassages, MakeReview, PassagesTold, ReviewTold
from tests.overlay.fake_desk import fake_desk
from tests.people_rules.came import cleo_came, without_cleo
from tests.people_rules.office import AUDITOR, MANAGER, Office, made

OTHER = Asker(name="wang", roles=("manager",), address="10.0.0.9")
MAKING, LOOKING = "before the cleaning hours change", "who is to be told of it"


class Clock:
    """A monotonic clock that a test moves."""

    now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


class Reviewed:
    """A desk of its own, with a clock, and a review of a journal in which Cleo came."""

    def __init__(self, office: Office, clock: Clock) -> None:
        self.office = office
        self.clock = clock
        place = Place(office.config, office.folder, clock)
        self.desk = Desk(place, Jobs(), Index(place))
        self.lines = Reviews().lines()

    def ask(self, question: Question, who: Asker = MANAGER) -> Any:
        line = self.lines[type(question)]
        assert not line.roles.isdisjoint(who.roles)
        if isinstance(line, LongLine):
            return line.work(self.desk, who, question, Work("job", type(question).__name__, who, Lane.WORK))
        assert isinstance(line, Line)
        return line.call(self.desk, who, question)

    def refused(self, question: Question, who: Asker = MANAGER) -> str:
        with pytest.raises(Denied) as denied:
            self.ask(question, who)
        return denied.value.said.word

    def looks(self) -> list[tuple[str, str, str, str]]:
        """(act, detail, who, why) of what the journal was told of looking."""
        commands = (asked.command for asked in self.office.told)
        told = [one for one in commands if isinstance(one, TellPeople)]
        return [(one.act.value, one.detail, one.issuer, one.why) for one in told if one.act.value == "looked_up"]

    def counts(self, told: ReviewTold, who: Asker) -> list[int | None]:
        return [one.passages for one in self.ask(ListConcerned(review=told.id, side="lost"), who).people]


@pytest.fixture
def reviewed(tmp_path: Path) -> Iterator[Reviewed]:
    office = made(tmp_path)
    cleo_came(office)
    without_cleo(office)
    with fake_desk(office.folder, office.answer):
        there = Reviewed(office, Clock())
        yield there
        there.desk.jobs.stop()


@pytest.mark.attack("review-01")
def test_nobody_reads_the_journal_s_part_for_another_s_purpose(reviewed: Reviewed) -> None:
    told: ReviewTold = reviewed.ask(MakeReview(why=MAKING))
    assert told.passages is not None
    assert told.passages.by_change["refused"] == 3
    for who in (OTHER, AUDITOR):
        assert reviewed.refused(ListPassages(review=told.id), who) == "people_purpose_needed"
        assert reviewed.refused(ListPassages(review=told.id, words="cleo"), who) == "people_purpose_needed"
        assert reviewed.counts(told, who) == [None], "nor is it told how often she came"
    assert reviewed.looks() == [("looked_up", "review of the last 30 days", "chen", MAKING)]


def test_whoever_made_it_for_a_purpose_has_stated_it(reviewed: Reviewed) -> None:
    told: ReviewTold = reviewed.ask(MakeReview(why=MAKING))
    found: PassagesTold = reviewed.ask(ListPassages(review=told.id))
    assert (found.purpose, found.total) == (MAKING, 1)
    (one,) = found.passages
    assert (one.holder, one.name, one.point, one.count, one.change) == ("cleo", "Cleo", "front_in", 3, "refused")
    assert reviewed.counts(told, MANAGER) == [3]
    assert len(reviewed.looks()) == 1


def test_a_purpose_is_in_the_journal_before_anything_is_told_and_once_while_it_holds(reviewed: Reviewed) -> None:
    told: ReviewTold = reviewed.ask(MakeReview(why=MAKING))
    found: PassagesTold = reviewed.ask(ListPassages(review=told.id, why=f"  {LOOKING}\n"), AUDITOR)
    mine = ("looked_up", "passages of a review of the last 30 days", "audit", LOOKING)
    assert (found.purpose, found.total, reviewed.looks()[1:]) == (LOOKING, 1, [mine])
    assert reviewed.counts(told, AUDITOR) == [3]
    for why in ("", LOOKING):  # a further page
        assert reviewed.ask(ListPassages(review=told.id, why=why, after=1), AUDITOR).total == 1
    assert reviewed.looks()[1:] == [mine]
    assert (
        reviewed.ask(ListPassages(review=told.id, why="for the owners, too"), AUDITOR).purpose == "for the owners, too"
    )
    assert [why for _, _, _, why in reviewed.looks()] == [MAKING, LOOKING, "for the owners, too"]
    assert reviewed.refused(ListPassages(review=told.id), OTHER) == "people_purpose_needed"


def test_a_purpose_holds_for_a_while_and_for_one_review(reviewed: Reviewed) -> None:
    told: ReviewTold = reviewed.ask(MakeReview(why=MAKING))
    reviewed.ask(ListPassages(review=told.id, why=LOOKING), AUDITOR)
    reviewed.clock.now_s += PURPOSE_S_MAX - 1
    assert reviewed.ask(ListPassages(review=told.id), AUDITOR).total == 1
    reviewed.clock.now_s += 1
    for who in (AUDITOR, MANAGER):
        assert reviewed.refused(ListPassages(review=told.id), who) == "people_purpose_needed"
        assert reviewed.counts(told, who) == [None]
    reviewed.ask(ListPassages(review=told.id, why=LOOKING), AUDITOR)
    assert len(reviewed.looks()) == 3, "stated anew"
    again: ReviewTold = reviewed.ask(MakeReview(why=MAKING))
    assert reviewed.refused(ListPassages(review=again.id), AUDITOR) == "people_purpose_needed"
    assert reviewed.refused(ListPassages(review=told.id, why=LOOKING), AUDITOR) == "review_gone"
    assert len(reviewed.looks()) == 4, "of what is gone nothing is told"


@pytest.mark.parametrize("why", ["x", "    ", "four", "a b ", "why\u202enot", "why\x00not"])
def test_what_says_nothing_is_no_purpose(reviewed: Reviewed, why: str) -> None:
    assert reviewed.refused(MakeReview(why=why)) == "people_purpose_needed"
    told: ReviewTold = reviewed.ask(MakeReview())
    assert reviewed.refused(ListPassages(review=told.id, why=why), AUDITOR) == "people_purpose_needed"
    assert reviewed.looks() == []


def test_a_journal_that_is_not_told_shows_nothing(reviewed: Reviewed) -> None:
    told: ReviewTold = reviewed.ask(MakeReview(why=MAKING))
    reviewed.office.answers = False
    assert reviewed.refused(ListPassages(review=told.id, why=LOOKING), AUDITOR) == "people_not_recorded"
    assert reviewed.refused(ListPassages(review=told.id), AUDITOR) == "people_purpose_needed"


def test_of_more_people_than_are_kept_the_first_one_states_it_again(reviewed: Reviewed) -> None:
    told: ReviewTold = reviewed.ask(MakeReview(why=MAKING))
    crowd = [Asker(name=f"auditor {number}", roles=("auditor",)) for number in range(PURPOSES_MAX)]
    for who in crowd:
        assert reviewed.ask(ListPassages(review=told.id, why=LOOKING), who).total == 1
    assert reviewed.refused(ListPassages(review=told.id)) == "people_purpose_needed"
    assert reviewed.ask(ListPassages(review=told.id), crowd[0]).total == 1
