"""What is known of a credential with local entries beside the roster, against the rules read literally."""

from __future__ import annotations

import csv
import io
import random
import timeit

import pytest

from firmware.core import calendar
from firmware.core.access import Factor, Known, Unknown, Zone
from firmware.core.codes import Reason
from firmware.core.decision import Outcome, decide
from firmware.core.site import AccessPoint, Site
from firmware.roster.overlay import EMPTY, ENTRIES_MAX, Overlay
from firmware.roster.presented import present, resting_on, second_pin
from firmware.roster.roster import SecondPin
from firmware.roster.schema import FLAGS
from tests.overlay.entries import DAY_S, NOW_S, enrolled, lost, suspended, visitor

TABLE = """\
holder,household,spaces,profiles,flags,card,plate,pin,pin_with,status,valid_until
li,b1-2-301,1,residents,,H10301:1:1,,,2468,,
li,b1-2-301,,,,H10301:1:11,,,,lost,
wang,b1-2-302,0,residents;staff,vehicle,H10301:1:2,沪A12345,80461357,,,
zhao,b1-2-303,,residents,,H10301:1:3,,,,suspended,
chen,b1-2-304,,residents,,H10301:1:4,,,,,2026-11-30 00:00
"""
CHEN_ENDS_S = 1_795_993_200  # 2026-11-30 00:00 in Berlin, whose winter is one hour before UTC
NEW, OTHER = "H10301:9:1", "H10301:9:2"
TOKEN = "ab" * 8


@pytest.fixture
def roster(workshop):
    with workshop.open(TABLE) as opened:
        yield opened


@pytest.fixture
def look(roster, ledger, identity):
    def look(overlay: Overlay, key: str, factor: Factor = Factor.CARD) -> Known | Unknown:
        return present(roster, ledger, factor, key, identity, overlay=overlay)

    return look


def decision(roster, known: Known | Unknown, at_s: int | None, factor: Factor = Factor.CARD):
    site = Site("s")
    wall = None if at_s is None else calendar.wall(Zone("UTC"), at_s)
    return decide(site, roster.rulebook(), AccessPoint("gate", "door"), known, factor, wall=wall)


def test_without_entries_it_is_as_the_roster_says(look) -> None:
    unrelated = EMPTY.with_(suspended("somebody"), visitor("guest", TOKEN, "a code"))
    for key, factor in ((f"H10301:1:{number}", Factor.CARD) for number in (1, 2, 3, 4, 7)):
        assert look(EMPTY, key, factor) == look(unrelated, key, factor)
    known = look(unrelated, "H10301:1:1")
    assert (known.status, known.suspended_until_s, known.local) == ("active", None, False)


@pytest.mark.attack("roster-34")
def test_a_suspended_credential_is_refused_until_a_known_clock_says_otherwise(look, roster) -> None:
    token = look(EMPTY, "H10301:1:2").credential
    until_s = NOW_S + DAY_S
    for entry, reason in (
        (lost("wang", token, expires_s=until_s), Reason.LOST),
        (suspended("wang", token, expires_s=until_s), Reason.SUSPENDED),
        (suspended("wang", expires_s=until_s), Reason.SUSPENDED),
        (suspended("wang", status="left", expires_s=until_s), Reason.SUSPENDED),
    ):
        known = look(EMPTY.with_(entry), "H10301:1:2")
        for at_s in (None, 1, NOW_S, until_s - 1):  # no clock, 1970, now, the last second
            refused = decision(roster, known, at_s)
            assert (refused.outcome, refused.reasons) == (Outcome.DENIED, (Reason.KNOWN, reason)), at_s
        assert decision(roster, known, until_s).outcome is Outcome.GRANTED
    assert decision(roster, look(EMPTY, "H10301:1:2"), NOW_S).outcome is Outcome.GRANTED


def test_a_credential_of_its_own_or_all_of_a_holders(look) -> None:
    card, plate = look(EMPTY, "H10301:1:2"), look(EMPTY, "沪A12345", Factor.PLATE)
    pin = look(EMPTY, "80461357", Factor.PIN)
    assert {one.holder for one in (card, plate, pin)} == {"wang"}
    only_card = EMPTY.with_(lost("wang", card.credential))
    assert look(only_card, "H10301:1:2").status == "lost"
    assert look(only_card, "沪A·12345", Factor.PLATE).status == "active"
    assert look(only_card, "80461357", Factor.PIN).status == "active"
    all_of_it = EMPTY.with_(suspended("wang"))
    for key, factor in (("H10301:1:2", Factor.CARD), ("沪A12345", Factor.PLATE), ("80461357", Factor.PIN)):
        assert look(all_of_it, key, factor).status == "suspended"
        assert look(all_of_it, "H10301:1:1").status == "active", "another holder's"


def test_a_card_stays_suspended_when_its_token_is_another(look) -> None:
    """A token changes with the digest key (adoption); the card does not. A PIN is found by its digest."""
    for key, factor in (("H10301:1:2", Factor.CARD), ("沪A12345", Factor.PLATE)):
        before = suspended("wang", "0" * 16, factor=factor, key=key)
        assert look(EMPTY.with_(before), key, factor).status == "suspended"
    assert look(EMPTY.with_(suspended("wang", "0" * 16)), "H10301:1:2").status == "active"


def test_what_the_roster_refuses_no_local_entry_makes_good(look, roster) -> None:
    for overlay in (EMPTY, EMPTY.with_(suspended("zhao", expires_s=NOW_S + 1))):
        known = look(overlay, "H10301:1:3")
        assert (known.status, known.suspended_until_s) == ("suspended", None)
        assert decision(roster, known, NOW_S + DAY_S).outcome is Outcome.DENIED
    assert look(EMPTY.with_(enrolled("zhao", TOKEN, "H10301:1:3")), "H10301:1:3").status == "suspended"


def test_an_enrolled_credential_has_its_holders_standing(look, roster) -> None:
    entry = enrolled("wang", TOKEN, NEW)
    overlay = EMPTY.with_(entry)
    known = look(overlay, NEW)
    own = look(EMPTY, "H10301:1:2")
    assert known.credential == TOKEN != own.credential
    for field in ("holder", "household", "profiles", "vehicle", "spaces", "visitor", "exempt", "escort", "status"):
        assert getattr(known, field) == getattr(own, field), field
    assert known.local
    assert not own.local
    assert known.valid_until_s == entry.expires_s
    assert set(known.second_factors) == {Factor.PIN, Factor.PLATE}
    granted = decision(roster, known, NOW_S)
    assert granted.outcome is Outcome.GRANTED
    assert granted.reasons[:2] == (Reason.KNOWN, Reason.LOCAL)
    assert decision(roster, known, entry.expires_s).reasons[-1] == Reason.EXPIRED
    assert decision(roster, known, None).reasons[-1] == Reason.CLOCK_UNKNOWN_REFUSED, "it has an end"
    assert isinstance(look(EMPTY, NEW), Unknown)
    assert isinstance(look(overlay, NEW, Factor.TAG), Unknown), "of another kind it is another credential"


def test_a_kind_enrolled_here_may_be_asked_for_next(look) -> None:
    overlay = EMPTY.with_(enrolled("li", TOKEN, "tag-7", Factor.TAG))
    assert Factor.TAG in look(overlay, "H10301:1:1").second_factors
    assert Factor.TAG not in look(EMPTY, "H10301:1:1").second_factors
    assert Factor.TAG not in look(overlay, "H10301:1:2").second_factors
    assert set(look(overlay, "tag-7", Factor.TAG).second_factors) == {Factor.CARD, Factor.PIN}


def test_what_holds_for_all_that_a_holder_has_holds_for_what_was_enrolled(look, roster) -> None:
    zhao = look(EMPTY.with_(enrolled("zhao", TOKEN, NEW)), NEW)
    assert zhao.status == "suspended", "the roster suspends the holder as a whole"
    li = look(EMPTY.with_(enrolled("li", TOKEN, NEW)), NEW)
    assert li.status == "active", "one lost card of two"
    long_ends_s = CHEN_ENDS_S + 20 * DAY_S
    chen = look(EMPTY.with_(enrolled("chen", TOKEN, NEW, expires_s=long_ends_s)), NEW)
    assert chen.valid_until_s == CHEN_ENDS_S, "the lease ends before the entry"
    soon_s = NOW_S + DAY_S
    assert look(EMPTY.with_(enrolled("chen", TOKEN, NEW, expires_s=soon_s)), NEW).valid_until_s == soon_s


def test_who_lost_the_only_card_passes_with_the_new_one(workshop, ledger, identity) -> None:
    table = "holder,profiles,card,status\nsun,residents,H10301:1:5,lost\n"
    with workshop.open(table) as roster:
        overlay = EMPTY.with_(enrolled("sun", TOKEN, NEW))
        assert present(roster, ledger, Factor.CARD, NEW, identity, overlay=overlay).status == "active"
        assert present(roster, ledger, Factor.CARD, "H10301:1:5", identity, overlay=overlay).status == "lost"


def test_the_roster_wins_over_an_enrolled_key(look) -> None:
    overlay = EMPTY.with_(enrolled("li", TOKEN, "H10301:1:2"))
    known = look(overlay, "H10301:1:2")
    assert (known.holder, known.local) == ("wang", False)


def test_a_holder_whom_the_roster_does_not_know_has_nothing(look) -> None:
    assert isinstance(look(EMPTY.with_(enrolled("gone", TOKEN, NEW)), NEW), Unknown)


def test_a_suspension_holds_for_what_was_enrolled_here_too(look) -> None:
    for refusing in (suspended("wang"), suspended("wang", TOKEN), lost("wang", TOKEN)):
        assert look(EMPTY.with_(enrolled("wang", TOKEN, NEW), refusing), NEW).status != "active"
    assert look(EMPTY.with_(enrolled("wang", TOKEN, NEW), suspended("li")), NEW).status == "active"


def test_a_visitor_stands_on_the_entry_alone(look, roster, ledger) -> None:
    entry = visitor(
        "guest", TOKEN, "welcome-77", valid_from_s=NOW_S + 60, household="b1-2-301", flags=FLAGS["escorted"]
    )
    overlay = EMPTY.with_(entry)
    known = look(overlay, "welcome-77", Factor.CODE)
    assert (known.holder, known.credential, known.household) == ("guest", TOKEN, "b1-2-301")
    assert (known.visitor, known.escorted, known.exempt, known.local) == (True, True, False, True)
    assert (known.profiles, known.spaces, known.second_factors) == (("residents",), None, ())
    assert (known.valid_from_s, known.valid_until_s) == (NOW_S + 60, entry.expires_s)
    for at_s, reason in (
        (NOW_S + 59, Reason.NOT_YET_VALID),
        (NOW_S + 60, Reason.ESCORT_NEEDED),
        (entry.expires_s, Reason.EXPIRED),
        (None, Reason.CLOCK_UNKNOWN_REFUSED),
    ):
        assert decision(roster, known, at_s, Factor.CODE).reasons[-1] == reason
    for used, left in ((2, True), (3, False), (4, False)):
        ledger.uses = {TOKEN: used}
        said = decision(roster, look(overlay, "welcome-77", Factor.CODE), NOW_S + 60, Factor.CODE).reasons
        assert (said[-1] == Reason.ESCORT_NEEDED) is left
        assert (said[-1] == Reason.USED_UP) is not left


def test_a_visitor_with_a_holders_id_opens_nothing(look) -> None:
    overlay = EMPTY.with_(visitor("li", TOKEN, "welcome-77"))
    assert isinstance(look(overlay, "welcome-77", Factor.CODE), Unknown)


@pytest.mark.attack("roster-35")
def test_the_second_pin_of_who_is_suspended_or_left_is_no_help(roster, identity) -> None:
    def asked(overlay: Overlay, at_s: int | None = None) -> SecondPin | None:
        return second_pin(roster, "li", "2468", identity, overlay, at_s)

    assert asked(EMPTY) is SecondPin.RIGHT
    until_s = NOW_S + DAY_S
    for status in ("suspended", "left", "lost"):
        overlay = EMPTY.with_(suspended("li", status=status, expires_s=until_s))
        assert [asked(overlay, at_s) for at_s in (None, NOW_S, until_s - 1)] == [None] * 3
        assert asked(overlay, until_s) is SecondPin.RIGHT
    assert asked(EMPTY.with_(suspended("li", "0" * 16))) is SecondPin.RIGHT, "one card is lost, not the holder"
    assert asked(EMPTY.with_(suspended("wang"))) is SecondPin.RIGHT
    assert second_pin(roster, "li", "2469", identity, EMPTY) is None


def test_an_entry_is_named_where_the_answer_rests_on_it(look) -> None:
    refusing, other = lost("wang", look(EMPTY, "H10301:1:2").credential), suspended("li", "0" * 16)
    opening, guest = enrolled("li", TOKEN, NEW), visitor("guest", "cd" * 8, "welcome-77")
    overlay = EMPTY.with_(other, refusing, opening, guest)
    assert resting_on(overlay, look(overlay, "H10301:1:2")) == refusing
    assert resting_on(overlay, look(overlay, NEW)) == opening
    assert resting_on(overlay, look(overlay, "welcome-77", Factor.CODE)) == guest
    assert resting_on(overlay, look(overlay, "H10301:1:1")) is None
    assert resting_on(overlay, look(overlay, "H10301:7:7")) is None


# -- random rosters and entries, against the rules read literally -----------------------------------------------------

STATUSES = ("", "", "", "suspended", "lost")


def some_table(rng: random.Random) -> tuple[str, list[dict[str, str]]]:
    rows = []
    for number in range(6):
        for card in range(rng.choice((1, 1, 2))):
            rows.append(
                {
                    "holder": f"h{number}",
                    "profiles": "residents" if card == 0 else "",
                    "card": f"H10301:{card}:{number}",
                    "status": rng.choice(STATUSES),
                }
            )
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue(), rows


def expected(
    key: str, rows: list[dict[str, str]], entries: list, tokens: dict[str, str]
) -> tuple[str, str, bool] | None:
    """(holder, status, whether it is local) of a card; None: nobody's."""
    row = next((row for row in rows if row["card"] == key), None)
    if row is not None:
        holder, status, token, local = row["holder"], row["status"] or "active", tokens[key], False
    else:
        entry = next((entry for entry in entries if entry.lets_in and entry.key == key), None)
        if entry is None:
            return None
        holder, token, local = entry.holder, entry.credential, True
        own = [each["status"] or "active" for each in rows if each["holder"] == holder]
        if entry.kind == "visitor":
            if own:
                return None
            status = "active"
        elif not own:
            return None
        else:
            status = "suspended" if "active" not in own and "suspended" in own else "active"
    against = [
        entry
        for entry in entries
        if not entry.lets_in
        and ((entry.credential is None and entry.holder == holder) or entry.credential == token or entry.key == key)
    ]
    if status == "active" and against:
        end = max(entry.expires_s for entry in against)
        is_lost = any(entry.status == "lost" for entry in against if entry.expires_s == end)
        status = "lost" if is_lost else "suspended"
    return holder, status, local


@pytest.mark.parametrize("seed", [20261, 20262, 20263])
def test_random_entries_beside_random_rosters(seed: int, workshop, ledger, identity) -> None:
    rng = random.Random(seed)
    text, rows = some_table(rng)
    seen: set[object] = set()
    with workshop.open(text) as roster:
        cards = [row["card"] for row in rows]
        tokens = {card: present(roster, ledger, Factor.CARD, card, identity).credential for card in cards}
        for _ in range(150):
            overlay = EMPTY
            for number in range(rng.randrange(6)):
                holder, card = f"h{rng.randrange(8)}", rng.choice([*cards, NEW, OTHER])
                token = tokens.get(card, f"{number:016x}")
                ends = {"expires_s": NOW_S + rng.randrange(1, 4) * DAY_S}
                entry = rng.choice(
                    [
                        suspended(holder, **ends),
                        lost(holder, token, **ends),
                        suspended(holder, "e" * 16, factor=Factor.CARD, key=card, **ends),
                        enrolled(holder, token, card, **ends),
                        visitor(holder, token, card, Factor.CARD, **ends),
                    ]
                )
                if entry.lets_in and overlay.enrolled(entry.factor, entry.key) is not None:
                    continue
                overlay = overlay.with_(entry)
            for card in (*cards, NEW, OTHER):
                known = present(roster, ledger, Factor.CARD, card, identity, overlay=overlay)
                said = None if isinstance(known, Unknown) else (known.holder, known.status, known.local)
                assert said == expected(card, rows, list(overlay), tokens), f"seed {seed}: {card} with {list(overlay)}"
                seen.add(said and said[1:])
    assert {None, ("active", True), ("suspended", True), ("lost", False), ("active", False)} <= seen


def test_looking_beside_a_full_list_costs_next_to_nothing(roster, ledger, identity) -> None:
    """Budget: 2 us more. Here five times that, for a machine that is busy with other tests."""
    full = EMPTY.with_(*(suspended(f"x{number}", f"{number:016x}") for number in range(ENTRIES_MAX)))

    def cost(overlay: Overlay) -> float:
        def once() -> object:
            return present(roster, ledger, Factor.CARD, "H10301:1:1", identity, overlay=overlay)

        return min(timeit.repeat(once, number=200, repeat=20)) / 200

    assert cost(full) - cost(EMPTY) < 10e-6
