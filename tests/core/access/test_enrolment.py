"""Enrolment at one reader: who begins it, what ends it, and that it neither lets in nor keeps out."""

from __future__ import annotations

import msgspec

from firmware.core.codes import Code
from firmware.core.effects import Body, Feedback, Keep, Record, Show
from firmware.core.enrolment import Trigger
from firmware.core.facts import CardRead, CredentialEnrolled, NoiseSeen, StartEnrolment
from firmware.core.reader import enrolment, rest
from firmware.core.reader import noise as heard_noise
from tests.core.access.world import CARD_AND_PIN, Bench, Unknown, codes, events, kept, person, point, shows

START = StartEnrolment("office", "r1", reader="front", holder="ann", for_ms=30_000, note="lost the old one")
NEW = CredentialEnrolled(
    "front",
    "l0000000a",
    "ann",
    "card_new",
    until_s=1_800_000_000,
    issuer="office",
    request="r1",
    note="new",
    revision=7,
)
STRANGER = Unknown("stranger")


def on(bench: Bench, trigger: Trigger, **fact: object) -> list:
    bench.state, effects = enrolment(bench.site, bench.reader, bench.state, bench.now_ms, trigger, **fact)
    return bench.keep(effects)


def begun(access_point=None) -> Bench:
    bench = Bench(access_point) if access_point is not None else Bench()
    on(bench, Trigger.STARTED, start=START)
    return bench


def test_it_begins_and_shows_that_it_waits() -> None:
    bench = Bench()
    effects = on(bench, Trigger.STARTED, start=START)
    assert shows(effects) == [Feedback.ENROLLING]
    (event,) = events(effects)
    assert event.code is Code.ENROLMENT_BEGUN
    assert event.body == Body(holder="ann", issuer="office", note="lost the old one")
    assert (event.reader, event.access_point, event.portal, event.detail) == ("front", "front_in", "door", "30000 ms")
    assert bench.state.enrolling is not None
    assert (bench.state.enrolling.holder, bench.state.enrolling.issuer) == ("ann", "office")


def test_a_credential_ends_it_and_opens_nothing() -> None:
    bench = begun()
    bench.wait(29_999)
    effects = on(bench, Trigger.ENROLLED, enrolled=NEW)
    assert shows(effects) == [Feedback.GRANTED]
    assert codes(effects) == [Code.ENROLLED]
    (event,) = events(effects)
    assert event.body == Body(holder="ann", credential="card_new", issuer="office", note="new")
    assert (event.request, event.detail) == ("r1", "l0000000a until 1800000000")
    places = [type(effect) for effect in effects]
    assert places.index(Keep) < places.index(Record), "durable before it is told"
    assert kept(effects) == {"overlay": "7"}
    assert bench.state.enrolling is None
    # Still held to the reader: a Wiegand reader repeats it after 0.4 s.
    bench.wait(400)
    assert bench.card(person(credential="card_new")) == []
    assert bench.grants == []
    assert shows(bench.wait(60_000)) == [Feedback.IDLE], "it waits no longer"
    assert codes(bench.card(person(credential="card_new"))) == [Code.GRANTED], "presented anew it opens"


def test_what_came_in_time_and_was_learned_late_is_told_all_the_same() -> None:
    bench = begun()
    bench.wait(30_000)
    effects = on(bench, Trigger.ENROLLED, enrolled=NEW)
    assert codes(effects) == [Code.ENROLLED]
    assert kept(effects) == {"overlay": "7"}
    assert bench.state.enrolling is None


def test_a_visitors_credential_is_an_invitation() -> None:
    bench = begun()
    effects = on(bench, Trigger.ENROLLED, enrolled=msgspec.structs.replace(NEW, visitor=True, revision=0))
    assert codes(effects) == [Code.VISITOR_INVITED]
    assert kept(effects) == {}


def test_it_ends_at_its_time_and_not_before() -> None:
    bench = begun()
    assert bench.wait(29_999) == []
    effects = bench.wait(1)
    assert shows(effects) == [Feedback.DENIED]
    (event,) = events(effects)
    assert (event.code, event.reasons, event.request) == (Code.ENROLMENT_ENDED, ("dialog_expired",), "r1")
    assert event.body == Body(holder="ann", issuer="office")
    assert bench.state.enrolling is None
    assert shows(bench.wait(2_000)) == [Feedback.IDLE]
    assert codes(bench.card(STRANGER)) == [Code.UNKNOWN_CREDENTIAL]


def test_a_person_ends_it() -> None:
    bench = begun()
    effects = on(bench, Trigger.CANCELLED)
    assert shows(effects) == [Feedback.IDLE]
    (event,) = events(effects)
    assert (event.code, event.reasons, event.request) == (Code.ENROLMENT_ENDED, ("operator",), "r1")
    assert bench.wait(60_000) == []


def test_a_reader_that_is_lost_ends_it() -> None:
    bench = begun()
    effects = on(bench, Trigger.INTERRUPTED)
    assert shows(effects) == [Feedback.IDLE]
    assert events(effects)[0].reasons == ("out_of_service",)
    assert bench.wait(60_000) == []


def test_where_nothing_waits_nothing_ends() -> None:
    bench = Bench()
    for trigger in (Trigger.CANCELLED, Trigger.INTERRUPTED, Trigger.DUE):
        assert on(bench, trigger) == []
        assert bench.state == Bench().state


def test_there_is_one_at_a_time() -> None:
    bench = begun()
    before = bench.state
    assert on(bench, Trigger.STARTED, start=msgspec.structs.replace(START, holder="bob")) == []
    assert bench.state == before


def test_a_storm_that_mutes_the_reader_ends_it_and_noise_does_not() -> None:
    bench = begun()

    def noise(count: int) -> list:
        fact = NoiseSeen("front", "noise", count)
        bench.state, effects = heard_noise(bench.site, bench.reader, bench.state, bench.now_ms, fact)
        return bench.keep(effects)

    noise(1)
    assert bench.state.enrolling is not None
    effects = noise(bench.reader.noise_max)
    assert codes(effects) == [Code.READER_MUTED, Code.ENROLMENT_ENDED]
    assert bench.state.enrolling is None


def test_a_known_credential_is_an_ordinary_reading_and_it_goes_on_waiting() -> None:
    bench = begun()
    bench.wait(10_000)
    effects = bench.card(person("bob"))
    assert (codes(effects), shows(effects)) == ([Code.GRANTED], [Feedback.GRANTED])
    assert shows(bench.wait(2_000)) == [Feedback.ENROLLING]
    assert codes(bench.card(person("cat", status="suspended"))) == [Code.DENIED]
    bench.wait(2_000)
    (event,) = events(bench.wait(100_000))
    assert event.reasons == ("credential_already_issued", "dialog_expired"), "the desk learns why nothing came of it"
    assert event.body is not None
    assert event.body.second_holder == "cat", "and whose it is stands where it can be erased"


def test_a_credential_that_nobody_has_and_that_was_not_taken_in_is_an_ordinary_refusal() -> None:
    bench = begun()
    assert codes(bench.card(STRANGER)) == [Code.UNKNOWN_CREDENTIAL]
    assert bench.state.enrolling is not None
    assert bench.state.enrolling.issued_to is None


def test_a_dialog_goes_before_it_and_ends_undisturbed() -> None:
    bench = begun(point(requirements=CARD_AND_PIN))
    bench.wait(25_000)
    assert shows(bench.card()) == [Feedback.NEXT_FACTOR]
    effects = bench.wait(5_000)
    assert codes(effects) == [Code.ENROLMENT_ENDED]
    assert Feedback.DENIED not in shows(effects), "whoever types the own PIN now is not refused"
    assert codes(bench.pin(second_of="ann")) == [Code.GRANTED]


def test_it_begins_behind_a_dialog() -> None:
    bench = Bench(point(requirements=CARD_AND_PIN))
    bench.card()
    assert shows(on(bench, Trigger.STARTED, start=START)) == []
    assert codes(bench.pin(second_of="ann")) == [Code.GRANTED]
    assert shows(bench.wait(2_000)) == [Feedback.ENROLLING]


def test_what_the_reader_rests_at_waits_behind_it() -> None:
    bench = begun()
    bench.state, effects = rest(bench.reader, bench.state, Feedback.LOCKDOWN)
    assert effects == ()
    assert shows(on(bench, Trigger.CANCELLED)) == [Feedback.LOCKDOWN]


def test_the_state_can_be_written_and_read_back() -> None:
    bench = begun()
    assert msgspec.json.decode(msgspec.json.encode(bench.state), type=type(bench.state)) == bench.state
    assert bench.effects[0] == Show("front", Feedback.ENROLLING)
    assert CardRead("front", STRANGER).presented == STRANGER
