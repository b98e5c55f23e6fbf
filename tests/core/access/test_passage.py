"""What is remembered of a passage, and when: areas, times, uses, the number of people inside."""

from __future__ import annotations

import random
from collections import Counter

import msgspec
import pytest

from firmware.core import passage
from firmware.core.access import Rulebook
from firmware.core.codes import Code
from firmware.core.effects import Remember
from firmware.core.passage import Grant
from firmware.core.site import Area, Door, Site, Turnstile
from tests.core.access.world import NOON, events, person, remembered, site

GRANT = Grant(
    "door",
    "front_in",
    "front",
    "ann",
    "card_ann",
    household="h1",
    vehicle=True,
    area="street",
    area_from="street",
    area_to="yard",
    reasons=("granted",),
)


def changed(**changes: object) -> Grant:
    return msgspec.structs.replace(GRANT, **changes)


def test_a_proven_passage_is_recorded_and_remembered() -> None:
    effects, change = passage.taken(site(), GRANT, NOON, {"street": 1})
    (event,) = events(effects)
    assert (event.code, event.reasons, event.body.holder) == (Code.TAKEN, ("granted",), "ann")
    assert remembered(effects) == [
        Remember(
            "ann",
            "yard",
            NOON.utc_s,
            credential="card_ann",
            uses=1,
            household="h1",
            vehicle=True,
            passed_at="front_in",
            passed_s=NOON.utc_s,
        )
    ]
    assert change == {"street": -1, "yard": 1}


def test_without_wall_time_the_entry_has_none() -> None:
    effects, _ = passage.taken(site(), GRANT, None, {})
    (known,) = remembered(effects)
    assert known.entered_s is None
    assert (known.passed_at, known.passed_s) == ("front_in", None)  # it is known where, and not when


def test_a_passage_that_is_no_border_is_the_last_one_and_moves_nobody() -> None:
    effects, change = passage.taken(site(), changed(area_from=None, area_to=None), NOON, {})
    (known,) = remembered(effects)
    assert (known.area, known.passed_at, known.passed_s) == (None, "front_in", NOON.utc_s)
    assert change == {}


def test_a_use_that_is_not_proven_is_no_passage() -> None:
    (known,) = passage.used(GRANT)
    assert (known.passed_at, known.passed_s) == (None, None)


@pytest.mark.parametrize(
    ("site_max", "roster_max", "places"),
    [(None, None, None), (3, None, 3), (None, 2, 2), (3, 2, 2), (2, 3, 2), (3, 0, 0)],
)
def test_of_two_limits_of_an_area_the_smaller_holds(site_max, roster_max, places) -> None:
    given = {} if roster_max is None else {"yard": roster_max}
    assert passage.places(site_max, Rulebook(1, areas=given | {"garage": 1}), "yard") == places
    here = Site("s", areas=(Area("yard", site_max),))
    full = []
    for inside in range(5):
        effects, _ = passage.taken(here, GRANT, NOON, {"yard": inside}, Rulebook(1, areas=given))
        full += [(inside, event.count) for event in events(effects) if event.code is Code.OCCUPANCY_FULL]
    assert full == ([(places - 1, places)] if places else [])


@pytest.mark.parametrize(
    ("area", "area_from", "area_to", "remembers", "change"),
    [
        (None, "street", "yard", "yard", {"yard": 1}),
        ("", "street", "yard", "yard", {"yard": 1}),
        ("yard", "street", "yard", "yard", {}),
        ("garage", "street", "yard", "yard", {"garage": -1, "yard": 1}),
        ("yard", "yard", None, "", {"yard": -1}),
        (None, "yard", None, "", {}),
        ("yard", None, None, None, {}),
        (None, None, "yard", "yard", {"yard": 1}),
    ],
)
def test_where_a_passage_leads(area, area_from, area_to, remembers, change) -> None:
    effects, found = passage.taken(site(), changed(area=area, area_from=area_from, area_to=area_to), NOON, {})
    assert remembered(effects)[0].area == remembers
    assert found == change


def test_both_of_two_persons_pass() -> None:
    grant = changed(second=person("guard", area="yard", household=None))
    effects, change = passage.taken(site(), grant, NOON, {})
    assert [(r.holder, r.area, r.credential, r.uses) for r in remembered(effects)] == [
        ("ann", "yard", "card_ann", 1),
        ("guard", "yard", "card_guard", 1),
    ]
    assert events(effects)[0].body.second_holder == "guard"
    assert change == {"street": -1, "yard": 1}
    _, change = passage.taken(site(), changed(second=person("guard", area="street")), NOON, {})
    assert change == {"street": -2, "yard": 2}


@pytest.mark.parametrize(
    ("before", "second", "full"),
    [(0, False, False), (1, False, True), (2, False, False), (0, True, True), (1, True, True)],
)
def test_an_area_is_full_once(before: int, second: bool, full: bool) -> None:
    grant = changed(second=person("guard")) if second else GRANT
    effects, _ = passage.taken(site(), grant, NOON, {"yard": before})
    assert [event.detail for event in events(effects, Code.OCCUPANCY_FULL)] == (["yard"] if full else [])


def test_an_area_without_limit_is_never_full() -> None:
    effects, _ = passage.taken(Site("s", areas=(Area("yard"),)), GRANT, NOON, {"yard": 1_000})
    assert events(effects, Code.OCCUPANCY_FULL) == []


def test_not_taken_remembers_nothing() -> None:
    effects = passage.not_taken(GRANT)
    assert [event.code for event in events(effects)] == [Code.NOT_TAKEN]
    assert len(effects) == 1


def test_uses_of_an_unproven_passage_change_no_area() -> None:
    assert passage.used(changed(second=person("guard"))) == (
        Remember("ann", credential="card_ann", uses=1),
        Remember("guard", credential="card_guard", uses=1),
    )
    assert passage.used(GRANT) == (Remember("ann", credential="card_ann", uses=1),)


def test_what_proves_a_passage() -> None:
    assert passage.proves(Door("d", "l", contact="c"), "in")
    assert not passage.proves(Door("d", "l"), "in")
    turnstile = Turnstile("t", "i", "o", passage_in="p")
    assert passage.proves(turnstile, "in")
    assert not passage.proves(turnstile, "out")
    assert passage.proves(Turnstile("t", "i", "o", passage_out="p"), "out")


def test_the_changes_add_up_to_what_the_ledger_holds() -> None:
    """Seed 8: a ledger kept by Remember effects alone agrees with the sum of the changes after every passage."""
    rng = random.Random(8)
    where: dict[str, str | None] = {}
    inside: Counter[str] = Counter()
    for _ in range(2_000):
        names = rng.sample("abcdef", rng.choice([1, 1, 2]))
        ways = rng.choice([(None, "yard"), ("yard", None), ("yard", "house"), ("house", "yard"), (None, None)])
        second = person(names[1], area=where.get(names[1])) if len(names) == 2 else None
        grant = changed(holder=names[0], area=where.get(names[0]), area_from=ways[0], area_to=ways[1], second=second)
        effects, change = passage.taken(site(), grant, NOON, inside)
        for area, moved in change.items():
            inside[area] += moved
        for effect in remembered(effects):
            if effect.area is not None:
                where[effect.holder] = effect.area or None
        assert +inside == Counter(area for area in where.values() if area)
        assert min(inside.values(), default=0) >= 0
