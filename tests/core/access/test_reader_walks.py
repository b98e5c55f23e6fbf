"""Long random walks at one reader, with time drawn near its deadlines: what must hold whatever people do.

Hypothesis draws the walks (derandomized); a failure prints the shortest one.
"""

from __future__ import annotations

import random
from collections import Counter

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.core.access import Factor, Unknown
from firmware.core.codes import Code
from firmware.core.decision import Standing
from firmware.core.effects import Feedback, Record, Show
from firmware.core.facts import CardRead, PinBefore, PinEntered, PlateSeen
from firmware.core.reader import deadlines, locked_out, muted, restore
from firmware.core.site import Reader
from tests.core.access.world import CARD, CARD_AND_PIN, PIN, RULEBOOK, Bench, events, kept, person, point

PEOPLE = {
    "ann": person(),
    "bob": person("bob"),
    "guard": person("guard", escort=True),
    "vic": person("vic", escorted=True, visitor=True),
    "lost": person("lost", status="lost"),
}
READER = Reader("front", unknown_burst=3, pin_tries_max=3, noise_max=4)
POINTS = {
    "card": point(),
    "both": point(requirements=CARD_AND_PIN),
    "two": point(two_person=True),
    "two_both": point(two_person=True, requirements=CARD_AND_PIN),
}
OPENING_MS = 2 * READER.factor_ms + POINTS["two"].two_person_ms  # the longest dialog there can be
STEPS = st.one_of(
    st.tuples(st.just("card"), st.sampled_from([*PEOPLE, "stranger"]), st.sampled_from(list(PinBefore))),
    st.tuples(
        st.just("pin"),
        st.sampled_from(["right", "wrong", "duress", "alone", "alone_duress"]),
        st.sampled_from([*PEOPLE]),
    ),
    st.tuples(st.just("wait"), st.sampled_from(["before", "at", "after"]), st.just(0)),
    st.tuples(st.just("wait"), st.just("some"), st.integers(1, 20_000)),
    st.tuples(st.just("noise"), st.integers(1, 3), st.just(0)),
    st.tuples(st.sampled_from(["clear", "roster", "lockdown", "clock", "stale", "power"]), st.just(0), st.just(0)),
)


class Walk:
    """A bench, and what an observer beside it noted: who proved what, and when."""

    def __init__(self, access_point: str) -> None:
        self.bench = Bench(POINTS[access_point], reader=READER)
        self.proofs: list[tuple[int, str, Factor]] = []
        self.typed_ms: int | None = None  # a PIN that nobody has alone, which intake would compare with the next card's

    def prove(self, holder: str, factor: Factor) -> None:
        self.proofs.append((self.bench.now_ms, holder, factor))

    def step(self, what: str, one: object, two: object) -> None:
        bench = self.bench
        if what == "card":
            self.card(str(one), two)
        elif what == "pin":
            self.pin(str(one), str(two))
        elif what == "wait":
            deadline = deadlines(bench.state)
            near = 1 if deadline is None else deadline - bench.now_ms
            bench.wait({"before": max(near - 1, 0), "at": near, "after": near + 1, "some": two}[one])
        elif what == "noise":
            bench.noise(one)
        elif what == "clear":
            bench.clear()
        elif what == "roster":
            bench.rulebook = msgspec.structs.replace(RULEBOOK, version=bench.rulebook.version + 1)
        elif what == "lockdown":
            bench.standing = Standing(lockdown=not bench.standing.lockdown)
        elif what == "clock":
            bench.wall = None if bench.wall else Bench().wall
        elif what == "stale":
            bench.give(PlateSeen("front", PEOPLE["ann"], age_ms=60_000))
        elif what == "power":
            bench.state = restore(READER, kept(bench.effects), bench.now_ms)
            bench.keep([Show("front", Feedback.IDLE)])  # the reader was without power too
            self.proofs.clear()

    def card(self, name: str, before: PinBefore) -> None:
        waiting = self.bench.state.pending
        if waiting is None or waiting.stage != "card" or name == "stranger":
            before = PinBefore.NONE  # intake kept no digits
        if name != "stranger":
            self.prove(name, CARD)
            if before in (PinBefore.RIGHT, PinBefore.DURESS):
                self.prove(name, PIN)
        self.bench.give(CardRead("front", PEOPLE.get(name, Unknown("stranger")), before))

    def pin(self, kind: str, name: str) -> None:
        waiting = self.bench.state.pending
        holder = None if waiting is None else waiting.holder
        if kind.startswith("alone"):
            self.prove(name, PIN)
            duress = kind == "alone_duress"
            presented = msgspec.structs.replace(PEOPLE[name], credential=f"pin_{name}", duress=duress)
            self.bench.give(PinEntered("front", presented))
        elif kind == "wrong" or holder is None:
            self.bench.give(PinEntered("front", Unknown("x")))
        else:
            self.prove(holder, PIN)
            self.bench.give(PinEntered("front", Unknown("x"), second_of=holder, duress=kind == "duress"))

    def check(self, access_point: str) -> None:
        bench = self.bench
        for at_ms, grant in bench.grants:
            people = [grant.holder] + ([grant.second.holder] if grant.second else [])
            needed = {CARD, PIN} if "both" in access_point else set()
            for holder in people:
                shown = {
                    factor for when, who, factor in self.proofs if who == holder and at_ms - OPENING_MS <= when <= at_ms
                }
                assert shown, "nobody is let in who presented nothing"
                assert needed <= shown, f"{holder} lacked {needed - shown}"
                assert holder != "lost"
            if "two" in access_point:
                assert len(set(people)) == 2
                assert "guard" in people
            if "vic" in people:
                assert "guard" in people


Steps = list[tuple[str, object, object]]


@pytest.mark.parametrize("access_point", POINTS)
@settings(max_examples=100, derandomize=True, deadline=None)
@given(steps=st.lists(STEPS, max_size=40))
def test_whatever_people_do_at_a_reader(access_point: str, steps: Steps) -> None:
    walked(access_point, steps)


def likely_steps(rng: random.Random, count: int) -> Steps:
    """What residents do mostly, and everything else now and then."""
    steps: Steps = []
    for _ in range(count):
        kind = rng.choices(["card", "pin", "wait", "noise", "rare"], [30, 30, 30, 4, 2])[0]
        if kind == "card":
            steps.append((kind, rng.choice([*PEOPLE, "guard", "ann", "stranger"]), rng.choice(list(PinBefore))))
        elif kind == "pin":
            worth = rng.choices(["right", "wrong", "duress", "alone", "alone_duress"], [10, 7, 1, 2, 1])[0]
            steps.append((kind, worth, rng.choice([*PEOPLE])))
        elif kind == "wait":
            near = rng.choice(["before", "at", "after", "some", "some", "some"])
            steps.append((kind, near, rng.choice([400, 1_000, 3_000, 3_000, 20_000])))
        elif kind == "noise":
            steps.append((kind, rng.randrange(1, 4), 0))
        else:
            steps.append((rng.choice(["clear", "roster", "lockdown", "lockdown", "clock", "stale", "power"]), 0, 0))
    return steps


def test_long_walks_of_likely_steps_reach_everything() -> None:
    """Seeds 1000 to 1399."""
    reached: Counter[str] = Counter()
    for seed in range(1_000, 1_400):
        access_point = list(POINTS)[seed % len(POINTS)]
        bench = walked(access_point, likely_steps(random.Random(seed), 80))
        reached.update(f"{access_point}: {event.code}" for event in events(bench.effects))
        reached.update(
            f"{access_point}: {reason.partition(':')[0]}" for e in events(bench.effects) for reason in e.reasons
        )
    for access_point in POINTS:
        wanted = [Code.GRANTED, Code.DENIED, Code.DURESS, Code.PIN_LOCKED_OUT, Code.PIN_LOCKOUT_ENDED, Code.DENIED_SUM]
        assert min(reached[f"{access_point}: {code}"] for code in wanted) >= 5, access_point
        assert reached[f"{access_point}: dialog_expired"] >= 5, access_point
    assert min(reached[f"{name}: escorted"] for name in POINTS) >= 1
    assert min(reached[f"{name}: second_person"] for name in ("two", "two_both")) >= 5


def walked(access_point: str, steps: Steps) -> Bench:
    """Walk, and check after every step, and that everything ends by itself."""
    walk = Walk(access_point)
    bench = walk.bench
    for step in steps:
        before = len(bench.grants)
        locked, silent, closed = locked_out(bench.state), muted(bench.state), bench.standing.lockdown
        walk.step(*step)
        if len(bench.grants) > before:
            assert not (locked and step[0] == "pin"), "a PIN opened during a lock-out"
            assert not silent, "a muted reader opened"
            assert not closed, "a lockdown let in"
            walk.check(access_point)
        if step[0] == "power":
            bench.grants.clear()
        assert bench.state.guard.tries < READER.pin_tries_max
        assert msgspec.json.decode(msgspec.json.encode(bench.state), type=type(bench.state)) == bench.state
    bench.wait(100_000_000)  # more than a day: everything has ended by itself
    assert deadlines(bench.state) is None
    assert bench.state.pending is None
    assert bench.shown() is Feedback.IDLE
    assert not locked_out(bench.state)
    assert not muted(bench.state)
    assert kept(bench.effects) == {}
    granted = [effect for effect in bench.effects if isinstance(effect, Record) and effect.event.code is Code.GRANTED]
    assert all(event.event.body is not None and event.event.reasons for event in granted)
    assert len(events(bench.effects, Code.GRANTED)) >= len(bench.grants)
    return bench
