"""An ask for a face, frame by frame: who is embedded, how often, and what an answer takes. Vectors of a generator."""

from __future__ import annotations

import numpy as np
import pytest

from firmware.faces.likeness import THRESHOLD
from firmware.faces.steps import Step
from firmware.sightings import Compare, FaceRows
from firmware.vision.face_enrolment import matrix
from firmware.vision.face_limits import TRIES_MAX
from firmware.vision.face_session import EMBED, FIND, Asked, FaceSession, confidence
from firmware.vision.face_watch import FaceWatch
from firmware.vision.work import Detection
from tests.faces.people import template, vector
from tests.vision.test_challenge import STRAIGHT, acting, performed

MS = 1_000_000
BOX = (100.0, 100.0, 220.0, 240.0)


def like(seed, share):
    """A vector of length 1 whose likeness with that of the seed is `share`."""
    one, other = np.array(vector(seed)), np.array(vector(seed + 500))
    other -= one * (one @ other)
    other /= np.linalg.norm(other)
    return (share * one + np.sqrt(1 - share**2) * other).astype("<f4")


def face(values=None, why="", pose=(0.0, 0.28), box=BOX):
    vector_bytes = b"" if values is None else np.asarray(values, "<f4").tobytes()
    return Detection("face", box, 0.95, why=why, pose=pose, vector=vector_bytes)


def asked(seeds=(1,), steps=(), until_ns=10_000 * MS):
    rows = matrix([template(seed) for seed in seeds])
    return Asked("a1", tuple(f"face-{seed}" for seed in seeds), rows, 2, tuple(steps), until_ns)


def test_two_frames_of_the_same_person_are_an_answer_and_no_third_is_embedded():
    session = FaceSession(asked(), 0)
    assert session.wanted(0) == EMBED
    assert session.see([face(like(1, 0.7))], 100 * MS) is None
    voted = session.see([face(like(1, 0.8))], 200 * MS)
    assert (voted.kind, voted.text, voted.reads) == ("face", "face-1", 2)
    assert voted.read == pytest.approx(confidence(0.7), abs=1e-3)
    assert session.over
    assert session.wanted(300 * MS) == ""
    assert session.embedded == 2


@pytest.mark.attack("face-20")
def test_somebody_else_with_the_card_is_nobody_and_is_not_looked_at_for_ever():
    session = FaceSession(asked(), 0)
    for number in range(1, 100):
        if not session.wanted(number * MS):
            break
        assert session.see([face(like(1, THRESHOLD - 0.01))], number * MS) is None
    assert session.over
    assert session.why == "other"
    assert session.embedded == TRIES_MAX


def test_one_frame_of_somebody_else_between_two_begins_anew():
    session = FaceSession(asked(), 0)
    assert session.see([face(like(1, 0.7))], 1 * MS) is None
    assert session.see([face(like(1, 0.1))], 2 * MS) is None
    assert session.see([face(like(1, 0.7))], 3 * MS) is None
    assert session.see([face(like(1, 0.7))], 4 * MS) is not None


@pytest.mark.attack("face-21")
def test_two_faces_are_nobodys():
    session = FaceSession(asked(), 0)
    two = [face(like(1, 0.9)), face(like(1, 0.9), box=(400.0, 100.0, 520.0, 240.0))]
    for number in range(1, 20):
        assert session.see(two, number * MS) is None
    assert session.embedded == 0


def test_after_its_time_an_ask_wants_nothing_and_answers_nothing():
    session = FaceSession(asked(until_ns=1_000 * MS), 0)
    assert session.see([face(like(1, 0.9))], 999 * MS) is None
    assert session.wanted(1_001 * MS) == ""
    assert session.see([face(like(1, 0.9))], 1_001 * MS) is None
    assert session.why == "late"


def test_of_many_it_must_be_clearly_more_like_one_than_like_any_other():
    session = FaceSession(asked((1, 2, 3)), 0)
    assert session.see([face(like(2, 0.8))], 1 * MS) is None
    assert session.see([face(like(2, 0.8))], 2 * MS).text == "face-2"
    both = np.array(vector(1)) + np.array(vector(2))
    twins = FaceSession(asked((1, 2, 3)), 0)
    for number in range(1, 10):
        assert twins.see([face(both / np.linalg.norm(both))], number * MS) is None


@pytest.mark.parametrize("values", [np.full(192, np.nan), np.zeros(192), np.full(192, np.inf)])
def test_what_is_no_embedding_matches_nobody(values):
    session = FaceSession(asked(), 0)
    with np.errstate(invalid="ignore"):
        for number in range(1, 5):
            assert session.see([face(values)], number * MS) is None


# -- with a challenge -------------------------------------------------------------------------------------------------

ORDER = (Step.LEFT, Step.BLINK, Step.RIGHT)


def film(steps, whose, exchanged_after=None):
    """Frames of a person who does these steps, as detections; embedded as each would be if it were asked for."""
    parts = [STRAIGHT]
    for step in steps:
        parts += performed(step)
    for number, each in enumerate(acting(*parts)):
        values = whose if exchanged_after is None or number < exchanged_after else like(1, 0.1)
        side = each.side / 2
        yield number, values, (each.x - side, each.y - side, each.x + side, each.y + side), (each.turn, each.eyes)


def played(session, frames):
    voted, embedded = None, 0
    for number, values, box, pose in frames:
        at_ns = (number + 1) * 100 * MS
        wanted = session.wanted(at_ns)
        if not wanted:
            break
        embedded += wanted == EMBED
        seen = session.see([face(values if wanted == EMBED else None, pose=pose, box=box)], at_ns)
        voted = voted or seen
    return voted, embedded


def test_who_does_the_steps_and_is_the_holder_is_answered_with_few_embeddings():
    session = FaceSession(asked(steps=ORDER), 0)
    assert session.wanted(0) == FIND
    voted, embedded = played(session, film(ORDER, like(1, 0.8)))
    assert voted is not None
    assert embedded <= 5


@pytest.mark.attack("face-22")
def test_whoever_does_the_steps_must_be_whom_it_is_compared_with():
    """Somebody does the steps with the own face and holds the holder's picture up only before, or only at the end."""
    session = FaceSession(asked(steps=ORDER), 0)
    voted, _ = played(session, film(ORDER, like(1, 0.8), exchanged_after=12))
    assert voted is None
    assert session.why == "other"
    other = FaceSession(asked(steps=ORDER), 0)
    frames = [(n, like(1, 0.1) if n < 30 else like(1, 0.9), box, pose) for n, _, box, pose in film(ORDER, None)]
    assert played(other, frames)[0] is None


def test_a_challenge_that_fails_ends_the_ask():
    session = FaceSession(asked(steps=ORDER), 0)
    assert played(session, film((Step.RIGHT, Step.BLINK, Step.LEFT), like(1, 0.9)))[0] is None
    assert session.why == "wrong"


# -- at a camera ------------------------------------------------------------------------------------------------------


def compare(*seeds, more=False, ask="a1", steps=()):
    rows = tuple(FaceRows(f"face-{seed}", (template(seed),)) for seed in seeds)
    return Compare("front", ask, rows, steps, 10_000 * MS, more)


@pytest.mark.attack("face-23")
def test_while_nobody_asks_no_face_is_looked_for_and_nobody_is_embedded():
    watch = FaceWatch("front")
    assert watch.wanted(("face",), 0) == ()
    assert watch.wanted(("plate", "face"), 0) == ("plate",)
    assert watch.see([face(like(1, 0.9))], 1 * MS) == (None, None)
    watch.compare(compare(1), 0)
    assert watch.wanted(("plate", "face"), 0) == ("plate", EMBED)
    assert watch.wanted(("plate",), 0) == ("plate",), "a camera that is not for faces never looks for any"
    watch.forget()
    assert watch.wanted(("face",), 0) == ()
    assert watch.counts["face_embedded"] == 0


def test_an_ask_of_several_frames_begins_with_the_last_and_ends_with_its_answer():
    watch = FaceWatch("front")
    watch.compare(compare(1, more=True), 0)
    assert not watch.asked
    watch.compare(compare(2), 0)
    assert watch.asked
    assert watch.see([face(like(2, 0.9))], 1 * MS)[0] is None
    voted, told = watch.see([face(like(2, 0.9))], 2 * MS)
    assert voted.text == "face-2"
    assert (told.over, told.why) == (True, "")
    assert not watch.asked
    assert watch.counts["face_matches"] == 1


def test_a_frame_from_before_the_ask_does_not_count():
    watch = FaceWatch("front")
    watch.compare(compare(1), 1_000 * MS)
    assert watch.see([face(like(1, 0.9))], 999 * MS) == (None, None)
    assert watch.counts["face_embedded"] == 0


@pytest.mark.parametrize("said", [compare(), compare(1, steps=("jump",)), Compare("front", "a", (), (), 1)])
def test_an_ask_that_is_not_understood_compares_nobody(said):
    watch = FaceWatch("front")
    watch.compare(said, 0)
    assert not watch.asked


def test_templates_are_not_printed():
    said = compare(1)
    assert repr(template(1))[2:14] not in repr(said)
