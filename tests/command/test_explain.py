"""`menshen explain` says what the gate does: against the table by hand, against the core's own steps, and in words."""

from __future__ import annotations

import io
import itertools
import json
import random
import re

import pytest

from firmware.config import load
from firmware.core.access import Factor, Known
from firmware.core.codes import Code
from firmware.core.decision import Offered, Outcome
from firmware.core.effects import Event, Keep, Record, Remember
from firmware.core.facts import CardRead, ClockLost, ClockSet, PinEntered, RosterReplaced, Started
from firmware.core.state import initial
from firmware.core.step import step
from firmware.explain import explain, standing_of
from firmware.identity import Identity
from firmware.roster.install import install
from firmware.roster.presented import present
from firmware.roster.roster import open_roster
from tests.command.conftest import SITE, open_journal

ROUNDS = 40
CARDS = {
    "resident": "H10301:12:34567",
    "neighbour": "H10301:12:34568",
    "guard": "H10304:12:100",
    "visitor": "H10301:12:50001",
    "former": "H10301:12:20001",
    "careless": "H10301:12:40404",
    "stranger": "H10301:1:1",
}
# In Shanghai: a Monday's noon and night, a festival's night, and the years before and after.
TIMES = ("2026-11-23T12:00", "2026-11-23T23:30", "2026-02-17T23:30", "2024-02-29T12:00", "2099-12-31T05:59", "unknown")


def ask(menshen, roster_words, card="resident", point="front_in", at=TIMES[0], *words):
    credential = card if ":" in card else f"card:{CARDS[card]}"
    return menshen(
        "explain", SITE, *roster_words, "--access-point", point, "--credential", credential, "--at", at, *words
    )


@pytest.fixture
def by(state, built):
    return ("--roster", built, "--state", state)


# -- by hand, from holders.csv, rules.toml and community_gate.toml ----------------------------------------------------


@pytest.mark.parametrize(
    ("card", "point", "at", "status", "last"),
    [
        ("resident", "front_in", "2026-11-23T12:00", 0, "granted"),
        ("resident", "front_in", "2026-11-23T23:30", 1, "factor_missing:pin"),  # by night a card and a PIN
        ("resident", "front_in", "2026-11-23T22:59:59", 0, "granted"),
        ("resident", "front_in", "2026-11-23T23:00", 1, "factor_missing:pin"),
        ("resident", "front_in", "2026-11-23T15:00Z", 1, "factor_missing:pin"),  # which is 23:00 at the gate
        ("resident", "front_in", "2026-02-17T23:30", 0, "granted"),  # a festival has no night
        ("neighbour", "bike_in", "2026-11-23T12:00", 1, "profile_without_access_point:bike_in"),
        ("visitor", "front_in", "2026-11-23T05:59", 1, "schedule_outside:day"),
        ("visitor", "hall_in", "2026-11-23T06:00", 0, "granted"),
        ("visitor", "hall_in", "unknown", 1, "clock_unknown_refused"),
        ("former", "hall_in", "2026-11-23T12:00", 1, "credential_expired"),
        ("former", "hall_in", "2025-12-31T12:00", 0, "granted"),
        ("careless", "hall_in", "2026-11-23T12:00", 1, "credential_lost"),
        ("stranger", "hall_in", "2026-11-23T12:00", 1, "credential_not_found"),
        ("guard", "bike_in", "2026-11-23T12:00", 0, "granted"),
        ("pin:735190", "front_in", "2026-11-23T12:00", 0, "granted"),  # the cleaner's
        ("pin:735191", "front_in", "2026-11-23T12:00", 1, "pin_wrong"),
        ("pin:735190", "front_in", "2026-11-23T23:30", 1, "factor_missing:card"),
        ("plate:京A99999", "front_in", "2026-11-23T12:00", 1, "credential_not_found"),
    ],
)
def test_the_decision_as_the_tables_have_it(menshen, by, card, point, at, status, last):
    answer = ask(menshen, by, card, point, at, "--json")
    said = json.loads(answer.out)
    assert answer.status == status, said
    assert said["reasons"][-1] == last
    assert (said["outcome"] == "granted") is (status == 0)
    assert len(said["words"]) == len(said["reasons"])


@pytest.mark.parametrize(
    ("given", "status", "last"),
    [("pin", 0, "granted"), ("pin:2468", 0, "granted"), ("pin:8420", 0, "granted"), ("pin:1111", 1, "pin_wrong"),
     ("pin:735190", 1, "pin_wrong")],
)  # fmt: skip
def test_a_pin_beside_the_card(menshen, by, given, status, last):
    """8420 is the duress PIN: it looks like any other, here too."""
    answer = ask(menshen, by, "resident", "front_in", TIMES[1], "--with", given, "--json")
    assert answer.status == status
    assert json.loads(answer.out)["reasons"][-1] == last
    assert "duress" not in answer.out
    assert "8420" not in answer.out


@pytest.mark.parametrize(
    ("standing", "point", "reasons"),
    [("lockdown", "hall_in", ["credential_known", "lockdown"]),
     ("out_of_service", "hall_in", ["credential_known", "out_of_service"]),
     ("fault_latched", "hall_in", ["credential_known", "fault_latched"]),
     ("locked_by_operator", "hall_in", ["credential_known", "locked_by_operator"])],
)  # fmt: skip
def test_what_stands_is_asked_for(menshen, by, standing, point, reasons):
    answer = ask(menshen, by, "resident", point, TIMES[0], "--standing", standing, "--json")
    assert answer.status == 1
    assert json.loads(answer.out)["reasons"] == reasons


def test_lockdown_keeps_nobody_in_and_fire_is_noted(menshen, by):
    out = ask(menshen, by, "resident", "hall_out", TIMES[0], "--standing", "lockdown,fire,ledger_untrusted", "--json")
    assert out.status == 0
    assert json.loads(out.out)["reasons"][0] == "fire"
    busy = ask(menshen, by, "resident", "hall_in", TIMES[0], "--standing", "interlock:bike_shed", "--json")
    assert json.loads(busy.out)["reasons"][-1] == "interlock:bike_shed"


# -- against the core -------------------------------------------------------------------------------------------------


class Remembered:
    """A ledger of one entry for everybody."""

    def __init__(self, area, entered_s, uses):
        self.area, self.entered_s, self.count = area, entered_s, uses
        self.uses = self

    def get(self, credential, otherwise):
        return self.count

    def holder(self, holder):
        return self

    def household_inside(self, household, besides, areas):
        return 0


def recorded(effects):
    """The event of a decision; None where the reader waits for more."""
    codes = (Code.GRANTED, Code.DENIED, Code.UNKNOWN_CREDENTIAL)
    events = [effect.event for effect in effects if isinstance(effect, Record) and effect.event.code in codes]
    assert len(events) <= 1
    return events[0] if events else None


def test_it_equals_the_recorded_decision_of_the_core(state, built):
    """Every card at every access point at every time, with what may be kept and remembered drawn by seed 20261123."""
    chance = random.Random(20261123)
    config, problems = load(SITE)
    assert config is not None, problems
    identity = Identity.load_or_create(state / "identity")
    compared = {True: 0, False: 0, None: 0}
    with open_roster(built, [identity.public_key]) as roster:
        points = [point for portal in config.site.portals for point in portal.access_points]
        for card, point, at in itertools.product(CARDS.values(), points, range(ROUNDS)):
            fault, service, lock = f"fault:{point.portal}", f"out_of_service:{point.portal}", f"locked:{point.portal}"
            kept = chance.choice([{}, {}, {}, {"lockdown": "*"}, {fault: "stuck"}, {service: "x"}, {lock: "x"}, None])
            ledger = Remembered(chance.choice([None, "lobby", "shed"]), chance.choice([None, 5]), chance.choice([0, 2]))
            occupancy = {"shed": chance.choice([0, 59, 60])}
            utc_s = None if at == 0 else 1_770_000_000 + chance.randrange(40_000_000)
            presented = present(roster, ledger, Factor.CARD, card, identity)
            gate, _ = step(initial(config.site), 0, Started(boot="b", kept=kept, occupancy=occupancy))
            clock = ClockLost() if utc_s is None else ClockSet(utc_ms=utc_s * 1000)
            gate, _ = step(gate, 0, clock)
            gate, _ = step(gate, 0, RosterReplaced(rulebook=roster.rulebook()))
            gate, effects = step(gate, 0, CardRead(reader=point.readers[0], presented=presented))
            standing = standing_of(config, point.id, kept, occupancy)
            question = (config, roster, ledger, identity, point.id, Factor.CARD, card, utc_s)
            said = explain(*question, standing=standing)
            event = recorded(effects)
            if event is not None:
                assert (event.reasons, event.code is Code.GRANTED) == (
                    said.decision.reasons, said.decision.outcome is Outcome.GRANTED,
                )  # fmt: skip
                compared[event.code is Code.GRANTED] += 1
                continue
            assert said.decision.outcome is Outcome.NEEDS
            assert said.decision.needs is Factor.PIN
            assert isinstance(presented, Known)
            right = chance.random() < 0.5
            pin = PinEntered(
                reader=point.readers[0],
                presented=present(roster, ledger, Factor.PIN, "0000", identity),
                second_of=presented.holder if right else None,
            )
            _, effects = step(gate, 100, pin)
            both = explain(*question, Offered(factors=(Factor.PIN,), pin_wrong=not right), standing)
            event = recorded(effects)
            assert event is not None
            assert event.reasons == both.decision.reasons
            compared[None] += 1
    assert min(compared.values()) >= 10, compared
    assert sum(compared.values()) == len(CARDS) * len(points) * ROUNDS


# -- a state folder ---------------------------------------------------------------------------------------------------


def test_the_roster_in_service_the_ledger_and_the_lockdown_of_a_state_folder(menshen, state, built):
    identity = Identity.load_or_create(state / "identity")
    install(built, state / "roster", [identity.public_key]).close()
    with open_roster(built, [identity.public_key]) as roster:
        visitor = roster.find(Factor.CARD, CARDS["visitor"])
    by = ("--state", state)
    assert ask(menshen, by, "visitor", "hall_in").status == 0
    journal, listener = open_journal(state, identity)
    try:
        used = Remember("visitor", credential=visitor.credential, uses=2)
        listener.wait_ticket(journal.append([Record(Event(Code.TAKEN)), used], now_ms=1, utc_ms=None))
        up = json.loads(ask(menshen, by, "visitor", "hall_in", TIMES[0], "--json").out)
        assert up["reasons"][-1] == "credential_used_up"
        assert list(up["notes"]) == ["ledger_now"]
        listener.wait_ticket(journal.append([Keep("lockdown", "*")], now_ms=2, utc_ms=None))
        down = json.loads(ask(menshen, by, "resident", "hall_in", TIMES[0], "--json").out)
        assert down["reasons"] == ["credential_known", "lockdown"]
        assert ask(menshen, by, "resident", "hall_out").status == 0
    finally:
        assert journal.close()
    alone = json.loads(ask(menshen, ("--roster", built), "visitor", "hall_in", TIMES[0], "--json").out)
    assert alone["outcome"] == "granted"
    assert set(alone["notes"]) == {"ledger_empty", "roster_unproven"}


def test_the_roster_before_where_the_newest_is_refused_and_that_is_said(menshen, state, built):
    identity = Identity.load_or_create(state / "identity")
    install(built, state / "roster", [identity.public_key]).close()
    (state / "roster" / "roster").rename(state / "roster" / "roster.previous")
    (state / "roster" / "roster").write_bytes(b"half a roster")
    answer = ask(menshen, ("--state", state))
    assert answer.status == 0
    assert "the one before" in answer.out


def test_a_damaged_journal_is_no_empty_ledger(menshen, state, built):
    path = state / "journal" / "journal.db"
    path.write_bytes(path.read_bytes()[:4096] + b"\xa5" * 40_000)
    answer = ask(menshen, ("--state", state, "--roster", built))
    assert (answer.status, answer.out) == (2, "")
    assert answer.err


def test_nothing_is_made_and_nothing_changes(menshen, state, built, tmp_path):
    before = {path: path.read_bytes() for path in state.rglob("*") if path.is_file()}
    assert ask(menshen, ("--state", state, "--roster", built)).status == 0
    after = {path: path.read_bytes() for path in state.rglob("*") if path.is_file()}
    assert {path: after[path] for path in before} == before
    # SQLite's own: a reader of a WAL file makes them where it may, and the next writer takes them over.
    assert {path.name for path in after.keys() - before.keys()} <= {"journal.db-shm", "journal.db-wal"}
    assert ask(menshen, ("--state", tmp_path / "typo", "--roster", built)).status == 2
    assert not (tmp_path / "typo").exists()


# -- rosters that are refused -----------------------------------------------------------------------------------------


def test_a_roster_that_is_refused_answers_nothing(menshen, state, built, tmp_path):
    Identity.load_or_create(tmp_path / "other" / "identity")
    key = Identity.load_or_create(state / "identity").public_key.hex()
    assert ask(menshen, ("--roster", built, "--key", key)).status == 0
    for words in (("--roster", built, "--state", tmp_path / "other"), ("--roster", built, "--key", "00" * 32)):
        answer = ask(menshen, words)
        assert (answer.status, answer.out) == (2, "")
        assert "does not trust" in answer.err
    content = bytearray(built.read_bytes())
    content[5000] ^= 1
    built.write_bytes(content)
    for words in (("--roster", built), ("--roster", built, "--state", state), ("--roster", tmp_path / "no"),
                  ("--roster", tmp_path), ("--state", state)):  # fmt: skip
        answer = ask(menshen, words)
        assert (answer.status, answer.out) == (2, ""), words
        assert answer.err.startswith("menshen explain: ")


def test_a_pin_needs_the_controllers_key(menshen, built):
    answer = ask(menshen, ("--roster", built), "pin:735190")
    assert answer.status == 2
    assert "--state" in answer.err


# -- words ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", ("Not yet let in. Asked for next: the PIN", "Front door (front_in)", "2026-11-23 23:30:00+08:00", "  1. ")),
     ("zh", ("暂不放行。接下来需要：密码", "Front door (front_in)", "2026-11-23 23:30:00+08:00", "  1. "))],
)  # fmt: skip
def test_words_in_both_languages(menshen, by, language, words):
    answer = ask(menshen, by, "resident", "front_in", TIMES[1], "--language", language)
    assert answer.status == 1
    assert all(word in answer.out for word in words), answer.out


def test_the_terminals_language_is_taken(menshen, by, monkeypatch):
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    assert ask(menshen, by).out.startswith("放行")
    monkeypatch.setenv("LC_ALL", "C")
    assert ask(menshen, by).out.startswith("Let in")


def test_it_never_tells_whose_it_is(menshen, by):
    """Or a plate could be searched for without a purpose."""
    for card, words in itertools.product(("resident", "careless"), ((), ("--json",))):
        answer = ask(menshen, by, card, "hall_in", TIMES[0], *words)
        assert card not in re.findall(r"[a-z]+", answer.out)
        assert "b1-0101" not in answer.out


def test_a_credential_from_standard_input_stays_out_of_every_history(menshen, by, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("pin:735190\n"))
    answer = menshen("explain", SITE, *by, "--access-point", "front_in", "--credential", "-", "--at", TIMES[0])
    assert answer.status == 0
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    empty = menshen("explain", SITE, *by, "--access-point", "front_in", "--credential", "-", "--at", TIMES[0])
    assert empty.status == 2


# -- misuse -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        {"--access-point": "garage"}, {"--access-point": "' OR 1=1"}, {"--credential": "H10301:12:34567x"},
        {"--credential": "key:1"}, {"--credential": "card:"}, {"--credential": ""}, {"--at": "noon"}, {"--at": ""},
        {"--standing": "rain"}, {"--standing": "interlock:nowhere"}, {"--with": "card"}, {"--with": "plate:京A12345"},
        {"--with": "key"}, {"--language": "de"}, {"--access-point": "x" * 10_000}, {"--credential": "card:a\0b"},
        {"--at": "\udcff"}, {"--at": "9" * 4000},
    ],
)  # fmt: skip
def test_misuse_says_what_is_allowed(menshen, by, words):
    given = {"--access-point": "front_in", "--credential": f"card:{CARDS['resident']}", "--at": TIMES[0], **words}
    answer = menshen("explain", SITE, *by, *itertools.chain(*given.items()))
    assert (answer.status, answer.out) == (2, "")
    assert answer.err


@pytest.mark.attack("text-15")
@pytest.mark.parametrize("kind", list(Factor))
@pytest.mark.parametrize(
    "text", ["' OR 1=1 --", "🚪", "\u202e12", "%s{0}", "\x1b[2J", "9" * 4000, "../../etc/passwd", "a:b:c"]
)
def test_hostile_credentials_are_nobodys(menshen, by, kind, text):
    answer = ask(menshen, by, f"{kind}:{text}", "hall_in", TIMES[0], "--json")
    assert answer.status == 1
    assert json.loads(answer.out)["reasons"] == ["pin_wrong" if kind is Factor.PIN else "credential_not_found"]


def test_a_mistyped_pin_is_not_shown(menshen, by):
    answer = ask(menshen, by, "pin:", "front_in")
    assert answer.status == 2
    with_wrong = ask(menshen, by, "resident", "front_in", TIMES[0], "--with", "pin:13579", "--json")
    assert "13579" not in with_wrong.out + with_wrong.err


def test_a_site_with_problems_is_misuse(menshen, built, tmp_path):
    for name, content in (("empty", b""), ("zeros", bytes(100)), ("toml", b"[site]\nid = 7\n")):
        site = tmp_path / name
        site.write_bytes(content)
        answer = menshen(
            "explain", site, "--roster", built, "--access-point", "a", "--credential", "card:x", "--at", "unknown"
        )
        assert answer.status == 2
        assert "menshen check" in answer.err
    neither = menshen("explain", SITE, "--access-point", "front_in", "--credential", "card:x", "--at", "unknown")
    assert neither.status == 2
