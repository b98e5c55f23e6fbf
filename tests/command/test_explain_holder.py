"""`menshen explain --holder` and `--event`: against the demo's tables by hand, and against single questions."""

from __future__ import annotations

import json
import shutil
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from firmware.config import load
from firmware.core.access import Factor
from firmware.core.codes import Code
from firmware.core.effects import Body, Event
from firmware.identity import Identity
from firmware.roster.build import build
from firmware.roster.entry import Entry, Kind, Status
from firmware.roster.install import install
from firmware.roster.overlay import EMPTY
from firmware.roster.overlay_file import save
from tests.command.conftest import BEGIN_UTC_MS, RULES, SITE, append, open_journal
from tests.roster.test_roster_authority import Community

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOON, NIGHT = "2026-11-23T12:00", "2026-11-23T23:30"  # a Monday in Shanghai
PURPOSE = ("--purpose", "the resident asked why")
HOLDERS = """\
holder,household,profiles,flags,status,valid_from,valid_until,use_limit,card,plate,pin,duress_pin,pin_with
both,b1-0101,residents,,,,,,H10301:12:1,京A12345,,,2468
both,,,,lost,,,,H10301:12:2,,,,
cleaner,,visitors,,,,2026-11-25 12:00,,H10301:12:3,,735190,735191,
barred,,residents,,suspended,,,,H10301:12:4,,,,
"""


@pytest.fixture
def gate(tmp_path):
    """A state folder with an installed roster of the holders above."""
    state = tmp_path / "gate"
    identity = Identity.load_or_create(state / "identity")
    (tmp_path / "holders.csv").write_text(HOLDERS)
    built = tmp_path / "built"
    build(tmp_path / "holders.csv", RULES, built, identity, version=3, created_s=0)
    install(built, state / "roster", [identity.public_key]).close()
    return state


def ask(menshen, gate, *words):
    """(exit status, the answer in JSON)"""
    answer = menshen("explain", SITE, "--state", gate, *words, "--json")
    return answer.status, json.loads(answer.out) if answer.out else answer.err


def holder(menshen, gate, name, *words, point="front_in", at=NOON):
    return ask(menshen, gate, "--holder", name, "--access-point", point, "--at", at, *words)


def test_every_credential_of_a_holder_is_explained(menshen, gate):
    status, said = holder(menshen, gate, "both", point="bike_in")
    assert status == 0
    fields = ("kind", "status", "outcome")
    answers = sorted((*(each[field] for field in fields), each["reasons"][-1]) for each in said["credentials"])
    assert answers == [
        ("card", "active", "granted", "granted"),
        ("card", "lost", "denied", "credential_lost"),
        ("plate", "active", "denied", "factor_not_accepted:plate"),  # community_gate.toml: the shed takes cards
    ]
    status, said = holder(menshen, gate, "barred")
    assert (status, [each["reasons"][-1] for each in said["credentials"]]) == (1, ["credential_suspended"])


def test_the_holder_is_answered_as_each_credential_alone(menshen, gate):
    """At every access point, by day and by night: what --holder says is what --credential says."""
    alone = {"card:H10301:12:1", "card:H10301:12:2", "plate:京A12345"}
    config, _ = load(SITE)
    for point in (point.id for portal in config.site.portals for point in portal.access_points):
        for at in (NOON, NIGHT, "unknown"):
            _, said = holder(menshen, gate, "both", point=point, at=at)
            single = []
            for credential in alone:
                words = ("--credential", credential, "--access-point", point, "--at", at)
                single.append(ask(menshen, gate, *words)[1]["reasons"])
            assert sorted(each["reasons"] for each in said["credentials"]) == sorted(single)


def test_all_points_of_the_site_in_one_table(menshen, gate):
    config, _ = load(SITE)
    points = [point.id for portal in config.site.portals for point in portal.access_points]
    status, said = ask(menshen, gate, "--holder", "cleaner", "--all-points", "--at", NOON)
    assert status == 0
    # One row for the card and one for the PIN; the duress PIN is nobody's to see.
    assert [each["access_point"] for each in said["credentials"]] == [point for point in points for _ in range(2)]
    allowed = {each["access_point"] for each in said["credentials"] if each["outcome"] == "granted"}
    assert allowed == {"front_in", "hall_in", "hall_out"}  # rules.toml: visitors
    answer = menshen("explain", SITE, "--state", gate, "--holder", "cleaner", "--all-points", "--at", NOON)
    assert "duress" not in answer.out
    assert "735190" not in answer.out
    assert "H10301" not in answer.out
    assert "Front door (front_in)" in answer.out


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", ("Holder both", "Asked for next: the PIN", "reported lost")),
     ("zh", ("持有人 both", "接下来需要：密码", "挂失"))],
)  # fmt: skip
def test_in_words_of_both_languages(menshen, gate, language, words):
    at = ("--access-point", "front_in", "--at", NIGHT, "--language", language)
    answer = menshen("explain", SITE, "--state", gate, "--holder", "both", *at)
    assert answer.status == 1
    for word in words:
        assert word.lower() in answer.out.lower(), answer.out


def test_what_was_given_beside_is_taken_for_every_credential_that_it_fits(menshen, gate):
    _, said = holder(menshen, gate, "both", "--with", "pin", at=NIGHT)
    assert {each["outcome"] for each in said["credentials"] if each["kind"] == "card"} == {"granted", "denied"}
    assert "taken_as_right" in said["notes"]
    _, said = holder(menshen, gate, "both", "--with", "pin:1111", at=NIGHT)
    assert {each["reasons"][-1] for each in said["credentials"]} == {"pin_wrong"}


def test_who_is_not_known_is_told_from_who_has_nothing(menshen, gate):
    status, said = holder(menshen, gate, "nobody")
    assert (status, said["known"], said["credentials"]) == (1, False, [])
    words = ("--access-point", "front_in", "--at", NOON)
    assert "Neither" in menshen("explain", SITE, "--state", gate, "--holder", "nobody", *words).out


def test_local_entries_count_and_are_told(menshen, gate):
    identity = Identity.load_or_create(gate / "identity")
    made_s = BEGIN_UTC_MS // 1000
    about = {"issuer": "desk", "why": "lost", "created_s": made_s, "expires_s": made_s + 30 * 86_400, "holder": "both"}
    lost = Entry(id="l00000001", kind=Kind.SUSPEND, status=Status.LOST, factor=Factor.CARD, key="H10301:12:1",
                 credential=identity.pseudonym("card", "H10301:12:1"), **about)  # fmt: skip
    new = Entry(id="l00000002", kind=Kind.ENROL, factor=Factor.CARD, key="H10301:12:9",
                credential=identity.pseudonym("card", "H10301:12:9"), **about)  # fmt: skip
    save(EMPTY.with_(lost).with_(new), gate / "roster", identity)
    _, said = holder(menshen, gate, "both", point="bike_in")
    told = {each["credential"]: each for each in said["credentials"]}
    assert told[lost.credential]["reasons"][-1] == "credential_lost"
    assert told[new.credential]["outcome"] == "granted"
    assert told[new.credential]["local"] is True
    assert told[new.credential]["local_until"] == "2026-12-23 12:00:00+08:00"


def test_an_adopted_controllers_roster_is_explained_with_the_communitys_keys(menshen, gate, tmp_path):
    """PINs are looked up by the digest key that the roster names; what the own key signed says nothing any more."""
    community = Community(tmp_path / "community")
    community.adopts(gate / "roster")
    words = ("--access-point", "front_in", "--at", NOON, "--credential", "pin:735190")
    assert menshen("explain", SITE, "--state", gate, *words).status == 2
    built = tmp_path / "theirs"
    build(tmp_path / "holders.csv", RULES, built, community, version=4, created_s=0)
    install(built, gate / "roster", [community.public_key]).close()
    status, said = ask(menshen, gate, *words)
    assert (status, said["roster_version"]) == (0, 4)
    status, said = holder(menshen, gate, "cleaner")
    assert [each["outcome"] for each in said["credentials"] if each["kind"] == "pin"] == ["granted"]


# -- a week -----------------------------------------------------------------------------------------------------------


def test_a_week_is_the_answers_of_its_minutes(menshen, gate):
    """The cleaner is valid until Wednesday noon, and visitors come from 06:00 to 23:00 (rules.toml)."""
    status, said = holder(menshen, gate, "cleaner", "--week", at="2026-11-26T03:00", point="hall_in")
    assert status == 1
    expected = [
        ("2026-11-23 06:00:00+08:00", "2026-11-23 23:00:00+08:00"),
        ("2026-11-24 06:00:00+08:00", "2026-11-24 23:00:00+08:00"),
        ("2026-11-25 06:00:00+08:00", "2026-11-25 12:00:00+08:00"),
    ]
    for each in said["credentials"]:
        week = each["week"] if each["kind"] == "card" else None
        if week is not None:
            open_times = [(span["from"], span["until"]) for span in week if span["outcome"] == "granted"]
            assert open_times == expected
            assert week[0]["from"] == "2026-11-23 00:00:00+08:00"
            assert week[-1]["until"] == "2026-11-30 00:00:00+08:00"
    # At a minute of every hour the span says what a single question says.
    _, said = holder(menshen, gate, "both", "--week", point="front_in")
    card = next(each for each in said["credentials"] if each["status"] == "active" and each["kind"] == "card")
    begin = datetime(2026, 11, 23, tzinfo=SHANGHAI)
    for hour in range(0, 7 * 24, 5):
        at = begin + timedelta(hours=hour, minutes=7)
        words = ("--credential", "card:H10301:12:1", "--access-point", "front_in", "--at", at.isoformat())
        single = ask(menshen, gate, *words)[1]
        spans = [span for span in card["week"] if span["from"] <= at.isoformat(" ", "seconds") < span["until"]]
        assert [(span["outcome"], span["needs"]) for span in spans] == [(single["outcome"], single["needs"])]


# -- events -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def recorded(gate):
    """A journal in which the lost card was refused and an unknown one too, at 12:00:01 and after."""
    identity = Identity.load_or_create(gate / "identity")
    at = {"portal": "hall", "access_point": "hall_in", "reader": "hall_in_reader"}
    tokens = [identity.pseudonym("card", f"H10301:12:{number}") for number in (1, 2, 77)]
    events = [
        Event(Code.DENIED, **at, reasons=("credential_known", "credential_suspended"),
              body=Body(holder="both", credential=tokens[0])),
        Event(Code.DENIED, **at, reasons=("credential_known", "credential_lost"),
              body=Body(holder="both", credential=tokens[1])),
        Event(Code.UNKNOWN_CREDENTIAL, **at, reasons=("credential_not_found",), body=Body(token=tokens[2])),
        Event(Code.UNKNOWN_CREDENTIAL, **at, reasons=("pin_wrong",)),
        Event(Code.OPENED, portal="hall"),
    ]  # fmt: skip
    journal, listener = open_journal(gate, identity)
    append(journal, listener, events)
    assert journal.close()
    return gate


def test_why_was_i_refused(menshen, recorded):
    """Row n + 1 is event n: the first row begins the journal."""
    status, said = ask(menshen, recorded, "--event", "1:2", *PURPOSE)
    assert status == 0
    assert said["purpose"] == PURPOSE[1]
    assert (said["holder"], said["access_point"]) == ("both", "hall_in")
    assert datetime.fromisoformat(said["at"]).timestamp() * 1000 == BEGIN_UTC_MS + 1000
    assert said["reasons"] == ["credential_known", "credential_suspended"]
    assert said["words"][1] != said["reasons"][1]
    assert said["now"]["outcome"] == "granted"
    for row, last in (("1:3", "credential_lost"), ("1:4", "credential_not_found")):
        status, said = ask(menshen, recorded, "--event", row, *PURPOSE)
        assert (status, said["now"]["reasons"][-1]) == (1, last)
    for row in ("1:5", "1:6"):
        status, said = ask(menshen, recorded, "--event", row, *PURPOSE)
        assert (status, said["now"]) == (1, None)
        assert len(said["notes"]) == 1


def test_an_event_of_a_card_enrolled_here_counts_its_holders_suspension(menshen, recorded):
    """Event 3 is the card of 12:77, which nobody had; enrolled since, and then its holder is suspended as a whole."""
    identity = Identity.load_or_create(recorded / "identity")
    made_s = BEGIN_UTC_MS // 1000
    about = {"issuer": "desk", "why": "asked", "created_s": made_s, "expires_s": made_s + 86_400, "holder": "both"}
    new = Entry(id="l00000001", kind=Kind.ENROL, factor=Factor.CARD, key="H10301:12:77",
                credential=identity.pseudonym("card", "H10301:12:77"), **about)  # fmt: skip
    save(EMPTY.with_(new), recorded / "roster", identity)
    status, said = ask(menshen, recorded, "--event", "1:4", *PURPOSE)
    assert (status, said["now"]["outcome"]) == (0, "granted")
    off = Entry(id="l00000002", kind=Kind.SUSPEND, status=Status.LEFT, **about)
    save(EMPTY.with_(new).with_(off), recorded / "roster", identity)
    status, said = ask(menshen, recorded, "--event", "1:4", *PURPOSE)
    assert (status, said["now"]["outcome"], said["now"]["reasons"][-1]) == (1, "denied", "credential_suspended")
    assert any("l00000002" in note for note in said["notes"])


def test_an_event_in_words(menshen, recorded):
    for language, words in (
        ("en", ("the resident asked why", "roster of now", "Let in")),
        ("zh", ("现行名册", "放行")),
    ):
        words = (*words, "12:00:01+08:00", "both")
        answer = menshen("explain", SITE, "--state", recorded, "--event", "1:2", *PURPOSE, "--language", language)
        for word in (*words, "12:00:01+08:00", "both"):
            assert word in answer.out, answer.out


def test_an_event_is_told_for_a_purpose_only(menshen, recorded, tmp_path):
    for words in (
        ("--event", "1:2"),
        ("--event", "1:99", *PURPOSE),
        ("--event", "2:2", *PURPOSE),
        ("--event", "x", *PURPOSE),
        ("--event", "1:2", "--at", NOON, *PURPOSE),
        ("--event", "1:2", "--access-point", "hall_in", *PURPOSE),
        ("--holder", "both", "--at", NOON),
        ("--holder", "both", "--access-point", "hall_in"),
        ("--holder", "both", "--all-points", "--week", "--at", "unknown"),
        ("--credential", "card:x", "--all-points", "--at", NOON),
        ("--credential", "card:x", "--holder", "both", "--access-point", "hall_in", "--at", NOON),
    ):
        answer = menshen("explain", SITE, "--state", recorded, *words)
        assert (answer.status, answer.out) == (2, ""), words
    built = tmp_path / "built"
    assert menshen("explain", SITE, "--roster", built, "--event", "1:2", *PURPOSE).status == 2
    shutil.rmtree(recorded / "journal")
    assert menshen("explain", SITE, "--state", recorded, "--event", "1:2", *PURPOSE).status == 2
